"""A diagnosis as ``shop.yaml``: every guess with how sure it is, and at the end what is missing and what that costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from ecom_pipeline.shop.doctor.model import ColumnGuess, Diagnosis, InputGuess, SourceGuess

COMMENT_AT = 60
NAMED = 4
"""Empty tables that are named; there may be many."""


def propose_yaml(diagnosis: Diagnosis) -> str:
    """The text of a ``shop.yaml``; ``load_shop`` reads it if ``diagnosis.is_enough``."""
    return "\n".join(_lines(diagnosis)) + "\n"


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    yield f"# Proposed by `ecom doctor` from what lies in {_one_line(diagnosis.folder)}."
    yield "# A guess, not a fact: the number behind each line says how sure it is (1.00 certain, 0.00 assumed)."
    yield "# Check what is below 0.80."
    if not diagnosis.is_enough:
        yield "# NOT ENOUGH TO RUN: needed are orders with their lines (order_items), or events. See the end."
    yield _said(f"name: {diagnosis.name}", "small letters, digits and _")
    guesses = {"timezone": diagnosis.timezone, "currency": diagnosis.currency, "country": diagnosis.country}
    for key, guess in guesses.items():
        if guess:
            yield _said(f"{key}: {_flow(guess.value)}", f"{guess.confidence:.2f} {guess.why}")
        else:
            yield _said(f"# {key}: ?", "nothing in the files says it; no public holidays without it")
    others = [code for code in diagnosis.currencies if code != diagnosis.currency.value]
    if others:
        rates = ", ".join(f"{code}: ?" for code in others[:8])
        yield f"# exchange_rates: {{{rates}}}   # needed: what one unit is worth in {diagnosis.currency.value}"
    yield ""
    yield "sources:"
    for source in diagnosis.sources:
        yield ""
        yield from (f"  {line}".rstrip() for line in _source(source))
    yield ""
    yield "# What is missing, and what that costs:"
    for missing in diagnosis.missing:
        yield f"# - {missing.what}: {missing.cost}.{_empty(missing.tables)}"
    if diagnosis.notices:
        yield "#"
        yield "# Also seen:"
        yield from (f"# - {_one_line(notice)}" for notice in diagnosis.notices)


def _empty(tables: Sequence[str]) -> str:
    """The tables that stay empty, the first few by name."""
    more = f" and {len(tables) - NAMED} more" if len(tables) > NAMED else ""
    return f" Empty: {', '.join(tables[:NAMED])}{more}." if tables else ""


def _source(source: SourceGuess) -> Iterator[str]:
    files = "1 file" if source.files == 1 else f"{source.files} files"
    yield f"# {files}, {source.rows} rows looked at."
    yield from (f"# {_one_line(notice)}" for notice in source.notices)
    yield f"{source.name}:"
    for key, value in source.place.items():
        yield from ("  query: >-", f"    {value}") if key == "query" else (f"  {key}: {_flow(value)}",)
    if source.options:
        yield f"  options: {_flow(source.options)}"
    if source.decimal_comma:
        yield _said("  decimal_comma: true", "most numbers can be read only so")
    if source.fill_down:
        yield _said(
            f"  fill_down: {_flow(list(source.fill_down))}", "these are filled on the first line of an order only"
        )
    if source.keeps_equal_rows:
        yield _said("  duplicates: keep", source.keeps_equal_rows)
    yield "  inputs:"
    for given in source.inputs:
        yield from (f"    {line}".rstrip() for line in _input(given))
    if source.unused:
        yield f"  # not used: {_one_line(', '.join(source.unused))}"


def _input(given: InputGuess) -> Iterator[str]:
    yield _said(f"{given.table}:", f"{given.confidence:.2f} {given.why}")
    if given.where:
        yield f"  where: {_flow(given.where)}"
    yield "  columns:"
    for column in given.columns:
        yield _said(f"    {column.target}: {_origin(column)}", _why(column))


def _origin(column: ColumnGuess) -> str:
    return _flow(column.origin["column"] if list(column.origin) == ["column"] else column.origin)


def _why(column: ColumnGuess) -> str:
    shown = f"; e.g. {', '.join(column.examples[:2])}" if column.examples else ""
    return f"{column.confidence:.2f} {column.why}{shown}"


def _said(line: str, comment: str) -> str:
    return f"{line.ljust(COMMENT_AT)}  # {_one_line(comment)}"


def _one_line(text: str) -> str:
    shown = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return shown if len(shown) <= 160 else f"{shown[:157]}..."


def _flow(value: Any) -> str:
    """A value as one line of YAML."""
    text: str = yaml.dump(
        [value], Dumper=_Dumper, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10**6
    )
    return text.strip()[1:-1]


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Quotes SQL with double quotes, so that the single ones inside stay as they are."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = '"' if "'" in text and not any(char in text for char in '"\\') else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
