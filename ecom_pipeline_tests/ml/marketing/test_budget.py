from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.marketing.advice import advice
from ecom_pipeline.ml.marketing.budget import COLUMNS, Budget, _spent, budget_shop
from ecom_pipeline.ml.marketing.periods import periods_of
from ecom_pipeline.ml.marketing.response import REACHED, Curve, SpendResponse, _base, _Sampler, carried_over, saturated
from ecom_pipeline.ml.marketing.split import best_split, days_of_a_test, floors_and_caps, in_proportion
from ecom_pipeline_tests.ml.marketing.planted import Planted, plant


def run(shop: Planted, seed: int = 1) -> Budget:
    return budget_shop(shop.spend_rows, shop.revenue_rows, as_of_date=shop.dates[-1].date(), seed=seed)


@pytest.fixture(scope="module")
def idle() -> tuple[Planted, Budget]:
    """A shop of three channels, the first of which brings nothing, and what is said of it."""
    shop = plant(3, days=400, channels=3, idle=1)
    return shop, run(shop)


def test_carry_over_keeps_what_was_spent() -> None:
    assert carried_over(np.full(200, 5.0), 0.8)[-1] == pytest.approx(5.0)
    assert carried_over([1.0] + [0.0] * 200, 0.5).sum() == pytest.approx(1.0)


def test_a_shape_is_as_likely_as_the_revenue_with_it_whatever_the_returns() -> None:
    random = np.random.default_rng(1)
    spend, revenue = random.gamma(2.0, 5.0, (60, 3)), random.normal(100.0, 10.0, 60)
    sampler, shapes = _Sampler(spend, revenue, np.ones((60, 1)), persistence=0.0), np.array([4, 7, 2])
    evidence = []
    for shape in range(len(sampler.shapes)):
        gram, moment = sampler._normal(np.array([4, shape, 2]), 80.0)
        evidence.append(0.5 * (moment @ np.linalg.solve(gram, moment) - np.linalg.slogdet(gram)[1]))
    likely = sampler._likely(1, shapes, 80.0)
    assert np.ptp(evidence) > 0.5
    assert likely - likely[0] == pytest.approx(np.array(evidence) - evidence[0], rel=1e-6)


def test_shapes_reach_at_mean_spend_what_they_are_named_by() -> None:
    shapes = _Sampler(np.full((9, 1), 2.0), np.ones(9), np.ones((9, 1)), persistence=0.0).shapes
    reached = [float(saturated(1.0, half, steepness)) for _, half, steepness in shapes]
    assert sorted(set(np.round(reached, 9))) == list(REACHED)


@pytest.mark.parametrize("shape", [3, 60, 170])
def test_a_shape_that_the_revenue_shows_is_the_one_that_is_drawn(shape: int) -> None:
    random = np.random.default_rng(1)
    spend, level = random.gamma(1.0, 10.0, (300, 1)), np.ones((300, 1))
    planted = 5.0 * _Sampler(spend, level[:, 0], level, persistence=0.0).columns[0, shape]
    drawn = _Sampler(spend, planted + random.normal(100.0, 0.01, 300), level, persistence=0.0).draws(random, 20, 5)
    assert [int(shapes[0]) for shapes, _ in drawn] == [shape] * 20
    assert [float(returns[0]) for _, returns in drawn] == pytest.approx([5.0] * 20, rel=0.01)


@pytest.mark.parametrize(("days", "columns"), [(100, 8), (200, 10), (729, 10), (731, 14)])
def test_a_season_of_the_year_is_learned_from_half_a_year_and_closely_from_two(days: int, columns: int) -> None:
    assert _base(days, 1, None).shape == (days, columns)
    assert _base(days, 1, np.ones(days)).shape == (days, columns), "demand that is always the same tells nothing"
    assert _base(days, 1, np.arange(days)).shape == (days, columns + 2)


