"""What the input views make of raw rows, and that no row is lost or doubled on the way."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.errors import ShopError
from ecom_pipeline.shop.mapping import input_selects, routing_select, sliced_select
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline.shop.values import BLANKS, NULL_WORDS
from ecom_pipeline_tests.shop.shops import CONTRACTS, EVENTS, Raw, make_shop, shop_text

ONLINE_RETAIL = Path(__file__).parents[1] / "shops" / "online_retail" / "shop.yaml"
LINE = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
ORDERS = """
      orders:
        columns: {order_id: id, ordered_at: at, status: state, currency: money, is_test: test}
      order_items:
        columns: {order_id: id, product_id: what, quantity: {value: "1"}, line_amount: amount}
"""


def test_no_view_joins_its_rows_with_a_list_of_words(tmp_path: Path) -> None:
    for text, columns in (
        (EVENTS, ["kind", "at", "who", "what"]),
        (ORDERS, ["id", "at", "state", "money", "test", "what", "amount"]),
    ):
        raw = Raw(columns)
        shop = make_shop(tmp_path, text)
        for select in input_selects(shop, CONTRACTS, {"rows": raw.columns}).values():
            plan = raw.con.execute(f"explain {select}").fetchall()[0][1]
            assert "MARK" not in plan


def test_every_view_has_exactly_the_promised_columns(tmp_path: Path) -> None:
    shop = make_shop(tmp_path, EVENTS)
    raw = Raw(["kind", "at", "who", "what"])
    for loaded in ({"rows": raw.columns}, {}):
        selects = input_selects(shop, CONTRACTS, loaded)
        promised = {contract.table for contract in CONTRACTS.values() if contract.schema_name == "input"}
        assert set(selects) == promised
        for table, select in selects.items():
            described = raw.con.execute(f"describe {select}").fetchall()
            assert {row[0]: row[1] for row in described} == CONTRACTS[f"input.{table}"].types, table
            assert [row[0] for row in described] == list(CONTRACTS[f"input.{table}"].types), table


def test_an_event(tmp_path: Path) -> None:
    shop = make_shop(tmp_path, EVENTS)
    (event,) = Raw(["kind", "at", "who", "what"], (" PV ", "2011-07-01 00:30:00", "17850", "\t")).view(shop, "events")
    assert event["event_type"] == "view"
    assert event["event_at"] == datetime(2011, 6, 30, 23, 30)
    assert event["event_date"] == date(2011, 7, 1)
    assert event["customer_id"] == "17850"
    assert event["product_id"] is None
    assert event["currency"] == "GBP"
    assert (event["_source"], event["_load_id"], event["_file"], event["_row"]) == ("rows", 1, "a.csv", 1)
    assert event["_reasons"] is None


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("pv", "view"),
        ("Click", "view"),
        ("浏览", "view"),
        ("addtocart", "cart"),
        ("加购", "cart"),
        ("FAV", "favourite"),
        ("收藏", "favourite"),
        ("wishlist", "favourite"),
        ("remove_from_cart", "remove"),
        ("buy", "purchase"),
        ("transaction", "purchase"),
        ("支付", "purchase"),
        ("购买", "purchase"),
        ("purchase", "purchase"),
        ("搜索", "search"),
    ],
)
def test_common_words_for_events_need_no_mapping(tmp_path: Path, word: str, meaning: str) -> None:
    (event,) = Raw(["kind", "at", "who", "what"], (word, "2011-01-01", "1", "2")).view(
        make_shop(tmp_path, EVENTS), "events"
    )
    assert (event["event_type"], event["_reasons"]) == (meaning, None)


def test_every_unreadable_value_is_a_reason(tmp_path: Path) -> None:
    shop = make_shop(tmp_path, EVENTS, source='date_format: "%d/%m/%Y"')
    (event,) = Raw(["kind", "at", "who", "what"], ("teleport", "32/01/2011", "1", "2")).view(shop, "events")
    assert (event["event_type"], event["event_at"], event["event_date"]) == (None, None, None)
    assert event["_reasons"] == (
        "event_type: 'teleport' is not one of view, cart, favourite, remove, purchase, search, visit; "
        "event_at: '32/01/2011' is not a timestamp of the form %d/%m/%Y"
    )


@pytest.mark.parametrize("nothing", ["", "  ", "null", "NULL", "NaN", "N/A", "None", "NA", None])
def test_what_stands_for_nothing_is_null_without_a_reason(tmp_path: Path, nothing: str | None) -> None:
    shop = make_shop(tmp_path, EVENTS.replace("who,", "who, quantity: n, search_query: q,"))
    raw = Raw(["kind", "at", "who", "what", "n", "q"], (nothing, nothing, nothing, nothing, nothing, nothing))
    (event,) = raw.view(shop, "events")
    typed = ("event_type", "event_at", "event_date", "quantity", "customer_id", "product_id")
    assert [event[column] for column in typed] == [None] * 6
    assert event["search_query"] == (nothing.strip() or None if nothing else None), "a text is what was written"
    assert event["_reasons"] is None


def test_values_of_the_shop_come_before_ours(tmp_path: Path) -> None:
    mapped = EVENTS.replace("event_type: kind", "event_type: {column: kind, values: {B: purchase, view: visit}}")
    raw = Raw(["kind", "at", "who", "what"], *((word, "2011-01-01", "1", "2") for word in ("b", "VIEW", "cart", "pv")))
    events = raw.view(make_shop(tmp_path, mapped), "events")
    assert [event["event_type"] for event in events] == ["purchase", "visit", "cart", None]
    assert events[3]["_reasons"] == "event_type: 'pv' is not one of B, view"
    otherwise = mapped.replace("view: visit}", "view: visit}, otherwise: search")
    events = raw.view(make_shop(tmp_path, otherwise), "events")
    assert [event["event_type"] for event in events] == ["purchase", "visit", "cart", "search"]


def test_an_open_text_keeps_the_words_that_are_not_mapped(tmp_path: Path) -> None:
    mapped = EVENTS.replace("who,", "who, device: {column: dev, values: {m: mobile}},")
    raw = Raw(
        ["kind", "at", "who", "what", "dev"], ("pv", "2011-01-01", "1", "2", "M"), ("pv", "2011-01-01", "1", "2", "TV")
    )
    assert [event["device"] for event in raw.view(make_shop(tmp_path, mapped), "events")] == ["mobile", "TV"]


def test_defaults_stand_where_a_row_says_nothing(tmp_path: Path) -> None:
    columns = ["id", "at", "state", "money", "test", "what", "amount"]
    rows = [
        ("1", "2011-01-01", state, money, test, "p", "2")
        for state, money, test in (("", None, "是"), ("交易关闭", "EUR", "no"), ("lost", "GBP", "maybe"))
    ]
    shop = make_shop(tmp_path, ORDERS, head="exchange_rates: {EUR: 0.9}\n")
    orders = Raw(columns, *rows).view(shop, "orders")
    assert [(order["status"], order["currency"], order["is_test"]) for order in orders] == [
        ("completed", "GBP", True),
        ("cancelled", "EUR", False),
        (None, "GBP", None),
    ]
    assert orders[2]["_reasons"] == (
        "status: 'lost' is not one of completed, pending, cancelled, returned; "
        "is_test: 'maybe' is not one of true, false, yes, no, 1, 0, 是, 否"
    )
    foreign = make_shop(
        tmp_path, ORDERS.replace("currency: money, ", ""), head="exchange_rates: {EUR: 0.9}\n", source="currency: EUR"
    )
    for table in ("orders", "order_items"):
        assert {row["currency"] for row in Raw(columns, *rows).view(foreign, table)} == {"EUR"}


def test_numbers_of_a_source_with_a_decimal_comma(tmp_path: Path) -> None:
    items = ORDERS.replace(
        "line_amount: amount",
        'line_amount: {sql: "amount * 2"}, unit_price: amount, discount_amount: {sql: "trim(amount)"}',
    )
    columns = ["id", "at", "state", "money", "test", "what", "amount"]
    shop = make_shop(tmp_path, items, source="decimal_comma: true")
    raw = Raw(columns, ("1", "2011-01-01", "", "", "", "p", "1.234,50"), ("1", "2011-01-01", "", "", "", "p", "12.5"))
    exact, wrong = raw.view(shop, "order_items")
    assert (exact["unit_price"], exact["line_amount"], exact["discount_amount"]) == (
        Decimal("1234.5"),
        2469,
        Decimal("1234.5"),
    )
    assert wrong["unit_price"] is None
    assert "unit_price: '12.5' is not a number with a decimal comma that fits DECIMAL(18,4)" in wrong["_reasons"]


@pytest.mark.parametrize(
    ("mapped", "text", "at", "day"),
    [
        ("at", "2011-03-27 00:30:00", datetime(2011, 3, 27, 0, 30), date(2011, 3, 27)),
        ("at", "2011-07-01T00:30:00Z", datetime(2011, 7, 1, 0, 30), date(2011, 7, 1)),
        ("at", "2011-07-01T01:30:00+08:00", datetime(2011, 6, 30, 17, 30), date(2011, 6, 30)),
        ("at", "2011-07-01T06:30:00+07:00", datetime(2011, 6, 30, 23, 30), date(2011, 7, 1)),
        ("{column: at, timezone: UTC}", "2011-06-30 23:30:00", datetime(2011, 6, 30, 23, 30), date(2011, 7, 1)),
        ("{column: at, timezone: Asia/Shanghai}", "2011-07-01 06:00:00", datetime(2011, 6, 30, 22), date(2011, 6, 30)),
        ("{column: at, unit: s}", "1309476600", datetime(2011, 6, 30, 23, 30), date(2011, 7, 1)),
        ("{column: at, unit: ms}", "1309476600000", datetime(2011, 6, 30, 23, 30), date(2011, 7, 1)),
        ('{column: at, format: "%d.%m.%Y"}', "01.07.2011", datetime(2011, 6, 30, 23), date(2011, 7, 1)),
        ('{column: at, format: "%Y-%m-%d %H:%M %z"}', "2011-07-01 00:00 +0000", datetime(2011, 7, 1), date(2011, 7, 1)),
        ("{sql: \"at || ' 12:00'\"}", "2011-01-01", datetime(2011, 1, 1, 12), date(2011, 1, 1)),
        ('{value: "2011-07-01"}', "", datetime(2011, 6, 30, 23), date(2011, 7, 1)),
    ],
)
def test_times_are_utc_and_dates_are_those_of_the_business(
    tmp_path: Path, mapped: str, text: str, at: datetime, day: date
) -> None:
    shop = make_shop(tmp_path, EVENTS.replace("event_at: at", f"event_at: {mapped}"))
    (event,) = Raw(["kind", "at", "who", "what"], ("pv", text, "1", "2")).view(shop, "events")
    assert (event["event_at"], event["event_date"], event["_reasons"]) == (at, day, None)
    assert event["event_hour"] == at.replace(tzinfo=UTC).astimezone(ZoneInfo("Europe/London")).hour


def test_a_date_column_takes_dates_and_moments(tmp_path: Path) -> None:
    inputs = EVENTS + "      market:\n        columns: {market_date: at, indicator: what, value: n}\n"
    texts = ["2011-07-01", "2011/7/1", "2011-06-30 23:30:00", "2011-06-30T23:30:00Z", "tomorrow"]
    raw = Raw(["kind", "at", "who", "what", "n"], *(("pv", text, "", "x", "1.5") for text in texts))
    rows = raw.view(make_shop(tmp_path, inputs), "market")
    first, last = date(2011, 7, 1), date(2011, 6, 30)
    assert [row["market_date"] for row in rows] == [first, first, last, first, None]
    assert (
        rows[4]["_reasons"]
        == "market_date: 'tomorrow' is not a date of the form YYYY-MM-DD (ISO 8601, since shop.yaml names no date_format)"
    )


def test_a_row_without_an_id_gets_one(tmp_path: Path) -> None:
    rows = [
        ("pv", "2011-01-01", "1", "2"),
        ("pv", "2011-01-01", "1", "2"),
        ("pv", "2011-01-01", "1", None),
        ("pv", "2011-01-01", None, "1"),
    ]
    raw = Raw(["kind", "at", "who", "what"], *rows)
    dropped = [row["event_id"] for row in raw.view(make_shop(tmp_path, EVENTS), "events")]
    assert dropped[0] == dropped[1]
    assert len(set(dropped)) == 3
    assert [row["event_id"] for row in raw.view(make_shop(tmp_path, EVENTS), "events")] == dropped
    kept = [row["event_id"] for row in raw.view(make_shop(tmp_path, EVENTS, source="duplicates: keep"), "events")]
    assert kept == [f"rows|a.csv|{number}" for number in (1, 2, 3, 4)]


def test_a_reason_quotes_a_value_in_one_line(tmp_path: Path) -> None:
    raw = Raw(["kind", "at", "who", "what"], ("a\nb\x1b[31mc", "2011-01-01", "1", "2"))
    (row,) = raw.view(make_shop(tmp_path, EVENTS), "events")
    assert row["_reasons"].startswith("event_type: 'a b [31mc' is not one of view, ")


def test_two_sources_share_an_input(tmp_path: Path) -> None:
    text = shop_text(EVENTS)
    (tmp_path / "shop.yaml").write_text(text + text[text.index("  rows:") :].replace("rows:", "more:", 1), "utf-8")
    shop = load_shop(tmp_path / "shop.yaml", {}, CONTRACTS)
    raw = Raw(["kind", "at", "who", "what"], ("pv", "2011-01-01", "1", "2"))
    raw.con.execute("create table raw.more as select * from raw.rows")
    selects = input_selects(shop, CONTRACTS, {"rows": raw.columns, "more": raw.columns})
    assert sorted(row["_source"] for row in raw.query(selects["events"])) == ["more", "rows"]
    alone = input_selects(shop, CONTRACTS, {"rows": raw.columns})
    assert [row["_source"] for row in raw.query(alone["events"])] == ["rows"]


def test_what_only_the_first_line_of_an_order_says_counts_for_its_other_lines(tmp_path: Path) -> None:
    lines = """
      orders:
        where: "state <> 'void'"
        columns: {order_id: id, ordered_at: at, status: {column: state, values: {paid: completed}}, currency: money}
      order_items:
        where: "state <> 'void'"
        columns: {order_id: id, product_id: what, quantity: {value: "1"}, line_amount: amount, currency: money}
    """
    columns = ("id", "at", "state", "money", "coupon", "what", "amount")
    raw = Raw(
        columns,
        (None, "2011-01-01", "paid", "GBP", None, "x", "1"),
        ("1", "2011-01-01", "paid", "USD", "C", "a", "2"),
        (None, None, None, None, None, "b", "3"),
        ("1", None, None, None, None, "c", "4"),
        ("2", "2011-01-02", "paid", None, None, "a", "5"),
        ("3", "2011-01-03", "void", "GBP", None, "a", "6"),
        ("3", None, None, None, None, "b", "7"),
    )
    shop = make_shop(tmp_path, lines, head="exchange_rates: {USD: 0.5}\n", source="fill_down: [id, at, state, money]")
    told = [(row["order_id"], row["product_id"], row["currency"]) for row in raw.view(shop, "order_items")]
    assert told == [(None, "x", "GBP"), ("1", "a", "USD"), ("1", "b", "USD"), ("1", "c", "USD"), ("2", "a", None)]
    assert raw.view(shop, "orders")[4]["currency"] == "GBP"
    assert [row["ordered_at"].day for row in raw.view(shop, "orders")] == [1, 1, 1, 1, 2]
    assert [row["_row"] for row in raw.routing(shop) if row["_reasons"]] == [6, 7]
    assert [len(raw.view(shop, table)) for table in ("orders", "order_items")] == [5, 5]
    raw.con.execute("create table wanted as select 1::bigint as _load_id, 3::bigint as _row")
    sliced = sliced_select(shop, CONTRACTS, {"rows": raw.columns}, "order_items", "wanted")
    assert [(row["order_id"], row["currency"]) for row in raw.query(sliced)] == [("1", "USD")]


def test_exchange_rates(tmp_path: Path) -> None:
    shop = make_shop(tmp_path, EVENTS, head="exchange_rates: {EUR: 0.86, JPY: 0.00000001}\n")
    rates = Raw(["kind"]).query(input_selects(shop, CONTRACTS, {})["exchange_rates"])
    assert {row["currency"]: row["rate"] for row in rates} == {
        "GBP": 1,
        "EUR": Decimal("0.86"),
        "JPY": Decimal("0.00000001"),
    }


def test_a_renamed_column_is_found(tmp_path: Path) -> None:
    shop = make_shop(tmp_path, EVENTS)
    with pytest.raises(ShopError) as refused:
        input_selects(shop, CONTRACTS, {"rows": ["Kind", "at_", "who", "what", "_row"]})
    assert refused.value.problems == (
        f"{tmp_path / 'shop.yaml'}:9: sources.rows.inputs.events.columns.event_at: "
        "the source 'rows' has no column 'at'; did you mean 'at_' or 'what'?",
    )


ROUTED = """
      events:
        where: "n > 0"
        columns: {event_type: {value: view}, event_at: at}
      market:
        where: "n < 0 or n > 100"
        columns: {market_date: at, indicator: {value: x}, value: n}
