from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.contracts import TABLES, parse_contract
from ecom_pipeline.ml.profile import clusters
from ecom_pipeline.ml.profile.clusters import Clusters, cluster_shop, drift

AS_OF = dt.date(2024, 3, 10)


def shop(sizes: tuple[int, ...] = (200, 150, 100), seed: int = 0) -> pd.DataFrame:
    """Three kinds of buyers: keen, far away, with large orders."""
    random = np.random.default_rng(seed)
    kinds = ((30, 900, 30, 5), (2, 60, 30, 300), (3, 900, 300, 60))
    rows = [
        (*(random.lognormal(np.log(mean), 0.15) for mean in kind), random.uniform(1, 700))
        for kind, size in zip(kinds, sizes, strict=True)
        for _ in range(size)
    ]
    frame = pd.DataFrame(rows, columns=["orders", "revenue", "average_order_value", "recency_days", "tenure_days"])
    return frame.assign(customer_id=[f"c{number:04d}" for number in range(len(frame))])


def run(customers: pd.DataFrame, before: Clusters | None = None, seed: int = 1) -> Clusters:
    return cluster_shop(
        customers,
        as_of_date=AS_OF,
        seed=seed,
        earlier=before.centres if before else None,
        earlier_customers=before.customers if before else None,
    )


@pytest.fixture(scope="module")
def result() -> Clusters:
    return run(shop())


def test_kinds_of_buyers_are_found_and_named(result: Clusters) -> None:
    assert result.card.decision == "published"
    found = result.customers.assign(kind=np.repeat([0, 1, 2], [200, 150, 100]))
    assert (found.groupby("learned_segment")["kind"].nunique() == 1).all()
    assert found["name_en"].nunique() == found["name_zh"].nunique() == found["learned_segment"].nunique() >= 3
    assert not set(found[found["kind"] == 0]["name_en"]) & {"long away", "few orders"}


def test_a_segment_is_described_by_its_own_customers(result: Clusters) -> None:
    theirs = shop().merge(result.customers, on="customer_id").groupby("learned_segment")
    described = result.centres.set_index(["feature", "learned_segment"])
    for feature in ("orders", "revenue"):
        assert described.loc[feature, "mean"].to_dict() == pytest.approx(theirs[feature].mean().to_dict())
    assert described.loc["orders", "customers"].to_dict() == theirs.size().to_dict()
    assert described.loc["orders", "share"].to_dict() == pytest.approx((theirs.size() / 450).to_dict())


@pytest.mark.slow
def test_numbers_stay_when_customers_come_and_sizes_turn_round(result: Clusters) -> None:
    later = shop((200, 150, 100), seed=0)
    more = shop((10, 10, 400), seed=9).assign(customer_id=lambda rows: "n" + rows["customer_id"])
    second = run(pd.concat([later, more], ignore_index=True), result)
    both = result.customers.merge(second.customers, on="customer_id", suffixes=("_was", "_is"))
    assert (both["learned_segment_was"] == both["learned_segment_is"]).mean() > 0.99
    assert second.card.metrics["moved_share"] < 0.01
    assert second.card.metrics["population_stability_index"] > 0.2


def segments_of(**customers: int) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": list(customers), "learned_segment": list(customers.values())})


def test_drift_is_who_moved_and_how_the_shares_changed() -> None:
    before, now = segments_of(a=1, b=2, c=2, e=2), segments_of(a=1, b=1, c=2, d=2)
    index = 0.25 * math.log(0.5 / 0.25) - 0.25 * math.log(0.5 / 0.75)
    assert drift(now, before) == pytest.approx({"moved_share": 1 / 3, "population_stability_index": index})
    assert drift(now, now) == {"moved_share": 0.0, "population_stability_index": 0.0}
    assert drift(now, None) == drift(now, before.head(0)) == {}


def test_customers_who_are_all_others_have_not_moved_and_a_segment_that_came_is_drift() -> None:
    found = drift(segments_of(x=3, y=3), segments_of(a=1))
    index = 2 * (1 - 1e-4) * math.log(1 / 1e-4)
    assert found == {"moved_share": None, "population_stability_index": pytest.approx(index)}


def test_without_the_night_before_the_largest_is_number_one(result: Clusters) -> None:
    sizes = result.customers["learned_segment"].value_counts()
    assert sizes.index.tolist() == sorted(sizes.index)


@pytest.mark.slow
def test_behaviour_without_kinds_is_refused() -> None:
    random = np.random.default_rng(0)
    round_cloud = pd.DataFrame(
        {
            name: random.normal(100, 10, 400)
            for name in ("orders", "revenue", "average_order_value", "tenure_days", "views")
        }
    ).assign(customer_id=[f"c{number:04d}" for number in range(400)])
    result = run(round_cloud)
    assert result.card.decision == "refused"
    assert "adjusted Rand" in result.card.reason
    assert result.customers.empty


@pytest.mark.parametrize("rows", [0, 1, 59])
def test_too_few_buyers(rows: int) -> None:
    result = run(shop().head(rows))
    assert (result.card.decision, result.card.value) == ("refused", None)


def test_who_never_ordered_is_in_no_segment() -> None:
    customers = shop()
    customers.loc[:9, "orders"] = 0
    assert not set(customers["customer_id"].head(10)) & set(run(customers).customers["customer_id"])


@pytest.mark.slow
def test_the_order_of_customers_changes_nothing(result: Clusters) -> None:
    pd.testing.assert_frame_equal(result.customers, run(shop().sample(frac=1, random_state=1)).customers)


@pytest.mark.parametrize(
    ("table", "attribute"), [("learned_segments", "customers"), ("learned_segment_centres", "centres")]
)
def test_tables_have_the_columns_of_their_contracts(table: str, attribute: str, result: Clusters) -> None:
    path = TABLES / "models" / f"{table}.yml"
    contract = parse_contract(path.read_text("utf-8"), "models", table, str(path))
    for found in (run(shop().head(0)), result):
        assert list(getattr(found, attribute).columns) == list(contract.types)


def test_segments_that_chance_makes_as_stable_give_way_to_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def stability(sample: np.ndarray, number: int, seed: int) -> float:
        asked.append(number)
        return {2: 0.9, 3: 0.95, 4: 0.86}.get(number, 0.5) if asked.count(number) == 1 else 0.87

    monkeypatch.setattr(clusters, "_stability", stability)
    found = run(shop())
    assert found.card.reason.startswith("3 segments of 450 buyers")
    assert (found.card.value, found.card.baseline_value) == (0.95, 0.87)
    assert asked == [2, 3, 4, 5, 6, 2, 3, 4]


def test_a_buyer_less_changes_nobody_else_who_is_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    samples: list[np.ndarray] = []

    def stability(sample: np.ndarray, number: int, seed: int) -> float:
        samples.append(sample)
        return 0.0

    monkeypatch.setattr(clusters, "LEARNED_FROM", 100)
    monkeypatch.setattr(clusters, "_stability", stability)
    run(shop())
    run(shop().drop(index=7))
    before, now = samples[0], samples[-1]
    apart = np.abs(before[:, np.newaxis] - now[np.newaxis]).max(axis=2)
    assert (apart.min(axis=1) < 0.02).sum() >= 99
