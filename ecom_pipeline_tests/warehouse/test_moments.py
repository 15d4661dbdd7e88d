from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.warehouse.moments import sample_covariance
from ecom_pipeline_tests.database import in_memory


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with in_memory() as connection:
        yield connection


def given(connection: duckdb.DuckDBPyConnection, frame: pd.DataFrame) -> list[str]:
    connection.register("given", frame)
    connection.execute("create table rows_of as from given")
    return list(frame.columns)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_the_same_as_numpy_to_twelve_digits(connection: duckdb.DuckDBPyConnection, offset: float) -> None:
    random = np.random.default_rng(0)
    values = random.lognormal(size=(50_000, 8)) @ random.normal(size=(8, 8)) * 10.0 ** np.arange(-3, 5) + offset
    names = given(connection, pd.DataFrame(values, columns=list("abcdefgh")))
    # In doubles NumPy's own mean of numbers around a million is off by more than the twelfth digit of the covariance.
    expected = np.cov(values.T.astype(np.longdouble)).astype(float)
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    assert np.abs((sample_covariance(connection, "rows_of", names) - expected) / scale).max() < 1e-12


def test_neither_the_first_rows_nor_the_order_bear_on_the_figure(connection: duckdb.DuckDBPyConnection) -> None:
    values = np.random.default_rng(1).normal(1e3, 1.0, (20_000, 3))
    values[:1_000] += 1e5
    names = given(connection, pd.DataFrame(values, columns=list("abc")))
    expected = np.cov(values.T.astype(np.longdouble)).astype(float)
    turned = "(select * from rows_of order by b)"
    for relation in ("rows_of", turned):
        assert sample_covariance(connection, relation, names) == pytest.approx(expected, rel=1e-11)


def test_decimals_and_whole_numbers_are_numbers(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create table rows_of as select i as a, (2 * i)::decimal(18, 4) as b from range(1, 4) as r (i)")
    assert sample_covariance(connection, "rows_of", ["a", "b"]).tolist() == [[1.0, 2.0], [2.0, 4.0]]


def test_a_column_that_does_not_vary_varies_with_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    names = given(connection, pd.DataFrame({"a": [0.1] * 7, "b": range(7)}))
    assert sample_covariance(connection, "rows_of", names)[0].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("value", [None, np.inf, 1e200])
def test_a_value_that_cannot_be_squared_is_named(connection: duckdb.DuckDBPyConnection, value: float | None) -> None:
    names = given(connection, pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, value]}))
    with pytest.raises(ValueError, match="b: 1 values"):
        sample_covariance(connection, "rows_of", names)


def test_one_row_has_no_covariance(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(ValueError, match="1 rows"):
        sample_covariance(connection, "rows_of", given(connection, pd.DataFrame({"a": [1.0]})))
