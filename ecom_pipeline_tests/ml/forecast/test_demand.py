from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ecom_pipeline.ml.forecast.demand import (
    closed_days,
    recognise,
    remembered_stock,
    rest_days,
    sells_often,
    without_stockouts,
)
from ecom_pipeline.ml.forecast.panel import Panel
from ecom_pipeline.ml.forecast.period import WEEK
from ecom_pipeline_tests.ml.forecast.builders import effect, panel_of, weekly

TODAY = dt.date(2024, 3, 10)


def looks(panel: Panel, stock: dict[int, float], series: str = "s0") -> pd.DataFrame:
    """Pieces on hand at the end of some days of a panel."""
    days = [panel.days[0] + pd.Timedelta(days=day) for day in stock]
    return pd.DataFrame({"series": series, "stock_date": days, "stock": list(stock.values())})


def unknown(panel: Panel) -> list[int]:
    return [int(day) for day in np.flatnonzero(np.isnan(panel.values[0]))]


def test_every_kind_of_demand_is_recognised() -> None:
    rare = np.resize([0, 0, 0, 2.0], 200)
    panel = panel_of(
        np.zeros(200), np.concatenate([rare, np.zeros(40)]), weekly(30), np.full(200, 3.0), rare, weekly(200), rare[:30]
    )
    assert recognise(panel) == ("silent", "ended", "new", "constant", "intermittent", "regular", "new")


def test_three_days_of_four_are_intermittent_and_four_of_five_are_not() -> None:
    panel = panel_of(np.resize([1.0, 2, 3, 0], 200), np.resize([1.0, 2, 3, 4, 0], 200))
    assert recognise(panel) == ("intermittent", "regular")


def test_a_slow_seller_has_not_ended_after_a_month() -> None:
    slow = np.zeros(400)
    slow[::50] = 1.0
    assert recognise(panel_of(slow)) == ("intermittent",)


def test_the_end_of_what_is_out_of_stock_is_unknown_demand_and_what_it_cost_is_told() -> None:
    seller = np.concatenate([np.full(60, 4.0), np.zeros(10)])
    shelf = panel_of(seller, seller, kind="product")
    panel, lost = without_stockouts(shelf, looks(shelf, {70: 0}))
    assert unknown(panel) == list(range(60, 70))
    assert (panel.values[1, 60:] == 0).all()
    assert lost.tolist() == [40.0, 0.0]


def test_what_an_empty_shelf_cost_is_told_by_as_many_known_days_however_long_it_is_empty() -> None:
    now_and_then = np.zeros(260)
    now_and_then[[20, 60, 100, 140, 145, 150, 155, 160]] = 1.0
    now_and_then[165] = 5.0
    shelf = panel_of(now_and_then, kind="product")
    panel, lost = without_stockouts(shelf, looks(shelf, {260: 0}))
    assert unknown(panel) == list(range(166, 260))
    assert lost == pytest.approx([91 * 11 / 91])


def test_zeros_that_are_no_surprise_stay_zeros() -> None:
    slow = np.zeros(70)
    slow[::30] = 1.0
    shelf = panel_of(slow, kind="product")
    panel, lost = without_stockouts(shelf, looks(shelf, {70: 0}))
    assert unknown(panel) == []
    assert lost.tolist() == [0.0]


def test_days_between_two_empty_looks_are_unknown_although_the_shelf_is_full_again() -> None:
    sold = np.full(70, 3.0)
    sold[40:50] = 0
    shelf = panel_of(sold, kind="product")
    panel, lost = without_stockouts(shelf, looks(shelf, {38: 9, 40: 0, 43: -1, 47: 0, 50: 30}))
    assert unknown(panel) == [41, 42, 43, 44, 45, 46, 47]
    assert lost == pytest.approx([7 * 120 / 41])
    assert unknown(without_stockouts(shelf, looks(shelf, {38: 9, 40: 0, 43: 5, 47: 0, 50: 30}))[0]) == []


def test_a_sale_between_two_empty_looks_means_that_goods_had_come() -> None:
    sold = np.full(70, 3.0)
    sold[40:50] = 0
    sold[44] = 1
    shelf = panel_of(sold, kind="product")
    assert unknown(without_stockouts(shelf, looks(shelf, {40: 0, 47: 0}))[0]) == []


def test_an_end_that_was_seen_on_the_shelf_is_no_empty_shelf() -> None:
    seller = np.concatenate([np.full(60, 4.0), np.zeros(10)])
    shelf = panel_of(seller, kind="product")
    assert unknown(without_stockouts(shelf, looks(shelf, {64: 5, 70: 0}))[0]) == list(range(65, 70))
    assert unknown(without_stockouts(shelf, looks(shelf, {64: 0, 70: 0}))[0]) == list(range(60, 70))


def test_stock_of_products_alone_counts_and_none_at_all_changes_nothing() -> None:
    seller = np.concatenate([np.full(60, 4.0), np.zeros(10)])
    shelf = panel_of(seller, kind="category")
    assert unknown(without_stockouts(shelf, looks(shelf, {70: 0}))[0]) == []
    none = looks(shelf, {})
    assert without_stockouts(shelf, none)[0] is shelf


def products(**stock: float) -> pd.DataFrame:
    return pd.DataFrame({"product_id": list(stock), "stock": list(stock.values())})


