"""SQL that a shop writes in ``shop.yaml``: one expression over the text columns of one source row, and nothing else.

It cannot see another row, another table, a file, a clock or a random number. In arithmetic, and compared with a
number, a column is read as a number in the source's own spelling (DECIMAL(18,6)); everywhere else it is the text that
arrived. What cannot be computed for a row is null, never an error. Every expression is bound by DuckDB when
``shop.yaml`` is read, so that a wrong name or type is found before a night begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from ecom_pipeline.shop.values import number
from ecom_pipeline.sql import literal, quoted

ROW_COLUMNS = {"_file": "VARCHAR", "_row": "BIGINT"}
"""Where a row came from; expressions may use it, since a row has no better name in some exports."""

_BEFORE = "select "
_ARITHMETIC = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.Abs, exp.Round, exp.Floor, exp.Ceil,
    exp.Sign,
)  # fmt: skip
_COMPARING = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In, exp.Greatest, exp.Least, exp.Coalesce,
)  # fmt: skip
_FORBIDDEN = {
    exp.Query: "a subquery", exp.Subquery: "a subquery", exp.Table: "a table", exp.Window: "a window function",
    exp.Star: "a star", exp.Columns: "columns()", exp.Placeholder: "a parameter", exp.Parameter: "a parameter",
    exp.SessionParameter: "a setting", exp.Into: "another clause",
}  # fmt: skip
_UNSTEADY = (
    "current_date", "current_time", "current_timestamp", "current_datetime", "localtime", "localtimestamp",
    "current_user", "session_user", "rand", "getenv",
)  # fmt: skip
"""Written without being functions of the catalogue, or under another name."""


class ExpressionError(ValueError):
    """An expression that a shop may not write; says what was expected."""


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A checked expression.

    Attributes
    ----------
    columns
        The source columns it uses, in the order of their appearance.
    sql
        DuckDB SQL, null where the value cannot be computed.
    kind
        The type of its value.
    """

    columns: tuple[str, ...]
    sql: str
    kind: str


@lru_cache(maxsize=512)
def parse_expression(text: str, *, condition: bool = False, decimal_comma: bool = False) -> Expression:
    """Check one expression and make it safe to run over any row.

    Parameters
    ----------
    text
        The expression, in DuckDB's dialect.
    condition
        Whether it has to be true or false.
    decimal_comma
        Whether the source writes ``1.234,56``.

    Raises
    ------
    ExpressionError
        Not exactly one expression; it looks beyond its row; DuckDB does not know a function or refuses a type.
    """
    tree = _tree(text)
    _refuse_what_looks_elsewhere(tree)
    columns = _columns(tree)
    names = tuple(dict.fromkeys(column.name for column in columns))
    sql = f"try({_spelled(text, columns, decimal_comma)}\n)"
    kind = _bound_type(sql, names)
    if condition and kind != "BOOLEAN":
        raise ExpressionError(f"expected a condition that is true or false, found one of type {kind}")
    return Expression(columns=tuple(name for name in names if name not in ROW_COLUMNS), sql=sql, kind=kind)


@lru_cache(maxsize=512)
def parse_condition(text: str, columns: tuple[tuple[str, str], ...]) -> str:
    """Check a condition on the rows of one of our own tables; SQL that is false where it cannot be computed.

    Parameters
    ----------
    text
        The condition, in DuckDB's dialect.
    columns
        Names and types of the table.

    Raises
    ------
    ExpressionError
        Not exactly one condition; it names no column of the table, or looks beyond its row; DuckDB refuses it.
    """
    tree = _tree(text)
    _refuse_what_looks_elsewhere(tree)
    known = {name.lower() for name, _ in columns}
    for column in _columns(tree):
        if column.name.lower() not in known:
            raise ExpressionError(f"expected a column of the table, found {column.name}")
    kind = _bound_type(text, tuple(name for name, _ in columns), dict(columns))
    if kind != "BOOLEAN":
        raise ExpressionError(f"expected a condition that is true or false, found one of type {kind}")
    return f"coalesce(try({text}\n), false)"


def check_format(form: str) -> None:
    """Refuse a date format that DuckDB cannot read.

    Raises
    ------
    ExpressionError
        Says which part is not understood.
    """
    if "%" not in form:
        raise ExpressionError("expected a format such as %Y-%m-%d %H:%M:%S")
    try:
        _database().execute(f"select try_strptime('', {literal(form)})").fetchall()
    except duckdb.Error as error:
        raise ExpressionError(f"expected a format such as %Y-%m-%d %H:%M:%S: {_first_line(error)}") from error


def check_query(text: str) -> None:
    """Refuse what is not one SELECT.

    Raises
    ------
    ExpressionError
        Says what DuckDB does not understand.
    """
    try:
        found = _database().extract_statements(text)
    except duckdb.Error as error:
        raise ExpressionError(f"expected one SELECT: {_first_line(error)}") from error
    if [statement.type for statement in found] != [duckdb.StatementType.SELECT]:
        raise ExpressionError("expected exactly one SELECT")


