"""Visits and what happens in them: the event stream, robots included.

A visit lasts at most half its slot, so that more than 30 minutes lie between two visits of a customer. Every order has
one visit, whose purchase events carry the order's number, lines and time.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecom_pipeline.shop.samples.advertising import DIRECT, draw_campaign, wanted_visits
from ecom_pipeline.shop.samples.catalogue import TASTES, TIERS, Catalogue
from ecom_pipeline.shop.samples.draws import Bools, Floats, Ints, Texts, choose, pick_days
from ecom_pipeline.shop.samples.orders import JITTER_MINUTES, SLOT_MINUTES, draw_slots
from ecom_pipeline.shop.samples.seasons import DAYS, FIRST

ANONYMOUS_VISITS = 9500
BOTS, DISGUISED_BOTS = 12, 4
NOBODY = -1
_AGENTS = {
    "ios_app": "ShopApp/5.2 (iPhone; iOS 17.2; zh_CN)",
    "android_app": "ShopApp/5.2 (Android 14; Redmi Note 12)",
    "desktop": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120 Safari/537.36",
    "mobile_web": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605 Version/17.2 Safari/604",
}
_BOT_AGENTS = (
    "Mozilla/5.0 (compatible; Baiduspider/2.0)",
    "python-requests/2.31.0",
    "Scrapy/2.11 (+https://example.com/bot)",
)
_STAGES = {"visit": 0, "search": 1, "view": 2, "favourite": 3, "cart": 4, "remove": 5, "purchase": 6}
_STAGE_NAMES = np.array(list(_STAGES), dtype=object)
_BROWSE_SOFTENED = 0.6


def make_visits(
    rng: np.random.Generator, customers: pd.DataFrame, orders: pd.DataFrame, demand: Floats, spend: Floats
) -> pd.DataFrame:
    """One row per visit: customer and order (numbers or NOBODY), day, slot, campaign, device, has_session_id."""
    interest = np.maximum(demand, 0.3) ** _BROWSE_SOFTENED
    browser = np.repeat(np.arange(len(customers)), customers["browses"])
    first, last = customers["first"].to_numpy()[browser], customers["last"].to_numpy()[browser]
    browsing = pd.DataFrame({"customer": browser, "day": pick_days(rng, interest, first, last)})
    zeros = np.zeros(ANONYMOUS_VISITS, dtype=np.int64)
    passing = pd.DataFrame({"customer": NOBODY, "day": pick_days(rng, interest, zeros, zeros + DAYS - 1)})
    idle = pd.concat([browsing, passing], ignore_index=True).assign(order=NOBODY)
    idle["slot"] = draw_slots(rng, len(idle))
    per_day = np.bincount(idle["day"], minlength=DAYS).astype(np.float64)
    idle["campaign"] = draw_campaign(rng, idle["day"].to_numpy(), wanted_visits(spend), per_day)

    buying = orders[["customer", "day", "slot", "campaign"]].assign(order=np.arange(len(orders)))
    visits = pd.concat([buying, idle], ignore_index=True)
    taken = visits.duplicated(["customer", "day", "slot"]) & (visits["customer"] != NOBODY)
    visits = visits[~taken].reset_index(drop=True)
    visits["device"] = choose(rng, list(_AGENTS), [0.3, 0.3, 0.22, 0.18], len(visits))
    visits["user_agent"] = visits["device"].map(_AGENTS)
    visits["has_session_id"] = (visits["customer"] == NOBODY) | (rng.random(len(visits)) < 0.6)
    return visits


def make_events(
    rng: np.random.Generator, catalogue: Catalogue, customers: pd.DataFrame, visits: pd.DataFrame, items: pd.DataFrame
) -> pd.DataFrame:
    """One row per event: visit (number), type, at (local time), product, item (numbers or NOBODY), search_query."""
    visit_of_order = pd.Series(
        visits.index[visits["order"] != NOBODY], index=visits.loc[visits["order"] != NOBODY, "order"]
    )
    bought = visit_of_order.reindex(items["order"]).to_numpy(dtype=np.int64)
    item = np.arange(len(items))
    product = items["product"].to_numpy()
    carted = rng.random(len(items)) < 0.8

    buying = (visits["order"] != NOBODY).to_numpy()
    looks = np.where(buying, rng.poisson(0.7, len(visits)), np.minimum(rng.geometric(0.5, len(visits)), 12))
    bounced = ~buying & (rng.random(len(visits)) < 0.12)
    looks[bounced] = 0
    looking = np.repeat(np.arange(len(visits)), looks)
    liked = _draw(rng, catalogue, customers, visits, looking)
    idle = ~buying[looking]

    def some(share: float, where: Bools) -> Bools:
        return np.asarray(where & (rng.random(len(where)) < share))

    cart = some(0.09, idle)
    removed = some(0.2, cart)
    searched = np.flatnonzero(~bounced & (rng.random(len(visits)) < 0.16))
    wanted = _draw(rng, catalogue, customers, visits, searched)
    parts = [
        _part("view", bought, product),
        _part("cart", bought[carted], product[carted], item[carted]),
        _part("purchase", bought, product, item),
        _part("view", looking, liked),
        _part("favourite", looking[favoured := some(0.07, idle)], liked[favoured]),
        _part("cart", looking[cart], liked[cart]),
        _part("remove", looking[removed], liked[removed]),
        _part("visit", np.flatnonzero(bounced)),
        _part("search", searched, query=_queries(catalogue, customers, visits, searched, wanted)),
    ]
    events = pd.concat(parts, ignore_index=True).sort_values(["visit", "stage"], kind="stable", ignore_index=True)
    return _with_times(rng, visits, events).assign(type=lambda frame: _STAGE_NAMES[frame["stage"]])


def make_bots(rng: np.random.Generator, products: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Visits and events of robots: hundreds of views, a second or two apart; a few of them claim to be browsers."""
    size = rng.integers(150, 300, BOTS)
    bots = pd.DataFrame(
        {
            "customer": NOBODY,
            "order": NOBODY,
            "day": rng.integers(0, DAYS, BOTS),
            "slot": draw_slots(rng, BOTS),
            "campaign": DIRECT,
            "device": "desktop",
            "user_agent": [_AGENTS["desktop"] if bot < DISGUISED_BOTS else _BOT_AGENTS[bot % 3] for bot in range(BOTS)],
            "has_session_id": True,
        }
    )
    visit = np.repeat(np.arange(BOTS), size)
    events = _part("view", visit, rng.integers(0, products, len(visit)))
    return bots, _with_times(rng, bots, events, slowest=3).assign(type="view")