def test_what_was_on_the_shelf_is_remembered_from_night_to_night_and_once_per_day() -> None:
    first = remembered_stock(products(a=3, b=np.nan), None, TODAY, 30)
    assert first.to_dict("records") == [{"product_id": "a", "stock_date": TODAY, "stock": 3.0}]
    again = remembered_stock(products(a=2), first, TODAY, 30)
    assert again.to_dict("records") == [{"product_id": "a", "stock_date": TODAY, "stock": 2.0}]
    stored = again.assign(stock_date=pd.to_datetime(again["stock_date"]))  # as the database gives it
    tomorrow = TODAY + dt.timedelta(days=1)
    next_night = remembered_stock(products(a=1, b=7), stored, tomorrow, 30)
    assert next_night["stock_date"].tolist() == [TODAY, tomorrow, tomorrow]
    assert next_night["stock"].tolist() == [2, 1, 7]
    later = remembered_stock(products(a=1), next_night, TODAY + dt.timedelta(days=30), 30)
    assert later["stock_date"].tolist() == [tomorrow, tomorrow, TODAY + dt.timedelta(days=30)]


def test_a_closing_day_closes_what_sold_nothing_on_those_before() -> None:
    sundays = list(range(6, 98, 7))
    shut, trickle, online = np.full(84, 50.0), np.full(84, 50.0), np.full(84, 50.0)
    shut[6::7], trickle[6::7], online[6::7] = 0.0, 0.4, 0.6
    panel = panel_of(shut, trickle, online, np.zeros(84), effects=effect("closed", sundays, 98))
    found = closed_days(panel, 14)
    assert np.flatnonzero(found[0]).tolist() == np.flatnonzero(found[1]).tolist() == sundays
    assert not found[2].any()
    assert not closed_days(panel_of(shut), 14).any()


def test_without_a_closing_day_in_the_past_nobody_knows_what_one_means() -> None:
    panel = panel_of(weekly(84), effects=effect("closed", [90], 98))
    assert not closed_days(panel, 14).any()


def test_what_sells_in_half_of_its_known_periods_sells_often() -> None:
    every_other, rare = np.resize([0.0, 3.0], 300), np.resize([0.0, 0.0, 3.0], 300)
    new = np.where(np.arange(300) < 280, np.nan, 3.0)
    was_rare, empty = np.where(np.arange(300) < 100, 0.0, every_other), np.full(300, np.nan)
    found = sells_often(np.stack([every_other, rare, new, was_rare, empty]))
    assert found.tolist() == [True, False, True, True, False]


def test_a_weekday_on_which_a_shop_has_not_sold_for_a_quarter_is_its_day_of_rest() -> None:
    shop = weekly(200)
    shop[5::7] = 0.0
    shop[5] = 40.0
    new = shop[-20:]
    panel = panel_of(shop, new, weekly(200)[-20:])
    found = rest_days(panel, 14)
    assert np.flatnonzero(found[0]).tolist() == list(range(12, 214, 7))
    assert not found[1].any(), "three weeks may be chance"
    assert not found[2].any()
    assert not rest_days(replace(panel, period=WEEK), 14).any()


def test_a_slow_product_rests_with_its_shop_and_not_by_chance() -> None:
    shop = np.random.default_rng(0).binomial(1, 0.2, (40, 200)).astype(float)
    assert not rest_days(panel_of(shop[0], shop[1]), 7).any()
    shop[:, 6::7] = 0.0
    found = rest_days(panel_of(*shop, kind="product"), 7)
    assert found[:, 200:].tolist() == [[day == 6 - 200 % 7 for day in range(7)]] * 40


def closing_around(*christmases: int, length: int, silent: int = 6) -> Panel:
    """Daily sales of two series, the second slow; nothing from a day before each Christmas but the coming ones on."""
    values = np.stack([weekly(length) + 1, np.resize([0.0, 0.0, 3.0], length)])
    for day in christmases:
        values[:, day - 1 : day - 1 + silent] = 0.0
    return panel_of(*values, effects=effect("holiday", [*christmases, 400], 440))


def test_a_closure_around_a_holiday_comes_again_with_the_holiday() -> None:
    found = rest_days(closing_around(40, length=390), 28)
    assert np.flatnonzero(found[0]).tolist() == [*range(39, 45), *range(399, 405)]
    assert (found[0] == found[1]).all(), "the whole shop is closed"


def test_a_holiday_on_which_the_shop_was_open_the_last_time_or_is_closed_for_now_tells_nothing_new() -> None:
    twice = closing_around(40, length=390)
    open_since = replace(twice, effects=effect("holiday", [40, 200, 400], 440))
    assert not rest_days(open_since, 28)[:, 390:].any()
    under_way = rest_days(closing_around(40, 400, length=402, silent=6), 28)
    assert np.flatnonzero(under_way[0]).tolist() == [*range(39, 45), *range(399, 405)]
    only_now = closing_around(400, length=402)
    assert not rest_days(only_now, 28)[:, 402:].any()


def test_a_closure_lasts_as_long_as_the_last_time() -> None:
    panel = closing_around(40, 200, length=390)
    panel.values[:, 43:45] = 5.0
    found = rest_days(panel, 28)
    assert np.flatnonzero(found[0]).tolist() == [*range(39, 43), *range(199, 205), *range(399, 405)]


def test_a_shop_that_never_closes_rests_on_no_holiday() -> None:
    assert not rest_days(panel_of(weekly(390) + 1, effects=effect("holiday", [40, 400], 440)), 28).any()


def test_a_short_silence_of_a_slow_shop_around_a_holiday_is_chance() -> None:
    slow = replace(
        closing_around(40, length=390, silent=3),
        values=np.resize([0.0, 0.0, 3.0], (1, 390)),
        keys=(("total", "total"),),
    )
    assert not rest_days(slow, 28).any()


def test_a_shop_that_is_open_on_five_days_sells_regularly() -> None:
    open_on_weekdays = np.where(np.arange(200) % 7 < 5, weekly(200) + 1, 0.0)
    assert recognise(panel_of(open_on_weekdays)) == ("regular",)
