"""The charts show what their tables say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.defs import charts
from ecom_pipeline_tests.tables.world import Row, World

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DAYS = 28
FIRST = date(2024, 3, 11)


class Tables:
    """Answers a chart's questions from tables in memory."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.shop = SimpleNamespace(currency="EUR")

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
    monkeypatch.setattr(charts, "markdown", lambda figure, words: figures.append(figure) or words)
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


class Shop(World):
    """Promised tables that answer a chart's questions."""

    def frame(self, query: str) -> pd.DataFrame:
        found: pd.DataFrame = self.con.execute(query).df()
        return found


@pytest.fixture(scope="module")
def world() -> Shop:
    return Shop()


@pytest.fixture
def shop(world: Shop) -> Iterator[Any]:
    with world.scratch():
        yield world


def rows(columns: str, *values: tuple[object, ...]) -> list[Row]:
    return [dict(zip(columns.split(), each, strict=True)) for each in values]


def bars(figure: Figure) -> list[float]:
    return [bar.get_height() for bar in figure.axes[0].patches]


def test_customers_lie_where_their_components_say(shop: Any, drawn: list[Figure]) -> None:
    known = rows(
        "customer_id segment component_1 component_2",
        ("a", "new", 1.0, 2.0),
        ("b", "new", 3.0, 4.0),
        ("c", "lost", -1.0, 0.5),
        ("d", "lost", None, None),
    )
    shop.given("marts.customer_profiles", known)
    charts.segments_map(shop)
    found = {each.get_label(): each.get_offsets().tolist() for each in drawn[0].axes[0].collections}
    assert found == {"lost": [[-1.0, 0.5]], "new": [[1.0, 2.0], [3.0, 4.0]]}


