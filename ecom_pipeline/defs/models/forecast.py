"""Forecasts: daily sales to what will be sold, and to what to buy."""

from ecom_pipeline.defs.models.step import Learned, Model, as_of, previous_card
from ecom_pipeline.defs.night import Night

LEARNED = ("forecasts", "weekly_forecasts", "forecast_series", "forecast_parts", "forecast_moves")
"""What stays live when tonight's forecasts are not."""
OF_TONIGHT = ("forecast_evaluation", "purchase_advice", "stock_out_risk", "stock_days")


def _forecast(night: Night) -> Learned:
    from ecom_pipeline.ml.forecast.pipeline import forecast_shop
    from ecom_pipeline.ml.forecast.series import Sources

    parts = "select series_kind, series, forecast_date, part, value from models.forecast_parts"
    stock = "select product_id, stock_date, stock from models.stock_days order by product_id, stock_date"
    shop = Sources(
        daily_sales=night.frame(
            "select series_kind, series, sales_date, revenue, units from features.daily_sales"
            " order by series_kind, series, sales_date"
        ),
        product_sales=night.frame(
            "select product_id, sales_date, revenue, units from features.product_sales order by product_id, sales_date"
        ),
        products=night.frame(
            "select product_id, category, stock, cost, lead_time_days, review_days, service_level, pack_size, minimum_order"
            " from features.products order by product_id"
        ),
        calendar=night.frame(
            "select calendar_date, name, kind, country from clean.calendar order by calendar_date, name"
        ),
        promotions=night.frame(
            "select coalesce(channel, 'campaign') as name, starts_on, ends_on from clean.campaigns order by name, starts_on"
        ),
        market=night.frame("select market_date, indicator, value from clean.market order by indicator, market_date"),
        country=night.shop.country,
        currency=night.shop.currency,
        as_of_date=as_of(night),
    )
    result = forecast_shop(
        shop,
        seed=night.settings.seed,
        previous_card=previous_card(night, "forecast"),
        previous_parts=night.frame(parts) if night.remembers("models.forecast_parts") else None,
        previous_stock=night.frame(stock) if night.remembers("models.stock_days") else None,
    )
    return Learned(
        card=result.card,
        frames={f"models.{name}": frame for name, frame in result.frames.items()},
        learned=dict.fromkeys(f"models.{name}" for name in LEARNED),
    )


MODELS = [
    Model(
        "forecast",
        [f"models.{name}" for name in (*LEARNED, *OF_TONIGHT)],
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
    ),
]
