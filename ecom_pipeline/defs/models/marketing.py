"""Marketing: touches to attributed revenue, spend to the best split of a budget, experiments to what they say."""

from ecom_pipeline.defs.models.step import Learned, Model, as_of
from ecom_pipeline.defs.night import Night


def _attribution(night: Night) -> Learned:
    from ecom_pipeline.ml.marketing.attribution import attribute

    touches = night.frame(
        "select journey_id, position, channel, days_before, is_converted, cast(revenue as double) as revenue"
        " from features.touches order by journey_id, position"
    )
    return Learned(frames={"models.channel_attribution": attribute(touches)})


def _budget(night: Night) -> Learned:
    from ecom_pipeline.ml.marketing.budget import budget_shop

    stated = night.shop.budget
    result = budget_shop(
        night.frame(
            "select spend_date, channel, cast(sum(amount) as double) as spend from clean.marketing_spend"
            " group by spend_date, channel order by spend_date, channel"
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
        total=stated.per_day,
        least=stated.least,
        most=stated.most,
    )
    return Learned(card=result.card, frames={"models.channel_budget": result.channels})


def _experiments(night: Night) -> Learned:
    from ecom_pipeline.ml.marketing.readout import read_experiments

    share = "select coalesce(sum(margin) / nullif(sum(costed_revenue), 0), 1) from features.channel_days"
    ((margin_share,),) = night.connection.execute(share).fetchall()
    result = read_experiments(
        night.frame(
            "select experiment_id, customer_id, arm, is_control, cast(planned_share as double) as planned_share,"
            " cast(cost as double) as cost, assigned_date, is_complete, segment, orders, cast(revenue as double) as revenue,"
            " recency_days, first_order_days, views, carts, has_ordered, cast(revenue_after as double) as revenue_after"
            " from features.experiment_customers order by experiment_id, customer_id"
        ),
        night.frame(
            "select customer_id, orders, cast(revenue as double) as revenue, recency_days,"
            " date_diff('day', first_order_date, as_of_date) as first_order_days, views, carts,"
            " cast(average_order_value as double) as average_order_value from features.customers"
            " where customer_id not in (select customer_id from features.people where is_opted_out) order by customer_id"
        ),
        margin_share=float(margin_share),
        as_of_date=as_of(night),
        seed=night.settings.seed,
    )
    frames = (result.results, result.segments, result.coupons)
    return Learned(frames=dict(zip(EXPERIMENT_TABLES, frames, strict=True)))


EXPERIMENT_TABLES = ("models.experiment_results", "models.experiment_segments", "models.coupon_candidates")

MODELS = [
    Model(
        "budget",
        ["models.channel_budget"],
        ["clean.marketing_spend", "features.channel_days", "features.daily_sales", "features.as_of"],
        _budget,
    ),
    Model("attribution", ["models.channel_attribution"], ["features.touches"], _attribution),
    Model(
        "experiments",
        EXPERIMENT_TABLES,
        [
            "features.experiment_customers",
            "features.customers",
            "features.people",
            "features.channel_days",
            "features.as_of",
        ],
        _experiments,
    ),
]
