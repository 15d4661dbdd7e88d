"""Steps that learn: frames out of the warehouse, a pure function of ``ml``, its frames back through the gate.

A model that is worse than the live one by more than the margin comes back ``kept``: its live tables are written again as
they are, and the card says so; lists of recommendations go through tonight's rules again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import dagster as dg
import pandas as pd

from ecom_pipeline.contracts import Contract
from ecom_pipeline.defs.night import Night
from ecom_pipeline.defs.tables import step
from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.warehouse.names import columns_of
from ecom_pipeline.warehouse.write import Candidate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ecom_pipeline.ml.recommend.rules import Rules


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What a model step gives: its card, if anything was learned that could be refused, and a frame per table."""

    card: ModelCard | None
    frames: Mapping[str, pd.DataFrame]
    learned: frozenset[str]
    """The tables that stay as they are when the live model is kept."""


def model_step(
    name: str,
    tables: Sequence[str],
    reads: Sequence[str],
    learn: Callable[[Night], Learned],
    contracts: Mapping[str, Contract],
) -> dg.AssetsDefinition:
    """The step of a model: ``tables`` without the card, which is ``models.<name>_card`` where the model has one."""
    card_table = f"models.{name}_card"
    written = [contracts[table] for table in (*tables, card_table) if table in contracts]

    def compute(night: Night) -> list[Candidate]:
        plans = {contract.name: night.plan(contract, reads) for contract in written}
        missing = any(night.missing(contract) for contract in written)
        if missing or all(plan.mode == "unchanged" for plan in plans.values()):
            return [night.candidate(contract, "", plans[contract.name]) for contract in written]
        result = learn(night)
        card = {card_table: pd.DataFrame([result.card.row()])} if result.card else {}
        frames = {**result.frames, **card}
        kept = result.card is not None and result.card.decision == "kept"
        return [
            night.candidate(
                contract,
                f"select * from {contract.name}" if kept and contract.name in result.learned else frames[contract.name],
                replace(plans[contract.name], mode="replace"),
            )
            for contract in written
        ]

    return step(name, written, {contract.name: reads for contract in written}, compute, kinds={"python", "duckdb"})


def previous_card(night: Night, name: str) -> ModelCard | None:
    """The card of the live model, or None before the first."""
    table = f"models.{name}_card"
    if not night.exists(table):
        return None
    found = night.connection.execute(f"select * from {table}")
    columns = [column[0] for column in found.description or []]
    rows = found.fetchall()
    return ModelCard.from_row(dict(zip(columns, rows[0], strict=True))) if rows else None


def _rules(night: Night) -> "Rules":
    """What ``shop.yaml`` says of the lists."""
    from ecom_pipeline.ml.recommend.rules import Rules

    stated = night.shop.recommendations
    return Rules(
        exclude_products=stated.exclude.products,
        exclude_categories=stated.exclude.categories,
        exclude_brands=stated.exclude.brands,
        **stated.model_dump(exclude={"exclude"}),
    )


def _recommend(night: Night) -> Learned:
    from ecom_pipeline.ml.recommend.pipeline import recommend_shop

    can_be_kept = "shelf" in columns_of(night.connection, "models.recommendations")
    result = recommend_shop(
        night.frame(
            "select customer_id, product_id, interaction_date, event_type, interactions from features.interactions"
            " order by customer_id, product_id, interaction_date, event_type"
        ),
        night.frame(
            "select products.product_id, products.name, described.description, products.category, products.category_path,"
            " products.brand, products.price_band, products.stock, products.is_active, products.is_in_catalogue,"
            " cast(products.stock as double) / nullif(cast(sold.units as double) / 28, 0) as days_of_stock"
            " from features.products as products"
            " left join clean.products as described on products.product_id = described.product_id"
            " left join ("
            "select product_id, sum(units) as units from features.product_days, features.as_of"
            " where activity_date > as_of_date - 28 and activity_date <= as_of_date group by product_id"
            ") as sold on products.product_id = sold.product_id"
            " order by products.product_id"
        ),
        night.frame(
            "select customer_id, is_opted_out, gender, birth_year, country, acquisition_channel from clean.customers"
            " order by customer_id"
        ),
        baskets=night.frame(
            "select distinct order_id as basket_id, product_id from features.sales where product_id is not null"
            " order by basket_id, product_id"
        ),
        rules=_rules(night),
        as_of_date=as_of(night),
        seed=night.settings.seed,
        previous_card=previous_card(night, "recommendation") if can_be_kept else None,
        live=lambda: night.frame(
            "select customer_id, shelf, rank, product_id, score, source from models.recommendations"
            " where source not in ('content', 'segment_popularity', 'popularity', 'brand_pin')"
            " order by customer_id, shelf, rank"
        ),
    )
    return Learned(
        card=result.card,
        frames={
            "models.recommendations": result.served.recommendations,
            "models.recommendation_rules": result.served.rules,
            "models.bought_together": result.served.bought_together,
            "models.trending_products": result.served.trending,
            "models.similar_products": result.similar_products,
            "models.recommendation_evaluation": result.evaluation,
        },
        learned=frozenset({"models.similar_products"}),
    )


