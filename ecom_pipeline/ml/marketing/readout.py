"""The entry for experiments: assigned customers in, what every treatment did, for whom, and whom it pays to treat, out.

A customer counts in the arm that they were drawn into, whatever reached them (intention to treat). Who responds better is
learned on one half of the customers and judged on the other, and the other way round. What does not belong here: reading
or writing tables.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.marketing.experiment import (
    Qini,
    UpliftModel,
    mean_difference,
    qini,
    read_out,
    uplift_by_segment,
)

Array = NDArray[np.float64]
FEWEST = 200
"""Customers of an arm below which nobody's uplift is learned."""
FEWEST_OUTCOMES = 50
"""Customers of an arm who ordered, and who did not, below which it is not either."""
FEATURES = ("orders", "revenue", "recency_days", "first_order_days", "views", "carts")
"""What was known of a customer before the assignment."""
RESULT_COLUMNS = (
    "experiment_id",
    "treatment",
    "assigned_from_date",
    "assigned_to_date",
    "waiting_customers",
    "customers",
    "control_customers",
    "rate",
    "control_rate",
    "lift",
    "lower",
    "upper",
    "revenue_lift",
    "revenue_lower",
    "revenue_upper",
    "sample_ratio_p_value",
    "is_readable",
    "qini",
    "qini_lower",
    "qini_upper",
    "coupons",
    "sentence_en",
    "sentence_zh",
    "as_of_date",
)
SEGMENT_COLUMNS = ("experiment_id", "treatment", "segment", "customers", "lift", "lower", "upper")
COUPON_COLUMNS = (
    "experiment_id",
    "treatment",
    "customer_id",
    "expected_uplift",
    "margin_per_order",
    "cost",
    "expected_gain",
    "source",
    "as_of_date",
)


@dataclass(frozen=True, kw_only=True)
class Experiments:
    """What the experiments of a shop say.

    Attributes
    ----------
    results
        `RESULT_COLUMNS`, one row per experiment and treatment; rates are shares of customers who ordered in time, lifts
        their differences with 95 % intervals, revenue is per customer.
    segments
        `SEGMENT_COLUMNS`: the lift in every segment that customers were in before; of readable treatments alone.
    coupons
        `COUPON_COLUMNS`: customers of today for whom the expected extra margin exceeds the cost of the treatment.
    """

    results: pd.DataFrame
    segments: pd.DataFrame
    coupons: pd.DataFrame


def read_experiments(
    assigned: pd.DataFrame, customers: pd.DataFrame, *, margin_share: float, as_of_date: dt.date, seed: int
) -> Experiments:
    """Read every experiment.

    Parameters
    ----------
    assigned
        One row per ``experiment_id`` and ``customer_id``: ``arm``, ``is_control``, ``planned_share`` (missing where it is not
        known), ``cost``, ``assigned_date``, ``is_complete`` (whether all days of the outcome have passed), ``segment``,
        `FEATURES` from before the assignment, ``has_ordered`` and ``revenue_after`` of the outcome's days.
    customers
        Of today, who may be written to: ``customer_id``, `FEATURES` and ``average_order_value``.
    margin_share
        Margin per unit of revenue.
    as_of_date
        The last day of the data.
    seed
        Fixes all randomness.
    """
    results, segments, coupons = [], [], []
    for name, rows in assigned.groupby("experiment_id", sort=True):
        treatments = sorted(rows.loc[~rows["is_control"].astype(bool), "arm"].unique())
        for treatment in treatments or ["none"]:
            part = rows[rows["is_control"].astype(bool) | (rows["arm"] == treatment)]
            read = _Treatment(part, treatment, seed)
            worth = read.worth(customers, margin_share)
            results.append(
                {
                    "experiment_id": name,
                    "treatment": treatment,
                    "assigned_from_date": part["assigned_date"].min(),
                    "assigned_to_date": part["assigned_date"].max(),
                    "coupons": len(worth),
                    "as_of_date": as_of_date,
                }
                | read.result(len(worth))
            )
            told = {"experiment_id": name, "treatment": treatment}
            segments.append(read.segments().assign(**told))
            coupons.append(worth.assign(**told, as_of_date=as_of_date))
    return Experiments(
        results=_framed([pd.DataFrame(results)], RESULT_COLUMNS),
        segments=_framed(segments, SEGMENT_COLUMNS),
        coupons=_framed(coupons, COUPON_COLUMNS),
    )


