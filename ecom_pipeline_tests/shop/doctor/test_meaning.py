"""Words that nobody listed, numbers that stand for words, and files whose name says what their rows are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecom_pipeline_tests.shop.doctor.exports import examined, filled, loaded, mapping, rows, write_csv

STATES = {
    "SUSPECTED_FRAUD": "cancelled",
    "已取消，退款成功": "cancelled",
    "Đã hủy": "cancelled",
    "キャンセル確定": "cancelled",
    "Shipped - Returned to Seller": "returned",
    "PENDING_PAYMENT": "pending",
    "Unshipped": "pending",
    "Perlu Dikirim": "pending",
    "Shipped - Delivered to Buyer": "completed",
    "Selesai": "completed",
    "หมดเวลา": "completed",
}


def test_states_are_understood_by_what_is_in_them(tmp_path: Path) -> None:
    lines = [[f"o{n}", "2024-03-01", list(STATES)[n % len(STATES)], "p", "1", "2.50"] for n in range(55)]
    write_csv(tmp_path / "in" / "orders.csv", ("order_id", "date", "status", "sku", "quantity", "price"), lines)
    status = mapping(examined(tmp_path / "in"))["orders.status"]
    assert status["values"] == {word: meaning for word, meaning in STATES.items() if word != "หมดเวลา"}
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        told = {f"o{n}": list(STATES.values())[n % len(STATES)] for n in range(55)}
        assert dict(rows(con, "select order_id, status from input.orders")) == told


def test_marks_of_reviews_are_no_codes_of_events(tmp_path: Path) -> None:
    """Reviews are messages; where nothing else tells what was bought, who reviews a product has had it."""
    reviews = [
        {
            "reviewerID": f"A{n % 20}",
            "asin": f"B{n % 9:03}",
            "reviewText": "It does exactly what it is supposed to do, and it came in time.",
            "overall": 1.0 + n % 4,
            "unixReviewTime": 1_325_376_000 + n * 86_400,
        }
        for n in range(60)
    ]
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "reviews_Music_5.json").write_text("\n".join(map(json.dumps, reviews)), "utf-8")
    with loaded(folder, tmp_path / "shop.yaml") as (con, _):
        assert filled(con) == {"events": (60, 0), "messages": (60, 0)}
        assert rows(con, "select distinct event_type, price from input.events") == [("purchase", None)]


def test_objects_may_be_called_like_words_of_sql(tmp_path: Path) -> None:
    """An order, a table, an aggregate: in an expression the first two are columns in quotes only."""
    clicks = [
        {
            "event": ["view", "purchase"][n % 2],
            "timestamp": f"2024-01-{1 + n % 28:02}T10:00:00Z",
            "order": {"id": f"O{n}"},
            "user": {"id": f"u{n % 9}"},
            "product": {"sku": f"p{n % 5}"},
            "table": {"currency": "EUR"},
        }
        for n in range(60)
    ]
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "clicks.jsonl").write_text("\n".join(map(json.dumps, clicks)), "utf-8")
    with loaded(folder, tmp_path / "shop.yaml") as (con, _):
        told = "select event_type, customer_id, product_id, order_id, currency from input.events where order_id = 'O1'"
        assert rows(con, told) == [("purchase", "u1", "p1", "O1", "EUR")]


def test_what_all_calls_of_a_tracker_say_is_no_category_of_products(tmp_path: Path) -> None:
    calls = [
        {
            "type": "track",
            "event": ["Product Viewed", "Product Added"][n % 2],
            "userId": f"u{n % 9}",
            "timestamp": f"2024-01-{1 + n % 28:02}T10:00:00Z",
            "properties": {"product_id": f"p{n % 5}", "price": 5.5},
            "context": {"campaign": {"source": "google"}},
        }
        for n in range(60)
    ]
    (tmp_path / "track.ndjson").write_text("\n".join(map(json.dumps, calls)), "utf-8")
    found = mapping(examined(tmp_path))
    assert found["events.channel"] == {"sql": "json_extract_string(context, '$.campaign.source')"}
    assert not any(name.startswith("products.") for name in found)


def test_a_service_desk_that_numbers_tickets_tells_no_orders(tmp_path: Path) -> None:
    header = ("Ticket ID", "Created", "Customer", "Channel", "Body", "Tag")
    tickets = [
        [
            f"T{n}",
            f"2024-03-{1 + n % 28:02}T10:00:00Z",
            f"K{n % 9}",
            "mail",
            f"Where is my order number {n}?",
            "delivery",
        ]
        for n in range(60)
    ]
    write_csv(tmp_path / "in" / "helpdesk.csv", header, tickets)
    found = mapping(examined(tmp_path / "in"))
    assert {name: found[f"messages.{name}"] for name in ("sent_at", "text", "customer_id", "intent")} == {
        "sent_at": "Created", "text": "Body", "customer_id": "Customer", "intent": "Tag",
    }  # fmt: skip
    assert not any(name.startswith("orders.") for name in found)


def test_a_customer_is_called_by_the_name_and_not_by_the_login(tmp_path: Path) -> None:
    people = [[f"K{n}", f"Anna Weiß {n}", f"anna{n}", f"a{n}@example.com"] for n in range(60)]
    write_csv(tmp_path / "in" / "wc-customers.csv", ("ID", "Name", "Username", "Email"), people)
    assert mapping(examined(tmp_path / "in"))["customers.name"] == "Name"


@pytest.mark.parametrize("mark", ["::", ","])
def test_ratings_without_a_header(tmp_path: Path, mark: str) -> None:
    """As in MovieLens and in Amazon's ratings; the mark is no quantity."""
    lines = [f"{1 + n % 30}{mark}{100 + n % 50}{mark}{1 + n % 5}{mark}{978_300_760 + n * 400}" for n in range(300)]
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "ratings.dat").write_text("\n".join(lines), "utf-8")
    with loaded(folder, tmp_path / "shop.yaml") as (con, _):
        assert filled(con) == {"events": (300, 0)}
        told = "count(distinct customer_id), count(distinct product_id), count(quantity), count(distinct event_id)"
        assert rows(con, f"select {told} from input.events") == [(30, 50, 0, 300)]