def _forecast(night: Night) -> Learned:
    from ecom_pipeline.ml.forecast.pipeline import forecast_shop

    before = "select series_kind, series, forecast_date, part, value from models.forecast_parts"
    result = forecast_shop(
        night.frame(
            "select series_kind, series, sales_date, revenue, units from features.daily_sales"
            " order by series_kind, series, sales_date"
        ),
        night.frame("select calendar_date, name, kind, country from clean.calendar order by calendar_date, name"),
        country=night.shop.country,
        as_of_date=as_of(night),
        seed=night.settings.seed,
        product_sales=night.frame(
            "select product_id, sales_date, revenue, units from features.product_sales order by product_id, sales_date"
        ),
        products=night.frame(
            "select product_id, category, stock, cost, lead_time_days, review_days, service_level, pack_size, minimum_order"
            " from features.products order by product_id"
        ),
        promotions=night.frame(
            "select coalesce(channel, 'campaign') as name, starts_on, ends_on from clean.campaigns order by name, starts_on"
        ),
        market=night.frame("select market_date, indicator, value from clean.market order by indicator, market_date"),
        previous_card=previous_card(night, "forecast"),
        previous_parts=night.frame(before) if night.exists("models.forecast_parts") else None,
    )
    return Learned(
        card=result.card,
        frames={
            "models.forecasts": result.forecasts,
            "models.forecast_evaluation": result.evaluation,
            "models.forecast_series": result.series,
            "models.forecast_parts": result.parts,
            "models.forecast_moves": result.moves,
            "models.purchase_advice": result.advice,
            "models.stock_out_risk": result.risk,
        },
        learned=frozenset(
            {"models.forecasts", "models.forecast_series", "models.forecast_parts", "models.forecast_moves"}
        ),
    )


def _support(night: Night) -> Learned:
    from ecom_pipeline.ml.support.desk import Desk
    from ecom_pipeline.ml.support.pipeline import support_shop

    result = support_shop(
        night.frame(
            "select message_id, customer_id, sent_at, text, language, order_id, author, intent from clean.messages"
            " order by sent_at, message_id"
        ),
        night.frame("select faq_id, intent, questions, answer, language from clean.faq order by faq_id"),
        as_of_date=as_of(night),
        seed=night.settings.seed,
        desk=Desk(
            orders=night.frame(
                "select order_id, customer_id, ordered_date, status, refunds, last_refund_date from marts.customer_orders"
                " where customer_id in (select customer_id from clean.messages) order by order_id"
            ),
            products=night.frame(
                "select product_id, name, category, price, stock from marts.products where is_active order by product_id"
            ),
            recommendations=night.frame(
                "select customer_id, product_id, rank from marts.recommendations"
                " where customer_id in (select customer_id from clean.messages) order by customer_id, rank"
            ),
            currency=night.shop.currency,
        ),
        previous_card=previous_card(night, "support"),
    )
    return Learned(
        card=result.card,
        frames={
            "models.message_predictions": result.predictions,
            "models.message_slots": result.slots,
            "models.faq_drafts": result.drafts,
            "models.support_examples": result.examples,
            "models.support_evaluation": result.evaluation,
        },
        learned=frozenset({"models.message_predictions", "models.message_slots", "models.faq_drafts"}),
    )


