from __future__ import annotations

import datetime as dt
import itertools
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.profile.lifetime import BetaGeometric, GammaGamma, summary_of
from ecom_pipeline.ml.profile.worth import _own_rate, lifetime_shop

SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "shops" / "cdnow"
SAMPLE, WHOLE = SHARED / "CDNOW_sample.txt", SHARED / "CDNOW_master.txt"
CALIBRATED_TO = dt.date(1997, 9, 30)
PUBLISHED = {"r_": 0.243, "alpha_": 4.414, "a_": 0.793, "b_": 2.426}
PUBLISHED_SIZES = {"p_": 6.25, "q_": 3.74, "gamma_": 15.44}


def sample_file() -> Path:
    """The 2,357 customers of the paper: beside the shared data, or inside the package ``lifetimes`` if it is installed."""
    package = find_spec("lifetimes")
    if not SAMPLE.exists() and package is not None and package.origin is not None:
        return Path(package.origin).parent / "datasets" / "CDNOW_sample.txt"
    return SAMPLE


def purchases(file: Path, names: list[str], **options: int) -> pd.DataFrame:
    """Days of the buyers of a CDNOW file."""
    rows = pd.read_csv(file, sep=r"\s+", header=None, names=names, **options)
    rows["activity_date"] = pd.to_datetime(rows["date"], format="%Y%m%d")
    return (
        rows.groupby(["customer_id", "activity_date"], as_index=False).agg(revenue=("revenue", "sum")).assign(orders=1)
    )


def both(summary: pd.DataFrame) -> tuple[BetaGeometric, GammaGamma]:
    """The models of the papers, time in weeks."""
    orders = BetaGeometric().fit(summary["repeats"], summary["last"] / 7, summary["age"] / 7)
    return orders, GammaGamma().fit(summary["repeats"], summary["value"])


def of_the_paper() -> BetaGeometric:
    model = BetaGeometric()
    model.r_, model.alpha_, model.a_, model.b_ = 0.243, 4.414, 0.793, 2.426
    return model


def test_the_example_of_the_paper() -> None:
    """Fader, Hardie and Lee: a customer with x = 2, t = 30.43, T = 38.86 is expected to order 1.226 times in 39 weeks."""
    found = of_the_paper().expected_orders([2.0], [30.43], [38.86], 39.0)
    assert found[0] == pytest.approx(1.226, abs=0.001)


@pytest.mark.skipif(not sample_file().exists(), reason=f"the sample of the paper is not here: {sample_file()}")
def test_the_published_parameters_to_their_printed_digits() -> None:
    days = purchases(sample_file(), ["customer_id", "_", "date", "units", "revenue"])
    summary = summary_of(days, CALIBRATED_TO)
    assert len(summary) == 2357
    orders, sizes = both(summary)
    assert {name: round(getattr(orders, name), 3) for name in PUBLISHED} == PUBLISHED
    assert orders.log_likelihood_ == pytest.approx(-9582.4, abs=0.1)
    assert {name: round(getattr(sizes, name), 2) for name in PUBLISHED_SIZES} == PUBLISHED_SIZES


@pytest.mark.skipif(not sample_file().exists(), reason=f"the sample of the paper is not here: {sample_file()}")
def test_the_parameters_of_mbg_nbd_are_those_of_another_program() -> None:
    """As the R package BTYDplus prints them of the same sample."""
    summary = summary_of(purchases(sample_file(), ["customer_id", "_", "date", "units", "revenue"]), CALIBRATED_TO)
    model = BetaGeometric(leaves_at_once=True).fit(summary["repeats"], summary["last"] / 7, summary["age"] / 7)
    assert (model.r_, model.alpha_, model.a_, model.b_) == pytest.approx((0.525, 6.183, 0.891, 1.614), abs=0.001)


@pytest.mark.slow
@pytest.mark.skipif(not WHOLE.exists(), reason=f"the customers that the paper drew from are not here: {WHOLE}")
def test_the_published_parameters_are_those_of_a_tenth_of_the_whole() -> None:
    """The paper drew 2,357 of these 23,570 customers: its parameters lie among those of the ten tenths by last digit."""
    days = purchases(WHOLE, ["customer_id", "date", "units", "revenue"], skiprows=1)
    summary = summary_of(days, CALIBRATED_TO)
    assert len(summary) == 23570
    tenths = [both(summary[summary.index % 10 == digit]) for digit in range(10)]
    for model, published in enumerate((PUBLISHED, PUBLISHED_SIZES)):
        for name, value in published.items():
            found = np.array([getattr(tenth[model], name) for tenth in tenths])
            assert abs(value - found.mean()) < 2 * found.std(ddof=1), name