def _tree(text: str) -> exp.Expression:
    try:
        statements = sqlglot.parse(f"{_BEFORE}{text}\n", read="duckdb")
    except SqlglotError as error:
        raise ExpressionError(f"expected one SQL expression: {_first_line(error)}") from error
    select = statements[0] if len(statements) == 1 else None
    if not isinstance(select, exp.Select) or len(select.expressions) != 1:
        raise ExpressionError("expected exactly one SQL expression")
    beside = [name for name, value in select.args.items() if value and name != "expressions"]
    tree: exp.Expression = select.expressions[0]
    if beside or isinstance(tree, exp.Alias):
        raise ExpressionError("expected exactly one SQL expression, without a name and without further clauses")
    return tree


def _refuse_what_looks_elsewhere(tree: exp.Expression) -> None:
    for node in tree.walk():
        for kind, words in _FORBIDDEN.items():
            if isinstance(node, kind):
                raise ExpressionError(f"expected an expression over the columns of the source only, found {words}")
        if isinstance(node, exp.Column) and (node.table or not isinstance(node.this, exp.Identifier)):
            raise ExpressionError(f"expected plain column names, found {node.sql(dialect='duckdb')}")
        if isinstance(node, exp.Func):
            _refuse_function(node)


def _refuse_function(node: exp.Func) -> None:
    rendered = re.match(r"\w+(?=\()", node.sql(dialect="duckdb"))
    names = {node.name.lower()} if isinstance(node, exp.Anonymous) else {name.lower() for name in node.sql_names()}
    if rendered and not isinstance(node, exp.Connector):
        names.add(rendered.group().lower())
    for name in sorted(names):
        if reason := _refused_functions().get(name):
            raise ExpressionError(f"expected an expression over the columns of the source only, found {name}, {reason}")


def _columns(tree: exp.Expression) -> list[exp.Column]:
    found = [column for column in tree.find_all(exp.Column) if not _is_argument(column)]
    return sorted(found, key=lambda column: int(column.this.meta["start"]))


def _is_argument(column: exp.Column) -> bool:
    around = column.find_ancestor(exp.Lambda)
    while around is not None:
        if any(argument.name == column.name for argument in around.expressions):
            return True
        around = around.find_ancestor(exp.Lambda)
    return False


def _spelled(text: str, columns: Iterable[exp.Column], decimal_comma: bool) -> str:
    """The text as written, but for its columns: rendering the tree anew would be another dialect's idea of it."""
    pieces, done = [], 0
    for column in columns:
        start, end = (int(column.this.meta[side]) - len(_BEFORE) for side in ("start", "end"))
        name = quoted(column.name)
        numeric = column.name not in ROW_COLUMNS and _next_to_a_number(column)
        pieces += [
            text[done:start],
            f"({number(name, 'DECIMAL(18,6)', decimal_comma=decimal_comma)})" if numeric else name,
        ]
        done = end + 1
    return "".join((*pieces, text[done:]))


def _next_to_a_number(column: exp.Expression) -> bool:
    around = column.parent
    while isinstance(around, exp.Paren):
        around = around.parent
    if isinstance(around, _ARITHMETIC):
        return True
    if not isinstance(around, _COMPARING):
        return False
    operands = [
        operand for value in around.args.values() for operand in (value if isinstance(value, list) else [value])
    ]
    return any(_is_number(operand) for operand in operands if isinstance(operand, exp.Expression))


def _is_number(node: exp.Expression) -> bool:
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Literal):
        return not node.is_string
    return isinstance(node, _ARITHMETIC) or (isinstance(node, exp.Cast) and node.to.this in exp.DataType.NUMERIC_TYPES)


def _bound_type(sql: str, columns: Iterable[str], types: Mapping[str, str] = ROW_COLUMNS) -> str:
    unique = {name.lower(): name for name in columns}
    given = ", ".join(f"cast(null as {types.get(name, 'VARCHAR')}) as {quoted(name)}" for name in unique.values())
    row = given or "1 as unused"
    try:
        described = _database().execute(f"describe select {sql} as answer from (select {row})").fetchall()
    except duckdb.Error as error:
        raise ExpressionError(f"expected SQL that DuckDB can run over texts: {_first_line(error)}") from error
    return str(described[0][1])


@lru_cache(maxsize=1)
def _empty_database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"enable_external_access": False, "threads": 1})


def _database() -> duckdb.DuckDBPyConnection:
    return _empty_database().cursor()


@lru_cache(maxsize=1)
def _refused_functions() -> dict[str, str]:
    rows = (
        _database()
        .execute(
            "select lower(function_name), function_type, coalesce(stability, 'CONSISTENT') from duckdb_functions()"
        )
        .fetchall()
    )
    steady = {name for name, kind, stability in rows if kind in ("scalar", "macro") and stability == "CONSISTENT"}
    reasons = {
        "table": "which reads tables or files",
        "table_macro": "which reads tables or files",
        "pragma": "which changes settings",
        "aggregate": "which looks at other rows",
    }
    refused = {
        name: reasons.get(kind, "which is not the same every time") for name, kind, _ in rows if name not in steady
    }
    return refused | dict.fromkeys(_UNSTEADY, "which is not the same every time")


def _first_line(error: Exception) -> str:
    line = str(error).strip().splitlines()[0]
    return re.sub(r"\x1b\[\d*m", "", line)
