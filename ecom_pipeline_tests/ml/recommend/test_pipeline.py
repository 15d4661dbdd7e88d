from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecom_pipeline.contracts import TABLES, Contract, parse_contract
from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.live import live_of
from ecom_pipeline.ml.recommend import contest, evaluate, tuning
from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.ease import EASE
from ecom_pipeline.ml.recommend.evaluate import Window
from ecom_pipeline.ml.recommend.frequency import Frequency
from ecom_pipeline.ml.recommend.lightfm import LightFMRecommender
from ecom_pipeline.ml.recommend.pipeline import RecommendResult, recommend_shop
from ecom_pipeline.ml.recommend.rules import Rules
from ecom_pipeline.ml.recommend.tuning import Part
from ecom_pipeline_tests.ml.recommend.builders import (
    FIRST_DAY,
    NO_BASKETS,
    NO_CUSTOMERS,
    NO_PRODUCTS,
    bought,
    catalogue,
    checkerboard,
    departments,
    fads,
    fashion,
    field_of,
    frame,
    last_day,
    shuffled,
)
from ecom_pipeline_tests.ml.recommend.mixin import EVENTS

pytestmark = pytest.mark.slow

ONLINE_RETAIL = Path(__file__).parents[3].parent / "shared" / "data" / "shops" / "online_retail"
BOARD = checkerboard()
PLAIN = Rules(new_products=0)


@dataclass(frozen=True, kw_only=True)
class Run(RecommendResult):
    """What a run gives, and the lists that it delivered."""

    recommendations: pd.DataFrame


def run(
    interactions: pd.DataFrame,
    products: pd.DataFrame = NO_PRODUCTS,
    customers: pd.DataFrame = NO_CUSTOMERS,
    seed: int = 1,
    k: int = 20,
    previous_card: ModelCard | None = None,
    live: Callable[[pd.Index], pd.DataFrame] | None = None,
    rules: Rules = PLAIN,
    baskets: pd.DataFrame = NO_BASKETS,
) -> Run:
    as_of = last_day(interactions) if len(interactions) else FIRST_DAY
    delivered: list[pd.DataFrame] = []
    result = recommend_shop(
        interactions,
        products,
        customers,
        baskets=baskets,
        rules=rules,
        as_of_date=as_of,
        k=k,
        seed=seed,
        previous_card=previous_card,
        live=live,
        deliver=delivered.append,
    )
    return Run(**vars(result), recommendations=pd.concat(delivered, ignore_index=True))


def assert_same(first: Run, second: Run) -> None:
    for name in ("rules", "bought_together", "trending"):
        pd.testing.assert_frame_equal(getattr(first.served, name), getattr(second.served, name), check_exact=True)
    for name in ("recommendations", "similar_products", "evaluation"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(second, name), check_exact=True)
    assert first.card.row() == second.card.row()


def new(result: Run) -> pd.DataFrame:
    """The lists of what is new for the customer, as models see them."""
    lists = result.recommendations
    kept = lists.loc[lists["shelf"] == "new", ["customer_id", "rank", "product_id", "score", "source"]]
    return kept.reset_index(drop=True)


def assert_promises_kept(result: Run, interactions: pd.DataFrame, customers: pd.DataFrame, k: int) -> None:
    lists = new(result)
    assert not lists.isna().any(axis=None)
    assert not lists.duplicated(["customer_id", "product_id"]).any()
    assert lists.equals(lists.sort_values(["customer_id", "rank"]))
    for _, one in lists.groupby("customer_id"):
        assert one["rank"].tolist() == list(range(1, len(one) + 1))
    kinds = ["purchase"] if "purchase" in set(interactions["event_type"]) else interactions["event_type"].unique()
    owned = interactions.loc[interactions["event_type"].isin(kinds), ["customer_id", "product_id"]].drop_duplicates()
    assert lists.merge(owned, on=["customer_id", "product_id"]).empty
    everyone = set(interactions["customer_id"]) | set(customers["customer_id"])
    has = owned["customer_id"].value_counts()
    products = interactions["product_id"].nunique()
    lengths = lists["customer_id"].value_counts()
    assert {each: lengths.get(each, 0) for each in everyone} == {
        each: min(k, products - has.get(each, 0)) for each in everyone
    }
    similar = result.similar_products
    assert not similar.isna().any(axis=None)
    assert (similar["product_id"] != similar["similar_product_id"]).all()
    assert not similar.duplicated(["product_id", "similar_product_id"]).any()


