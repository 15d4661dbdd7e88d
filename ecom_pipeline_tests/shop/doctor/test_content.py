"""What headers do not say is read off the values; what these do not say is not claimed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecom_pipeline.shop.doctor import propose_yaml
from ecom_pipeline.shop.doctor.profiles import Profile, Time, profile
from ecom_pipeline.shop.doctor.survey import survey
from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline_tests.shop.doctor.exports import CON, ENGLISH, examined, lines, mapping, write_csv
from ecom_pipeline_tests.shop.shops import CONTRACTS


def profiled(folder: Path, values: list[str]) -> Profile:
    """The profile of one column."""
    write_csv(folder / "values.csv", ("n", "values"), [[str(number), value] for number, value in enumerate(values)])
    (export,), _ = survey(CON, folder)
    try:
        return profile(CON, export)[1]
    finally:
        CON.execute(f"drop table {export.table}")


def test_events_without_a_header(tmp_path: Path) -> None:
    acts = ["pv", "pv", "pv", "cart", "fav", "buy"]
    rows = [
        [f"{90000 + i % 70}", f"{1000 + i % 40}", f"{10 + i % 40 % 7}", acts[i % 6], str(1_511_600_000 + i)]
        for i in range(300)
    ]
    write_csv(tmp_path / "clicks.csv", None, rows)
    found = examined(tmp_path)
    (source,) = found.sources
    names = ["customer_id", "product_id", "category_path", "event_type", "event_at"]
    assert source.options == {"header": False, "columns": names}
    assert mapping(found) == {
        "events.event_type": {
            "column": "event_type",
            "values": {"pv": "view", "cart": "cart", "fav": "favourite", "buy": "purchase"},
        },
        "events.event_at": {"column": "event_at", "unit": "s"},
        "events.customer_id": "customer_id",
        "events.product_id": "product_id",
        "events.category_path": "category_path",
        "products.product_id": "product_id",
        "products.category_path": "category_path",
    }
    sure = {
        column.confidence for guess in source.inputs for column in guess.columns if column.target != "category_path"
    }
    assert sure == {0.7}


def test_a_category_in_words_is_preferred_to_its_number_though_some_rows_lack_it(tmp_path: Path) -> None:
    header = ["event_time", "event_type", "product_id", "category_id", "category_code", "user_id"]
    rows = [
        [
            f"2019-10-{1 + i % 28:02} 00:00:{i % 60:02} UTC",
            "view",
            f"{1000 + i % 40}",
            f"{20530 + i % 9}",
            word,
            f"{i % 70}",
        ]
        for i, word in enumerate(["electronics.clocks", "", "apparel.shoes"] * 60)
    ]
    write_csv(tmp_path / "2019-Oct.csv", header, rows)
    assert mapping(examined(tmp_path))["products.category_path"] == {"sql": "replace(category_code, '.', ' > ')"}


def test_sales_without_a_header(tmp_path: Path) -> None:
    write_csv(tmp_path / "lines.csv", None, lines(100))
    found = mapping(examined(tmp_path))
    assert found["orders.order_id"] == found["order_items.order_id"] == "order_id"
    assert found["order_items.quantity"] == "quantity"
    assert found["order_items.unit_price"] == "price"
    (source,) = examined(tmp_path).sources
    assert source.options["columns"] == ["order_id", "order_date", "customer_id", "product_id", "quantity", "price"]


TIMES = {
    "iso": (["2024-03-31 10:00:00", "2024-04-01 11:30:00"], Time()),
    "iso with offset": (["2024-03-31T10:00:00+08:00", "2024-04-01T11:30:00Z"], Time()),
    "day first": (["31/03/2024 10:00", "01/04/2024 11:30"], Time(format="%d/%m/%Y %H:%M")),
    "month first": (["03/31/2024", "04/01/2024"], Time(format="%m/%d/%Y")),
    "either first": (["03/04/2024", "01/02/2024"], Time(format="%d/%m/%Y", is_ambiguous=True)),
    "german": (["31.03.2024 10:00", "01.04.2024 11:30"], Time(format="%d.%m.%Y %H:%M")),
    "chinese": (["2024年3月31日", "2024年4月1日"], Time(format="%Y年%m月%d日")),
    "compact": (["20240331", "20240401"], Time(format="%Y%m%d")),
    "seconds": (["1711879200", "1711970000"], Time(unit="s")),
    "milliseconds": (["1711879200000", "1711970000123"], Time(unit="ms")),
    "microseconds": (["1711879200000000", "1711970000123456"], Time(unit="us")),
    "two digits of the year": (["31/03/24 10:00", "01/04/24 11:30"], Time(format="%d/%m/%y %H:%M")),
    "month first with dashes": (["03-31-2024", "04-01-2024"], Time(format="%m-%d-%Y")),
    "the month in letters": (["31-Mar-24", "01-Apr-24"], Time(format="%d-%b-%y")),
    "an identifier": (["12345678", "87654321"], None),
    "a phone number": (["13800001111", "13900002222"], None),
    "an amount": (["20240331.50", "20240401.75"], None),
    "words": (["yesterday", "tomorrow"], None),
}


@pytest.mark.parametrize("kind", TIMES)
def test_times(tmp_path: Path, kind: str) -> None:
    values, expected = TIMES[kind]
    assert profiled(tmp_path, values * 10).time == expected


def test_a_format_that_day_and_month_leave_open_is_doubted(tmp_path: Path) -> None:
    write_csv(tmp_path / "lines.csv", ENGLISH, [[row[0], "03/04/2024", *row[2:]] for row in lines()])
    (column,) = (
        column
        for source in examined(tmp_path).sources
        for guess in source.inputs
        for column in guess.columns
        if column.target == "ordered_at"
    )
    assert column.confidence == 0.5
    assert "check the format" in column.why


def test_shares(tmp_path: Path) -> None:
    found = profiled(tmp_path, ["1.234,50", "-2,75", "NULL", "17,00"] * 5)
    assert (found.numeric_comma, found.negative, found.is_number) == (1.0, 0.25, True)
    assert profiled(tmp_path, ["17850.0", "12.0"]).point_zero == 1.0
    assert profiled(tmp_path, ["¥12.00", "¥9.50"]).symbol == "CNY"
    assert profiled(tmp_path, ["GBP", "GBP", "EUR"]).words == (("GBP", 2), ("EUR", 1))


def test_a_decimal_comma(tmp_path: Path) -> None:
    rows = [[*row[:5], row[5].replace(".", ",")] for row in lines()]
    write_csv(tmp_path / "lines.csv", ENGLISH, rows, mark=";")
    (source,) = examined(tmp_path).sources
    assert source.decimal_comma


def test_identifiers_that_went_through_a_spreadsheet(tmp_path: Path) -> None:
    write_csv(tmp_path / "lines.csv", ENGLISH, [[*row[:2], f"{row[2][1:]}.0", *row[3:]] for row in lines()])
    assert mapping(examined(tmp_path))["orders.customer_id"] == {"sql": r"regexp_replace(CustomerID, '\.0$', '')"}


@pytest.mark.parametrize(
    ("order", "sold", "returned"),
    [
        ("C7001", "Quantity > 0 and not regexp_matches(InvoiceNo, '^[A-Za-z]')", "starts_with(InvoiceNo, 'C')"),
        ("7001", "Quantity > 0", "Quantity < 0"),
    ],
)
def test_what_was_given_back(tmp_path: Path, order: str, sold: str, returned: str) -> None:
    back = [order, "2024-03-05 12:00:00", "u1", "p1", "-2", "2.50"]
    write_csv(tmp_path / "lines.csv", ENGLISH, [*lines(), back])
    (source,) = examined(tmp_path).sources
    assert {given.table: given.where for given in source.inputs} == {
        "orders": sold,
        "order_items": sold,
        "refunds": returned,
    }


def test_a_header_that_says_nothing_over_the_key_of_another_file(tmp_path: Path) -> None:
    people = [[f"u{i}", f"u{i}@example.org", "Leeds"] for i in range(15)]
    write_csv(tmp_path / "customers.csv", ("customer_id", "email", "city"), people)
    header = (*ENGLISH[:2], "who", *ENGLISH[3:])
    write_csv(tmp_path / "lines.csv", header, lines())
    found = examined(tmp_path)
    assert mapping(found)["orders.customer_id"] == "who"
    (column,) = (
        column
        for source in found.sources
        for guess in source.inputs
        for column in guess.columns
        if (guess.table, column.target) == ("orders", "customer_id")
    )
    assert column.why == "its values are in customers.csv"
    assert column.confidence == 0.75


def test_words_that_are_not_known_are_named(tmp_path: Path) -> None:
    acts = ["page_view", "addcart", "DelCart", "heartbeat"]
    rows = [[acts[i % 4], f"2024-03-01 10:00:{i % 60:02}", f"u{i}", f"p{i}"] for i in range(80)]
    write_csv(tmp_path / "events.csv", ("event_type", "event_time", "user_id", "product_id"), rows)
    (source,) = examined(tmp_path).sources
    column = source.inputs[0].columns[0]
    assert column.origin["values"] == {"page_view": "view", "addcart": "cart", "DelCart": "remove"}
    assert column.confidence == 0.5
    assert column.why == "unknown words (rows with them are set aside): heartbeat"


def test_an_amount_that_is_not_quantity_times_price_is_no_line_amount(tmp_path: Path) -> None:
    header = (*ENGLISH, "amount")
    right = [[*row, f"{int(row[4]) * float(row[5]):.2f}"] for row in lines()]
    write_csv(tmp_path / "lines.csv", header, right)
    assert mapping(examined(tmp_path))["order_items.line_amount"] == "amount"
    write_csv(tmp_path / "lines.csv", header, [[*row[:6], "17.50"] for row in right])
    assert "order_items.line_amount" not in mapping(examined(tmp_path))


HEADERS = (
    *ENGLISH,
    "Country",
    "Description",
    "status",
    "event_type",
    "event_time",
    "email",
    "amount",
    "discount",
    "zzz",
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "number": st.integers(-20, 20).map(str),
    "money": st.decimals(-9, 99, places=2).map(str),
    "code": st.integers(1, 30).map(lambda n: f"A-{n}"),
    "time": st.datetimes().map(lambda t: t.strftime("%Y-%m-%d %H:%M:%S")),
    "word": st.sampled_from(["view", "buy", "pv", "paid", "GBP", "Leeds", "?"]),
    "text": st.text(max_size=12),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]]]:
    header = draw(st.lists(st.sampled_from(HEADERS), min_size=2, max_size=9, unique=True))
    kinds = [draw(st.sampled_from(sorted(VALUES))) for _ in header]
    count = draw(st.integers(0, 25))
    return header, [[draw(VALUES[kind]) for kind in kinds] for _ in range(count)]


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables())
def test_a_proposal_that_is_enough_can_be_loaded_whatever_the_file(
    tmp_path: Path, table: tuple[list[str], list[list[str]]]
) -> None:
    write_csv(tmp_path / "in" / "export.csv", table[0], table[1], encoding="utf-8")
    try:
        found = examined(tmp_path / "in")
    except InputError as error:
        refusal: str | None = str(error)
    else:
        refusal = None
    if refusal is not None:
        assert "export.csv" in refusal
        return
    proposal = tmp_path / "shop.yaml"
    proposal.write_text(propose_yaml(found), "utf-8")
    if found.is_enough:
        assert load_shop(proposal, {}, CONTRACTS).name == "in"
    else:
        assert "NOT ENOUGH TO RUN" in proposal.read_text("utf-8")