def test_clicks_and_purchases_without_a_header(tmp_path: Path) -> None:
    """As in YooChoose: session, time, product and category; session, time, product, price and pieces."""
    clicks = [
        [f"{n // 3}", f"2014-04-07T10:51:{n % 60:02}.277Z", f"2145{n % 40:04}", "0S12"[n // 7 % 4]] for n in range(240)
    ]
    buys = [
        [f"{n}", f"2014-04-08T10:51:{n % 60:02}.277Z", f"2145{n % 40:04}", f"{100 + n % 40}", f"{1 + n % 2}"]
        for n in range(80)
    ]
    write_csv(tmp_path / "in" / "yoochoose-clicks.dat", None, clicks)
    write_csv(tmp_path / "in" / "yoochoose-buys.dat", None, buys)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert filled(con) == {"events": (320, 0)}
        assert rows(
            con, "select event_type, sum(price * quantity) from input.events group by all order by all desc"
        ) == [
            ("view", None),
            ("purchase", sum(int(price) * int(pieces) for *_, price, pieces in buys)),
        ]


def test_what_trackers_send(tmp_path: Path) -> None:
    """As PostHog does; the container of an event's values says nothing of them."""
    kinds = ["$pageview", "product_viewed", "product_added", "order_completed"]
    events = [
        {
            "event": kinds[n % 4],
            "distinct_id": f"u{n % 9}",
            "timestamp": f"2024-03-01T10:{n % 60:02}:00Z",
            "properties": {"product_id": f"p{n % 5}", "price": 2.5, "$lib": "web"} if n % 4 else {"$lib": "web"},
        }
        for n in range(80)
    ]
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "events.jsonl").write_text("\n".join(map(json.dumps, events)), "utf-8")
    with loaded(folder, tmp_path / "shop.yaml") as (con, _):
        assert rows(
            con, "select event_type, count(product_id), sum(price) from input.events group by all order by 1"
        ) == [*[("cart", 20, 50), ("purchase", 20, 50), ("view", 20, 50)]]


def test_masked_numbers_are_nobody(tmp_path: Path) -> None:
    lines = [[f"o{n}", "2024-03-01", "138****0000", "p", "1", "2.50"] for n in range(40)]
    write_csv(tmp_path / "orders.csv", ("订单号", "下单时间", "联系电话", "商品ID", "订购数量", "京东价"), lines)
    told = mapping(examined(tmp_path))
    assert "orders.customer_id" not in told
    assert told["order_items.quantity"] == "订购数量"


def test_people_who_are_known_by_their_address_and_say_subscribed(tmp_path: Path) -> None:
    """As in Klaviyo, beside a till that knows the address."""
    sales = [[f"o{n}", "2024-03-01", f"c{n % 12}@example.org", "p", "1", "2.50"] for n in range(40)]
    write_csv(tmp_path / "in" / "sales.csv", ("order_id", "date", "email", "sku", "quantity", "price"), sales)
    consent = ["SUBSCRIBED", "NEVER_SUBSCRIBED", "UNSUBSCRIBED"]
    people = [[f"c{n}@example.org", f"01H{n}", "Ann", consent[n % 3]] for n in range(12)]
    header = ("Email", "Klaviyo ID", "First Name", "Email Marketing Consent")
    write_csv(tmp_path / "in" / "people.csv", header, people)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        known = (
            "count(*) filter (customer_id in (select customer_id from input.orders)), count(*) filter (is_opted_out)"
        )
        assert rows(con, f"select count(*), {known} from input.customers") == [(12, 12, 8)]


def test_months_in_names_are_one_export(tmp_path: Path) -> None:
    for month in ("Oct", "Nov"):
        seen = [[f"2019-10-01 00:00:{n:02} UTC", "view", f"{n}", f"u{n}"] for n in range(30)]
        write_csv(tmp_path / f"2019-{month}.csv", ("event_time", "event_type", "product_id", "user_id"), seen)
    (source,) = examined(tmp_path).sources
    assert (source.place, source.files) == ({"files": "*.csv"}, 2)