@pytest.fixture(scope="module")
def board() -> Run:
    return run(BOARD, customers=pd.DataFrame({"customer_id": ["c000", "newcomer"]}))


@pytest.fixture
def few_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick: LightFM, EASE and frequency as they come."""

    def parts(new: Window, every: Window, *given: object, seed: int, **told: object) -> list[Part]:
        return [
            Part(fitted=LightFMRecommender(epochs=16, seed=seed).fit_checked(new.train), trials=[]),
            Part(fitted=EASE().fit_checked(new.train), trials=[]),
            Part(fitted=Frequency().fit_checked(new.train), trials=[]),
        ]

    monkeypatch.setattr(contest, "tune_parts", parts)


def test_the_blend_is_published_where_it_sees_what_popularity_cannot(board: Run) -> None:
    assert board.card.decision == "published"
    assert board.card.value is not None
    assert board.card.baseline_value is not None
    assert board.card.value > 2 * board.card.baseline_value
    assert "lead over popularity" in board.card.reason
    lists = new(board)[new(board)["source"] == "blend"]
    assert lists["customer_id"].nunique() == 60
    best = lists[lists["rank"] <= 3]
    assert (best["customer_id"].map(field_of) == best["product_id"].map(field_of)).mean() > 0.98
    assert set(board.similar_products["source"]) == {"item_knn"}
    assert_promises_kept(board, BOARD, pd.DataFrame({"customer_id": ["newcomer"]}), 20)


def test_where_nobody_buys_twice_what_a_customer_has_is_first_on_the_shelf_for_it_alone(board: Run) -> None:
    owned = BOARD[["customer_id", "product_id"]].drop_duplicates()
    first = board.recommendations[board.recommendations["rank"] <= 3].merge(owned, on=["customer_id", "product_id"])
    assert board.card.metrics["all"]["weights"]["frequency"] < 0
    assert (first["shelf"] == "again").mean() > 0.98, "what was bought long ago has nearly faded"
    assert set(first.loc[first["shelf"] == "again", "source"]) == {"frequency"}


def test_customers_without_history_get_a_named_fallback(board: Run) -> None:
    lists = new(board)
    newcomer = lists[lists["customer_id"] == "newcomer"]
    assert len(newcomer) == 20
    assert set(newcomer["source"]) == {"popularity"}
    assert set(lists.loc[lists["customer_id"] != "newcomer", "source"]) == {"blend"}


def test_products_without_history_get_a_named_fallback(few_parts: None) -> None:
    products = pd.concat([catalogue(BOARD), pd.DataFrame({"product_id": ["fresh"], "category": ["k1"]})])
    result = run(BOARD, products)
    assert result.card.decision == "published"
    similar = result.similar_products[result.similar_products["product_id"] == "fresh"]
    assert set(similar["source"]) == {"content"}
    assert similar["similar_product_id"].isin(products.loc[products["category"] == "k1", "product_id"]).all()
    assert "fresh" not in set(new(result)["product_id"])
    assert "fresh" not in set(result.similar_products["similar_product_id"])


def test_every_model_is_measured_by_the_same_figures_beside_the_others(board: Run) -> None:
    found = board.evaluation
    assert not found.drop(columns=["lower", "upper"]).isna().any(axis=None)
    models = {target: set(rows["model"]) for target, rows in found.groupby("target")}
    both = {"blend", "lightfm", "als", "ease", "item_knn", "transitions", "popularity"}
    assert models == {"new": both | {"first_choices"}, "all": both | {"frequency"}}
    assert found.groupby(["target", "model"]).size().nunique() == 1
    assert found.loc[found["metric"] != "novelty", "value"].between(0, 1).all()
    assert found.groupby(["target", "segment"])["customers"].nunique().eq(1).all()
    assert set(found["cut_off_date"]) == {last_day(BOARD) - dt.timedelta(days=20)}
    ours = found[(found["metric"] == "ndcg") & (found["k"] == 10) & (found["segment"] == "warm")]
    ours = ours[ours["target"] == "new"].set_index("model")["value"]
    assert (ours["blend"], ours["popularity"]) == (board.card.value, board.card.baseline_value)


def test_on_validation_the_blend_is_never_worse_than_its_best_part_and_lightfm_is_in_it(board: Run) -> None:
    for told in (board.card.metrics, board.card.metrics["all"]):
        parts = {name: value for name, value in told["validation"].items() if name != "blend"}
        assert told["validation"]["blend"] >= max(parts.values())
        assert told["weights"]["lightfm"] > 0
        assert told["weights"].keys() == parts.keys()
    assert "frequency" in board.card.metrics["all"]["weights"]
    assert "frequency" not in board.card.metrics["weights"]
    assert "first_choices" in board.card.metrics["weights"]
    assert "first_choices" not in board.card.metrics["all"]["weights"]


SHUFFLED: dict[str, tuple[Callable[[int], pd.DataFrame], tuple[int, ...]]] = {
    "tastes": (lambda seed: shuffled(checkerboard(seed=seed), seed), (0, 4)),
    "categories": (lambda seed: shuffled(departments(seed=seed)[0], seed), (0, 3, 7)),
    "many customers": (lambda seed: shuffled(departments(customers=300, seed=seed)[0], seed), (0, 1)),
    "popularity alone": (lambda seed: fashion(seed=seed), (0, 30, 33)),
    "fads": (lambda seed: shuffled(fads(days=120, seed=seed), seed), (0, 7)),
    "uniform and thin": (
        lambda seed: shuffled(checkerboard(200, 100, seed=seed).sample(1500, random_state=seed), seed),
        (0, 1, 2),
    ),
}


@pytest.mark.parametrize("kind", list(SHUFFLED))
def test_what_nobody_could_know_is_not_learned(kind: str, few_parts: None) -> None:
    """Products dealt out anew: who bought what is chance, and only what sells is left to be known.

    Some of the seeds are those where a lead over popularity alone, whose products may have had luck, took a target for won.
    """
    make, seeds = SHUFFLED[kind]
    for seed in seeds:
        card = run(make(seed), seed=seed).card
        assert (card.decision, card.metrics["all"]["decision"]) == ("refused", "refused"), (seed, card.reason)


def test_what_can_be_known_is_published(few_parts: None) -> None:
    assert run(departments(customers=300)[0]).card.decision == "published"


def test_the_same_data_give_the_same_content_in_any_order_of_rows(board: Run) -> None:
    customers = pd.DataFrame({"customer_id": ["newcomer", "c000"]})
    assert_same(run(BOARD.sample(frac=1, random_state=3), customers=customers), board)


def test_popularity_is_published_where_nothing_beats_it(few_parts: None) -> None:
    world = fashion()
    result = run(world)
    assert result.card.decision == "refused"
    assert "no better by more than chance" in result.card.reason
    assert set(new(result)["source"]) == {"popularity"} == {result.card.baseline}
    assert set(result.similar_products["source"]) == {"popularity"}
    assert_promises_kept(result, world, NO_CUSTOMERS, 20)


def test_the_better_baseline_is_published_where_customers_keep_to_categories(few_parts: None) -> None:
    world, products = departments()
    result = run(world, products)
    assert (result.card.decision, result.card.baseline) == ("refused", "category_popularity")
    assert set(new(result)["source"]) == {"category_popularity"}
    assert {"blend", "lightfm", "category_popularity", "popularity"} <= set(result.evaluation["model"])


def test_nothing_is_chosen_by_what_the_test_days_hold(board: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off = board.evaluation["cut_off_date"].iloc[0]
    later = BOARD["interaction_date"] > pd.Timestamp(cut_off)
    changed = BOARD.assign(product_id=BOARD["product_id"].mask(later, "p000"))
    fitted: dict[str, list[dt.date]] = {}
    fit = Recommender.fit_checked

    def spy(self: Recommender, data: pd.DataFrame, products: pd.DataFrame | None = None) -> Recommender:
        fitted.setdefault(self.name, []).append(last_day(data))
        return fit(self, data, products)

    monkeypatch.setattr(Recommender, "fit_checked", spy)
    other = run(changed)
    for name in ("validation", "weights", "trials", "baseline_half_life"):
        assert other.card.metrics[name] == board.card.metrics[name]
    for name in ("validation", "weights"):
        assert other.card.metrics["all"][name] == board.card.metrics["all"][name]
    assert other.card.parameters == board.card.parameters
    assert other.card.value != board.card.value
    assert {"ease", "als", "lightfm"} <= fitted.keys()
    for name, days in fitted.items():
        chosen = [day for day in days if day <= cut_off - dt.timedelta(days=20)]
        assert days[: len(chosen)] == chosen, name
        assert days[len(chosen)] <= cut_off, name
        assert len(days) - len(chosen) <= 2, name


def test_products_that_appear_after_the_cut_off_change_no_figure(few_parts: None) -> None:
    products = catalogue(BOARD)
    later = pd.DataFrame({"product_id": ["later1", "later2"], "category": ["k0", "a new category"]})
    first, second = run(BOARD, products), run(BOARD, pd.concat([products, later]))
    pd.testing.assert_frame_equal(first.evaluation, second.evaluation, check_exact=True)
    assert first.card.metrics == second.card.metrics


def test_a_worse_model_than_the_live_one_asks_to_keep_it_and_learns_for_no_lists(
    board: Run, few_parts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = ModelCard(
        model="lightfm",
        metric="ndcg@10",
        value=0.99,
        baseline="popularity",
        baseline_value=0.1,
        decision="published",
        reason="it was so",
        trained_from=FIRST_DAY - dt.timedelta(days=3),
        trained_to=last_day(BOARD) - dt.timedelta(days=1),
        parameters={},
        seed=1,
        metrics={"live_value": 0.99},
    )
    result = run(BOARD, previous_card=live)
    assert result.card.decision == "kept"
    listed = new(board)[new(board)["source"] == "blend"].assign(shelf="new")
    learned: list[str] = []
    fit = Recommender.fit_checked

    def spy(self: Recommender, data: pd.DataFrame, products: pd.DataFrame | None = None) -> Recommender:
        learned.extend([self.name] * (last_day(data) == last_day(BOARD)))
        return fit(self, data, products)

    monkeypatch.setattr(Recommender, "fit_checked", spy)
    told = pd.DataFrame({"customer_id": ["c001"], "is_opted_out": [True]})
    again = run(
        BOARD, customers=told, previous_card=live, live=lambda customers: listed[listed["customer_id"].isin(customers)]
    )
    assert learned == ["popularity"]
    served = new(again)[new(again)["customer_id"] != "c001"]
    unmoved = listed.loc[listed["customer_id"] != "c001", served.columns]
    pd.testing.assert_frame_equal(served.reset_index(drop=True), unmoved.reset_index(drop=True))
    assert set(new(again).loc[new(again)["customer_id"] == "c001", "source"]) == {"popularity"}
    assert (result.card.trained_from, result.card.trained_to) == (live.trained_from, live.trained_to)
    assert live_of(result.card) == (0.99, live.trained_to)


ONE_DAY = bought(*((f"c{number % 9}", f"p{number % 7}", 0) for number in range(60)))
"""Too short to test anything, so that it answers at once."""


def test_nothing_is_offered_that_the_shop_does_not_have() -> None:
    products = catalogue(ONE_DAY).assign(stock=pd.array([0, -1, None, 5, 5, 5, 5], dtype="Int64"))
    products["is_active"] = products["product_id"] != "p3"
    products["is_in_catalogue"] = products["product_id"] != "p4"
    result = run(ONE_DAY, products, pd.DataFrame({"customer_id": ["newcomer"]}))
    offered = {"p2", "p5", "p6"}
    assert set(new(result)["product_id"]) == offered
    assert set(result.similar_products["similar_product_id"]) == offered
    assert set(result.similar_products["product_id"]) == set(ONE_DAY["product_id"])


def test_a_shop_without_a_catalogue_offers_what_it_sold() -> None:
    newcomer = pd.DataFrame({"customer_id": ["newcomer"]})
    result = run(ONE_DAY, catalogue(ONE_DAY).assign(is_in_catalogue=False), newcomer)
    assert new(result)["product_id"].nunique() == 7


def test_the_ranker_makes_the_lists_where_it_beat_the_blend_on_days_it_did_not_learn_from(
    few_parts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "HALF_LIVES", (None,))
    monkeypatch.setattr(contest, "FEWEST_LESSONS", 1)
    result = run(fads())
    told = result.card.metrics
    assert told["ranker_lead"]["low"] > 0
    assert told["validation"]["ranker"] > told["validation"]["blend"]
    assert (told["winner"], result.card.decision) == ("ranker", "published")
    assert "ranker" in set(new(result)["source"])
    ndcg = result.evaluation.query("target == 'new' and segment == 'warm' and metric == 'ndcg' and k == 10")
    assert result.card.value == ndcg.set_index("model").loc["ranker", "value"]


def test_the_ranker_is_left_where_it_adds_nothing_or_too_few_choices_are_there_to_learn_from(
    few_parts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(checkerboard(days=160)).card.metrics["ranker_lead"] is None
    monkeypatch.setattr(contest, "FEWEST_LESSONS", 1)
    result = run(checkerboard(customers=300, days=160))
    assert result.card.metrics["winner"] == "blend"
    assert result.card.metrics["ranker_lead"]["low"] <= 0
    assert "ranker" not in set(new(result)["source"])
    assert "ranker" not in set(result.evaluation.query("target == 'new'")["model"])


def test_a_large_shop_has_no_ranker(few_parts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contest, "FEWEST_LESSONS", 1)
    monkeypatch.setattr(evaluate, "MANY_ROWS", 10)
    result = run(checkerboard(days=160))
    assert result.card.metrics["ranker_lead"] is None
    assert (result.card.metrics["winner"], result.card.decision) == ("blend", "published")


TINY = {
    "one customer, one product": bought(("a", "x", 0)),
    "one customer": bought(*(("a", f"p{day % 7}", day) for day in range(60))),
    "one product": bought(*((f"c{day % 7}", "x", day) for day in range(60))),
    "all on one day": ONE_DAY,
    "five days": bought(*((f"c{n % 9}", f"p{n % 7}", n % 5) for n in range(60))),
    "everyone new every day": bought(*((f"c{n}", f"p{n % 7}", n) for n in range(60))),
    "views only": frame((f"c{n % 9}", f"p{n % 7}", n, "view", 1) for n in range(60)),
    "years without anything": bought(("a", "x", 0), ("b", "y", 0), ("a", "y", 5000), ("b", "z", 5001)),
}


@pytest.mark.parametrize("world", TINY.values(), ids=list(TINY))
def test_tiny_shops_get_what_is_popular(world: pd.DataFrame, few_parts: None) -> None:
    customers = pd.DataFrame({"customer_id": ["newcomer"]})
    result = run(world, customers=customers)
    assert result.card.decision == "refused"
    assert set(new(result)["source"]) <= {"popularity"}
    assert_promises_kept(result, world, customers, 20)


def test_a_shop_without_interactions_gets_empty_tables_and_a_reason() -> None:
    result = run(frame([]), pd.DataFrame({"product_id": ["x"]}), pd.DataFrame({"customer_id": ["a"]}))
    assert len(result.recommendations) == len(result.similar_products) == len(result.evaluation) == 0
    assert result.card.decision == "refused"
    assert "no interactions up to 2024-01-01" in result.card.reason
    assert result.card.metrics["live_value"] is None


def test_a_shop_that_knows_no_customers_learns_what_is_bought_together() -> None:
    baskets = [(f"b{place}", product) for place in range(6) for product in ("tea", "cup")]
    baskets += [(f"c{place}", product) for place in range(6) for product in ("oil", "old")]
    result = run(
        frame([]),
        pd.DataFrame({"product_id": ["tea", "cup", "oil", "old"], "is_active": [True, True, True, False]}),
        baskets=pd.DataFrame(baskets, columns=["basket_id", "product_id"]).assign(customer_id=None),
    )
    pairs = result.served.bought_together
    assert set(zip(pairs["product_id"], pairs["other_product_id"], strict=True)) == {
        ("tea", "cup"),
        ("cup", "tea"),
        ("old", "oil"),
    }
    assert pairs["as_of_date"].eq(FIRST_DAY).all()
    assert len(result.recommendations) == 0


@pytest.mark.usefixtures("few_parts")
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS, st.integers(1, 10), st.integers(0, 5))
def test_any_shop_is_answered(events: list[tuple[str, str, int, str, int]], k: int, seed: int) -> None:
    world, customers = frame(events), pd.DataFrame({"customer_id": ["c0", "newcomer"]})
    result = run(world, catalogue(world), customers, seed=seed, k=k)
    assert_promises_kept(result, world, customers, k)
    assert result.card.decision == "refused"


def test_the_card_counts_who_gets_no_lists() -> None:
    world = bought(("ann", "x", 0), ("bob", "x", 3), ("cid", "y", 1))
    result = run(world, rules=Rules(most_customers=1))
    assert set(result.recommendations["customer_id"]) == {"bob"}
    assert result.card.metrics["customers_without_lists"] == 2
    assert result.card.reason.endswith("2 customers, active longest ago, get no lists")


def test_an_interaction_after_the_as_of_date_is_named() -> None:
    with pytest.raises(ValueError, match="interaction_date 2024-01-04; expected none after the as-of date 2024-01-03"):
        recommend_shop(
            bought(("a", "x", 3)),
            NO_PRODUCTS,
            NO_CUSTOMERS,
            baskets=NO_BASKETS,
            rules=Rules(),
            as_of_date=FIRST_DAY + dt.timedelta(days=2),
            seed=1,
            deliver=print,
        )


@pytest.mark.parametrize(
    ("table", "part"),
    [
        ("recommendations", "recommendations"),
        ("similar_products", "similar_products"),
        ("recommendation_evaluation", "evaluation"),
    ],
)
def test_tables_have_the_columns_and_keys_of_their_contracts(board: Run, table: str, part: str) -> None:
    contract = contract_of(table)
    for result in (board, run(frame([]))):
        found = getattr(result, part)
        assert list(found.columns) == [column.name for column in contract.columns]
        assert not found.duplicated(list(contract.key)).any()


def contract_of(table: str) -> Contract:
    path = TABLES / "models" / f"{table}.yml"
    return parse_contract(path.read_text("utf-8"), "models", table, str(path))


def test_the_blend_beats_popularity_on_a_real_shop() -> None:
    if not ONLINE_RETAIL.exists():
        pytest.skip(f"{ONLINE_RETAIL.name}: the real data are not here")
    import duckdb

    sales = (
        duckdb.connect()
        .execute(
            f"""
        select regexp_replace(CustomerID, '\\.0$', '') as customer_id, upper(StockCode) as product_id,
            cast(InvoiceDate[:10] as date) as interaction_date, 'purchase' as event_type, count(*) as interactions
        from read_csv('{ONLINE_RETAIL}/*.csv.gz', all_varchar = true)
        where CustomerID <> '' and cast(Quantity as double) > 0 and InvoiceNo not like 'C%'
        group by 1, 2, 3
        """
        )
        .df()
    )
    result = run(sales)
    assert result.card.decision == "published"
    assert result.card.baseline_value == pytest.approx(0.0887, abs=0.0005)
    assert result.card.value is not None
    assert result.card.value > 1.25 * 0.0887
    found = result.evaluation.set_index(["target", "model", "segment", "metric", "k"])
    assert found.loc[("new", "blend", "warm", "ndcg", 10), "customers"] == 1196
    for target in ("new", "all"):
        ndcg = found.xs((target, "warm", "ndcg", 10), level=["target", "segment", "metric", "k"])["value"]
        assert ndcg["blend"] == ndcg.drop("ranker", errors="ignore").max()
    assert (result.card.metrics["winner"], result.card.metrics["all"]["winner"]) == ("blend", "ranker")
    assert found.loc[("new", "blend", "warm", "ndcg", 10), "value"] == result.card.value > 0.13
    assert found.loc[("all", "blend", "warm", "ndcg", 10), "value"] > 0.36
    assert np.isfinite(new(result)["score"]).all()
    assert_promises_kept(result, sales, NO_CUSTOMERS, 20)