@pytest.mark.slow
def test_true_returns_lie_in_the_intervals_and_splits_earn_more() -> None:
    inside, earned = [], []
    for seed in range(12):
        shop = plant(seed)
        channels, card = (result := run(shop)).channels, result.card
        inside += list((channels["return_lower"] <= shop.returns) & (shop.returns <= channels["return_upper"]))
        present, split = (channels[name].to_numpy() for name in ("spend_per_day", "recommended_per_day"))
        assert split.sum() == pytest.approx(present.sum())
        assert (split >= 0.499 * present).all()
        assert (split <= 2.001 * present).all()
        if card.decision == "published":
            earned.append(shop.earned(split) > shop.earned(present))
    assert np.mean(inside) >= 0.85
    assert len(earned) >= 8
    assert all(earned)


def test_a_channel_that_brings_nothing_keeps_its_spend_and_gets_a_test(idle: tuple[Planted, Budget]) -> None:
    row = idle[1].channels.iloc[0]
    assert not row["has_evidence"]
    assert row["recommended_per_day"] == row["spend_per_day"]
    assert row["sentence_en"].startswith("Not enough evidence")
    assert row["sentence_zh"].startswith("证据不足")


def test_every_channel_has_figures_of_its_own_inside_their_intervals(idle: tuple[Planted, Budget]) -> None:
    channels = idle[1].channels
    for lower, middle, upper in (
        ("return_lower", "return_on_spend", "return_upper"),
        ("marginal_lower", "marginal_return", "marginal_upper"),
    ):
        assert (channels[lower] < channels[middle]).all()
        assert (channels[middle] < channels[upper]).all()
    assert channels[["marginal_lower", "marginal_return", "marginal_upper", "carry_over"]].nunique().min() > 1


def test_spend_that_follows_demand_is_no_evidence() -> None:
    shop = plant(4, days=400, channels=2)
    random = np.random.default_rng(2)
    demand = 200 + 80 * np.sin(np.arange(400) / 9)
    shop.spend[:, 0] = demand * random.lognormal(0, 0.1, 400)
    shop.revenue[:] = 100 * demand + random.normal(0, 500, 400)
    visits = pd.DataFrame({"sales_date": shop.dates, "visits": demand * random.lognormal(0, 0.1, 400)})
    result = budget_shop(shop.spend_rows, shop.revenue_rows, as_of_date=shop.dates[-1].date(), seed=1, demand=visits)
    follows = result.channels.iloc[0]
    assert follows["follows_demand"] > 0.9
    assert not follows["has_evidence"]
    assert "may have come anyway" in follows["sentence_en"]
    assert "随需求起落" in follows["sentence_zh"]


def test_what_a_paused_channel_brought_is_not_credited_to_another() -> None:
    shop = plant(7, days=400, channels=2)
    random = np.random.default_rng(4)
    shop.spend[:, 0] *= np.arange(400) < 360
    shop.spend[:, 1] = 500 + 0.5 * shop.spend[:, 0] * random.lognormal(0, 0.3, 400)
    shop.revenue[:] = 10_000 + 5 * shop.spend[:, 0] + random.normal(0, 900, 400)
    result = run(shop)
    (row,) = result.channels.to_dict("records")
    assert (row["channel"], result.card.metrics["left_out"]) == ("b", ["a"])
    assert row["return_lower"] < 0 < row["return_upper"]


def test_spend_that_hardly_varies_is_not_credited_with_more_than_there_is() -> None:
    shop = plant(6, days=300, channels=3)
    shop.spend[:] = shop.spend.mean(axis=0) * np.random.default_rng(3).lognormal(0, 0.02, shop.spend.shape)
    channels = run(shop).channels
    brought = channels[["return_lower", "return_upper"]].abs().max(axis=1) * shop.spend.sum(axis=0)
    assert (brought < 0.5 * shop.revenue.sum()).all()
    assert not channels["has_evidence"].any()


