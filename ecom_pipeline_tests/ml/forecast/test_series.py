from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from ecom_pipeline.ml.forecast.combination import Proof
from ecom_pipeline.ml.forecast.demand import STOCK_COLUMNS
from ecom_pipeline.ml.forecast.series import measure_of, proving
from ecom_pipeline_tests.ml.forecast.builders import sales, shop_of

LAST = dt.date(2024, 3, 10)


def test_a_shop_is_judged_by_its_categories_or_its_total_where_they_were_not_tested() -> None:
    tested = Proof(value=0.4, baseline="tsb", baseline_value=0.5, series=3)
    untested = Proof(value=None, baseline="tsb", baseline_value=None, series=0)
    assert proving({"product": tested, "category": tested, "total": tested}) == "category"
    assert proving({"product": tested, "category": untested, "total": tested}) == "total"
    assert proving({"product": untested, "category": untested, "total": untested}) == "category"


def test_a_product_has_the_price_it_was_last_sold_at_and_nothing_else_has_one() -> None:
    days = pd.date_range(end=LAST, periods=20)
    product_sales = pd.DataFrame(
        {"product_id": "p", "sales_date": [days[0], days[5]], "units": [2.0, 4.0], "revenue": [20.0, 60.0]}
    )
    shop = shop_of(
        sales({"total": np.full(20, 60.0), "Home": np.full(20, 60.0)}, LAST),
        LAST,
        product_sales=product_sales,
        products=pd.DataFrame({"product_id": ["p"], "category": ["Home"]}),
    )
    nobody_looked = pd.DataFrame(columns=list(STOCK_COLUMNS))
    for measure in ("units", "revenue"):
        panel = measure_of(measure, shop, nobody_looked, 28).panel
        assert panel.prices is not None
        prices = dict(zip(panel.keys, panel.prices, strict=True))
        assert prices["product", "p"].tolist() == [10.0] * 5 + [15.0] * 14
        assert np.isnan(prices["category", "Home"]).all()
