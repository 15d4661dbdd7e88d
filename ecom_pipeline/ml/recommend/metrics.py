"""How good a list is: recall, precision, NDCG and MRR of the first ``k``, per customer; coverage over all of them.

A list is its hits: one row per customer, one column per rank, true where the product offered was then chosen. Relevance is
yes or no. What does not belong here: what counts as chosen.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.interactions import Floats, Mask, Positions


def hits_of(lists: pd.DataFrame, truth: pd.DataFrame, k: int) -> tuple[pd.Index, Mask, Positions]:
    """Compare lists with what was chosen.

    Parameters
    ----------
    lists
        ``customer_id, rank, product_id``.
    truth
        ``customer_id, product_id``, distinct: what the customers chose.
    k
        Length of a list.

    Returns
    -------
    customers
        Those of ``truth``, sorted; one without a list has no hits.
    hits
        Customers by ranks.
    chosen
        How many products each customer chose.
    """
    counts = truth["customer_id"].astype(object).value_counts().sort_index()
    customers, products = counts.index, pd.Index(truth["product_id"].astype(object).unique())

    def cells(pairs: pd.DataFrame) -> tuple[Positions, Positions]:
        rows = customers.get_indexer(pairs["customer_id"].astype(object))
        columns = products.get_indexer(pairs["product_id"].astype(object))
        return rows, np.where((rows < 0) | (columns < 0), -1, rows * len(products) + columns)

    first = lists[lists["rank"] <= k]
    rows, listed = cells(first)
    hit = np.isin(listed, cells(truth)[1])
    hits = np.zeros((len(customers), k), dtype=bool)
    hits[rows[hit], first["rank"].to_numpy()[hit] - 1] = True
    return customers, hits, counts.to_numpy()


def recall(hits: Mask, chosen: Positions, k: int) -> Floats:
    """Share of what the customer chose that is in the list.

    >>> recall(np.array([[True, False]]), np.array([4]), 2).tolist()
    [0.25]
    """
    return np.asarray(hits[:, :k].sum(axis=1) / chosen)


def precision(hits: Mask, chosen: Positions, k: int) -> Floats:
    """Share of the list's ``k`` places that the customer chose."""
    return np.asarray(hits[:, :k].sum(axis=1) / k)


def ndcg(hits: Mask, chosen: Positions, k: int) -> Floats:
    """Hits discounted by the log of their rank, as a share of the best possible list's.

    >>> ndcg(np.array([[True, False]]), np.array([1]), 2).tolist()
    [1.0]
    """
    discount = 1.0 / np.log2(np.arange(2, k + 2))
    ideal = np.cumsum(discount)[np.minimum(chosen, k) - 1]
    return np.asarray((hits[:, :k] @ discount) / ideal)


def mrr(hits: Mask, chosen: Positions, k: int) -> Floats:
    """One over the rank of the first hit, 0 without one."""
    first = hits[:, :k].argmax(axis=1)
    return np.where(hits[:, :k].any(axis=1), 1.0 / (first + 1), 0.0)


def coverage(lists: pd.DataFrame, products: int, k: int) -> float:
    """Share of the products that are in anybody's list."""
    return float(lists.loc[lists["rank"] <= k, "product_id"].nunique() / products)


def novelty(lists: pd.DataFrame, customers: pd.Index, surprise: pd.Series, k: int) -> Floats:
    """Mean surprise of each customer's list, 0 without one.

    ``surprise`` is by product the bits that its being chosen tells: minus the log, base 2, of the share of customers who
    touched it.

    >>> lists = pd.DataFrame({"customer_id": ["a", "a"], "rank": [1, 2], "product_id": ["x", "y"]})
    >>> novelty(lists, pd.Index(["a", "b"]), pd.Series({"x": 1.0, "y": 3.0}), 2).tolist()
    [2.0, 0.0]
    """
    first = lists[lists["rank"] <= k]
    bits = first["product_id"].map(surprise).groupby(first["customer_id"]).mean()
    return np.asarray(bits.reindex(customers).fillna(0.0), dtype=np.float64)


def intervals(
    values: Floats, *, seed: int, level: float = 0.95, resamples: int = 500
) -> list[tuple[float, float, float]]:
    """Mean and bootstrap interval of each column; the rows are customers, and all columns are resampled alike.

    >>> intervals(np.array([[1.0], [1.0]]), seed=1)
    [(1.0, 1.0, 1.0)]
    """
    rng = np.random.default_rng(seed)
    count = len(values)
    drawn = (np.bincount(rng.integers(0, count, count), minlength=count) for _ in range(resamples))
    means = np.array([times @ values / count for times in drawn])
    low, high = np.quantile(means, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    mean = np.ascontiguousarray(values.T).mean(axis=1)
    return [tuple(map(float, each)) for each in zip(mean, low, high, strict=True)]  # type: ignore[misc]


def paired_interval(difference: Floats, *, seed: int, level: float = 0.95) -> tuple[float, float]:
    """Bootstrap interval of the mean of per-customer differences."""
    ((_, low, high),) = intervals(difference[:, np.newaxis], seed=seed, level=level, resamples=2000)
    return low, high


def leads(gains: Floats, errors: float) -> bool:
    """Whether the mean of per-customer differences lies more than so many standard errors above zero.

    >>> leads(np.array([1.0, 1.0, 0.0]), 2.0), leads(np.array([1.0, 1.0, 0.0]), 3.0)
    (True, False)
    """
    return bool(gains.mean() > errors * gains.std() / np.sqrt(len(gains)))


PER_CUSTOMER = {"recall": recall, "precision": precision, "ndcg": ndcg, "mrr": mrr}