def test_revenue_that_is_chance_moves_no_money() -> None:
    shop = plant(5, days=300, channels=3)
    noise = shop.revenue_rows.assign(revenue=np.random.default_rng(1).normal(1e4, 1e3, 300))
    result = budget_shop(shop.spend_rows, noise, as_of_date=shop.dates[-1].date(), seed=1)
    assert result.card.decision == "refused"
    assert (result.channels["recommended_per_day"] == result.channels["spend_per_day"]).all()


def test_the_best_split_evens_out_marginal_returns() -> None:
    curves = [
        Curve(carry_over=0.0, half=100.0, steepness=1.0, effect=400.0),
        Curve(carry_over=0.0, half=100.0, steepness=1.0, effect=100.0),
    ]
    split = best_split([curves], np.array([0.0, 0.0]), np.array([900.0, 900.0]), 200.0)
    assert split.sum() == pytest.approx(200.0)
    assert curves[0].marginal(split[0]) == pytest.approx(curves[1].marginal(split[1]), rel=1e-6)


def test_no_other_split_earns_more_where_spend_has_to_pass_a_threshold() -> None:
    curves = [
        Curve(carry_over=0.0, half=800.0, steepness=1.7, effect=1300.0),
        Curve(carry_over=0.0, half=700.0, steepness=1.7, effect=360.0),
        Curve(carry_over=0.0, half=80.0, steepness=1.0, effect=200.0),
    ]
    floor, cap = np.full(3, 100.0), np.full(3, 400.0)
    split = best_split([curves], floor, cap, 600.0)
    assert split.sum() == pytest.approx(600.0)

    def earned(spend: Sequence[float]) -> float:
        return sum(float(curve.revenue(money)) for curve, money in zip(curves, spend, strict=True))

    spends = np.linspace(100.0, 400.0, 31)
    others = [(one, two, 600.0 - one - two) for one in spends for two in spends if 100.0 <= 600.0 - one - two <= 400.0]
    assert earned(split.tolist()) >= (1 - 1e-6) * max(map(earned, others))


@pytest.mark.parametrize("steepness", [1.0, 1.7])
def test_the_next_unit_brings_the_slope_of_the_curve(steepness: float) -> None:
    curve = Curve(carry_over=0.0, half=100.0, steepness=steepness, effect=400.0)
    for spend in (1.0, 80.0, 900.0):
        slope = (float(curve.revenue(spend + 1e-4)) - float(curve.revenue(spend - 1e-4))) / 2e-4
        assert curve.marginal(spend) == pytest.approx(slope, rel=1e-5)
    assert float(curve.revenue(0.0)) == 0.0


def test_floors_and_caps_hold() -> None:
    curves = [
        Curve(carry_over=0.0, half=1e6, steepness=1.0, effect=1e7),
        Curve(carry_over=0.0, half=1e6, steepness=1.0, effect=1.0),
    ]
    for present, expected in (([100.0, 100.0], [150.0, 50.0]), ([100.0, 300.0], [200.0, 200.0])):
        floor, cap = floors_and_caps(["a", "b"], np.array(present), {}, {})
        assert best_split([curves], floor, cap, sum(present)).tolist() == pytest.approx(expected)
    floor, cap = floors_and_caps(["a", "b"], np.array([100.0, 100.0]), {"b": 80.0}, {"a": 110.0})
    assert best_split([curves], floor, cap, 200.0).tolist() == pytest.approx([110.0, 90.0])
    assert best_split([curves], floor, cap, 500.0).tolist() == pytest.approx([110.0, 200.0])
    assert best_split([curves], floor, cap, 90.0).tolist() == pytest.approx([50.0, 80.0])


def test_a_larger_budget_is_shared_in_proportion_between_floors_and_caps() -> None:
    present = np.array([100.0, 200.0, 300.0])
    floor, cap = floors_and_caps(["a", "b", "c"], present, {}, {"a": 110.0})
    assert in_proportion(present, floor, cap, 600.0).tolist() == present.tolist()
    assert in_proportion(present, floor, cap, 860.0).tolist() == pytest.approx([110.0, 300.0, 450.0])
    assert in_proportion(present, floor, cap, 9e9).tolist() == pytest.approx([110.0, 400.0, 600.0])
    assert in_proportion(present, floor, cap, 1.0).tolist() == pytest.approx([50.0, 100.0, 150.0])


