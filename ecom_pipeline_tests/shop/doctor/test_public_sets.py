"""Forms of public data sets whose headers do not say what a file is: what stands beside it does."""

from __future__ import annotations

from pathlib import Path

from ecom_pipeline_tests.shop.doctor.exports import examined, loaded, mapping, rows, write_csv


def test_lines_name_the_product_by_what_another_file_lists(tmp_path: Path) -> None:
    """As in Chinook: what is sold are tracks; who sells it is no customer."""
    invoices = [[f"{i}", f"{i % 20}", f"2009-01-{i % 28 + 1:02} 00:00:00", "1.98"] for i in range(100)]
    write_csv(tmp_path / "in" / "Invoice.csv", ("InvoiceId", "CustomerId", "InvoiceDate", "Total"), invoices)
    lines = [[f"{i}", f"{i // 2}", f"{i % 30}", "0.99", "1"] for i in range(200)]
    header = ("InvoiceLineId", "InvoiceId", "TrackId", "UnitPrice", "Quantity")
    write_csv(tmp_path / "in" / "InvoiceLine.csv", header, lines)
    tracks = [[f"{i}", f"Song {i}", f"{i // 9}", f"{200000 + i}"] for i in range(30)]
    write_csv(tmp_path / "in" / "Track.csv", ("TrackId", "Name", "AlbumId", "Milliseconds"), tracks)
    staff = [[f"{i}", f"Adams {i}", f"a{i}@shop.example"] for i in range(8)]
    write_csv(tmp_path / "in" / "Employee.csv", ("EmployeeId", "LastName", "Email"), staff)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, shop):
        sold = "select count(*), count(distinct product_id), sum(quantity * unit_price)::double from input.order_items"
        assert rows(con, sold) == [(200, 30, 198.0)]
        assert rows(con, "select name from input.products where product_id = '7'") == [("Song 7",)]
        assert "customers" not in {table for source in shop.sources.values() for table in source.inputs}


def test_who_had_what_on_which_day_are_orders(tmp_path: Path) -> None:
    """As in the groceries of Kaggle: a visit is a customer's day, and nothing tells a number or a price."""
    bought = [[f"{1000 + i % 40}", f"{i % 28 + 1:02}-07-2015", f"whole milk {i % 6}"] for i in range(300)]
    write_csv(tmp_path / "in" / "Groceries_dataset.csv", ("Member_number", "Date", "itemDescription"), bought)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        visits = len({(who, day) for who, day, _ in bought})
        assert rows(con, "select count(distinct order_id), count(distinct customer_id) from input.orders") == [
            (visits, 40)
        ]
        assert rows(con, "select sum(quantity), count(distinct product_id) from input.order_items") == [(300, 6)]


def test_a_slip_about_an_order_gives_back_products_and_shipping(tmp_path: Path) -> None:
    """As in PrestaShop, whose slips have the number of the order, a day and sums, as orders have."""
    orders = [[f"{i}", f"{i % 20}", f"2023-01-{i % 28 + 1:02} 09:00:00", "5.0"] for i in range(100)]
    write_csv(tmp_path / "in" / "ps_orders.csv", ("id_order", "id_customer", "date_add", "total_shipping"), orders)
    lines = [[f"{i}", f"{i // 2}", f"{i % 9}", "2", "11.00"] for i in range(200)]
    header = ("id_order_detail", "id_order", "product_id", "product_quantity", "unit_price_tax_incl")
    write_csv(tmp_path / "in" / "ps_order_detail.csv", header, lines)
    slips = [[f"{i}", f"{i}", f"{i * 9}", "10.00", "11.00", "5.50", "2023-02-01 10:00:00"] for i in range(1, 11)]
    header = (
        *("id_order_slip", "id_customer", "id_order", "total_products_tax_excl"),
        *("total_products_tax_incl", "total_shipping_tax_incl", "date_add"),
    )
    write_csv(tmp_path / "in" / "ps_order_slip.csv", header, slips)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        assert rows(con, "select count(*), sum(amount)::double from input.refunds") == [(10, 165.0)]
        assert rows(con, "select count(*) from input.orders") == [(100,)]


def test_lists_of_who_refused_advertising(tmp_path: Path) -> None:
    people = [[f"C{i}", f"Ann Lee {i}", f"a{i}@x.example"] for i in range(60)]
    write_csv(tmp_path / "in" / "customers.csv", ("customer_id", "name", "email"), people)
    sold = [[f"O{i}", f"C{i % 60}", f"2023-01-{i % 28 + 1:02}", f"S{i % 9}", "2", "1.50"] for i in range(120)]
    header = ("order_id", "customer_id", "order_date", "sku", "quantity", "unit_price")
    write_csv(tmp_path / "in" / "orders.csv", header, sold)
    gone = [[f"C{i}", "2023-05-01 10:00:00"] for i in range(20)]
    write_csv(tmp_path / "in" / "unsubscribes.csv", ("customer_id", "unsubscribed_at"), gone)
    letters = [[f"A{i}@x.example", ("yes", "no")[i % 4 == 0]] for i in range(20, 70)]
    write_csv(tmp_path / "in" / "newsletter.csv", ("email", "marketing_opt_in"), letters)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        refused = (
            "select list_sort(list(customer_id)) from input.customers where is_opted_out and customer_id like 'C%'"
        )
        assert rows(con, refused) == [(sorted(f"C{i}" for i in range(60) if i < 20 or i % 4 == 0),)]
        assert rows(con, "select count(*) from input.customers where _reasons is not null") == [(0,)]


def test_page_calls_beside_named_events(tmp_path: Path) -> None:
    """As in Segment's calls: the name of an event, or the type of a call that has none."""
    kinds = [("page", ""), ("track", "Product Viewed"), ("track", "Order Completed"), ("identify", ""), ("page", "")]
    calls = [
        [
            f"m{i}",
            f"2023-01-{i % 28 + 1:02}T10:00:00Z",
            f"u{i % 30}",
            *kinds[i % 5],
            f"S{i % 7}" if kinds[i % 5][1] else "",
        ]
        for i in range(200)
    ]
    write_csv(
        tmp_path / "in" / "events.csv", ("message_id", "timestamp", "user_id", "type", "event", "product_id"), calls
    )
    assert "events.event_type" in mapping(examined(tmp_path / "in"))
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        told = "select event_type, count(*), count(_reasons) from input.events group by 1 order by 1"
        assert rows(con, told) == [("purchase", 40, 0), ("view", 120, 0)]
