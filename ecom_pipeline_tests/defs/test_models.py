from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import duckdb
import pandas as pd
import pytest

from ecom_pipeline import defs
from ecom_pipeline.contracts import load_contracts
from ecom_pipeline.defs.models import forecast, marketing, profile, recommend, step, support
from ecom_pipeline.defs.models.step import previous_card
from ecom_pipeline.defs.night import Night
from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.ml.forecast import engine
from ecom_pipeline.ml.marketing import budget, readout
from ecom_pipeline.ml.recommend import pipeline as lists
from ecom_pipeline.ml.support import pipeline
from ecom_pipeline.settings import Settings
from ecom_pipeline.shop.business import Budget, Recommendations, Support
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline.warehouse.candidate import Candidate
from ecom_pipeline.warehouse.connection import WarehouseError, open_warehouse
from ecom_pipeline.warehouse.increment import Plan
from ecom_pipeline.warehouse.journal import start_run
from ecom_pipeline_tests.e2e.mini import write_mini
from ecom_pipeline_tests.ml.forecast.builders import NoAnswer
from ecom_pipeline_tests.nights import CONTRACTS, in_order, lenient
from ecom_pipeline_tests.nights import night as run
from ecom_pipeline_tests.tables.world import World

CARD = ModelCard(
    model="prophet",
    metric="wape",
    value=None,
    baseline="seasonal_naive",
    baseline_value=0.25,
    decision="refused",
    reason="nothing to measure",
    trained_from=None,
    trained_to=date(2024, 5, 1),
    parameters={"horizon": 28},
    seed=1,
    metrics={"mase": 1.5},
)


def test_frames_have_the_columns_that_their_reader_names() -> None:
    queries = [
        query
        for path in Path(defs.__file__).parent.rglob("*.py")
        for query in re.findall(r"frame\(\s*f?[\"'](.*)", path.read_text("utf-8"))
    ]
    assert len(queries) > 10
    assert [query for query in queries if not query.startswith("select ") or query.startswith("select *")] == []


@pytest.mark.slow
@pytest.mark.parametrize("version", ["this", "another", "none yet"])
def test_the_live_card_comes_back_from_the_warehouse_as_this_version_wrote_it(tmp_path: Path, version: str) -> None:
    contracts = load_contracts()
    shop = load_shop(write_mini(tmp_path / "shop"), {}, contracts)
    with open_warehouse(tmp_path / "work", memory_limit="500MB", threads=1) as connection:
        night = Night(connection=connection, settings=Settings(), shop=shop, contracts=contracts, run_id="r1")
        start_run(connection, "r1", "mini", "")
        if version != "none yet":
            contract = contracts["models.forecast_card"]
            (outcome,) = night.write([night.candidate(contract, pd.DataFrame([CARD.row()]), Plan())])
            assert not outcome.refused
        if version == "another":
            connection.execute("update journal.runs set code_fingerprint = 'of another version'")
        assert previous_card(night, "forecast") == (CARD if version == "this" else None)


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        (None, [("erased", "live"), ("old", "live")]),
        ("message_id", [("new", "tonight"), ("old", "live")]),
        ("not learned", [("new", "tonight"), ("old", "tonight")]),
    ],
)
def test_a_live_model_that_is_kept_forgets_what_is_gone_and_leaves_what_is_new_to_tonights(
    about: str | None, expected: list[tuple[str, str]]
) -> None:
    tonight = pd.DataFrame({"message_id": ["old", "new"], "intent": ["tonight", "tonight"]})
    learned = {} if about == "not learned" else {"models.messages": about}
    with duckdb.connect() as connection:
        connection.execute(
            "create schema models; create table models.messages as"
            " select * from (values ('live', 'old'), ('live', 'erased')) as live (intent, message_id)"
        )
        night = Night(connection=connection, settings=Settings(), shop=cast(Any, None), contracts={}, run_id="r1")
        rows = step._live(night, "models.messages", {"models.messages": tonight}, learned)
        found = connection.sql("select message_id, intent from rows" if isinstance(rows, pd.DataFrame) else rows)
        assert sorted(found.df()[["message_id", "intent"]].itertuples(index=False, name=None)) == expected


