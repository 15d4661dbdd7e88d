"""Reads a ``shop.yaml`` and says everything that can be known to be wrong with it before any data is seen, each with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from ecom_pipeline.contracts import Column, Contract, load_contracts
from ecom_pipeline.shop.business import Budget, Exclusions, Recommendations
from ecom_pipeline.shop.config import (
    CONDITIONS,
    DEFAULTS,
    EITHER,
    ColumnMapping,
    Database,
    InputMapping,
    Shop,
    Source,
    Table,
    input_contracts,
)
from ecom_pipeline.shop.document import Document, Place, read_document
from ecom_pipeline.shop.errors import ShopError, did_you_mean, shorten
from ecom_pipeline.shop.expressions import ExpressionError, check_format, check_query, parse_condition, parse_expression
from ecom_pipeline.shop.options import ReadOptions
from ecom_pipeline.shop.values import MOMENTS

_FIELDS: dict[tuple[str, ...], type[BaseModel]] = {
    (): Shop,
    ("recommendations",): Recommendations,
    ("recommendations", "*"): Exclusions,
    ("budget",): Budget,
    ("sources", "*"): Source,
    ("sources", "*", "options"): ReadOptions,
    ("sources", "*", "database"): Database,
    ("sources", "*", "tables", "*"): Table,
    ("sources", "*", "tables", "*", "options"): ReadOptions,
    ("sources", "*", "inputs", "*"): InputMapping,
    ("sources", "*", "inputs", "*", "columns", "*"): ColumnMapping,
}
_NAMED_BY_THE_SHOP = (1, 3, 5)


def load_shop(
    path: Path, environment: Mapping[str, str] | None = None, contracts: Mapping[str, Contract] | None = None
) -> Shop:
    """Read and check a ``shop.yaml``.

    Parameters
    ----------
    path
        The file.
    environment
        What ``${NAME}`` is filled in from; none by default.
    contracts
        The promises; those of the package by default.

    Raises
    ------
    ShopError
        Everything that is wrong with it, a line each.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ShopError(f"{path}:{line}: expected UTF-8, found the byte {error.object[error.start]:#04x}") from error
    except FileNotFoundError as error:
        raise ShopError(_no_shop(path)) from error
    except OSError as error:
        raise ShopError(f"{path}: expected a readable file: {error.strerror}") from error
    document = read_document(text, str(path), environment or {})
    try:
        shop = Shop.model_validate(document.content if document.content is not None else {})
    except ValidationError as error:
        raise ShopError(*(_said(document, problem) for problem in error.errors())) from error
    promises = contracts or load_contracts()
    found = [*_problems(shop, input_contracts(promises)), *_condition_problems(shop, promises)]
    problems = [document.problem(place, message) for place, message in found]
    if problems:
        raise ShopError(*problems)
    shop._document = document
    shop._contracts = promises
    return shop


def _no_shop(path: Path) -> str:
    """What to do where there is no ``shop.yaml`` yet."""
    proposed = path.with_name("shop.proposed.yaml")
    if proposed.exists():
        return f"{path}: expected a file; {proposed.name} is beside it: rename it when it is right"
    if path.parent.is_dir():
        return f"{path}: expected a file; `ecom doctor {path.parent}` proposes one from the exports in the folder"
    return f"{path}: expected a file; there is no folder {path.parent} either: `ecom init {path.parent}` makes both"


def _said(document: Document, problem: Any) -> str:
    """A complaint of pydantic in our words, at its line."""
    place = tuple(part for part in problem["loc"] if part != "[key]")
    if problem["type"] == "extra_forbidden":
        around = tuple("*" if depth in _NAMED_BY_THE_SHOP else str(part) for depth, part in enumerate(place[:-1]))
        known = _FIELDS[around].model_fields if around in _FIELDS else ()
        return document.problem(place, f"unknown key{did_you_mean(str(place[-1]), known)}")
    if problem["type"] == "missing":
        return document.problem(place[:-1], f"expected the key '{place[-1]}', which is missing")
    message = str(problem["msg"]).removeprefix("Value error, ")
    message = re.sub(r"^(String|Input|Dictionary|List|Tuple) should ", "expected it to ", message)
    message = re.sub(r"be a valid dictionary( or instance of \w+)?", "be a mapping of keys to values", message)
    written = document.written.get(place)
    return document.problem(place, message if written is None else f"{message}, found {shorten(written)}")


def _problems(shop: Shop, inputs: Mapping[str, Contract]) -> Iterator[tuple[Place, str]]:
    brought = {name for source in shop.sources.values() for name in source.inputs}
    if not {"orders", "order_items"} <= brought and "events" not in brought:
        yield ("sources",), "expected sources for orders and order_items, or for events"
    for table in shop.tolerances:
        if table not in inputs:
            yield ("tolerances", table), f"'{table}' is not a table{did_you_mean(table, inputs)}"
    if shop.exchange_rates.get(shop.currency, Decimal(1)) != 1:
        yield ("exchange_rates", shop.currency), "expected 1, since it is the reporting currency"
    yield from _keeping_problems(shop)
    for brand in shop.recommendations.brand_pins:
        if brand in shop.recommendations.exclude.brands:
            yield ("recommendations", "brand_pins", brand), "expected a brand that exclude.brands does not name"
    for name, source in shop.sources.items():
        above: Place = ("sources", name)
        if source.keep_days and not re.search(r"[*?[]", source.files or ""):
            yield (*above, "keep_days"), "expected only beside files with *, ? or [...]: one file is replaced, not kept"
        if source.currency and source.currency not in shop.rates:
            yield (*above, "currency"), f"expected a rate for {source.currency} in exchange_rates"
        if source.query:
            yield from _complaints((*above, "query"), source.query, check=check_query)
        if source.date_format:
            yield from _complaints((*above, "date_format"), source.date_format)
        for column in source.fill_down or ():
            yield from _absent_names((*above, "fill_down"), source, (column,))
        for table, mapping in source.inputs.items():
            place = (*above, "inputs", table)
            if table not in inputs:
                yield place, f"'{table}' is not an input{did_you_mean(table, inputs)}"
            else:
                yield from _mapping_problems(place, shop, source, mapping, inputs[table])