"""


def test_what_no_input_takes_says_why(tmp_path: Path) -> None:
    shop = make_shop(tmp_path, ROUTED)
    raw = Raw(
        ["n", "at"],
        ("1", "x"),
        ("0", "x"),
        ("many", "x"),
        (None, "x"),
        ("1,000", "x"),
        problem="expected 2 fields, found 3",
    )
    nobody = "taken by no input: events wants n > 0; market wants n < 0 or n > 100"
    assert [row["_reasons"] for row in raw.routing(shop)] == [
        None,
        nobody,
        nobody,
        nobody,
        None,
        "unreadable: expected 2 fields, found 3",
    ]
    assert [[row["_row"] for row in raw.view(shop, table)] for table in ("events", "market")] == [[1, 5], [5]]


TEXTS = st.one_of(
    st.none(),
    st.sampled_from(["1", "-2", "0", "1,5", "€3", "2011-01-01", "01/02/2011", "NaN", "x"]),
    st.text(max_size=8),
)


@pytest.fixture(scope="module")
def spellings(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[bool, str], Shop]:
    """The same shop, once for every way of writing numbers and dates."""
    return {
        (comma, form): make_shop(
            tmp_path_factory.mktemp("shop"),
            ROUTED,
            source=f"decimal_comma: {str(comma).lower()}\n" + (f'date_format: "{form}"' if form else ""),
        )
        for comma in (False, True)
        for form in ("", "%d/%m/%Y")
    }


@pytest.mark.slow
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=25), st.booleans(), st.sampled_from(["", "%d/%m/%Y"]))
@settings(max_examples=20, deadline=None)
def test_every_raw_row_has_exactly_one_fate_per_input(
    spellings: dict[tuple[bool, str], Shop], rows: list[tuple[str | None, str | None]], comma: bool, form: str
) -> None:
    """Whatever the texts: nothing raises, each view has its rows once, and what no view has is told by the routing."""
    shop = spellings[comma, form]
    raw = Raw(
        ["n", "at"], *((n and n.replace("\x00", ""), at and at.replace("\x00", "")) for n, at in rows), problem="torn"
    )
    taken = {table: [row["_row"] for row in raw.view(shop, table)] for table in ("events", "market")}
    fates = {row["_row"]: row["_reasons"] for row in raw.routing(shop)}
    assert all(len(numbers) == len(set(numbers)) for numbers in taken.values())
    assert sorted(fates) == list(range(1, len(rows) + 2))
    routed = set(taken["events"]) | set(taken["market"])
    assert {number for number, reason in fates.items() if reason is None} == routed
    for row in raw.view(shop, "market"):
        text = (rows[row["_row"] - 1][1] or "").strip(BLANKS)
        missing = text == "" or text.lower() in NULL_WORDS
        assert (row["market_date"] is None) == (missing or row["_reasons"] is not None)


def line(
    number: str, code: str, quantity: str, price: str, customer: str | None = "17850.0", text: str | None = "LANTERN"
) -> tuple[str | None, ...]:
    return (number, code, text, quantity, "2011-07-01 08:26:00", price, customer, "United Kingdom")


def retail(
    *lines: tuple[str | None, ...],
) -> tuple[Shop, duckdb.DuckDBPyConnection, dict[str, list[dict[str, object]]]]:
    shop = load_shop(ONLINE_RETAIL, {}, CONTRACTS)
    raw = Raw(LINE, *lines)
    raw.con.execute("alter table raw.rows rename to lines")
    selects = input_selects(shop, CONTRACTS, {"lines": raw.columns})
    tables = {
        table: raw.query(f"select * from ({selects[table]}) order by _row") for table in shop.sources["lines"].inputs
    }
    tables["nobody"] = raw.query(f"select * from ({routing_select(shop, 'lines')}) where _reasons is not null")
    return shop, raw.con, tables


def test_one_file_of_lines_becomes_orders_lines_refunds_products_and_customers() -> None:
    _, _, tables = retail(
        line("536365", "85123A", "6", "2.55"),
        line("536365", "POST", "1", "18.00"),
        line("C536379", "85123A", "-2", "2.55", text="Cancelled"),
        line("536400", "22423", "-9", "0.0", None, "damaged"),
        line("A563185", "B", "1", "11062.06", None, "Adjust bad debt"),
        line("536500", "71053", "3", "0.0", None, None),
    )
    rows = {table: [row["_row"] for row in found] for table, found in tables.items()}
    assert rows == {
        "orders": [1, 2, 6],
        "order_items": [1, 2, 6],
        "refunds": [3],
        "products": [1],
        "customers": [1, 2, 3],
        "nobody": [4, 5],
    }
    (refund,) = tables["refunds"]
    assert (refund["quantity"], refund["amount"], refund["order_id"]) == (2, Decimal("5.1"), None)
    assert refund["refunded_at"] == datetime(2011, 7, 1, 7, 26)
    assert {order["customer_id"] for order in tables["orders"]} == {"17850", None}
    assert all(row["_reasons"] is None for table in rows if table != "nobody" for row in tables[table])


def test_equal_lines_of_an_invoice_are_one_only_if_equal_in_every_column() -> None:
    _, _, tables = retail(
        line("1", "85123A", "6", "2.55"),
        line("1", "85123A", "6", "2.55"),
        line("1", "85123A", "6", "2.55", text="OTHER"),
    )
    ids = [row["order_item_id"] for row in tables["order_items"]]
    assert ids[0] == ids[1] != ids[2]