class _Treatment:
    """One treatment beside the control group: customers whose days of the outcome have all passed."""

    def __init__(self, rows: pd.DataFrame, treatment: str, seed: int) -> None:
        self.seed = seed
        self.cost = float(rows["cost"].astype(float).max()) if rows["cost"].notna().any() else 0.0
        self.waiting = int((~rows["is_complete"].astype(bool)).sum())
        self.rows = rows[rows["is_complete"].astype(bool)].sort_values("customer_id", ignore_index=True)
        self.treated = ~self.rows["is_control"].to_numpy(bool)
        self.ordered = self.rows["has_ordered"].to_numpy(bool)
        self.read: dict[str, Any] | None = None
        if 0 < self.treated.sum() < len(self.rows):
            group = np.where(self.treated, treatment, "control of " + treatment)
            planned = pd.Series(self.rows["planned_share"].to_numpy(float)).groupby(group).max()
            known = bool(planned.notna().all())
            shares = planned if known else pd.Series(group).value_counts()
            (self.read,) = read_out(
                pd.Series(group), self.ordered, control="control of " + treatment, planned=shares.to_dict()
            ).to_dict("records")
            self.read["sample_ratio_p_value"] = self.read["sample_ratio_p_value"] if known else None
        self.qini = self._judged()

    @property
    def is_readable(self) -> bool:
        return self.read is not None and bool(self.read["is_readable"])

    def result(self, coupons: int) -> dict[str, Any]:
        """The figures of a row, and what they say."""
        if self.read is None:
            why_en = "not every group has customers whose days have all passed"
            why_zh = "并非各组都有观察期已满的客户"
            who_en = "1 customer is" if self.waiting == 1 else f"{self.waiting} customers are"
            waiting_zh = f"还有 {self.waiting} 位客户未满观察期"
            return {
                "waiting_customers": self.waiting,
                "customers": int(self.treated.sum()),
                "control_customers": int((~self.treated).sum()),
                "is_readable": False,
                "sentence_en": f"Not readable yet: {why_en}; {who_en} waited for.",
                "sentence_zh": f"尚无法解读：{why_zh}；{waiting_zh}。",
            }
        spent = self.rows["revenue_after"].to_numpy(float)
        revenue = dict(
            zip(
                ("revenue_lift", "revenue_lower", "revenue_upper"),
                mean_difference(spent[self.treated], spent[~self.treated]),
                strict=True,
            )
        )
        target_en, target_zh = self._targeting(coupons)
        figures = {name: value for name, value in self.read.items() if name != "treatment"}
        found = self.qini
        judged = {} if found is None else {"qini": found.value, "qini_lower": found.lower, "qini_upper": found.upper}
        return (
            figures
            | revenue
            | judged
            | {
                "waiting_customers": self.waiting,
                "sentence_en": f"{self.read['sentence_en']} {target_en}",
                "sentence_zh": f"{self.read['sentence_zh']}{target_zh}",
            }
        )

    def segments(self) -> pd.DataFrame:
        """Lift by segment; nothing where the groups cannot be compared."""
        if not self.is_readable:
            return pd.DataFrame(columns=["segment", "customers", "lift", "lower", "upper"])
        return uplift_by_segment(self.rows["segment"], self.treated, self.ordered)

    def worth(self, customers: pd.DataFrame, margin_share: float) -> pd.DataFrame:
        """Customers of today for whom the treatment pays: by their own uplift where it is known, else by the mean one."""
        columns = ["customer_id", "expected_uplift", "margin_per_order", "cost", "expected_gain", "source"]
        if self.read is None or not self.is_readable or not len(customers):
            return pd.DataFrame(columns=columns)
        if self.qini is not None and self.qini.is_better_than_chance:
            uplift = self._fit(np.ones(len(self.rows), dtype=bool)).predict(customers[list(FEATURES)])
            source = "uplift_model"
        elif self.read["lower"] > 0:
            uplift, source = np.full(len(customers), float(self.read["lift"])), "mean_lift"
        else:
            return pd.DataFrame(columns=columns)
        usual = customers["average_order_value"].astype(float)
        margin = margin_share * usual.fillna(usual.mean()).to_numpy()
        listed = pd.DataFrame(
            {
                "customer_id": customers["customer_id"],
                "expected_uplift": uplift,
                "margin_per_order": margin,
                "cost": self.cost,
                "expected_gain": uplift * margin - self.cost,
                "source": source,
            }
        )
        return listed[listed["expected_gain"] > 0]

    def _judged(self) -> Qini | None:
        """How well a model that has not seen a customer ranks them; None where there are too few to learn from.

        Chance that has the halves look alike makes both models look good: two halves tell no more than one.
        """
        if not self.is_readable:
            return None
        for arm in (self.treated, ~self.treated):
            did = int(self.ordered[arm].sum())
            if arm.sum() < FEWEST or min(did, int(arm.sum()) - did) < FEWEST_OUTCOMES:
                return None
        half = np.random.default_rng(self.seed).permutation(len(self.rows)) % 2 == 0
        found = []
        for learned in (half, ~half):
            score = self._fit(learned).predict(self._features()[~learned])
            found.append(qini(score, self.treated[~learned], self.ordered[~learned], seed=self.seed))
        value, lower, upper = np.mean([(one.value, one.lower, one.upper) for one in found], axis=0).tolist()
        return Qini(value=value, lower=lower, upper=upper)

    def _fit(self, rows: NDArray[np.bool_]) -> UpliftModel:
        return UpliftModel(seed=self.seed).fit(self._features()[rows], self.treated[rows], self.ordered[rows])

    def _features(self) -> pd.DataFrame:
        return self.rows[list(FEATURES)].astype(float)

    def _targeting(self, coupons: int) -> tuple[str, str]:
        if not self.is_readable:
            return "", ""
        if self.qini is None:
            english, chinese = "Too few customers to learn who responds better.", "客户太少，无法判断谁更易受影响。"
        elif self.qini.is_better_than_chance:
            english, chinese = "Some respond better than others.", "不同客户反应有别。"
        else:
            english, chinese = "Nobody is shown to respond better than others.", "未见哪些客户反应更好。"
        if not coupons:
            return f"{english} It pays for nobody today.", f"{chinese}按今日客户计，对谁都不划算。"
        return f"{english} It pays for {coupons} customers of today.", f"{chinese}按今日客户计，对 {coupons} 位划算。"


def _framed(frames: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    filled = [frame.dropna(axis=1, how="all") for frame in frames if len(frame)]
    whole = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame()
    return whole.reindex(columns=list(columns))