def test_the_budget_of_the_shop_is_spent_within_its_floors_and_caps(idle: tuple[Planted, Budget]) -> None:
    shop, budget = idle
    before = budget.channels.set_index("channel")["spend_per_day"]
    total = float(before.sum() * 1.2)
    days = [day.date() for day in shop.dates]
    ended = pd.DataFrame({"spend_date": days[:60], "channel": "flyer", "spend": np.arange(60.0)})
    result = budget_shop(
        pd.concat([shop.spend_rows, ended]),
        shop.revenue_rows,
        as_of_date=days[-1],
        seed=1,
        total=total,
        most={"a": float(before["a"]), "b": 0.7 * float(before["b"]), "radio": 1.0, "flyer": 1.0},
    )
    lowered = f"Lower from {before['b']:.2f} to {0.7 * before['b']:.2f} a day: one"
    assert result.channels["sentence_en"].iloc[1].startswith(lowered), "for no other channel's sake"
    given = result.channels.set_index("channel")["recommended_per_day"]
    assert given.sum() == pytest.approx(total)
    assert given["a"] <= before["a"] + 1e-6
    assert (given[["b", "c"]] <= 2 * before[["b", "c"]] + 1e-6).all()
    assert result.card.parameters["budget_per_day"] == total
    assert result.card.reason.endswith(
        "; left out, with spend on fewer than 28 days or none lately: flyer; no spend at all: radio"
    )


def test_a_split_that_is_better_but_not_surely_so_moves_no_money(idle: tuple[Planted, Budget]) -> None:
    channels, card = idle[1].channels, idle[1].card
    assert "in 84% of the draws, 90% needed" in card.reason
    assert card.decision == "refused"
    assert (channels["recommended_per_day"] == channels["spend_per_day"]).all()


def test_rows_of_a_day_add_up_and_spend_that_never_varies_is_left_out() -> None:
    days = pd.date_range("2024-01-01", periods=60)
    rows = [(day, channel, float(money)) for day in days for channel, money in (("a", day.day), ("a", 1), ("b", 5))]
    spent = _spent(pd.DataFrame(rows, columns=["spend_date", "channel", "spend"]), periods_of(pd.Series(days), days))
    assert (spent.names, spent.left_out) == (["a"], ["b"])
    assert spent.paid[:, 0].tolist() == [day.day + 1.0 for day in days]


def test_a_budget_that_has_no_place_is_told() -> None:
    shop = plant(3, days=200, channels=2, idle=1)
    present = float(shop.spend[-28:].sum() / 28)
    for total, words in ((3 * present, "are left over"), (0.1 * present, "too little")):
        result = budget_shop(shop.spend_rows, shop.revenue_rows, as_of_date=shop.dates[-1].date(), seed=1, total=total)
        assert words in result.card.reason
        assert result.channels["sentence_en"].iloc[0].startswith("Not enough evidence")
        assert "its share of the given budget is" in result.channels["sentence_en"].iloc[0]
        assert "在给定预算中" in result.channels["sentence_zh"].iloc[0]


def test_a_test_is_longer_where_days_hang_together_and_none_where_half_a_year_would_not_do() -> None:
    short, long = (days_of_a_test(500.0, 900.0, persistence) for persistence in (0.0, 0.4))
    assert short is not None
    assert long is not None
    assert long > 2 * short
    assert days_of_a_test(10.0, 900.0, 0.0) is None


@pytest.mark.parametrize("days", [10, 30])
def test_too_short_a_history_says_so(days: int) -> None:
    result = run(plant(1, days=days))
    assert (result.card.decision, result.card.value) == ("refused", None)
    assert result.channels.empty
    assert list(result.channels.columns) == list(COLUMNS)