def _condition_problems(shop: Shop, contracts: Mapping[str, Contract]) -> Iterator[tuple[Place, str]]:
    for section, table in CONDITIONS.items():
        for name, condition in getattr(shop, section).items():
            try:
                parse_condition(condition, tuple(contracts[table].types.items()))
            except ExpressionError as error:
                yield (section, name), f"{error}, found {shorten(condition)}; the columns are those of {table}"


def _keeping_problems(shop: Shop) -> Iterator[tuple[Place, str]]:
    """Orders and their lines leave together: a line without its order would be rejected."""
    of_orders = {
        name: source.keep_days
        for name, source in shop.sources.items()
        if {"orders", "order_items"} & set(source.inputs)
    }
    if len(set(of_orders.values())) > 1:
        told = ", ".join(f"{name} {days or 'for ever'}" for name, days in of_orders.items())
        first = next(name for name, days in of_orders.items() if days)
        yield (
            ("sources", first, "keep_days"),
            f"expected the same for all sources of orders and order_items, found {told}",
        )


def _mapping_problems(
    above: Place, shop: Shop, source: Source, mapping: InputMapping, contract: Contract
) -> Iterator[tuple[Place, str]]:
    known = {column.name: column for column in contract.columns}
    for name, column in known.items():
        if column.required and name not in mapping.columns and (contract.table, name) not in DEFAULTS:
            yield above, f"{contract.table} needs the column '{name}', which is not mapped"
    either = EITHER.get(contract.table, ())
    if either and not any(name in mapping.columns for name in either):
        yield above, f"{contract.table} needs one of the columns {' and '.join(either)}, of which none is mapped"
    if mapping.where:
        yield from _complaints((*above, "where"), mapping.where, source, condition=True)
    for name, origin in mapping.columns.items():
        place = (*above, "columns", name)
        if name not in known:
            yield place, f"'{name}' is not a column of {contract.table}{did_you_mean(name, known)}"
        else:
            yield from _column_problems(place, shop, source, origin, known[name])


def _column_problems(
    place: Place, shop: Shop, source: Source, origin: ColumnMapping, column: Column
) -> Iterator[tuple[Place, str]]:
    if origin.sql:
        yield from _complaints((*place, "sql"), origin.sql, source)
    for field in ("format", "unit", "timezone"):
        if getattr(origin, field) is not None and column.type not in MOMENTS:
            yield (*place, field), f"expected only for dates and times; {column.name} is {column.type}"
    if origin.format:
        yield from _complaints((*place, "format"), origin.format)
    yield from _absent_names(place, source, (origin.column,) if origin.column else ())
    folded: set[str] = set()
    for word in origin.values:
        if word.lower() in folded:
            yield (*place, "values", word), "expected every word once, whatever its case"
        folded.add(word.lower())
    allowed = ("true", "false") if column.type == "BOOLEAN" else column.values
    if origin.values and column.type not in ("VARCHAR", "BOOLEAN"):
        yield (*place, "values"), f"expected only for texts and booleans; {column.name} is {column.type}"
    meant = [((*place, "values", word), value) for word, value in origin.values.items()]
    meant += [
        ((*place, field), value) for field in ("otherwise", "value") if (value := getattr(origin, field)) is not None
    ]
    for where, value in meant:
        if allowed and value not in allowed:
            yield where, f"'{value}' is not a value of {column.name}{did_you_mean(value, allowed)}"
    if column.name == "currency" and origin.value and origin.value not in shop.rates:
        yield (*place, "value"), f"expected a rate for {origin.value} in exchange_rates"


def _complaints(
    place: Place,
    text: str,
    source: Source | None = None,
    *,
    condition: bool = False,
    check: Callable[[str], None] = check_format,
) -> Iterator[tuple[Place, str]]:
    try:
        if source is None:
            check(text)
        else:
            used = parse_expression(text, condition=condition, decimal_comma=source.decimal_comma).columns
            yield from _absent_names(place, source, used)
    except ExpressionError as error:
        yield place, f"{error}, found {shorten(text)}"


def _absent_names(place: Place, source: Source, names: Iterable[str]) -> Iterator[tuple[Place, str]]:
    """Names that the source cannot have, since it states all that it has."""
    stated = source.options.columns or ()
    for name in names:
        if stated and name.lower() not in {column.lower() for column in stated}:
            yield place, f"the source has no column '{name}'{did_you_mean(name, stated)}"
