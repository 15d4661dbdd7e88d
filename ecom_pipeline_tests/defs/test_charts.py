"""The charts of the forecast show what its tables say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from ecom_pipeline.defs import charts

DAYS = 28
FIRST = date(2024, 3, 11)


class Tables:
    """Answers a chart's questions from tables in memory."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()

    def frame(self, query: str) -> pd.DataFrame:
        found: pd.DataFrame = self.connection.execute(query).df()
        return found


@pytest.fixture
def night() -> Iterator[Any]:
    tables = Tables()
    days = [FIRST + timedelta(days=day) for day in range(DAYS)]
    base = np.arange(DAYS) + 100.0
    ahead = pd.DataFrame({"forecast_date": days, "forecast": base, "lower": base - 5, "upper": base + 5})
    ahead = ahead.assign(
        lower_95=base - 9, upper_95=base + 9, model="combination", measure="revenue", series_kind="total"
    )
    past = [FIRST - timedelta(days=1 + day) for day in range(200)]
    sales = pd.DataFrame({"sales_date": past, "revenue": 90.0, "series_kind": "total"})
    parts = pd.concat(
        [
            pd.DataFrame({"series_kind": "total", "forecast_date": days, "part": part, "value": value})
            for part, value in (("level", 100.0), ("trend", 2.0), ("holiday", -3.0))
        ]
    )
    errors = pd.DataFrame(
        {
            "model": ["theta", "theta", "combination"],
            "is_baseline": [True, True, False],
            "value": [0.4, 0.6, 0.3],
            "measure": "revenue",
            "metric": "wape",
            "series_kind": "category",
        }
    )
    covered = pd.DataFrame({"measure": "units", "series_kind": "product", "coverage_80": [0.7, 0.9, None]})
    for name, frame in {
        "features.daily_sales": sales,
        "features.as_of": pd.DataFrame({"as_of_date": [FIRST - timedelta(days=1)]}),
        "models.forecasts": ahead,
        "models.forecast_parts": parts,
        "models.forecast_evaluation": errors,
        "models.forecast_series": covered,
    }.items():
        tables.connection.execute(f"create schema if not exists {name.split('.')[0]}")
        tables.connection.register("given", frame)
        tables.connection.execute(f"create table {name} as select * from given")
    yield tables
    tables.connection.close()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    figures: list[Figure] = []
    monkeypatch.setattr(charts, "_markdown", lambda figure, words: figures.append(figure) or words)
    return figures


def test_the_forecast_is_shown_with_its_history_and_both_bands(night: Any, drawn: list[Figure]) -> None:
    charts.forecast(night)
    axes = drawn[0].axes[0]
    history, ahead = axes.lines
    assert len(history.get_ydata()) == 120
    assert list(ahead.get_ydata()) == list(np.arange(DAYS) + 100.0)
    ends = [band.get_paths()[0].vertices[:, 1] for band in axes.collections]
    assert [(each.min(), each.max()) for each in ends] == [(91.0, 136.0), (95.0, 132.0)]


def test_the_parts_are_lines_beside_the_level(night: Any, drawn: list[Figure]) -> None:
    charts.forecast_parts(night)
    lines = {line.get_label(): set(line.get_ydata()) for line in drawn[0].axes[0].lines[:-1]}
    assert lines == {"holiday": {-3.0}, "trend": {2.0}}


def test_the_error_of_each_model_and_the_coverage_of_each_kind_are_bars(night: Any, drawn: list[Figure]) -> None:
    charts.forecast_errors(night)
    charts.forecast_coverage(night)
    widths = [[bar.get_width() for bar in figure.axes[0].patches] for figure in drawn]
    assert widths == [[pytest.approx(0.5), 0.3], [pytest.approx(0.8)]]
    colours = [bar.get_facecolor() for bar in drawn[0].axes[0].patches]
    assert colours[0] != colours[1]