def _profile(night: Night) -> Learned:
    from ecom_pipeline.ml.profile.pipeline import FEATURES, profile_shop

    result = profile_shop(
        night.frame(f"select customer_id, {', '.join(FEATURES)} from features.customers order by customer_id"),
        as_of_date=as_of(night),
        seed=night.settings.seed,
    )
    return Learned(
        card=result.card,
        frames={
            "models.behaviour_covariance": _covariance(night, FEATURES),
            "models.behaviour_components": result.components,
            "models.behaviour_map": result.map,
        },
        learned=frozenset(),
    )


def _covariance(night: Night, features: Sequence[str]) -> pd.DataFrame:
    """Covariance and correlation of every ordered pair of features that anybody has, computed where the rows are.

    A value that a customer does not have is the median of the others, as for the components. A database adds up in any
    order: nine digits are the same every night.
    """
    from ecom_pipeline.ml.profile.covariance import correlation
    from ecom_pipeline.warehouse.moments import sample_covariance

    asked = ", ".join(f"median(cast({name} as double))" for name in features)
    *medians, customers = night.connection.execute(f"select {asked}, count(*) from features.customers").fetchall()[0]
    known = {name: middle for name, middle in zip(features, medians, strict=True) if middle is not None}
    if customers < 2 or not known:
        return pd.DataFrame(columns=["feature_a", "feature_b", "covariance", "correlation"])
    filled = ", ".join(f"coalesce(cast({name} as double), {middle!r}) as {name}" for name, middle in known.items())
    names = list(known)
    covariance = sample_covariance(night.connection, f"(select {filled} from features.customers)", names)
    return pd.DataFrame(
        {
            "feature_a": [one for one in names for _ in names],
            "feature_b": names * len(names),
            "covariance": _nine_digits(covariance),
            "correlation": _nine_digits(correlation(covariance)),
        }
    )


def _nine_digits(values: "NDArray[np.float64]") -> list[float]:
    return [float(f"{value:.9g}") for value in values.ravel()]


def _clusters(night: Night) -> Learned:
    from ecom_pipeline.ml.profile.clusters import FEATURES, cluster_shop

    tables = ("models.learned_segments", "models.learned_segment_centres")
    customers, centres = (
        night.frame(query) if night.exists(table) else None
        for table, query in zip(
            tables,
            (
                "select customer_id, learned_segment from models.learned_segments order by customer_id",
                "select learned_segment, feature, centre from models.learned_segment_centres order by learned_segment, feature",
            ),
            strict=True,
        )
    )
    result = cluster_shop(
        night.frame(f"select customer_id, {', '.join(FEATURES)} from features.customers order by customer_id"),
        as_of_date=as_of(night),
        seed=night.settings.seed,
        earlier=centres,
        earlier_customers=customers,
    )
    return Learned(
        card=result.card, frames=dict(zip(tables, (result.customers, result.centres), strict=True)), learned=frozenset()
    )


DAYS = (
    "select customer_id, activity_date, orders, cast(revenue as double) as revenue, cast(refunds as double) as refunds, views, carts,"
    " favourites, searches, messages from features.customer_days"
    " where activity_date <= (select as_of_date from features.as_of) order by customer_id, activity_date"
)


def _propensity(night: Night) -> Learned:
    from ecom_pipeline.ml.profile.outlook import propensity_shop

    result = propensity_shop(night.frame(DAYS), as_of_date=as_of(night), seed=night.settings.seed)
    return Learned(
        card=result.card,
        frames={
            "models.purchase_propensity": result.customers,
            "models.propensity_evaluation": result.evaluation,
            "models.propensity_calibration": result.calibration,
        },
        learned=frozenset(),
    )


def _lifetime(night: Night) -> Learned:
    from ecom_pipeline.ml.profile.outlook import lifetime_shop

    result = lifetime_shop(night.frame(DAYS), as_of_date=as_of(night), seed=night.settings.seed)
    return Learned(card=result.card, frames={"models.lifetime_values": result.customers}, learned=frozenset())


