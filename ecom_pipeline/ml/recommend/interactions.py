"""Interactions as every recommender needs them: checked, in one order, and weighed.

A weight says how much an interaction tells: what kind it is, how often it happened (on a log scale, so that a robot's
thousand views stay a few), and how long ago (halved every half-life). What does not belong here: what is learned from it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

COLUMNS = ("customer_id", "product_id", "interaction_date", "event_type", "interactions")
WEIGHTS = {"view": 1.0, "favourite": 2.0, "cart": 3.0, "purchase": 5.0}
"""How much one interaction of a kind tells about the customer's taste."""

Floats = npt.NDArray[np.floating[Any]]
Positions = npt.NDArray[np.integer[Any]]
Mask = npt.NDArray[np.bool_]


def checked(interactions: pd.DataFrame) -> pd.DataFrame:
    """Return the interactions with categorical ids, dates as timestamps, sorted; the order of the rows no longer matters.

    Raises
    ------
    ValueError
        A column or a value is missing, an event type is unknown, or a count is below one.
    """
    missing = [column for column in COLUMNS if column not in interactions]
    if missing:
        raise ValueError(f"interactions: the column {', '.join(missing)} is missing; expected {', '.join(COLUMNS)}")
    frame = pd.DataFrame(
        {
            "customer_id": _categorical(interactions["customer_id"]),
            "product_id": _categorical(interactions["product_id"]),
            "interaction_date": pd.to_datetime(interactions["interaction_date"], errors="coerce"),
            "event_type": interactions["event_type"].astype(pd.CategoricalDtype(list(WEIGHTS))),
            "interactions": pd.to_numeric(interactions["interactions"], errors="coerce"),
        }
    ).reset_index(drop=True)
    for column in COLUMNS:
        bad = frame[column].isna().to_numpy()
        if bad.any():
            value = interactions[column].iloc[int(bad.argmax())]
            expected = f"one of {', '.join(WEIGHTS)}" if column == "event_type" else "a value"
            raise ValueError(f"interactions: row {int(bad.argmax()) + 1}, {column}: {value!r}; expected {expected}")
    low = (frame["interactions"] < 1).to_numpy()
    if low.any():
        value = frame["interactions"].iloc[int(low.argmax())]
        raise ValueError(f"interactions: row {int(low.argmax()) + 1}, interactions: {value!r}; expected at least 1")
    order = np.lexsort(
        (
            frame["interactions"],
            frame["event_type"].cat.codes,
            frame["interaction_date"],
            frame["product_id"].cat.codes,
            frame["customer_id"].cat.codes,
        )
    )
    return frame.iloc[order].reset_index(drop=True)


def decay(interactions: pd.DataFrame, half_life: float | None) -> Floats:
    """How much of each row is left on the last day of the frame: 1 on that day, halved every ``half_life`` days before."""
    if half_life is None:
        return np.ones(len(interactions))
    dates = interactions["interaction_date"]
    age = (dates.max() - dates).dt.days.to_numpy()
    return np.asarray(0.5 ** (age / half_life), dtype=np.float64)


def interaction_weights(interactions: pd.DataFrame, half_life: float | None) -> Floats:
    """Decayed weight of each row: its type's weight times the log of its count."""
    kinds = np.array(list(WEIGHTS.values()))[interactions["event_type"].cat.codes.to_numpy()]
    weights: Floats = kinds * np.log1p(interactions["interactions"].to_numpy()) * decay(interactions, half_life)
    return weights


def product_weights(interactions: pd.DataFrame, half_life: float | None) -> Floats:
    """Decayed weight of each product, by the category order of ``product_id``."""
    weight = interaction_weights(interactions, half_life)
    codes = interactions["product_id"].cat.codes.to_numpy()
    summed = np.bincount(codes, weights=weight, minlength=len(interactions["product_id"].cat.categories))
    return summed.astype(np.float64)


def pair_weights(interactions: pd.DataFrame, half_life: float | None) -> sparse.csr_matrix:
    """Customers by products: the sum over event types of the type's weight times the log of the decayed count."""
    customers, products = interactions["customer_id"].cat, interactions["product_id"].cat
    shape = (len(customers.categories), len(products.categories))
    counts = interactions["interactions"].to_numpy() * decay(interactions, half_life)
    kinds = interactions["event_type"].cat.codes.to_numpy()
    total = sparse.csr_matrix(shape, dtype=np.float64)
    for code, weight in enumerate(WEIGHTS.values()):
        of_kind = kinds == code
        rows, columns = customers.codes.to_numpy()[of_kind], products.codes.to_numpy()[of_kind]
        matrix = sparse.coo_matrix((counts[of_kind], (rows, columns)), shape=shape).tocsr()
        matrix.data = weight * np.log1p(matrix.data)
        total = total + matrix
    total.sort_indices()
    return total


def used(interactions: pd.DataFrame) -> pd.DataFrame:
    """Return the frame without categories that no row has."""
    found = {}
    for name in ("customer_id", "product_id"):
        ids = interactions[name].cat
        if not np.bincount(ids.codes, minlength=len(ids.categories)).all():
            found[name] = ids.remove_unused_categories()
    return interactions.assign(**found) if found else interactions


def pairs(interactions: pd.DataFrame, event_types: tuple[str, ...]) -> pd.DataFrame:
    """Distinct ``customer_id, product_id`` with an interaction of one of the types."""
    chosen = interactions.loc[interactions["event_type"].isin(event_types), ["customer_id", "product_id"]]
    return chosen[firsts_of_pairs(chosen)].reset_index(drop=True)


def firsts_of_pairs(interactions: pd.DataFrame) -> Mask:
    """Which rows are the first of their customer and product, of interactions in the order of ``checked``."""
    customers, products = (interactions[name].cat.codes.to_numpy() for name in ("customer_id", "product_id"))
    return np.asarray((np.diff(customers, prepend=-1) != 0) | (np.diff(products, prepend=-1) != 0))


def customers_of_products(interactions: pd.DataFrame) -> Positions:
    """How many customers touched each product, by the category order of ``product_id``."""
    ids = interactions["product_id"].cat
    return np.bincount(ids.codes.to_numpy()[firsts_of_pairs(interactions)], minlength=len(ids.categories))


def _categorical(ids: pd.Series) -> pd.Series:
    coded = ids.astype("category")
    return coded.cat.reorder_categories(coded.cat.categories.sort_values())
