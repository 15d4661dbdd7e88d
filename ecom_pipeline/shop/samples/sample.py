"""The ``sample`` shop: 18 months of an invented shop with Chinese and English customers.

Everything a shop can bring, in the formats of several systems, with planted dirt and planted truths. Here the parts
are put together; each part says itself what it plants. The truths go to ``.truth.json`` (:mod:`truth`), which no
pipeline reads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import pandas as pd

from ecom_pipeline.shop.samples import advertising, experiments, exports, planted, seasons, support, traffic
from ecom_pipeline.shop.samples import orders as ordering
from ecom_pipeline.shop.samples.catalogue import make_catalogue
from ecom_pipeline.shop.samples.dirt import Dirt, dirt_truth, plant
from ecom_pipeline.shop.samples.draws import stream
from ecom_pipeline.shop.samples.files import write_csv, write_jsonl
from ecom_pipeline.shop.samples.people import make_customers
from ecom_pipeline.shop.samples.truth import World, write_truth

TEST_ORDERS, EMPTY_ORDERS = 60, 20


def write_sample(folder: Path, *, seed: int) -> Path:
    """Write the exports, ``shop.yaml`` and ``.truth.json`` of the ``sample`` shop.

    Returns
    -------
    Path
        The shop's ``shop.yaml``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    world = make_world(seed)
    write_truth(folder, world, write_exports(folder, world))
    shop = folder / "shop.yaml"
    shop.write_text((files("ecom_pipeline.shop.samples") / "sample.yaml").read_text("utf-8"), "utf-8")
    return shop


def make_world(seed: int) -> World:
    """Everything that truly happened in the shop, before any export."""
    catalogue = make_catalogue(stream(seed, "catalogue"))
    customers = make_customers(stream(seed, "people"))
    demand = seasons.demand()
    unadvertised = ordering.expected_orders(customers, demand)
    spend = advertising.make_spend(stream(seed, "spend"), unadvertised)
    advertised = advertising.drawn(demand, unadvertised, spend)
    orders = ordering.make_orders(stream(seed, "orders"), customers, advertised, spend)
    items = ordering.make_items(stream(seed, "items"), catalogue, customers, orders, demand)
    catalogue.products["stock"] = ordering.make_stock(stream(seed, "stock"), catalogue, orders, items)
    visits = traffic.make_visits(stream(seed, "visits"), customers, orders, demand, spend)
    events = traffic.make_events(stream(seed, "events"), catalogue, customers, visits, items)

    bots, bot_events = traffic.make_bots(stream(seed, "bots"), int(catalogue.products["is_listed"].sum()))
    bot_events["visit"] += len(visits)
    visits = pd.concat([visits.assign(is_bot=False), bots.assign(is_bot=True)], ignore_index=True)
    events = pd.concat([events, bot_events], ignore_index=True)

    orders["ordered_at"] = traffic.purchase_times(visits, events, len(orders))
    orders = ordering.settle(stream(seed, "settle"), customers, orders, items)
    return World(
        seed=seed,
        catalogue=catalogue,
        customers=customers,
        expected_orders=ordering.expected_orders(customers, advertised),
        spend=spend,
        orders=orders,
        items=items,
        refunds=ordering.make_refunds(stream(seed, "refunds"), orders, items),
        visits=visits,
        events=events,
        assignments=experiments.make_assignments(stream(seed, "experiments"), customers, orders),
        messages=support.make_messages(stream(seed, "support"), catalogue, customers, orders, items),
        market=seasons.market_table(stream(seed, "market"), demand),
    )


@dataclass(frozen=True)
class Export:
    """One source: its clean table, how it is written, and what is wrong in it.

    ``id_column`` and ``prefix`` name the dirty rows apart; ``rejects`` are rows of the table that a pipeline refuses.
    """

    source: str
    table: pd.DataFrame
    write: Callable[[Path, str, pd.DataFrame], None]
    pattern: str
    dirt: tuple[Dirt, ...] = ()
    id_column: str | None = None
    prefix: str = ""
    rejects: Mapping[str, int] = field(default_factory=dict)


