"""What every ``.sql`` beside a contract keeps to, as a function from a text to the list of what is wrong with it.

The rules keep the tables pasteable (one bare SELECT), reproducible (no clock, no chance) and portable: SQLGlot renders them
for Spark, and what it would render there with another meaning is refused here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

Tables = Mapping[str, Mapping[str, str]]
"""``schema.table`` to its columns and their DuckDB types."""

FORBIDDEN: dict[type[exp.Expr], str] = {
    exp.DayOfWeek: "day of week counts from another day in Spark",
    exp.DayOfWeekIso: "day of week counts from another day in Spark",
    exp.CurrentDate: "tables are as of features.as_of, not of the clock",
    exp.CurrentTimestamp: "tables are as of features.as_of, not of the clock",
    exp.CurrentTime: "tables are as of features.as_of, not of the clock",
    exp.Localtimestamp: "tables are as of features.as_of, not of the clock",
    exp.Rand: "the same data give the same content",
    exp.Uuid: "the same data give the same content",
    exp.AnyValue: "takes whichever row comes first",
    exp.First: "takes whichever row comes first",
    exp.Last: "takes whichever row comes last",
    exp.Mode: "takes whichever of the most frequent values comes first",
    exp.Limit: "a table holds all its rows",
    exp.Columns: "columns are named",
    exp.Unnest: "unfolds a nested value",
    exp.Explode: "unfolds a nested value",
    exp.Anonymous: "SQLGlot does not know the function, so it cannot carry it over to Spark",
    exp.Placeholder: "a SELECT is pasteable as it stands",
    exp.Parameter: "a SELECT is pasteable as it stands",
}
WHOLE_NUMBERS = (exp.Floor, exp.Ceil, exp.Round)


def problems(statement: str, tables: Tables, columns: list[str] | None = None) -> list[str]:
    """Everything that is wrong with a SELECT; ``columns`` are those it has to give, in order."""
    try:
        parsed = sqlglot.parse(statement, read="duckdb")
    except SqlglotError as error:
        return [f"cannot be parsed: {error}"]
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Query) or ";" in statement:
        return ["expected one bare SELECT"]
    found = [*_writing(statement), *_inputs(parsed[0], tables), *_functions(parsed[0]), *_spark(statement)]
    return found or [*_typed(parsed[0], tables, columns)]


def inputs(query: exp.Expr) -> set[str]:
    """The tables a SELECT reads, as ``schema.table``; what has no schema and is no CTE comes without a dot."""
    named = {cte.alias for cte in query.find_all(exp.CTE)}
    return {
        ".".join(filter(None, [table.db, table.name]))
        for table in query.find_all(exp.Table)
        if table.db or table.name not in named
    }


def _writing(statement: str) -> Iterator[str]:
    outside = "".join(statement.split("'")[::2])
    if outside != outside.lower():
        yield "expected lower case"
    if "\t" in statement or any(len(line) > 120 for line in statement.splitlines()):
        yield "expected spaces, and lines of at most 120 characters"


def _inputs(query: exp.Expr, tables: Tables) -> Iterator[str]:
    for table in sorted(inputs(query) - set(tables)):
        yield f"{table}: no such table is promised"
    if any(table.catalog for table in query.find_all(exp.Table)):
        yield "a table is schema.table, without a catalog"


def _functions(query: exp.Expr) -> Iterator[str]:
    for node in query.walk():
        if type(node) in FORBIDDEN:
            yield f"{node.sql('duckdb')}: {FORBIDDEN[type(node)]}"
        elif isinstance(node, exp.Extract) and node.name.lower() in ("dow", "isodow", "dayofweek", "weekday"):
            yield f"{node.sql('duckdb')}: day of week counts from another day in Spark"
        elif isinstance(node, exp.DateDiff | exp.TimestampDiff) and not all(
            _is_date(node.args[side]) for side in ("this", "expression")
        ):
            yield f"{node.sql('duckdb')}: differs on timestamps; cast both to date"
        elif isinstance(node, exp.Interval) and not isinstance(node.this, exp.Literal):
            yield f"{node.sql('duckdb')}: expected an interval of a fixed length"
        elif isinstance(node, exp.Star) and any(node.args.values()):
            yield f"{node.sql('duckdb')}: columns are named"
        elif isinstance(node, exp.Group) and node.args.get("all"):
            yield "group by all: columns are named"
        elif isinstance(node, exp.Ordered) and node.this.sql("duckdb").lower() == "all":
            yield "order by all: columns are named"


def _is_date(node: exp.Expr) -> bool:
    return isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.DATE


def _spark(statement: str) -> Iterator[str]:
    try:
        sqlglot.transpile(statement, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except SqlglotError as error:
        yield f"does not carry over to Spark: {error}"


def _typed(query: exp.Query, tables: Tables, columns: list[str] | None) -> Iterator[str]:
    nested: dict[str, dict[str, dict[str, str]]] = {}
    for name in inputs(query):
        layer, table = name.split(".")
        nested.setdefault(layer, {})[table] = dict(tables[name])
    schema = MappingSchema(nested, dialect="duckdb")  # type: ignore[arg-type]
    try:
        full = qualify(query.copy(), schema=schema, dialect="duckdb")
    except SqlglotError as error:
        yield f"names cannot be resolved: {error}"
        return
    if columns is not None and (given := full.named_selects) != columns:  # type: ignore[attr-defined]
        yield f"gives {', '.join(given)}; expected {', '.join(columns)}"
    typed = annotate_types(full, schema=schema, dialect="duckdb")
    for cast in typed.find_all(exp.Cast, exp.TryCast):
        if (
            cast.to.this in exp.DataType.INTEGER_TYPES
            and not isinstance(cast.this, WHOLE_NUMBERS)
            and _may_be_fraction(cast.this)
        ):
            yield f"{cast.sql('duckdb')}: rounds in DuckDB, cuts in Spark; say floor, ceil or round"
    for product in typed.find_all(exp.Mul):
        if all(0 < _digits(side) <= 18 for side in (product.left, product.right)):
            yield f"{product.sql('duckdb')}: DuckDB stops at 18 digits; cast one side to decimal(19, ...)"
    for minus in typed.find_all(exp.Sub):
        if all(side.type and side.type.this == exp.DataType.Type.DATE for side in (minus.left, minus.right)):
            yield f"{minus.sql('duckdb')}: a number in DuckDB, an interval in Spark; say date_diff"
    for select in full.selects:  # type: ignore[attr-defined]
        if select.type and select.type.this in exp.DataType.NESTED_TYPES:
            yield f"{select.alias_or_name}: a nested type"


def _may_be_fraction(node: exp.Expr) -> bool:
    kind = node.type.this if node.type else exp.DataType.Type.UNKNOWN
    return kind == exp.DataType.Type.UNKNOWN or kind in exp.DataType.REAL_TYPES


def _digits(node: exp.Expr) -> int:
    """Precision of a DECIMAL; 0 for everything else."""
    if node.type and node.type.this == exp.DataType.Type.DECIMAL and node.type.expressions:
        return int(node.type.expressions[0].name)
    return 0
