"""What ``shop.yaml`` says of the business beside its data: segments, rules for lists, the budget, the service desk."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from ecom_pipeline.shop.kinds import Channel, Model, Text

SEGMENTS = {
    "new": "first_order_days < 30",
    "churned": "recency_score = 1 and recency_days > 90",
    "at_risk": "recency_score <= 2 and recency_days > 30 and (frequency_score >= 3 or monetary_score >= 3)",
    "high_value": "frequency_score >= 4 and monetary_score >= 4",
    "potential": "frequency_score >= 3 or monetary_score >= 3",
    "one_time": "orders = 1",
}
"""The segments of a shop that states none. A fifth of the buyers is always last: of a grocer's, it was there this month."""


class Exclusions(Model):
    """What is never recommended; a category is a path, or the beginning of one."""

    products: tuple[Text, ...] = ()
    categories: tuple[Text, ...] = ()
    brands: tuple[Text, ...] = ()


class Recommendations(Model):
    """Rules of business for the lists of products; what each means is said in ``ml.recommend.rules.Rules``."""

    exclude: Exclusions = Exclusions()
    minimum_stock: int = Field(default=1, ge=0)
    minimum_days_of_stock: float | None = Field(default=None, gt=0)
    repurchase_after_days: int = Field(default=0, ge=0)
    price_bands_apart: float | None = Field(default=None, ge=0, le=4)
    category_cap: int | None = Field(default=None, ge=1)
    brand_pins: dict[Text, Annotated[int, Field(ge=1, le=20)]] = Field(default_factory=dict)
    new_products: int = Field(default=2, ge=0, le=20)
    most_customers: int = Field(default=250_000, ge=1)


class Budget(Model):
    """What the split of the spend has to keep to, a day and in the shop's currency; by channel what is least and most."""

    per_day: float | None = Field(default=None, gt=0)
    least: dict[Channel, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    most: dict[Channel, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_be_kept(self) -> Budget:
        for channel, least in self.least.items():
            if least > self.most.get(channel, least):
                raise ValueError(f"expected least of {channel} not above its most, {self.most[channel]:g}")
        floors = sum(self.least.values())
        if self.per_day is not None and floors > self.per_day:
            raise ValueError(f"expected per_day to hold what is least of all channels together, {floors:g}")
        return self


class Support(Model):
    """How often an answer of the service desk may be wrong; where not stated, as often as the model says."""

    target_error: float | None = Field(default=None, ge=0, lt=1)