def simulated(customers: int, *, leaves_at_once: bool, seed: int = 0) -> pd.DataFrame:
    """Customers of the model itself, observed for a year."""
    random = np.random.default_rng(seed)
    rows = []
    for rate, leaves in zip(random.gamma(0.8, 1 / 20, customers), random.beta(1.2, 3.0, customers), strict=True):
        now, times = random.exponential(1 / max(rate, 1e-9)), list[float]()
        if leaves_at_once and random.random() < leaves:
            now = np.inf
        while now <= 365:
            times.append(now)
            if random.random() < leaves:
                break
            now += random.exponential(1 / max(rate, 1e-9))
        rows.append((float(len(times)), times[-1] if times else 0.0, 365.0))
    return pd.DataFrame(rows, columns=["repeats", "last", "age"])


@pytest.mark.slow
@pytest.mark.parametrize("leaves_at_once", [False, True])
def test_what_is_expected_is_what_customers_of_the_model_do(leaves_at_once: bool) -> None:
    rows = simulated(4000, leaves_at_once=leaves_at_once)
    model, other = (
        BetaGeometric(leaves_at_once=one).fit(rows["repeats"], rows["last"], rows["age"])
        for one in (leaves_at_once, not leaves_at_once)
    )
    assert model.log_likelihood_ > other.log_likelihood_
    assert model.expected_orders([0.0], [0.0], [0.0], 365.0)[0] == pytest.approx(rows["repeats"].mean(), rel=0.05)
    alive = model.alive(rows["repeats"], rows["last"], rows["age"])
    assert (alive[rows["repeats"] == 0].max() < 1.0) == leaves_at_once
    assert (model.r_, model.alpha_) == pytest.approx((0.8, 20.0), rel=0.25)


def test_expected_orders_are_the_slope_of_nothing_at_nothing_and_grow_with_time() -> None:
    model = of_the_paper()
    given = ([0.0, 3.0, 200.0], [0.0, 20.0, 38.0], [38.0, 38.0, 38.86])
    ahead = [model.expected_orders(*given, weeks) for weeks in (0.0, 1.0, 10.0, 100.0)]
    assert ahead[0].tolist() == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)
    assert all((later > sooner).all() for sooner, later in itertools.pairwise(ahead))
    assert np.isfinite(ahead[-1]).all()


def test_who_has_been_away_for_long_after_many_orders_has_left() -> None:
    alive = of_the_paper().alive([0.0, 10.0, 10.0], [0.0, 38.0, 5.0], [38.0, 38.86, 38.86])
    assert alive[0] == 1.0
    assert alive[1] > 0.9
    assert alive[2] < 0.01


def test_a_single_order_says_nothing_of_the_size_and_many_say_all() -> None:
    random = np.random.default_rng(1)
    mean = 15.44 / random.gamma(3.74, 1, 4000)
    repeats = random.integers(1, 8, 4000).astype(float)
    value = random.gamma(6.25 * repeats, mean / repeats)
    model = GammaGamma().fit(repeats, value)
    average, own = model.expected_value([0.0, 1000.0], [0.0, 200.0])
    assert average == pytest.approx(6.25 * 15.44 / 2.74, rel=0.1)
    assert own == pytest.approx(200.0, rel=0.05)


def test_rates_that_hardly_differ_and_few_who_stay_are_told_in_finite_numbers() -> None:
    """As of monthly subscriptions, of which the closed form of the paper is no number."""
    model = BetaGeometric(leaves_at_once=True)
    model.r_, model.alpha_, model.a_, model.b_ = 10_888.0, 361_449.0, 1.08, 18.5
    found = model.expected_orders([0.0, 16.0], [0.0, 485.0], [30.0, 504.0], 251.0)
    assert (found > 2).all()
    assert (found < 251 / 33).all()