def test_no_spend_at_all() -> None:
    shop = plant(1, days=100)
    nothing = pd.DataFrame({"spend_date": [], "channel": [], "spend": []})
    assert budget_shop(nothing, shop.revenue_rows, as_of_date=dt.date(2023, 4, 10), seed=1).card.decision == "refused"


def test_the_same_data_and_seed_give_the_same_result() -> None:
    shop = plant(2, days=200, channels=2)
    pd.testing.assert_frame_equal(run(shop).channels, run(shop).channels)


def test_a_channel_without_spend_cannot_be_learned() -> None:
    with pytest.raises(ValueError, match="no spend"):
        SpendResponse(seed=1).fit(np.zeros((100, 1)), np.ones(100))


def test_spend_by_week_is_learned_by_week() -> None:
    shop = plant(7, days=1400, channels=2)
    monday = shop.spend_rows["spend_date"].map(lambda day: day - dt.timedelta(days=(day - shop.dates[0]).days % 7))
    weekly = shop.spend_rows.assign(spend_date=monday).groupby(["spend_date", "channel"], as_index=False)["spend"].sum()
    result = budget_shop(weekly, shop.revenue_rows, as_of_date=shop.dates[-1].date(), seed=1)
    channels = result.channels
    assert result.card.parameters["days_of_a_period"] == 7
    assert ((channels["return_lower"] <= shop.returns) & (shop.returns <= channels["return_upper"])).all()
    assert channels["spend_per_day"].to_numpy() == pytest.approx(shop.spend[-28:].mean(axis=0), rel=0.01)


def test_the_last_week_counts_once_it_is_over() -> None:
    days = pd.date_range("2024-01-01", periods=20)
    periods = periods_of(pd.Series(days[[0, 7, 14]]), days)
    assert periods.mean_of(np.arange(20.0)).tolist() == [3.0, 10.0]
    assert periods_of(pd.Series(days[[0, 1, 5]]), days).mean_of(np.arange(20.0)).tolist() == list(range(20))


@pytest.mark.parametrize("follows", [None, 0.6])
def test_what_was_spent_for_nothing_is_told_as_that(follows: float | None) -> None:
    row = {
        "has_evidence": False,
        "follows_demand": follows,
        "spend_per_day": 5.0,
        "recommended_per_day": 5.0,
        "test_days": 20,
    }
    english, chinese = advice(row | {"return_on_spend": -2.0, "return_lower": -3.0, "return_upper": -1.0}, 5.0)
    assert english.startswith("Not enough evidence: revenue was no higher with its spend (-2.00 (-3.00 to -1.00")
    assert "并未更高" in chinese


@pytest.mark.parametrize(
    ("recommended", "share", "english", "chinese"),
    [
        (15.0, 20.0, "Raise from 10.00 to 15.00 a day: one", "由每天 10.00 增至 15.00：每"),
        (5.0, 8.0, "Lower from 10.00 to 5.00 a day in favour of other channels: one", "减至 5.00，让给其他渠道：每"),
        (5.0, 5.01, "Lower from 10.00 to 5.00 a day: one", "由每天 10.00 减至 5.00：每"),
        (10.05, 10.0, "Keep 10.00 a day: one", "保持每天 10.00：每"),
    ],
)
def test_what_to_do_with_spend_that_is_known(recommended: float, share: float, english: str, chinese: str) -> None:
    row = {
        "has_evidence": True,
        "spend_per_day": 10.0,
        "recommended_per_day": recommended,
        "return_on_spend": 6.0,
        "return_lower": 4.0,
        "return_upper": 9.0,
        "marginal_return": 11.0,
    }
    found = advice(row, share)
    assert found[0].startswith(english)
    assert found[0].endswith(" unit of money brought 6.00 (4.00 to 9.00, 90 %), the next brings 11.00.")
    assert chinese in found[1]
