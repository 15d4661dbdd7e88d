"""How what was given back shows among what was sold: a quantity below zero, or a letter before the number.

Conditions come out; what is made of the rows that they take is decided in ``inputs``.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from ecom_pipeline.shop.doctor.columns import as_sql
from ecom_pipeline.shop.doctor.matching import Match
from ecom_pipeline.shop.doctor.profiles import ENOUGH
from ecom_pipeline.shop.values import number
from ecom_pipeline.sql import quoted


@dataclass(frozen=True)
class Split:
    """How sold and given back are told apart in one export of sales: conditions, and why."""

    sold: str | None = None
    returned: str | None = None
    why: str = ""


def split_of(con: duckdb.DuckDBPyConnection, export: str, key: Match | None, quantity: Match | None) -> Split:
    """How cancelled or returned lines show: a letter before the number, or a quantity below zero."""
    if quantity is None or quantity.profile.negative == 0:
        return Split()
    pieces = as_sql(quantity.profile.name)
    if key is not None:
        order, count = quoted(key.profile.name), number(quoted(quantity.profile.name), "DECIMAL(18,4)")
        letters = con.execute(
            f"""select upper(left({order}, 1)) as letter, avg(({count} < 0)::int::double) as negative
            from {export} where regexp_matches({order}, '^[A-Za-z]-?[0-9]+$') group by letter"""
        ).fetchall()
        digits = con.execute(f"select avg(regexp_full_match({order}, '[0-9]+')::int::double) from {export}").fetchall()[
            0
        ][0]
        cancelled = [letter for letter, negative in letters if negative >= ENOUGH]
        if cancelled and (digits or 0.0) > 0.5:
            name = as_sql(key.profile.name)
            return Split(
                f"{pieces} > 0 and not regexp_matches({name}, '^[A-Za-z]')",
                " or ".join(f"starts_with({name}, '{letter}')" for letter in cancelled),
                f"order numbers that begin with {' or '.join(cancelled)} have quantities below zero: cancellations",
            )
    return Split(f"{pieces} > 0", f"{pieces} < 0", "quantities below zero are returns")
