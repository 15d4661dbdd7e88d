"""Three real shops and the sample, of which the doctor knows nothing: its proposal against the one written by hand."""

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
from ecom_pipeline_tests.shop.test_real_shops import DATA, ROWS, UNROUTED

pytestmark = pytest.mark.slow
real = pytest.mark.skipif(not DATA.is_dir(), reason=f"the real shops are not here: {DATA} does not exist")

# By hand, products are only taken from lines with a price and with a code of goods.
DIFFERENT = {"online_retail": {"products": 530_690}}
WHERE = {
    "online_retail": ("Europe/London", "GBP", "GB"),
    "cdnow": ("America/New_York", "USD", "US"),
    "taobao": ("Asia/Shanghai", "CNY", "CN"),
}
FIGURES: dict[str, dict[str, Any]] = {
    "online_retail": {
        "select sum(quantity * unit_price) - (select sum(amount) from input.refunds) from input.order_items": Decimal(
            "9758809.994"
        ),
        "select count(distinct customer_id) from input.customers": 4_372,
        "select count(distinct order_id) from input.orders": 20_725,
    },
    "cdnow": {
        "select sum(line_amount) from input.order_items": Decimal("2500315.63"),
        "select count(distinct order_id) from input.orders": 69_659,
        "select min(ordered_date)::varchar || ' ' || max(ordered_date) from input.orders": "1997-01-01 1998-06-30",
    },
    "taobao": {
        "select count(distinct customer_id) from input.events": 66_454,
        "select count(*) from input.events where event_type = 'purchase'": 2_493,
        "select max(event_at)::varchar from input.events": "2017-11-26 03:10:11",
    },
}


@real
@pytest.mark.parametrize("name", ROWS)
def test_real_shop(tmp_path: Path, name: str) -> None:
    with loaded(DATA / name, tmp_path / "shop.yaml") as (con, shop):
        assert (shop.timezone, shop.currency, shop.country) == WHERE[name]
        expected = ROWS[name] | DIFFERENT.get(name, {})
        assert filled(con) == {table: (count, 0) for table, count in expected.items()}
        (source,) = shop.sources
        assert rows(con, f"select count(_reasons) from ({routing_select(shop, source)})") == [(UNROUTED[name],)]
        assert {query: rows(con, query)[0][0] for query in FIGURES[name]} == FIGURES[name]


@real
@pytest.mark.parametrize("name", ROWS)
def test_it_is_quick(name: str) -> None:
    began = time.process_time()
    examined(DATA / name)
    assert time.process_time() - began < 20


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
