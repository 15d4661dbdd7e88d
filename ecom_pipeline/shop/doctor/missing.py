"""What no file gives, and which outputs go without it: from the contracts' ``requires``, and in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ecom_pipeline.contracts import Contract
from ecom_pipeline.shop.doctor.model import Missing, SourceGuess

PUBLISHED = ("marts",)
COSTS = {
    "events": "no sessions, funnel or interest in products that were not bought; bots go unnoticed",
    "orders": "no forecasts of sales, unless events tell of purchases; no order figures",
    "order_items": "no revenue by product, no forecasts, unless events tell of purchases with prices",
    "refunds": "revenue is gross: nothing is taken off for what was given back",
    "products": "products have no names, categories, brands or prices; new ones cannot be recommended",
    "customers": "profiles lack what customers say of themselves, and nobody is known to have opted out",
    "messages": "no intents, no sentiment, no suggested answers",
    "faq": "messages get an intent but no suggested answer",
    "marketing_spend": "no cost per acquisition and no return on spend",
    "campaigns": "campaigns have no names, budgets or dates",
    "experiments": "no read-out of tests and holdouts, and no list of whom a coupon pays for",
    "market": "forecasts know no prices, rates or searches of the market",
    "calendar": "forecasts know public holidays but not the shop's own festivals and closures",
}
COLUMN_COSTS = {
    ("orders", "customer_id"): "orders belong to nobody: no profiles, no recommendations by customer",
    ("events", "customer_id"): "events belong to nobody: no profiles, no recommendations by customer",
    ("events", "product_id"): "events are about no product: no recommendations from them",
    ("orders", "channel"): "orders are credited to a channel only through events, if at all",
    ("products", "category_path"): "no interest tags, and no forecasts by category",
    ("products", "name"): "recommendations show numbers instead of names",
}


def find_missing(sources: Iterable[SourceGuess], contracts: Mapping[str, Contract]) -> tuple[Missing, ...]:
    """Inputs that no source feeds, then columns that matter and are not there."""
    given: dict[str, set[str]] = {}
    for source in sources:
        for guess in source.inputs:
            given.setdefault(guess.table, set()).update(column.target for column in guess.columns)
    inputs = [
        Missing(what=table, cost=cost, tables=_tables_without(table, tuple(given), contracts))
        for table, cost in COSTS.items()
        if table not in given
    ]
    columns = [
        Missing(what=f"{table}.{column}", cost=cost)
        for (table, column), cost in COLUMN_COSTS.items()
        if table in given and column not in given[table]
    ]
    return (*inputs, *columns)


def _tables_without(table: str, given: Sequence[str], contracts: Mapping[str, Contract]) -> tuple[str, ...]:
    """The published tables that stay empty for want of this input."""
    return tuple(
        contract.name
        for contract in contracts.values()
        if contract.schema_name in PUBLISHED
        and (
            table in contract.requires
            or (table in contract.requires_any and not any(other in given for other in contract.requires_any))
        )
    )