def _attribution(night: Night) -> Learned:
    from ecom_pipeline.ml.marketing.attribution import attribute

    touches = night.frame(
        "select journey_id, position, channel, days_before, is_converted, cast(revenue as double) as revenue"
        " from features.touches order by journey_id, position"
    )
    return Learned(card=None, frames={"models.channel_attribution": attribute(touches)}, learned=frozenset())


def _budget(night: Night) -> Learned:
    from ecom_pipeline.ml.marketing.budget import budget_shop

    result = budget_shop(
        night.frame(
            "select spend_date, channel, cast(sum(amount) as double) as spend from clean.marketing_spend"
            " where amount is not null group by spend_date, channel order by spend_date, channel"
        ),
        night.frame(
            "select sales_date, cast(revenue as double) as revenue from features.daily_sales where series_kind = 'total'"
            " order by sales_date"
        ),
        as_of_date=as_of(night),
        seed=night.settings.seed,
        demand=night.frame(
            "select activity_date as sales_date, cast(sum(visits) as double) as visits from features.channel_days"
            " where channel = 'direct' and visits > 0 group by activity_date order by activity_date"
        ),
    )
    return Learned(card=result.card, frames={"models.channel_budget": result.channels}, learned=frozenset())


def as_of(night: Night) -> date:
    """The last business date in the data: what every model looks back from."""
    found: date = night.connection.execute("select as_of_date from features.as_of").fetchall()[0][0]
    return found


def model_steps(contracts: Mapping[str, Contract]) -> list[dg.AssetsDefinition]:
    """The learning steps."""
    return [
        model_step(
            "recommendation",
            [
                "models.recommendations",
                "models.recommendation_rules",
                "models.bought_together",
                "models.trending_products",
                "models.similar_products",
                "models.recommendation_evaluation",
            ],
            [
                "features.interactions",
                "features.products",
                "features.product_days",
                "features.sales",
                "features.as_of",
                "clean.customers",
                "clean.products",
            ],
            _recommend,
            contracts,
        ),
        model_step(
            "forecast",
            [
                "models.forecasts",
                "models.forecast_evaluation",
                "models.forecast_series",
                "models.forecast_parts",
                "models.forecast_moves",
                "models.purchase_advice",
                "models.stock_out_risk",
            ],
            [
                "features.daily_sales",
                "features.product_sales",
                "features.products",
                "features.as_of",
                "clean.calendar",
                "clean.campaigns",
                "clean.market",
            ],
            _forecast,
            contracts,
        ),
        model_step(
            "support",
            [
                "models.message_predictions",
                "models.message_slots",
                "models.faq_drafts",
                "models.support_examples",
                "models.support_evaluation",
            ],
            [
                "clean.messages",
                "clean.faq",
                "features.as_of",
                "marts.customer_orders",
                "marts.products",
                "marts.recommendations",
            ],
            _support,
            contracts,
        ),
        model_step(
            "profile",
            ["models.behaviour_covariance", "models.behaviour_components", "models.behaviour_map"],
            ["features.customers", "features.as_of"],
            _profile,
            contracts,
        ),
        model_step(
            "clusters",
            ["models.learned_segments", "models.learned_segment_centres"],
            ["features.customers", "features.as_of"],
            _clusters,
            contracts,
        ),
        model_step(
            "propensity",
            ["models.purchase_propensity", "models.propensity_evaluation", "models.propensity_calibration"],
            ["features.customer_days", "features.as_of"],
            _propensity,
            contracts,
        ),
        model_step(
            "lifetime", ["models.lifetime_values"], ["features.customer_days", "features.as_of"], _lifetime, contracts
        ),
        model_step(
            "budget",
            ["models.channel_budget"],
            ["clean.marketing_spend", "features.channel_days", "features.daily_sales", "features.as_of"],
            _budget,
            contracts,
        ),
        model_step("attribution", ["models.channel_attribution"], ["features.touches"], _attribution, contracts),
    ]
