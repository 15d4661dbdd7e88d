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
from ecom_pipeline.warehouse.write import Candidate

if TYPE_CHECKING:
    from ecom_pipeline.ml.recommend.rules import Rules


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What a model step gives: its card, and a frame per table."""

    card: ModelCard
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
    """The step of a model: ``tables`` without the card, which is ``models.<name>_card``."""
    card_table = f"models.{name}_card"
    written = [contracts[table] for table in (*tables, card_table)]

    def compute(night: Night) -> list[Candidate]:
        plans = {contract.name: night.plan(contract, reads) for contract in written}
        missing = any(night.missing(contract) for contract in written)
        if missing or all(plan.mode == "unchanged" for plan in plans.values()):
            return [night.candidate(contract, "", plans[contract.name]) for contract in written]
        result = learn(night)
        frames = {**result.frames, card_table: pd.DataFrame([result.card.row()])}
        kept = result.card.decision == "kept"
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
        previous_card=previous_card(night, "recommendation"),
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

    result = forecast_shop(
        night.frame(
            "select series_kind, series, sales_date, revenue from features.daily_sales"
            " order by series_kind, series, sales_date"
        ),
        night.frame("select calendar_date, name, kind, country from clean.calendar order by calendar_date, name"),
        country=night.shop.country,
        as_of_date=as_of(night),
        seed=night.settings.seed,
        previous_card=previous_card(night, "forecast"),
    )
    return Learned(
        card=result.card,
        frames={"models.forecasts": result.forecasts, "models.forecast_evaluation": result.evaluation},
        learned=frozenset({"models.forecasts"}),
    )


def _support(night: Night) -> Learned:
    from ecom_pipeline.ml.support.pipeline import support_shop

    result = support_shop(
        night.frame(
            "select message_id, customer_id, sent_at, text, language, author, intent from clean.messages order by sent_at, message_id"
        ),
        night.frame("select faq_id, intent, questions, answer, language from clean.faq order by faq_id"),
        as_of_date=as_of(night),
        seed=night.settings.seed,
        previous_card=previous_card(night, "support"),
    )
    return Learned(
        card=result.card,
        frames={"models.message_predictions": result.predictions, "models.support_evaluation": result.evaluation},
        learned=frozenset({"models.message_predictions"}),
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
            "models.behaviour_covariance": result.covariance,
            "models.behaviour_components": result.components,
            "models.behaviour_map": result.map,
        },
        learned=frozenset(),
    )


def as_of(night: Night) -> date:
    """The last business date in the data: what every model looks back from."""
    found: date = night.connection.execute("select as_of_date from features.as_of").fetchall()[0][0]
    return found


def model_steps(contracts: Mapping[str, Contract]) -> list[dg.AssetsDefinition]:
    """The four learning steps."""
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
            ["models.forecasts", "models.forecast_evaluation"],
            ["features.daily_sales", "features.as_of", "clean.calendar"],
            _forecast,
            contracts,
        ),
        model_step(
            "support",
            ["models.message_predictions", "models.support_evaluation"],
            ["clean.messages", "clean.faq", "features.as_of"],
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
    ]
