"""What a model or a report ought to find in the ``sample`` shop: written beside it, read by tests only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ecom_pipeline.shop.samples.advertising import campaign_truth
from ecom_pipeline.shop.samples.catalogue import Catalogue
from ecom_pipeline.shop.samples.draws import Floats
from ecom_pipeline.shop.samples.experiments import experiment_truth
from ecom_pipeline.shop.samples.exports import STATUSES, channel_of
from ecom_pipeline.shop.samples.people import segment_truth
from ecom_pipeline.shop.samples.seasons import season_truth
from ecom_pipeline.shop.samples.support import message_truth

FILE = ".truth.json"


@dataclass(frozen=True)
class World:
    """What truly happened. Frames refer to each other by row number; amounts are in the buyer's currency."""

    seed: int
    catalogue: Catalogue
    customers: pd.DataFrame
    expected_orders: Floats
    spend: Floats
    orders: pd.DataFrame
    items: pd.DataFrame
    refunds: pd.DataFrame
    visits: pd.DataFrame
    events: pd.DataFrame
    assignments: pd.DataFrame
    messages: pd.DataFrame
    market: pd.DataFrame


def truth(folder: Path) -> dict[str, Any]:
    """The planted truths of the sample shop in ``folder``."""
    content: dict[str, Any] = json.loads((folder / FILE).read_text("utf-8"))
    return content


def write_truth(folder: Path, world: World, sources: dict[str, dict[str, object]]) -> None:
    """Write ``.truth.json``; ``sources`` tells what lies in the files."""
    content = {
        "seed": world.seed,
        "season": season_truth() | {"expected_orders": [round(float(value), 3) for value in world.expected_orders]},
        "segments": segment_truth(world.customers),
        "affinities": world.catalogue.truth()
        | {
            "customer_taste": dict(zip(world.customers["customer_id"], world.customers["taste"].tolist(), strict=True)),
            "customer_tier": dict(zip(world.customers["customer_id"], world.customers["tier"].tolist(), strict=True)),
        },
        "advertising": campaign_truth(world.spend, _revenue_by_order(world)),
        "experiments": experiment_truth(world.customers, world.orders, world.assignments),
        "support": message_truth(world.messages),
        "sales": _sales_truth(world),
        "traffic": _traffic_truth(world),
        "sources": sources,
    }
    (folder / FILE).write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")


def _revenue_by_order(world: World) -> pd.DataFrame:
    revenue = world.items.groupby("order")["amount_cny"].sum().reindex(range(len(world.orders)))
    channel = pd.Series(channel_of(world.orders["campaign"])).replace("", "direct")
    return pd.DataFrame({"campaign": world.orders["campaign"], "channel": channel, "revenue": revenue})


def _sales_truth(world: World) -> dict[str, Any]:
    status = world.orders["status"].map(STATUSES)
    lines = world.items.assign(status=status.to_numpy()[world.items["order"]])
    amounts = lines.groupby(["status", "currency"])["line_amount"].sum().round(2)
    delisted = ~world.catalogue.products["is_listed"].to_numpy()
    return {
        "orders": status.value_counts().to_dict(),
        "guest_orders": int(world.orders["is_guest"].sum()),
        "lines": lines["status"].value_counts().to_dict(),
        "line_amount": {name: part.droplevel(0).to_dict() for name, part in amounts.groupby(level=0)},
        "line_amount_cny": {
            name: round(float(total), 2) for name, total in lines.groupby("status")["amount_cny"].sum().items()
        },
        "lines_of_unknown_products": int(delisted[world.items["product"]].sum()),
        "refunds": len(world.refunds),
        "refunded": world.refunds.groupby("currency")["line_amount"].sum().round(2).to_dict(),
    }


def _traffic_truth(world: World) -> dict[str, Any]:
    human = world.visits[~world.visits["is_bot"]]
    bots = world.visits.index[world.visits["is_bot"]]
    size = world.events["visit"].value_counts()
    delisted = ~world.catalogue.products["is_listed"].to_numpy()
    product = world.events["product"].to_numpy()
    return {
        "events": world.events["type"].value_counts().to_dict(),
        "visits": int(human.index.isin(size.index).sum()),
        "visits_of_known_customers": int((human["customer"] >= 0).sum() - world.orders["is_guest"].sum()),
        "events_of_unknown_products": int((delisted[product] & (product >= 0)).sum()),
        "bots": [
            {
                "session_id": f"s{bot + 1:06d}",
                "events": int(size[bot]),
                "user_agent": world.visits.at[bot, "user_agent"],
            }
            for bot in bots
        ],
    }