@pytest.mark.parametrize("leaves", [False, True])
def test_that_anybody_leaves_is_known_where_the_orders_show_it(leaves: bool) -> None:
    random = np.random.default_rng(2)
    rate = random.gamma(2.0, 1 / 60, 1500)
    until = np.where(random.random(1500) < 0.4, random.uniform(0, 365, 1500), 365.0) if leaves else np.full(1500, 365.0)
    days = pd.DataFrame(
        [
            (f"c{one}", dt.date(2023, 1, 1) + dt.timedelta(days=int(day)), 1, 10.0)
            for one, (pace, end) in enumerate(zip(rate, until, strict=True))
            for day in sorted({0, *(random.uniform(0, 365, random.poisson(365 * pace)) // 1)})
            if day <= end
        ],
        columns=["customer_id", "activity_date", "orders", "revenue"],
    )
    result = lifetime_shop(days, as_of_date=dt.date(2023, 12, 31), seed=1)
    found = result.customers["alive_probability"]
    assert len(found) == 1500
    assert found.notna().all() if leaves else found.isna().all()
    card = result.card
    assert (card.trained_from, card.trained_to) == (dt.date(2023, 1, 1), dt.date(2023, 12, 31))
    assert card.metrics["bias"] == pytest.approx(0.0, abs=0.15)
    assert card.metrics["own_rate_bias"] == pytest.approx(0.36 if leaves else 0.02, abs=0.05)
    assert card.metrics["test_days"] == 364 // 3
    assert card.parameters["r"] / card.parameters["alpha_days"] == pytest.approx(1 / 30, rel=0.2)


def test_nobody_who_ordered_twice_is_an_error() -> None:
    with pytest.raises(ValueError, match="ordered twice"):
        BetaGeometric().fit([0.0, 0.0], [0.0, 0.0], [5.0, 9.0])
    with pytest.raises(ValueError, match="no size to learn"):
        GammaGamma().fit([0.0], [0.0])


def test_the_summary_counts_days_after_the_first_and_nothing_after_the_cutoff() -> None:
    days = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "a", "b"],
            "activity_date": pd.to_datetime(["2024-01-01", "2024-01-11", "2024-01-12", "2024-03-01", "2024-01-20"]),
            "orders": [1, 2, 0, 1, 1],
            "revenue": [5.0, 7.0, 0.0, 100.0, 9.0],
        }
    )
    summary = summary_of(days, dt.date(2024, 1, 31))
    assert summary.loc["a"].tolist() == [1.0, 10.0, 30.0, 7.0]
    assert summary.loc["b"].tolist() == [0.0, 0.0, 11.0, 0.0]
    back = days.assign(revenue=[5.0, 7.0, -4.0, 100.0, 9.0])
    assert summary_of(back, dt.date(2024, 1, 31)).loc["a"].tolist() == [1.0, 10.0, 30.0, 3.0]
    more = days.assign(revenue=[5.0, 7.0, -40.0, 100.0, 9.0])
    assert summary_of(more, dt.date(2024, 1, 31)).loc["a"].tolist() == [1.0, 10.0, 30.0, 0.0]


@pytest.mark.parametrize("size", [20.0, 1e3, 1e5])
def test_where_all_leave_with_the_same_chance_the_orders_are_known_in_closed_form(size: float) -> None:
    model = BetaGeometric()
    model.r_, model.alpha_, model.a_, model.b_ = 0.7, 5.0, 0.9 * size, 0.1 * size
    (found,) = model.expected_orders([0.0], [0.0], [0.0], 365.0)
    assert found == pytest.approx((1 - (5 / (5 + 0.9 * 365)) ** 0.7) / 0.9, rel=2 / size)


def test_going_on_as_before_is_revenue_over_the_days_and_a_month() -> None:
    cutoff = dt.date(2024, 1, 31)
    days = pd.DataFrame(
        {
            "customer_id": ["a", "a", "a", "b", "c", "c"],
            "activity_date": [dt.date(2024, 1, day) for day in (1, 2, 12)]
            + [cutoff, cutoff, cutoff + dt.timedelta(days=1)],
            "orders": [0, 1, 1, 1, 1, 5],
            "revenue": [0.0, 30.0, 29.0, 60.0, -9.0, 99.0],
        }
    )
    assert _own_rate(days, pd.Index(["a", "b", "c"]), cutoff).tolist() == [1.0, 2.0, 0.0]
