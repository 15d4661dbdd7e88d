"""Times that no single column tells: a day and a clock, numbers of days, days without a year."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from ecom_pipeline.shop.doctor import propose_yaml
from ecom_pipeline_tests.shop.doctor.exports import examined, loaded, rows, write_csv

AT = datetime(2024, 3, 15, 16, 5)


def first_and_last(folder: Path, header: tuple[str, ...], days: list[tuple[str, ...]]) -> tuple[datetime, datetime]:
    """Of orders with these columns; the shop's clock is UTC."""
    lines = [[f"o{place}", *day, f"p{place % 4}", "1", "2.50"] for place, day in enumerate(days)]
    write_csv(folder / "in" / "lines.csv", ("order_id", *header, "sku", "quantity", "price"), lines)
    with loaded(folder / "in", folder / "shop.yaml") as (con, shop):
        assert shop.timezone == "UTC"
        assert rows(con, "select count(*) from input.orders where _reasons is not null") == [(0,)]
        return rows(con, "select min(ordered_at), max(ordered_at) from input.orders")[0]  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("header", "day", "clock"),
    [
        (("Date", "Time"), "%Y-%m-%d", "%H:%M:%S"),
        (("Order Date", "Order Time"), "%d/%m/%Y", "%I:%M %p"),
        (("Fecha de pedido", "Hora"), "%Y/%m/%d", "%H:%M"),
        (("order_date", "trans_time"), "%Y-%m-%d", "%H%M"),
    ],
)
def test_a_day_and_a_clock_are_joined(tmp_path: Path, header: tuple[str, str], day: str, clock: str) -> None:
    times = [AT.replace(day=1 + n, minute=n % 60, hour=n % 24) for n in range(28)]
    told = [(time.strftime(day), time.strftime(clock)) for time in times]
    found = first_and_last(tmp_path, header, told)
    assert found == (min(times), max(times))


def test_the_clock_of_something_else_is_left_alone(tmp_path: Path) -> None:
    told = [(f"2024-03-{n + 1:02}", "2024-04-01", f"{n % 24:02}:00") for n in range(28)]
    found = first_and_last(tmp_path, ("order_date", "deliver_by", "delivery_time"), told)
    assert found == (datetime(2024, 3, 1), datetime(2024, 3, 28))


def test_numbers_of_days_are_counted_from_a_day_that_is_said(tmp_path: Path) -> None:
    """As in dunnhumby's Complete Journey."""
    told = [(str(1 + 9 * n), f"{n % 24}{n:02}".zfill(4)) for n in range(40)]
    found = first_and_last(tmp_path, ("DAY", "TRANS_TIME"), told)
    assert found == (datetime(2000, 1, 2, 0, 0), datetime(2000, 12, 18, 15, 39))
    assert "DAY counts days from a day that nothing tells: 2000-01-01 is taken" in propose_yaml(
        examined(tmp_path / "in")
    )


def test_days_of_a_spreadsheet_are_known(tmp_path: Path) -> None:
    found = first_and_last(tmp_path, ("order_date",), [(str(45292 + n),) for n in range(30)])
    assert found == (datetime(2024, 1, 1), datetime(2024, 1, 30))


def test_a_day_of_the_month_is_no_day(tmp_path: Path) -> None:
    lines = [[f"o{n}", str(1 + n % 28), f"2024-03-{1 + n % 28:02}", "p", "1", "2.50"] for n in range(40)]
    write_csv(tmp_path / "lines.csv", ("order_id", "day", "order_date", "sku", "quantity", "price"), lines)
    assert "2000-01-01" not in propose_yaml(examined(tmp_path))


def test_days_without_a_year_and_numbers_for_words(tmp_path: Path) -> None:
    """As in Tmall's logs; equal rows are meant where times tell no seconds."""
    days = [f"{5 + n // 28 % 7}{1 + n % 28:02}" for n in range(200)]
    log = [[f"u{n % 9}", f"p{n % 7}", day, "0012233"[n % 7]] for n, day in enumerate(days)]
    log += log[:5]
    write_csv(tmp_path / "in" / "user_log.csv", ("user_id", "item_id", "time_stamp", "action_type"), log)
    proposal = propose_yaml(examined(tmp_path / "in"))
    assert "time_stamp has no year: 2000 is taken" in proposal
    assert "numbers for words, taken for those of Tmall" in proposal
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, "select min(event_at), max(event_at) from input.events") == [
            (datetime(2000, 5, 1), datetime(2000, 11, 28))
        ]
        counted = dict(rows(con, "select event_type, count(distinct event_id) from input.events group by all"))
    assert counted == {
        word: sum(line[3] == code for line in log)
        for code, word in zip("0123", ("view", "cart", "purchase", "favourite"), strict=True)
    }


def test_hours_and_month_names(tmp_path: Path) -> None:
    assert first_and_last(tmp_path, ("order_date",), [(f"2024-03-{n + 1:02} {n % 24:02}",) for n in range(28)]) == (
        datetime(2024, 3, 1, 0),
        datetime(2024, 3, 28, 3),
    )
    assert first_and_last(tmp_path, ("order_date",), [(f"Mar-{n + 1:02}-24",) for n in range(28)])[1] == datetime(
        2024, 3, 28
    )


def test_a_day_and_a_clock_inside_json(tmp_path: Path) -> None:
    orders = [
        {
            "id": f"o{n}",
            "sku": "p",
            "quantity": 1,
            "price": 2.5,
            "attributes": {"order_date": "2024-03-01", "order_time": f"10:{n:02}"},
        }
        for n in range(40)
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "orders.jsonl").write_text("\n".join(map(json.dumps, orders)), "utf-8")
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, "select max(ordered_at) from input.orders") == [(datetime(2024, 3, 1, 10, 39),)]


def test_a_header_that_says_utc_is_believed(tmp_path: Path) -> None:
    """As in Stripe's payments, of a shop whose dollars make its clock that of New York."""
    header = ("id", "Created date (UTC)", "Amount", "Currency", "Status", "Customer ID", "Invoice ID")
    paid = [[f"ch_{n}", f"2024-03-01 04:{n:02}:00", "2.50", "usd", "Paid", f"cus_{n % 9}", ""] for n in range(40)]
    write_csv(tmp_path / "in" / "payments.csv", header, paid)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, shop):
        assert (shop.timezone, shop.currency) == ("America/New_York", "USD")
        assert rows(con, "select min(ordered_at), count(distinct order_id) from input.orders") == [
            (AT.replace(day=1, hour=4, minute=0), 40)
        ]
        assert rows(con, "select sum(line_amount), bool_and(order_id like 'ch%') from input.order_items") == [
            (100, True)
        ]
