"""Profiles: behaviour to its covariance, components and learned segments; days to propensity and lifetime value."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from ecom_pipeline.defs.models.step import Learned, Model, as_of
from ecom_pipeline.defs.night import Night

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DAYS = (
    "select customer_id, activity_date, orders, cast(revenue as double) as revenue, cast(refunds as double) as refunds, views, carts,"
    " favourites, searches, messages from features.customer_days"
    " where activity_date <= (select as_of_date from features.as_of) order by customer_id, activity_date"
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
    )


def _covariance(night: Night, features: Sequence[str]) -> pd.DataFrame:
    """Covariance and correlation of every ordered pair of features that anybody has, computed where the rows are.

    A value that a customer does not have is the median of the others, as for the components. A database adds up in any
    order: nine digits are the same every night.
    """
    import numpy as np

    from ecom_pipeline.warehouse.moments import sample_covariance

    asked = ", ".join(f"median(cast({name} as double))" for name in features)
    *medians, customers = night.connection.execute(f"select {asked}, count(*) from features.customers").fetchall()[0]
    known = {name: middle for name, middle in zip(features, medians, strict=True) if middle is not None}
    if customers < 2 or not known:
        return pd.DataFrame(columns=["feature_a", "feature_b", "covariance", "correlation"])
    filled = ", ".join(f"coalesce(cast({name} as double), {middle!r}) as {name}" for name, middle in known.items())
    names = list(known)
    covariance = sample_covariance(night.connection, f"(select {filled} from features.customers)", names)
    deviation = np.sqrt(np.where(np.diag(covariance) > 0, np.diag(covariance), np.nan))
    return pd.DataFrame(
        {
            "feature_a": [one for one in names for _ in names],
            "feature_b": names * len(names),
            "covariance": _nine_digits(covariance),
            "correlation": _nine_digits(covariance / np.outer(deviation, deviation)),
        }
    )


def _nine_digits(values: "NDArray[np.float64]") -> list[float]:
    return [float(f"{value:.9g}") for value in values.ravel()]


def _clusters(night: Night) -> Learned:
    from ecom_pipeline.ml.profile.clusters import FEATURES, cluster_shop

    earlier = {
        "models.learned_segments": "select customer_id, learned_segment from {} order by customer_id",
        "models.learned_segment_centres": "select learned_segment, feature, centre from {} order by learned_segment, feature",
    }
    customers, centres = (
        night.frame(query.format(table)) if night.remembers(table) else None for table, query in earlier.items()
    )
    result = cluster_shop(
        night.frame(f"select customer_id, {', '.join(FEATURES)} from features.customers order by customer_id"),
        as_of_date=as_of(night),
        seed=night.settings.seed,
        earlier=centres,
        earlier_customers=customers,
    )
    return Learned(
        card=result.card, frames=dict(zip(earlier, (result.customers, result.centres), strict=True)), learned={}
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
    )


def _lifetime(night: Night) -> Learned:
    from ecom_pipeline.ml.profile.worth import lifetime_shop

    result = lifetime_shop(night.frame(DAYS), as_of_date=as_of(night), seed=night.settings.seed)
    return Learned(card=result.card, frames={"models.lifetime_values": result.customers})


MODELS = [
    Model(
        "profile",
        ["models.behaviour_covariance", "models.behaviour_components", "models.behaviour_map"],
        ["features.customers", "features.as_of"],
        _profile,
    ),
    Model(
        "clusters",
        ["models.learned_segments", "models.learned_segment_centres"],
        ["features.customers", "features.as_of"],
        _clusters,
    ),
    Model(
        "propensity",
        ["models.purchase_propensity", "models.propensity_evaluation", "models.propensity_calibration"],
        ["features.customer_days", "features.as_of"],
        _propensity,
    ),
    Model("lifetime", ["models.lifetime_values"], ["features.customer_days", "features.as_of"], _lifetime),
]
