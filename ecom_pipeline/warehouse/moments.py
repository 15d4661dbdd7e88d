"""Sample covariance inside the database: rows stay where they are, whatever their number.

Two passes, the means first, then the products of the deviations: the one-pass shortcut cancels for large values. What
does not belong here: what a covariance is good for.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement

import duckdb
import numpy as np
from numpy.typing import NDArray

from ecom_pipeline.sql import quoted

LARGEST = 1e150
"""Beyond it a square is no longer a finite number."""


def sample_covariance(
    connection: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str]
) -> NDArray[np.float64]:
    """Covariance of numeric columns, with the divisor n - 1.

    Parameters
    ----------
    relation
        A table or a parenthesised SELECT, without a missing value in the columns.

    Raises
    ------
    ValueError
        Fewer than two rows, or a value that is missing or too large to be squared: says in which column.
    """
    values = {name: f"cast({quoted(name)} as double)" for name in columns}
    asked = ", ".join(
        f"avg({value}), min({value}), max({value}), count_if({value} is null or not abs({value}) <= {LARGEST})"
        for value in values.values()
    )
    rows, *measured = connection.execute(f"select count(*), {asked} from {relation}").fetchall()[0]
    if rows < 2:
        raise ValueError(f"{rows} rows, a sample covariance takes at least 2")
    means, least, most, unusable = (measured[place::4] for place in range(4))
    for name, count in zip(columns, unusable, strict=True):
        if count:
            raise ValueError(f"{name}: {count} values are missing or too large to be squared")
    vary = [place for place in range(len(columns)) if least[place] < most[place]]
    covariance = np.zeros((len(columns), len(columns)))
    if vary:
        shifted = ", ".join(f"{values[columns[one]]} - {means[one]!r}::double as d{one}" for one in vary)
        pairs = list(combinations_with_replacement(vary, 2))
        products = ", ".join(f"sum(d{one} * d{other})" for one, other in pairs)
        sums = connection.execute(f"select {products} from (select {shifted} from {relation})").fetchall()[0]
        for (one, other), value in zip(pairs, sums, strict=True):
            covariance[one, other] = covariance[other, one] = value / (rows - 1)
    return covariance