def test_the_picture_of_correlations_is_their_matrix(shop: Any, drawn: list[Figure]) -> None:
    pairs = (("orders", "orders", 1.0), ("orders", "views", 0.25), ("views", "orders", 0.25), ("views", "views", 1.0))
    shop.given("models.behaviour_covariance", rows("feature_a feature_b correlation", *pairs))
    charts.covariance(shop)
    axes = drawn[0].axes[0]
    assert axes.images[0].get_array().tolist() == [[1.0, 0.25], [0.25, 1.0]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["orders", "views"]


def test_models_are_compared_for_each_target_with_their_intervals_and_breadth(shop: Any, drawn: list[Figure]) -> None:
    columns = "target model metric k segment value lower upper is_baseline"
    quality = [
        (target, model, metric, k, segment, value, value - 0.01, value + 0.02, model == "popularity")
        for target, add in (("new", 0.0), ("all", 0.5))
        for model, metric, k, segment, value in (
            ("popularity", "ndcg", 10, "warm", 0.1 + add),
            ("blend", "ndcg", 10, "warm", 0.2 + add),
            ("blend", "ndcg", 20, "warm", 0.9),
            ("blend", "ndcg", 10, "cold", 0.9),
            ("blend", "recall", 10, "warm", 0.9),
            ("popularity", "coverage", 10, "warm", 0.05),
            ("blend", "coverage", 10, "warm", 0.6),
            ("blend", "coverage", 20, "warm", 0.9),
        )
    ]
    shop.given("models.recommendation_evaluation", rows(columns, *quality))
    words = charts.recommendation_quality(shop)
    assert words.split("\n\n") == [
        f"{what}, target {target}"
        for target in ("new", "all")
        for what in ("models compared", "coverage against accuracy")
    ]
    for (compared, breadth), add in zip((drawn[:2], drawn[2:]), (0.0, 0.5), strict=True):
        widths = [bar.get_width() for bar in compared.axes[0].patches]
        assert widths == pytest.approx([0.1 + add, 0.2 + add])
        ends = np.sort([path.vertices[:, 0] for path in compared.axes[0].collections[0].get_paths()])
        assert ends == pytest.approx(np.array([[0.09, 0.12], [0.19, 0.22]]) + add)
        points = {each.get_label(): each.get_offsets().tolist()[0] for each in breadth.axes[0].collections}
        assert points == {
            "blend": pytest.approx([0.6, 0.2 + add]),
            "popularity": pytest.approx([0.05, 0.1 + add]),
        }


def test_three_customers_are_shown_with_their_reasons_those_who_buy_again_first(shop: Any) -> None:
    columns = "customer_id shelf rank product_id product_name source reason_en reason_zh"
    listed = [(f"c{n}", "new", 1, "p1", "Mug | large", "blend", "Popular", None) for n in range(4)]
    shop.given("marts.recommendations", rows(columns, *listed))
    first = charts.recommended(shop).splitlines()
    assert first[2] == "| c0 | new | 1 | Mug / large | blend | Popular |  |"
    assert [line[2:4] for line in first[2:]] == ["c0", "c1", "c2"]
    shop.given("marts.recommendations", rows(columns, ("c3", "again", 4, "p2", None, "frequency", "Bought", "买过")))
    assert [line[2:4] for line in charts.recommended(shop).splitlines()[2:]] == ["c0", "c1", "c3"]


def test_what_was_predicted_is_drawn_against_what_happened(shop: Any, drawn: list[Figure]) -> None:
    tenths = (("trees", 2, 0.3, 0.25), ("trees", 1, 0.1, 0.12), ("rfm", 1, 0.2, 0.6))
    shop.given("models.propensity_calibration", rows("model bin predicted observed", *tenths))
    charts.calibration(shop)
    lines = [line.get_xydata().tolist() for line in drawn[0].axes[0].lines]
    assert lines == [[[0.2, 0.6]], [[0.1, 0.12], [0.3, 0.25]], [[0.0, 0.0], [0.6, 0.6]]]


def test_each_method_credits_each_channel(shop: Any, drawn: list[Figure]) -> None:
    credited = (("ads", "first", 30), ("ads", "last", 10), ("mail", "first", 0), ("mail", "last", 20))
    shop.given("marts.channel_attribution", rows("channel method credited_revenue", *credited))
    charts.attribution(shop)
    assert bars(drawn[0]) == [30.0, 0.0, 10.0, 20.0]
    assert [each.get_text() for each in drawn[0].axes[0].get_legend().get_texts()] == ["first", "last"]


def intervals(figure: Figure) -> list[tuple[list[float], float, Any]]:
    lines = figure.axes[0].lines[:-1]
    return [
        (list(band.get_xdata()), float(point.get_xdata()[0]), band.get_color())
        for band, point in zip(lines[::2], lines[1::2], strict=True)
    ]


def test_returns_have_their_intervals_and_are_grey_without_evidence(shop: Any, drawn: list[Figure]) -> None:
    known = (("ads", 2.0, 1.0, 3.0, True), ("mail", 0.5, -1.0, 2.0, False))
    shop.given(
        "marts.budget_recommendations", rows("channel return_on_spend return_lower return_upper has_evidence", *known)
    )
    charts.budget(shop)
    assert intervals(drawn[0]) == [([-1.0, 2.0], 0.5, "0.6"), ([1.0, 3.0], 2.0, "C0")]


def test_treatments_are_green_or_red_by_their_interval_and_only_those_that_can_be_read(
    shop: Any, drawn: list[Figure]
) -> None:
    read = (
        ("s", "a", 0.5, 0.25, 0.75, True),
        ("s", "b", -0.5, -0.75, -0.25, True),
        ("s", "c", 0.0, -0.25, 0.25, True),
        ("s", "d", 0.5, 0.25, 0.75, False),
    )
    shop.given("marts.experiment_results", rows("experiment_id treatment lift lower upper is_readable", *read))
    charts.experiments(shop)
    assert intervals(drawn[0]) == [
        ([-25.0, 25.0], 0.0, "0.6"),
        ([-75.0, -25.0], -50.0, "C3"),
        ([25.0, 75.0], 50.0, "C2"),
    ]


def test_the_funnel_is_the_sum_of_its_days(shop: Any, drawn: list[Figure]) -> None:
    days = ((10, 8, 3, 1), (5, 4, 2, 1))
    shop.given("marts.funnel_daily", rows("visits visits_with_view visits_with_cart visits_with_purchase", *days))
    charts.funnel(shop)
    assert bars(drawn[0]) == [15.0, 12.0, 5.0, 2.0]


def test_the_mix_of_messages_is_stacked_beside_its_drift(shop: Any, drawn: list[Figure]) -> None:
    weeks = (("2024-01-01", "refund", 3, None), ("2024-01-08", "refund", 1, 0.25), ("2024-01-08", "status", 2, 0.25))
    shop.given("marts.support_weekly", rows("week_date intent messages week_drift", *weeks))
    charts.support_mix(shop)
    left, right = drawn[0].axes
    assert [float(each.get_paths()[0].vertices[:, 1].max()) for each in left.collections] == [3.0, 3.0]
    assert [each.get_label() for each in left.collections] == ["refund", "status"]
    assert right.lines[0].get_ydata()[-1] == 0.25


def test_the_desk_is_shown_by_month_as_shares(shop: Any, drawn: list[Figure]) -> None:
    columns = "sent_date messages abstained_messages negative_messages first_contacts answered_first_contacts"
    days = (("2024-01-01", 6, 1, 3, 2, 1), ("2024-01-31", 4, 1, 2, 2, 2), ("2024-02-01", 2, 1, 0, 1, 1))
    shop.given("marts.support_daily", rows(columns, *days))
    charts.support_desk(shop)
    found = {line.get_label(): list(line.get_ydata()) for line in drawn[0].axes[0].lines}
    assert found == {"first contacts answered": [0.75, 1.0], "abstained": [0.2, 0.5], "negative": [0.5, 0.0]}
