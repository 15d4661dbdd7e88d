"""What ``shop.yaml`` means: the SELECT of every ``input`` view over the ``raw`` tables, and the fate of every raw row.

A view reads each mapped value once, in nested selects: what arrived, the text without blanks, the typed value, then
dates, defaults and the reasons why a text could not be read. It never drops or repeats a row that its ``where`` took:
an unreadable value is null and has a reason. Which rows no input takes is said by :func:`routing_select`, so that
together they hold every row.

How one column is read is said in ``fields``, which SQL a shop may write in ``expressions``. Nothing here opens a
database: SQL text comes out, and ``raw`` must only have the columns that the caller says it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ecom_pipeline.contracts import PROVENANCE, Column, Contract
from ecom_pipeline.shop.config import DEFAULTS, EXCHANGE_RATES, InputMapping, Shop, Source, input_contracts
from ecom_pipeline.shop.errors import ShopError, did_you_mean
from ecom_pipeline.shop.expressions import parse_expression
from ecom_pipeline.shop.fields import Field
from ecom_pipeline.sql import literal, quoted

OF_AN_ORDER = ("order_items", "refunds")
"""Inputs whose rows belong to an order and are paid in its currency."""


def input_selects(
    shop: Shop, contracts: Mapping[str, Contract], raw_columns: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """The SELECT of every view ``input.<name>``, ``exchange_rates`` included.

    Parameters
    ----------
    shop
        The shop, as read by ``load_shop``.
    contracts
        The promises; those of other schemas are left alone.
    raw_columns
        The columns of ``raw.<source>``, by source; a source that is not in it has never been loaded and gives no rows.

    Raises
    ------
    ShopError
        A loaded source lacks a column that is mapped; says the line, the column and what comes near it.
    """
    problems = [problem for name, columns in raw_columns.items() for problem in _lacking(shop, name, columns)]
    if problems:
        raise ShopError(*problems)
    selects = {table: sliced_select(shop, contracts, raw_columns, table) for table in input_contracts(contracts)}
    return selects | {EXCHANGE_RATES: _exchange_rates(shop)}


def sliced_select(
    shop: Shop,
    contracts: Mapping[str, Contract],
    raw_columns: Mapping[str, Sequence[str]],
    table: str,
    rows: str | None = None,
) -> str:
    """The SELECT of one view, for the rows that a relation of ``_load_id, _row`` names; for all by default."""
    contract = contracts[f"input.{table}"]
    parts = [
        _select(shop, name, source.inputs[table], contract, rows)
        for name, source in shop.sources.items()
        if table in source.inputs and name in raw_columns
    ]
    return "\nunion all\n".join(parts) or _nothing(contract)


def _lacking(shop: Shop, source: str, columns: Sequence[str]) -> list[str]:
    """What is wrong with the columns a source has: one line for every mapped column it lacks."""
    known = {column.lower() for column in columns}
    own = [column for column in columns if not column.startswith("_")]
    return [
        shop.problem(place, f"the source '{source}' has no column '{name}'{did_you_mean(name, own)}")
        for name, place in shop.used_columns(source).items()
        if name.lower() not in known
    ]


def routing_select(shop: Shop, source: str) -> str:
    """For every row of ``raw.<source>``: its provenance and, if no input has it, ``_reasons`` why (null otherwise)."""
    mappings = shop.sources[source].inputs
    wanting: dict[str, list[str]] = {}
    for table, mapping in mappings.items():
        wanting.setdefault(mapping.where or "anything", []).append(table)
    wants = [f"{', '.join(tables)} wants {where}" for where, tables in wanting.items()]
    nobody = literal(f"taken by no input: {'; '.join(wants)}")
    taken = " or ".join(f"coalesce({_where(shop, source, mapping)}, false)" for mapping in mappings.values())
    return (
        f"select {literal(source)} as _source, _load_id, _file, _row,\n"
        f"  case when _problem is not null then 'unreadable: ' || _problem\n"
        f"    when not ({taken}) then {nobody} end as _reasons\n"
        f"from {_arrived(shop, source)}"
    )


def _arrived(shop: Shop, source: str, rows: str | None = None) -> str:
    """``raw.<source>``, with what only the first of several lines says said by the others too.

    Parameters
    ----------
    rows
        A relation of ``_load_id``; the rows of other loads are not wanted.
    """
    raw, named = f"raw.{quoted(source)}", shop.sources[source].fill_down
    if not named:
        return raw
    loads = f" semi join {rows} using (_load_id)" if rows else ""
    first, *others = map(quoted, named)
    told = "last_value({0} ignore nulls) over (partition by _load_id{1} order by _row) as {0}".format
    whose = f"(select * replace ({told(first, '')}) from {raw}{loads})"
    if not others:
        return whose
    return f"(select * replace ({', '.join(told(name, f', {first}') for name in others)}) from {whose})"


def _where(shop: Shop, source: str, mapping: InputMapping) -> str:
    if mapping.where is None:
        return "true"
    comma = shop.sources[source].decimal_comma
    return parse_expression(mapping.where, condition=True, decimal_comma=comma).sql


def _nothing(contract: Contract) -> str:
    columns = ", ".join(f"cast(null as {kind}) as {quoted(name)}" for name, kind in contract.types.items())
    return f"select {columns} where false"


def _exchange_rates(shop: Shop) -> str:
    rows = ", ".join(f"({literal(currency)}, cast({rate:f} as DECIMAL(18,8)))" for currency, rate in shop.rates.items())
    return f"select currency, rate from (values {rows}) as rates(currency, rate)"


def _select(shop: Shop, name: str, mapping: InputMapping, contract: Contract, rows: str | None = None) -> str:
    source = shop.sources[name]
    types = {column.name: column for column in contract.columns}
    fields = {
        column: Field(types[column], origin, source, shop, _default(column, contract, source, shop))
        for column, origin in mapping.columns.items()
    }
    outer = {
        column.name: f"cast({_unmapped(name, column, contract, fields, source, shop)} as {column.type})"
        for column in contract.columns
        if column.name not in fields
    }
    outer |= {column: field.value for column, field in fields.items()}
    for column, field in fields.items():
        if column.endswith("_at"):
            moment = column.removesuffix("_at")
            outer |= {f"{moment}_date": field.business_date, f"{moment}_hour": field.business_hour}
    outer |= {"_source": literal(name), "_reasons": _reasons(fields.values())}
    listed = ",\n  ".join(
        f"{outer.get(column, column if column in PROVENANCE else f'cast(null as {kind})')} as {quoted(column)}"
        for column, kind in contract.types.items()
    )
    arrived, texts, typed = (
        ", ".join(part for field in fields.values() for part in parts(field))
        for parts in (Field.arriving, Field.reading, Field.typing)
    )
    place = "_load_id, _file, _row"
    sliced = f" semi join {rows} using (_load_id, _row)" if rows else ""
    return (
        f"select {listed}\nfrom (\n select {place}, {typed} from (\n  select {place}, {texts} from (\n"
        f"   select {place}, {arrived}\n   from {_arrived(shop, name, rows)}{sliced}\n"
        f"   where _problem is null and {_where(shop, name, mapping)}\n  )\n )\n)"
    )


def _default(column: str, contract: Contract, source: Source, shop: Shop) -> str | None:
    """What stands for a value that a row does not bring; what belongs to an order is in the currency of that order."""
    if column == "currency":
        return source.currency or (None if contract.table in OF_AN_ORDER else shop.currency)
    return DEFAULTS.get((contract.table, column))


def _unmapped(
    name: str, column: Column, contract: Contract, fields: Mapping[str, Field], source: Source, shop: Shop
) -> str:
    if default := _default(column.name, contract, source, shop):
        return literal(default)
    if column != contract.columns[0] or not column.name.endswith("_id"):
        return "null"
    if source.duplicates == "keep":
        return f"{literal(name + '|')} || _file || '|' || _row"
    texts = ", ".join(f"coalesce({field.text}, '')" for field in fields.values())
    return f"md5(concat_ws(chr(31), {texts}))"


def _reasons(fields: Iterable[Field]) -> str:
    judged = [field for field in fields if field.expectation]
    if not judged:
        return "cast(null as VARCHAR)"
    anything = " or ".join(field.unreadable for field in judged)
    each = ", ".join(f"case when {field.unreadable} then {field.reason} end" for field in judged)
    return f"case when {anything} then concat_ws('; ', {each}) end"