def alone(connection: duckdb.DuckDBPyConnection) -> Night:
    """A night of a shop of which nothing is asked."""
    shop = cast(Shop, SimpleNamespace(tolerances={}))
    settings = Settings(memory_limit="400MB")
    return Night(connection=connection, settings=settings, shop=shop, contracts=CONTRACTS, run_id="r1", judge=lenient)


def test_a_table_too_large_for_one_frame_is_written_of_many(tmp_path: Path) -> None:
    contract = CONTRACTS["models.trending_products"]
    rows = pd.DataFrame(
        {
            "scope": "all",
            "category": None,
            "rank": [1, 2, 3],
            "product_id": ["p1", "p2", "p3"],
            "score": 1.0,
            "recent_customers": 5,
            "earlier_customers": 0,
            "as_of_date": date(2024, 5, 1),
        }
    )
    with open_warehouse(tmp_path, memory_limit="400MB", threads=1) as connection:
        night = alone(connection)
        for frames in ([rows.tail(1)], [rows.head(0), rows.head(2)], [rows.head(1), rows.tail(2)]):
            take = night.stage(contract.name)
            for frame in frames:
                take(frame)
            (outcome,) = night.write([Candidate(contract=contract, plan=Plan(mode="replace"), is_staged=True)])
            written = night.frame("select rank from models.trending_products order by rank")
            assert written["rank"].tolist() == [rank for frame in frames for rank in frame["rank"]]
            assert outcome.rows == len(written)
        take = night.stage(contract.name)
        with pytest.raises(WarehouseError, match=r"^models\.trending_products: .*a place"):
            take(rows.assign(rank="a place"))


def test_the_database_gives_back_the_memory_of_what_it_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecom_pipeline.defs.night.ROOM", "10MB")
    with open_warehouse(tmp_path, memory_limit="400MB", threads=1) as connection:

        def held() -> tuple[int, str]:
            asked = "select sum(memory_usage_bytes), current_setting('memory_limit') from duckdb_memory()"
            (found,) = connection.execute(asked).fetchall()
            return found

        connection.execute(
            "create table raw.much as select md5(cast(i as varchar)) as text from range(1500000) as t(i)"
        )
        connection.execute("select sum(hash(text)) from raw.much").fetchall()
        before, limit = held()
        alone(connection).frame("select 1 as one")
        assert before > 15_000_000 > held()[0]
        assert held()[1] == limit


def test_the_live_lists_of_some_customers_are_those_of_the_model_alone() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create schema models; create table models.recommendations as select * from (values"
            " ('ann', 'new', 1, 'p1', 0.5, 'blend'), ('ann', 'new', 2, 'p2', 0.1, 'popularity'),"
            " ('ann', 'again', 1, 'p4', 0.3, 'popularity'),"
            " ('bob', 'all', 1, 'p1', 0.5, 'blend'), ('cid', 'new', 1, 'p3', 0.2, 'ranker')"
            ") as lists(customer_id, shelf, rank, product_id, score, source)"
        )
        night = alone(connection)
        found = recommend._live(night, pd.Index(["ann", "cid", "newcomer"]))
        assert found["product_id"].tolist() == ["p4", "p1", "p3"]
        assert recommend._live(night, pd.Index([])).empty


