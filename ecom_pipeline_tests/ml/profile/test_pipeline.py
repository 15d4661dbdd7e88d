from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.contracts import TABLES, parse_contract
from ecom_pipeline.ml.profile import pipeline
from ecom_pipeline.ml.profile.pipeline import FEATURES, ProfileResult, profile_shop

AS_OF = dt.date(2024, 3, 10)


def shop(rows: int, seed: int = 0) -> pd.DataFrame:
    """Customers whose behaviour follows how keen they are and how long they have been there, and little else."""
    random = np.random.default_rng(seed)
    keen, old = random.gamma(2.0, 2.0, rows), random.uniform(1, 700, rows)
    orders = random.poisson(keen * old / 200) + 1
    return pd.DataFrame(
        {
            "customer_id": [f"c{number:06d}" for number in range(rows)],
            "orders": orders,
            "units": orders * 3 + random.poisson(2, rows),
            "revenue": orders * random.lognormal(3, 0.3, rows),
            "average_order_value": random.lognormal(3, 0.3, rows),
            "recency_days": random.uniform(0, old),
            "tenure_days": np.floor(old),
            "sessions": random.poisson(keen * 3),
            "views": random.poisson(keen * 12),
            "city": "Paris",
        }
    )


def noise(rows: int, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {"customer_id": np.arange(rows).astype(str)} | {name: random.normal(size=rows) for name in FEATURES}
    )


def run(customers: pd.DataFrame, seed: int = 1) -> ProfileResult:
    return profile_shop(customers, as_of_date=AS_OF, seed=seed)


def test_behaviour_that_hangs_together_is_published() -> None:
    customers = shop(800)
    result = run(customers)
    assert result.card.decision == "published"
    assert result.card.value is not None
    assert result.card.baseline_value is not None
    assert result.card.value > 1.5 * result.card.baseline_value
    assert result.card.metrics["p_value"] == 0.01
    assert result.map["customer_id"].tolist() == customers["customer_id"].tolist()
    assert (result.card.trained_from, result.card.trained_to) == (
        AS_OF - dt.timedelta(days=int(customers["tenure_days"].max())),
        AS_OF,
    )


def test_behaviour_that_is_chance_is_refused() -> None:
    result = run(noise(400))
    assert result.card.decision == "refused"
    assert "no more than chance" in result.card.reason
    assert result.map.empty
    assert result.components.empty


@pytest.mark.slow
def test_chance_is_refused_nearly_always() -> None:
    decisions = [run(noise(60, seed), seed).card.decision for seed in range(40)]
    assert decisions.count("published") <= 6


def test_components_are_the_whole_variance() -> None:
    result = run(shop(300))
    features = result.card.parameters["features"]
    assert "city" not in features
    assert result.components["component"].unique().tolist() == list(range(1, len(features) + 1))
    by_component = result.components.drop_duplicates("component")
    assert by_component["explained_variance_ratio"].sum() == pytest.approx(1.0)
    assert by_component["explained_variance_ratio"].is_monotonic_decreasing
    assert by_component["explained_variance_ratio"].head(2).sum() == pytest.approx(result.card.value)
    loadings = result.components.pivot(index="component", columns="feature", values="loading")
    assert (loadings**2).sum(axis=1).tolist() == pytest.approx([1.0] * len(features))
    assert result.map["component_1"].var() == pytest.approx(by_component["explained_variance"].iloc[0])


def test_a_feature_that_does_not_vary_has_no_component() -> None:
    result = run(shop(100).assign(messages=0))
    assert "messages" not in set(result.components["feature"])


def test_missing_values_are_filled_and_counted() -> None:
    customers = shop(100)
    customers.loc[:9, "average_order_value"] = np.nan
    customers["favourites"] = np.nan
    result = run(customers)
    assert result.card.metrics["filled_with_median"] == {"average_order_value": 10}
    assert "favourites" not in set(result.components["feature"])
    assert len(result.map) == 100
    filled = customers.assign(
        average_order_value=customers["average_order_value"].fillna(customers["average_order_value"].median())
    )
    pd.testing.assert_frame_equal(run(filled).map, result.map)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_hardly_any_customers(rows: int) -> None:
    result = run(shop(rows))
    assert result.card.decision == "refused"
    assert (result.card.trained_to is None) == (rows == 0)
    assert result.components.empty
    assert result.map.empty
    assert result.card.row()["reason"].startswith("two components explain 100.0%" if rows == 2 else f"{rows} customers")


def test_customers_without_any_feature() -> None:
    result = run(shop(5)[["customer_id", "city"]])
    assert (result.card.decision, result.card.value) == ("refused", None)


def test_two_features_are_not_more_than_chance() -> None:
    result = run(shop(50)[["customer_id", "orders", "units"]])
    assert (result.card.decision, result.card.value, result.card.baseline_value) == ("refused", pytest.approx(1.0), 1.0)


def test_huge_values_do_not_drown_the_others() -> None:
    customers = shop(200)
    customers.loc[0, "revenue"] = 1e14
    result = run(customers)
    assert result.card.decision == "published"
    assert np.isfinite(result.map[["component_1", "component_2"]].to_numpy()).all()


def test_the_test_of_many_customers_uses_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "SHUFFLED_CUSTOMERS", 50)
    customers = shop(500).assign(messages=0)
    customers.loc[499, "messages"] = 1
    assert run(customers).card.decision == "published"


def test_the_same_customers_and_seed_give_the_same_result() -> None:
    customers = shop(150)
    first, second = run(customers), run(customers.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(first.map, second.map)
    pd.testing.assert_frame_equal(first.components, second.components)
    assert first.card.row() == second.card.row()


@pytest.mark.parametrize(
    ("table", "attribute"),
    [("behaviour_components", "components"), ("behaviour_map", "map")],
)
def test_tables_have_the_columns_of_their_contracts(table: str, attribute: str) -> None:
    path = TABLES / "models" / f"{table}.yml"
    contract = parse_contract(path.read_text("utf-8"), "models", table, str(path))
    for rows in (0, 100):
        assert list(getattr(run(shop(rows)), attribute).columns) == list(contract.types)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.tuples(*[st.one_of(st.none(), st.integers(-1000, 10**9).map(float)) for _ in range(4)]),
        min_size=0,
        max_size=20,
    )
)
def test_any_customers_are_answered(rows: list[tuple[float | None, ...]]) -> None:
    customers = pd.DataFrame(rows, columns=["orders", "revenue", "views", "tenure_days"], dtype=float)
    customers["tenure_days"] = customers["tenure_days"].abs() % 4000
    result = run(customers.assign(customer_id=[f"c{number}" for number in range(len(rows))]))
    assert not result.map.isna().any(axis=None)
    assert not result.components.isna().any(axis=None)
    assert result.card.row()["reason"]
