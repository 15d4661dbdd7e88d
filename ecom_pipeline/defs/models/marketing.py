"""Marketing: touches to attributed revenue, spend to the best split of a budget."""

from ecom_pipeline.defs.models.step import Learned, Model, as_of
from ecom_pipeline.defs.night import Night


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


MODELS = [
    Model(
        "budget",
        ["models.channel_budget"],
        ["clean.marketing_spend", "features.channel_days", "features.daily_sales", "features.as_of"],
        _budget,
    ),
    Model("attribution", ["models.channel_attribution"], ["features.touches"], _attribution),
]
