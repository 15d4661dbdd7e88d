"""Recommendations: interactions, products and customers to shelves, rules and what is bought together."""

from typing import TYPE_CHECKING

import pandas as pd

from ecom_pipeline.defs.models.step import Learned, Model, as_of, previous_card
from ecom_pipeline.defs.night import Night
from ecom_pipeline.warehouse.names import columns_of

if TYPE_CHECKING:
    from ecom_pipeline.ml.recommend.rules import Rules


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


def _live(night: Night, customers: pd.Index) -> pd.DataFrame:
    """What the live model, and no fallback, lists for these customers; on the shelf ``again`` there are no fallbacks."""
    return night.frame(
        "select customer_id, shelf, rank, product_id, score, source from models.recommendations"
        " where customer_id in (select unnest(cast(? as varchar[])))"
        " and (shelf = 'again' or source not in ('content', 'segment_popularity', 'popularity', 'brand_pin'))"
        " order by customer_id, shelf, rank",
        [customers.to_list()],
    )


def _recommend(night: Night) -> Learned:
    from ecom_pipeline.ml.recommend.pipeline import recommend_shop

    can_be_kept = "shelf" in columns_of(night.connection, "models.recommendations")
    result = recommend_shop(
        night.coded_frame(
            "select customer_id, product_id, interaction_date, event_type, interactions from features.interactions"
            " order by customer_id, product_id, interaction_date, event_type"
        ),
        night.frame(
            "select products.product_id, products.name, described.description, products.category, products.category_path,"
            " products.brand, products.price, products.price_band, products.stock, products.is_active,"
            " products.is_in_catalogue, coalesce(seen.first_date > seen.as_of_date - 28, true) as is_fresh,"
            " cast(products.stock as double) / nullif(cast(seen.units as double) / 28, 0) as days_of_stock"
            " from features.products as products"
            " left join clean.products as described on products.product_id = described.product_id"
            " left join ("
            "select product_id, as_of_date, min(activity_date) as first_date,"
            " sum(units) filter (where activity_date > as_of_date - 28) as units"
            " from features.product_days, features.as_of where activity_date <= as_of_date"
            " group by product_id, as_of_date"
            ") as seen on products.product_id = seen.product_id"
            " order by products.product_id"
        ),
        night.frame(
            "select customers.customer_id, people.is_opted_out, gender, birth_year, country, acquisition_channel"
            " from clean.customers as customers join features.people as people using (customer_id)"
            " order by customers.customer_id"
        ),
        baskets=night.frame(
            "select distinct order_id as basket_id, product_id, customer_id from features.sales where product_id is not null"
            " order by basket_id, product_id"
        ),
        rules=_rules(night),
        as_of_date=as_of(night),
        seed=night.settings.seed,
        previous_card=previous_card(night, "recommendation") if can_be_kept else None,
        live=lambda customers: _live(night, customers),
        deliver=night.stage("models.recommendations"),
    )
    return Learned(
        card=result.card,
        frames={
            "models.recommendation_rules": result.served.rules,
            "models.bought_together": result.served.bought_together,
            "models.trending_products": result.served.trending,
            "models.similar_products": result.similar_products,
            "models.recommendation_evaluation": result.evaluation,
        },
        learned={"models.similar_products": "product_id"},
        staged=frozenset({"models.recommendations"}),
    )


MODELS = [
    Model(
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
            "features.people",
            "features.products",
            "features.product_days",
            "features.sales",
            "features.as_of",
            "clean.customers",
            "clean.products",
        ],
        _recommend,
    ),
]
