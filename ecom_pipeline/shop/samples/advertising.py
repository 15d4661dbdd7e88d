"""Advertising: what is spent where every day, and how many orders and visits it brings.

Orders of a campaign are proportional to its spend of the day with a known factor; that factor is the true return a
report must find. Some campaigns are planned anew every week whatever the demand, so that their return can be told from
what would have come anyway; the others follow it, so that theirs cannot. One campaign brings clicks and no order at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from ecom_pipeline.shop.samples.draws import Floats, Ints
from ecom_pipeline.shop.samples.seasons import DAYS, FIRST, LAST, day_number, days

DIRECT = -1
"""Number of the campaign of a visit that no advertising brought."""


@dataclass(frozen=True)
class Campaign:
    """One campaign; ``level`` is its spend in CNY per expected order of the day, of the usual day if ``is_planned``."""

    campaign_id: str
    name: str
    channel: str
    level: float
    orders_per_1000: float
    visits_per_1000: float
    starts: date = FIRST
    ends: date = LAST
    is_planned: bool = False


CAMPAIGNS = (
    Campaign("CMP-S00", "搜索常规 Search always-on", "search", 6.0, 22, 60, is_planned=True),
    Campaign("CMP-O00", "种草常规 Social always-on", "social", 4.0, 30, 110, is_planned=True),
    Campaign("CMP-V00", "短视频常规 Video always-on", "video", 7.0, 4, 90, is_planned=True),
    Campaign("CMP-E00", "会员周报 Newsletter", "email", 0.6, 140, 300),
    Campaign("CMP-A00", "联盟推广 Affiliates", "affiliate", 1.5, 45, 80),
    Campaign("CMP-S23A", "618搜索加投 2023 Search 618", "search", 3.0, 25, 70, date(2023, 6, 1), date(2023, 6, 20)),
    Campaign(
        "CMP-S23B", "双十一搜索加投 Search Singles' Day", "search", 3.0, 28, 60, date(2023, 11, 1), date(2023, 11, 12)
    ),
    Campaign(
        "CMP-V23B", "双十一短视频 Video Singles' Day", "video", 4.0, 10, 100, date(2023, 11, 1), date(2023, 11, 12)
    ),
    Campaign("CMP-O23C", "Black Friday Social", "social", 3.0, 35, 90, date(2023, 11, 20), date(2023, 11, 27)),
    Campaign(
        "CMP-E24A", "年货节会员日 Lunar New Year e-mail", "email", 0.5, 160, 250, date(2024, 1, 22), date(2024, 1, 30)
    ),
    Campaign("CMP-O24D", "达人直播测试 Influencer trial", "social", 4.0, 0, 140, date(2024, 3, 10), date(2024, 4, 10)),
    Campaign("CMP-S24A", "618搜索加投 2024 Search 618", "search", 3.0, 25, 70, date(2024, 6, 1), date(2024, 6, 20)),
)
_MOST_PAID = 0.95
_PLANS = (0.3, 0.8, 1.2, 1.7)


def make_spend(rng: np.random.Generator, expected_orders: Floats) -> Floats:
    """Spend in CNY by day and campaign: planned by the week, or half steady and half after the expected orders."""
    planned = np.array([campaign.is_planned for campaign in CAMPAIGNS])
    plan = rng.choice(_PLANS, (DAYS // 7 + 1, len(CAMPAIGNS)))[np.arange(DAYS) // 7]
    usual = expected_orders.mean()
    steady = np.where(planned, usual * plan, 0.5 * usual + 0.5 * expected_orders[:, None])
    level = np.array([campaign.level for campaign in CAMPAIGNS])
    number = np.arange(DAYS)[:, None]
    running = (number >= [day_number(c.starts) for c in CAMPAIGNS]) & (
        number <= [day_number(c.ends) for c in CAMPAIGNS]
    )
    spend = steady * level * np.exp(rng.normal(0, 0.2, (DAYS, len(CAMPAIGNS))))
    return np.asarray(np.round(np.where(running, spend, 0.0), 2), dtype=np.float64)


def drawn(demand: Floats, expected_orders: Floats, spend: Floats) -> Floats:
    """The demand of every day with what its advertising brings: more than usual where more than usual is spent."""
    brought = wanted_orders(spend).sum(axis=1)
    usual = brought.sum() / expected_orders.sum()
    share = np.divide(brought, expected_orders, out=np.full(DAYS, usual), where=expected_orders > 0)
    return np.asarray(demand * (1 - usual + share), dtype=np.float64)


def draw_campaign(rng: np.random.Generator, day: Ints, wanted: Floats, total: Floats) -> Ints:
    """The campaign behind each order or visit; ``wanted`` is expected by day and campaign, ``total`` by day."""
    share = np.divide(wanted, total[:, None], out=np.zeros_like(wanted), where=total[:, None] > 0)
    paid = share.sum(axis=1, keepdims=True)
    share *= np.minimum(1.0, _MOST_PAID / np.maximum(paid, 1e-12))
    cumulative = np.cumsum(share, axis=1)[day]
    campaign = (rng.random(len(day))[:, None] >= cumulative).sum(axis=1)
    return np.where(campaign == len(CAMPAIGNS), DIRECT, campaign).astype(np.int64)


def wanted_orders(spend: Floats) -> Floats:
    """Expected orders by day and campaign."""
    return np.asarray(spend * [campaign.orders_per_1000 / 1000 for campaign in CAMPAIGNS], dtype=np.float64)


def wanted_visits(spend: Floats) -> Floats:
    """Expected visits without an order by day and campaign."""
    return np.asarray(spend * [campaign.visits_per_1000 / 1000 for campaign in CAMPAIGNS], dtype=np.float64)


def spend_table(rng: np.random.Generator, spend: Floats, day: Ints, campaign: Ints) -> pd.DataFrame:
    """Spend by day and running campaign; clicks follow the visits (``day``, ``campaign``) it brought."""
    visits = np.zeros(spend.shape, dtype=np.int64)
    paid = campaign != DIRECT
    np.add.at(visits, (day[paid], campaign[paid]), 1)
    row, column = np.nonzero(spend)
    clicks = visits[row, column] + rng.poisson(1 + 0.2 * visits[row, column])
    return pd.DataFrame(
        {
            "date": days().date[row],
            "campaign": column,
            "channel": np.array([c.channel for c in CAMPAIGNS], dtype=object)[column],
            "amount": spend[row, column],
            "clicks": clicks,
            "impressions": clicks * rng.integers(20, 60, len(row)) + rng.integers(0, 40, len(row)),
        }
    )


def campaign_truth(spend: Floats, orders: pd.DataFrame) -> dict[str, Any]:
    """Per campaign and channel: spend, true orders per 1,000 CNY, orders and revenue whose last touch it was.

    ``orders`` has campaign (number), channel and revenue (CNY), one row per order; no campaign is ``direct``.
    """

    def totals(part: pd.DataFrame, cost: float) -> dict[str, Any]:
        return {"spend": round(cost, 2), "orders": len(part), "revenue": round(float(part["revenue"].sum()), 2)}

    channels = [campaign.channel for campaign in CAMPAIGNS]
    by_campaign = {
        campaign.campaign_id: totals(orders[orders["campaign"] == number], float(spend[:, number].sum()))
        | {"channel": campaign.channel, "orders_per_1000_spent": campaign.orders_per_1000}
        for number, campaign in enumerate(CAMPAIGNS)
    }
    by_channel = {
        channel: totals(orders[orders["channel"] == channel], float(spend[:, [c == channel for c in channels]].sum()))
        for channel in (*dict.fromkeys(channels), "direct")
    }
    return {"campaigns": by_campaign, "channels": by_channel}