def write_exports(folder: Path, world: World) -> dict[str, dict[str, object]]:
    """Write every source with its dirt; returns what lies in each, as :func:`dirt_truth` counts it."""
    counts = {}
    for export in _sales(world) + _masters(world) + _surroundings(world):
        rng = stream(world.seed, f"dirt {export.source}")
        dirty = plant(rng, export.table, export.dirt, export.id_column, export.prefix)
        export.write(folder, export.pattern, dirty)
        counts[export.source] = dirt_truth(export.dirt, len(dirty), export.rejects)
    return counts


def _sales(world: World) -> list[Export]:
    catalogue, customers, orders, items = world.catalogue, world.customers, world.orders, world.items
    old_events, new_events = exports.events(catalogue, customers, orders, world.visits, items, world.events)
    order_table = exports.orders(customers, orders)
    rng = stream(world.seed, "staff")
    more_orders, more_items = exports.staff_orders(rng, catalogue, order_table, TEST_ORDERS, EMPTY_ORDERS)
    order_table = pd.concat([order_table, more_orders])
    order_table = order_table.sort_values(["_part", "下单时间"], ignore_index=True, kind="stable")
    item_table = pd.concat([exports.order_items(catalogue, orders, items), more_items])
    item_table = item_table.sort_values(["_part", "order_no"], ignore_index=True, kind="stable")
    refund_table = exports.refunds(catalogue, customers, orders, world.refunds)
    tests, chinese = {"test_order": TEST_ORDERS}, write_csv(encoding="gb18030")
    dirt, lines = planted, (planted.ORDER_ITEMS, "line_id", "LX")
    return [
        Export("tracker1", old_events, write_jsonl, "events/tracker1_{}.jsonl.gz", dirt.EVENTS_2023),
        Export("tracker2", new_events, write_csv(), "events/tracker2_{}.csv.gz", dirt.EVENTS_2024, "event_id", "EX"),
        Export("orders", order_table, chinese, "orders/orders_{}.csv", dirt.ORDERS, "订单编号", "SOX", tests),
        Export("order_items", item_table, write_csv(), "orders/order_items_{}.csv", *lines, tests),
        Export("refunds", refund_table, write_csv(delimiter=";"), "refunds.csv", dirt.REFUNDS, "refund_no", "RX"),
    ]


def _masters(world: World) -> list[Export]:
    products, customers = exports.products(world.catalogue), exports.customers(world.customers)
    messages = exports.messages(world.messages)
    marked = write_csv(encoding="utf-8-sig")
    return [
        Export("products", products, marked, "products.csv", planted.PRODUCTS, "商品编码", "PX"),
        Export("customers", customers, write_csv(), "customers.csv", planted.CUSTOMERS, "customer_id", "CX"),
        Export("messages", messages, write_jsonl, "messages.jsonl", planted.MESSAGES, "message_id", "MX"),
        Export("faq", exports.plain(support.faq_table()), write_csv(), "faq.csv"),
    ]


def _surroundings(world: World) -> list[Export]:
    seen = world.visits["day"].to_numpy(), world.visits["campaign"].to_numpy()
    spend = exports.spend(advertising.spend_table(stream(world.seed, "clicks"), world.spend, *seen))
    return [
        Export("marketing_spend", spend, write_csv(encoding="gb18030"), "marketing_spend_{}.csv", planted.SPEND),
        Export("campaigns", exports.campaigns(), write_csv(), "campaigns.csv"),
        Export(
            "experiments",
            experiments.assignment_table(world.customers, world.assignments),
            write_csv(),
            "experiments.csv",
        ),
        Export("market", exports.plain(world.market), write_csv(), "market.csv", planted.MARKET),
        Export("calendar", exports.plain(seasons.calendar_table()), write_csv(), "calendar.csv"),
    ]