def test_a_coded_frame_holds_each_text_once() -> None:
    with duckdb.connect() as connection:
        night = alone(connection)
        query = "select name, day, n from (values ('b', date '2024-05-01', 1), ('a', null, 2), ('b', null, 3)) as t(name, day, n)"
        coded, plain = night.coded_frame(query), night.frame(query)
        assert coded["name"].cat.categories.tolist() == ["b", "a"]
        assert coded.astype(plain.dtypes).equals(plain)


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_the_covariance_of_features_fills_gaps_and_leaves_out_what_nobody_has(rows: int) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create schema features; create table features.customers as"
            " select * from (values (1, 10.0, 7, null), (2, null, 7, null), (3, 30.0, 7, null))"
            f" as given (orders, revenue, views, searches) limit {rows}"
        )
        night = cast(Night, SimpleNamespace(connection=connection))
        found = profile._covariance(night, ["orders", "revenue", "views", "searches"])
    if rows < 2:
        assert found.empty
        return
    told = found.set_index(["feature_a", "feature_b"])
    assert set(told.index.get_level_values(0)) == {"orders", "revenue", "views"}
    assert told.loc[("orders", "revenue"), "covariance"] == 10.0
    assert told.loc[("revenue", "orders"), "correlation"] == 1.0
    assert told.loc[("views", "orders"), "covariance"] == 0.0
    assert pd.isna(told.loc[("views", "views"), "correlation"])


def test_the_split_keeps_to_what_the_shop_states(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, object] = {}

    def asked(*_: object, **options: object) -> SimpleNamespace:
        told.update(options)
        return SimpleNamespace(card=None, channels=pd.DataFrame())

    monkeypatch.setattr(budget, "budget_shop", asked)
    with duckdb.connect() as connection:
        connection.execute(
            "create schema features; create table features.as_of as select date '2024-05-01' as as_of_date"
        )
        night = SimpleNamespace(
            connection=connection,
            frame=lambda _: pd.DataFrame(),
            shop=SimpleNamespace(budget=Budget(per_day=9, least={"Search": 1}, most={"tv": 2})),
            settings=SimpleNamespace(seed=1),
        )
        marketing._budget(cast(Night, night))
    assert (told["total"], told["least"], told["most"]) == (9.0, {"search": 1.0}, {"tv": 2.0})


def test_a_coupon_pays_for_nobody_who_refused_advertising_by_the_margin_of_what_has_a_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[pd.DataFrame] = []
    told: dict[str, object] = {}

    def read(_: pd.DataFrame, customers: pd.DataFrame, **options: object) -> SimpleNamespace:
        asked.append(customers)
        told.update(options)
        return SimpleNamespace(results=None, segments=None, coupons=None)

    monkeypatch.setattr(readout, "read_experiments", read)
    world = World()
    world.given("features.as_of", [{"as_of_date": "2024-03-31"}])
    world.given("features.customers", [{"customer_id": name} for name in ("ann", "bob", "guest")])
    world.given(
        "features.people",
        [{"customer_id": name, "is_opted_out": refused} for name, refused in (("ann", True), ("bob", False))],
    )
    world.given("features.channel_days", [{"revenue": 90, "costed_revenue": 20, "margin": 5}, {"revenue": 10}])
    night = SimpleNamespace(
        connection=world.con, frame=lambda query: world.con.execute(query).df(), settings=SimpleNamespace(seed=1)
    )
    marketing._experiments(cast(Night, night))
    assert asked[0]["customer_id"].tolist() == ["bob", "guest"]
    assert told["margin_share"] == 0.25


def test_who_refused_advertising_with_one_account_gets_no_personal_lists_with_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[pd.DataFrame] = []

    def learn(_: pd.DataFrame, __: pd.DataFrame, customers: pd.DataFrame, **___: object) -> None:
        asked.append(customers)
        raise LookupError

    monkeypatch.setattr(lists, "recommend_shop", learn)
    world = World()
    world.given("features.as_of", [{"as_of_date": "2024-03-31"}])
    world.given("clean.customers", [{"customer_id": "ann", "is_opted_out": True}, {"customer_id": "ann2"}])
    world.given("features.people", [{"customer_id": name, "is_opted_out": True} for name in ("ann", "ann2")])

    def frame(query: str) -> pd.DataFrame:
        return world.con.execute(query).df()

    night = SimpleNamespace(
        connection=world.con,
        frame=frame,
        coded_frame=frame,
        stage=lambda _: None,
        exists=lambda _: False,
        shop=SimpleNamespace(recommendations=Recommendations()),
        settings=SimpleNamespace(seed=1),
    )
    with pytest.raises(LookupError):
        recommend._recommend(cast(Night, night))
    assert asked[0][["customer_id", "is_opted_out"]].values.tolist() == [["ann", True], ["ann2", True]]


