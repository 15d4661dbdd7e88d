"""Steps that learn: frames out of the warehouse, a pure function of ``ml``, its frames back through the gate.

A model that is worse than the live one by more than the margin comes back ``kept``: its live tables are written again as
they are, and the card says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import dagster as dg
import pandas as pd

from ecom_pipeline.contracts import Contract
from ecom_pipeline.defs.night import Night
from ecom_pipeline.defs.tables import step
from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.warehouse.write import Candidate


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


def _recommend(night: Night) -> Learned:
    from ecom_pipeline.ml.recommend.pipeline import recommend_shop

    result = recommend_shop(
        night.frame(
            "select customer_id, product_id, interaction_date, event_type, interactions from features.interactions"
            " order by customer_id, product_id, interaction_date, event_type"
        ),
        night.frame(
            "select product_id, category, brand, price_band, stock, is_active, is_in_catalogue from features.products"
            " order by product_id"
        ),
        night.frame("select customer_id from clean.customers order by customer_id"),
        as_of_date=as_of(night),
        seed=night.settings.seed,
        previous_card=previous_card(night, "recommendation"),
    )
    return Learned(
        card=result.card,
        frames={
            "models.recommendations": result.recommendations,
            "models.similar_products": result.similar_products,
            "models.recommendation_evaluation": result.evaluation,
        },
        learned=frozenset({"models.recommendations", "models.similar_products"}),
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
            ["models.recommendations", "models.similar_products", "models.recommendation_evaluation"],
            ["features.interactions", "features.products", "features.as_of", "clean.customers"],
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
