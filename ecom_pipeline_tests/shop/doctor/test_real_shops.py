"""Three real shops and the sample, of which the doctor knows nothing: its proposal gives every row and every cent.

The figures were computed straight from the files, with other tools (see ``shared/DATA.md``).
"""

from __future__ import annotations

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ecom_pipeline.shop.mapping import routing_select
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline.shop.samples import make_sample
from ecom_pipeline_tests.shop.doctor.exports import examined, filled, loaded, rows, warehouse
from ecom_pipeline_tests.shop.shops import CONTRACTS

DATA = Path(__file__).parents[4] / "shared" / "data" / "shops"

pytestmark = pytest.mark.slow
real = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real shops are not here: {DATA} does not exist")

ROWS = {
    "online_retail": {
        "orders": 531_282,
        "order_items": 531_282,
        "refunds": 9_288,
        "products": 530_690,
        "customers": 406_829,
    },
    "cdnow": {"orders": 69_659, "order_items": 69_659},
    "taobao": {"events": 110_300, "products": 110_300},
}
UNROUTED = {"online_retail": 1_339, "cdnow": 0, "taobao": 0}
WHERE = {
    "online_retail": ("Europe/London", "GBP", "GB"),
    "cdnow": ("America/New_York", "USD", "US"),
    "taobao": ("Asia/Shanghai", "CNY", "CN"),
}
# Online Retail: 9,747,747.934 in all, and 11,062.06 back for the three adjustments of bad debt, which are no sales.
FIGURES: dict[str, dict[str, Any]] = {
    "online_retail": {
        "select count(distinct order_id) from input.orders": 20_725,
        "select count(distinct customer_id) from input.customers": 4_372,
        "select sum(quantity * unit_price) - (select sum(amount) from input.refunds) from input.order_items": Decimal(
            "9758809.994"
        ),
        "select min(ordered_at)::varchar from input.orders": "2010-12-01 08:26:00",
        "select max(ordered_at)::varchar from input.orders": "2011-12-09 12:50:00",
        "select count(*) from input.orders where dayname(ordered_date) = 'Saturday'": 0,
    },
    "cdnow": {
        "select count(distinct customer_id) from input.orders": 23_570,
        "select count(distinct order_id) from input.orders": 69_659,
        "select sum(line_amount) from input.order_items": Decimal("2500315.63"),
        "select count(*) from input.order_items where line_amount = 0": 80,
        "select min(ordered_date)::varchar || ' ' || max(ordered_date) from input.orders": "1997-01-01 1998-06-30",
        "select min(ordered_at)::varchar from input.orders": "1997-01-01 05:00:00",
        "select max(ordered_at)::varchar from input.orders": "1998-06-30 04:00:00",
    },
    "taobao": {
        "select count(distinct customer_id) from input.events": 66_454,
        "select count(*) from input.events where event_type = 'view'": 98_361,
        "select count(*) from input.events where event_type = 'cart'": 6_063,
        "select count(*) from input.events where event_type = 'favourite'": 3_383,
        "select count(*) from input.events where event_type = 'purchase'": 2_493,
        "select count(distinct event_id) from input.events": 110_300,
        "select min(event_at)::varchar from input.events": "2017-11-26 01:00:00",
        "select max(event_at)::varchar from input.events": "2017-11-26 03:10:11",
        "select string_agg(distinct event_date::varchar) from input.events": "2017-11-26",
    },
}


@real
@pytest.mark.parametrize("name", ROWS)
def test_real_shop(tmp_path: Path, name: str) -> None:
    began = time.process_time()
    examined(DATA / name)
    assert time.process_time() - began < 20
    with loaded(DATA / name, tmp_path / "shop.yaml") as (con, shop):
        assert (shop.timezone, shop.currency, shop.country) == WHERE[name]
        assert filled(con) == {table: (count, 0) for table, count in ROWS[name].items()}
        (source,) = shop.sources
        assert rows(con, f"select count(_reasons) from ({routing_select(shop, source)})") == [(UNROUTED[name],)]
        assert {query: rows(con, query)[0][0] for query in FIGURES[name]} == FIGURES[name]


def test_sample_shop(tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    by_hand = make_sample("sample", folder, seed=20240601).rename(tmp_path / "by_hand.yaml")
    with warehouse(folder, load_shop(by_hand, {}, CONTRACTS)) as (con, _):
        expected = filled(con)
    began = time.process_time()
    found = examined(folder)
    assert time.process_time() - began < 20
    assert [missing.what for missing in found.missing] == ["orders.channel"]
    with loaded(folder, tmp_path / "shop.yaml") as (con, _):
        proposed = filled(con)
    assert {table: count for table, (count, _) in proposed.items()} == {t: count for t, (count, _) in expected.items()}
    assert {table: bad - expected[table][1] for table, (_, bad) in proposed.items() if bad > expected[table][1]} == {}