@pytest.mark.parametrize(("stated", "asked_for"), [(0.01, 0.01), (0.0, 0.0), (None, pipeline.TARGET_ERROR)])
def test_the_desk_is_wrong_as_often_as_the_shop_states(
    stated: float | None, asked_for: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, object] = {}

    def asked(*_: object, **options: object) -> SimpleNamespace:
        told.update(options)
        return SimpleNamespace(
            card=None, **dict.fromkeys(("predictions", "slots", "drafts", "examples", "evaluation"), pd.DataFrame())
        )

    monkeypatch.setattr(pipeline, "support_shop", asked)
    monkeypatch.setattr(support, "previous_card", lambda *_: None)
    monkeypatch.setattr(support, "as_of", lambda _: date(2024, 5, 1))
    night = SimpleNamespace(
        frame=lambda _: pd.DataFrame(),
        shop=SimpleNamespace(support=Support(target_error=stated), currency="CNY"),
        settings=SimpleNamespace(seed=1),
    )
    support._support(cast(Night, night))
    assert told["target_error"] == asked_for


@pytest.mark.slow
def test_the_stock_of_a_night_is_known_to_the_next_although_the_catalogue_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ProphetForecaster", "BoostingForecaster"):
        monkeypatch.setattr(engine, name, NoAnswer)
    write_mini(tmp_path / "shop")
    settings = Settings(data_dir=tmp_path / "data", shop=tmp_path / "shop", settle_seconds=0, threads=1)
    catalogue = tmp_path / "shop" / "products.csv"

    def stock_after_a_night(connection: duckdb.DuckDBPyConnection, run_id: str) -> pd.DataFrame:
        run(connection, settings, run_id, in_order("clean", "features"))
        shop = load_shop(settings.shop_file, {})
        one = Night(
            connection=connection, settings=settings, shop=shop, contracts=CONTRACTS, run_id=run_id, judge=lenient
        )
        learned = forecast.MODELS[0].learn(one)
        one.write(
            [one.candidate(CONTRACTS["models.stock_days"], learned.frames["models.stock_days"], Plan(mode="replace"))]
        )
        return one.frame("select product_id, stock_date, stock from models.stock_days order by product_id, stock_date")

    with open_warehouse(tmp_path / "work", memory_limit="500MB", threads=1) as connection:
        first = stock_after_a_night(connection, "r1")
        assert first["stock_date"].nunique() == 1
        rows = catalogue.read_text("utf-8").splitlines()
        place = rows[0].split(",").index("stock")
        emptied = [",".join([*row.split(",")[:place], "0", *row.split(",")[place + 1 :]]) for row in rows[1:]]
        catalogue.write_text("\n".join([rows[0], *emptied]) + "\n", "utf-8")
        orders = sorted((tmp_path / "shop").glob("orders-*.csv"))[-1]
        last = orders.read_text("utf-8").splitlines()[-1].split(",")
        header = orders.read_text("utf-8").splitlines()[0].split(",")
        last[header.index("order_id")] = "tomorrow"
        last[header.index("at")] = "2024-05-20 10:00:00"
        (tmp_path / "shop" / "orders-tomorrow.csv").write_text(",".join(header) + "\n" + ",".join(last) + "\n", "utf-8")
        second = stock_after_a_night(connection, "r2")
    known = second.set_index("product_id")
    for product, earlier in first.set_index("product_id").iterrows():
        assert known.loc[product, "stock"].tolist() == [earlier["stock"], 0], product