def purchase_times(visits: pd.DataFrame, events: pd.DataFrame, orders: int) -> pd.Series:
    """When each order was placed: the second of its purchase events."""
    bought = events[events["type"] == "purchase"]
    order = visits["order"].to_numpy()[bought["visit"]]
    return bought["at"].groupby(order).first().reindex(range(orders)).dt.floor("s")


def _draw(
    rng: np.random.Generator, catalogue: Catalogue, customers: pd.DataFrame, visits: pd.DataFrame, visit: Ints
) -> Ints:
    customer = visits["customer"].to_numpy()[visit]
    known = customer != NOBODY
    taste = np.where(known, customers["taste"].to_numpy()[customer], rng.integers(0, TASTES, len(visit)))
    tier = np.where(known, customers["tier"].to_numpy()[customer], rng.integers(0, TIERS, len(visit)))
    return catalogue.draw(rng, taste, tier, visits["day"].to_numpy()[visit])


def _queries(catalogue: Catalogue, customers: pd.DataFrame, visits: pd.DataFrame, visit: Ints, product: Ints) -> Texts:
    customer = visits["customer"].to_numpy()[visit]
    chinese = (customer == NOBODY) | (customers["language"].to_numpy()[customer] == "zh")
    by_product = catalogue.products
    chinese_words = np.where(
        product % 2, by_product["zh"].to_numpy()[product], by_product["search_zh"].to_numpy()[product]
    )
    return np.asarray(np.where(chinese, chinese_words, by_product["english"].to_numpy()[product]), dtype=object)


def _part(
    stage: str, visit: Ints, product: Ints | int = NOBODY, item: Ints | int = NOBODY, query: Texts | str = ""
) -> pd.DataFrame:
    return pd.DataFrame(
        {"visit": visit, "stage": _STAGES[stage], "product": product, "item": item, "search_query": query}
    )


def _with_times(
    rng: np.random.Generator, visits: pd.DataFrame, events: pd.DataFrame, slowest: int = 75
) -> pd.DataFrame:
    visit = events["visit"].to_numpy()
    opened = np.flatnonzero(np.diff(visit, prepend=-1))
    together = np.zeros(len(events), dtype=bool)
    together[1:] = (events["stage"].to_numpy()[1:] == _STAGES["purchase"]) & (
        events["stage"].to_numpy()[:-1] == _STAGES["purchase"]
    )
    together[opened] = False
    gap = rng.integers(1000, slowest * 1000, len(events))
    gap[together] = 0
    elapsed = np.cumsum(gap)
    elapsed -= np.repeat(elapsed[opened], np.diff(np.append(opened, len(events))))
    start = visits["day"].to_numpy() * 1440 * 60_000 + visits["slot"].to_numpy() * SLOT_MINUTES * 60_000
    start = start + rng.integers(0, JITTER_MINUTES * 60_000, len(visits))
    return events.assign(at=pd.Timestamp(FIRST) + pd.to_timedelta(start[visit] + elapsed, unit="ms"))
