"""From ranked candidates to the lists a shop shows: rules applied, cut to length, filled up where too short, explained.

The one call between learning and publishing. Candidates come longer than the lists; what the rules leave is cut to ``k``. A
list ``new`` or ``all`` that is too short then gets, in this order and each row saying so: products described like what the
customer chose (``content``, for customers that the recommender did not learn), what is popular in the customer's segment
(``segment_popularity``), what is popular at all (``popularity``). The last places of a list ``new`` go to products that
nobody touched yet, where they are described like what the customer chose. Every candidate ends as listed, filtered by one
rule, or beyond the length of the list; all are counted. All this is done for some customers at a time, whose lists are
handed on before the next ones are made: those of a million do not fit in memory.

What does not belong here: how candidates are learned and judged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.content import Content
from ecom_pipeline.ml.recommend.filling import FILLED, Filling
from ecom_pipeline.ml.recommend.interactions import Mask, Positions
from ecom_pipeline.ml.recommend.known import Shop
from ecom_pipeline.ml.recommend.placing import placed
from ecom_pipeline.ml.recommend.reasons import EVIDENCE_COLUMNS, evidence_of, explained
from ecom_pipeline.ml.recommend.rules import LISTED, OUTCOMES, RULES, SHELVES, Rules
from ecom_pipeline.ml.recommend.together import bought_together
from ecom_pipeline.ml.recommend.trending import TREND_COLUMNS, trending

CANDIDATE_COLUMNS = ("customer_id", "shelf", "rank", "product_id", "score", "source")
Candidates = Callable[[pd.Index], pd.DataFrame]
"""Gives for customers the candidates of each of them and shelf, in these columns."""
SERVED_COLUMNS = (*CANDIDATE_COLUMNS, *EVIDENCE_COLUMNS, "as_of_date")
RULE_COLUMNS = ("shelf", "outcome", "is_filtered", "candidates", "customers", "as_of_date")
PAIRS_SHOWN = 10
"""Products beside each product, of those that a list may hold."""
CUSTOMERS = 10_000
"""Customers served at once."""
BY_NAME = np.argsort(np.argsort(SHELVES))
"""The place of each shelf by name."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """What is published beside the lists and the similar products.

    Attributes
    ----------
    rules
        ``shelf, outcome, is_filtered, candidates, customers, as_of_date``: how many candidates ended how, every shelf and
        outcome once; the candidates of a shelf add up.
    bought_together
        As ``together.bought_together``, with ``as_of_date``.
    trending
        As ``trending.trending``.
    left_out
        How many customers get no lists.
    """

    rules: pd.DataFrame
    bought_together: pd.DataFrame
    trending: pd.DataFrame
    left_out: int


def serve(
    candidates: Candidates,
    interactions: pd.DataFrame,
    content: Content,
    customers: pd.DataFrame,
    baskets: pd.DataFrame,
    *,
    segment: pd.Series,
    rules: Rules,
    k: int,
    as_of_date: dt.date,
    half_life: float | None = 28.0,
    deliver: Callable[[pd.DataFrame], None],
) -> Served:
    """Make the lists of the customers.

    Parameters
    ----------
    candidates
        Gives for customers ``customer_id, shelf, rank, product_id, score, source``: of each of them and shelf (``new, again,
        all``) the products by rank, longer than ``k``; none for customers whom no recommender knows. A product of which the
        shop knows nothing any more is left out.
    interactions
        As ``interactions.checked`` returns them.
    content
        Of products with ``product_id`` and, where known, ``name, description, category, category_path, brand, price, price_band,
        stock, days_of_stock, is_active, is_in_catalogue``, and ``is_fresh``: whether nothing happened with it before the last
        weeks.
    customers
        ``customer_id`` and, where known, ``is_opted_out``: everyone who is to get lists; those with interactions get them
        anyway. Of more than the rules allow for those who were active last.
    baskets
        ``basket_id, product_id`` and, where known, ``customer_id``: what was bought in one order.
    segment
        Of customers, as ``cold.segments`` returns them.
    half_life
        Days after which an interaction counts half for what is popular.
    deliver
        Takes the lists, some customers at a time: ``customer_id, shelf, rank, product_id, score, source, reason,
        evidence_product_id, evidence_count, evidence_date, evidence_days, evidence_group, as_of_date``, all in all sorted by
        the first three.

    Raises
    ------
    ValueError
        A shelf is unknown, or a list of candidates has a product twice.
    """
    products = content.products
    shop = Shop(
        interactions, products, customers, segment=segment, rules=rules, as_of_date=as_of_date, half_life=half_life
    )
    wanted = shop.latest(rules.most_customers)
    filling = Filling(shop, content, interactions, rules, half_life=half_life)
    evidence = evidence_of(shop, baskets)
    ids, names = shop.ids.to_numpy(dtype=object), shop.customers.to_numpy(dtype=object)
    counts = []
    for first in range(0, len(wanted), CUSTOMERS):
        some = wanted[first : first + CUSTOMERS]
        pool, links = _pool(_coded(candidates(shop.customers[some]), shop), filling, some, k)
        counts.append(pool.groupby(["shelf", "outcome"])["customer"].agg(["size", "nunique"]))
        listed = pool[pool["outcome"] == OUTCOMES.index(LISTED)]
        order = np.lexsort((listed["place"], BY_NAME[listed["shelf"]], listed["customer"]))
        listed = listed.iloc[order].reset_index(drop=True)
        rows = pd.DataFrame(
            {
                "customer_id": names[listed["customer"]],
                "shelf": np.array(SHELVES, dtype=object)[listed["shelf"]],
                "rank": listed["place"].astype(np.int64),
                "product_id": ids[listed["product"]],
                "score": listed["score"].astype(np.float64),
                "source": listed["source"].astype(object),
            }
        )
        deliver(rows.join(explained(listed, evidence, links)).assign(as_of_date=as_of_date)[list(SERVED_COLUMNS)])
    available = shop.ids[shop.available]
    return Served(
        rules=_counted(counts, as_of_date),
        bought_together=_pairs(baskets, available, as_of_date),
        trending=trending(interactions, products, as_of_date=as_of_date, available=available, k=k),
        left_out=len(shop.customers) - len(wanted),
    )


def served_to_nobody(baskets: pd.DataFrame, available: pd.Index, as_of_date: dt.date) -> Served:
    """What a shop gets that knows no customers: what is bought together, of baskets as `serve` takes them."""
    rules, trends = (pd.DataFrame(columns=list(names)) for names in (RULE_COLUMNS, TREND_COLUMNS))
    return Served(rules=rules, bought_together=_pairs(baskets, available, as_of_date), trending=trends, left_out=0)


def _coded(candidates: pd.DataFrame, shop: Shop) -> pd.DataFrame:
    """The candidates by position, without those of products that the shop no longer knows."""
    coded = pd.DataFrame(
        {
            "customer": _places(candidates["customer_id"], shop.customers),
            "shelf": _places(candidates["shelf"], pd.Index(SHELVES)),
            "product": _places(candidates["product_id"], shop.ids),
            "order": candidates["rank"].to_numpy(dtype=float),
            "score": candidates["score"].to_numpy(dtype=float),
            "source": candidates["source"].to_numpy(dtype=object),
        }
    )
    strange = (coded["shelf"] < 0).to_numpy()
    if strange.any():
        shelf = candidates["shelf"].iloc[int(strange.argmax())]
        raise ValueError(f"candidates: shelf {shelf!r}; expected one of {', '.join(SHELVES)}")
    twice = _twice(coded)
    if twice.any():
        row = candidates.iloc[int(twice.argmax())]
        raise ValueError(
            f"candidates: product_id {row['product_id']!r} is twice in the list {row['shelf']!r} of {row['customer_id']!r}"
        )
    return coded[coded["product"] >= 0]


def _places(values: pd.Series, known: pd.Index) -> Positions:
    """Position of each value among the known ones; only the distinct values are looked up."""
    coded = values.astype("category").cat
    places: Positions = known.get_indexer(coded.categories)[coded.codes]
    return places


def _twice(pool: pd.DataFrame) -> np.ndarray:
    """Which rows have a product that is in the same list above."""
    twice: Mask = pool.duplicated(["customer", "shelf", "product"]).to_numpy()
    return twice


def _pool(own: pd.DataFrame, filling: Filling, some: Positions, k: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every candidate of some customers, with its outcome and, where listed, its place; and the links between products."""
    values = (own[name].to_numpy() for name in ("customer", "shelf", "product", "order", "score", "source"))
    known = own.loc[own["shelf"] == SHELVES.index("new"), "customer"]
    beside, links = filling.beside(some, np.setdiff1d(filling.shop.active(some), known))
    pool = _joined([filling.rows(*values), *beside])
    customer, shelf = (each.ravel() for each in np.meshgrid(some, FILLED, indexing="ij"))
    done = []
    for piece in filling.pieces(k):
        placed_so_far = placed(pool, filling.shop.facts, filling.rules, k)
        listed = placed_so_far[placed_so_far["outcome"] == OUTCOMES.index(LISTED)]
        length = np.bincount(_list(listed), minlength=len(filling.shop.customers) * len(SHELVES))
        short = length[customer * len(SHELVES) + shelf] < k
        customer, shelf = customer[short], shelf[short]
        waits = np.isin(_list(pool), customer * len(SHELVES) + shelf)
        done.append(placed_so_far[~waits])
        refused = (pool["outcome"] == OUTCOMES.index("opted_out")).to_numpy()
        # what somebody refused as theirs they may get as everyone does
        pool = _joined([pool[waits & ~refused], filling.filled(piece, customer, shelf), pool[waits & refused]])
    done.append(placed(pool, filling.shop.facts, filling.rules, k))
    return pd.concat([part for part in done if len(part)], ignore_index=True), links


def _list(pool: pd.DataFrame) -> np.ndarray:
    lists: Positions = pool["customer"].to_numpy().astype(np.int64) * len(SHELVES) + pool["shelf"].to_numpy()
    return lists


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The parts as one pool; of a product that is in a list twice the first."""
    pool = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return pool[~_twice(pool)].reset_index(drop=True)


def _counted(counts: list[pd.DataFrame], as_of_date: dt.date) -> pd.DataFrame:
    every = pd.MultiIndex.from_product([range(len(SHELVES)), range(len(OUTCOMES))], names=["shelf", "outcome"])
    found = sum((each.reindex(every, fill_value=0) for each in counts[1:]), counts[0].reindex(every, fill_value=0))
    outcome = np.array(OUTCOMES, dtype=object)[every.get_level_values("outcome")]
    counted = pd.DataFrame(
        {
            "shelf": np.array(SHELVES, dtype=object)[every.get_level_values("shelf")],
            "outcome": outcome,
            "is_filtered": np.isin(outcome, RULES),
            "candidates": found["size"].to_numpy(),
            "customers": found["nunique"].to_numpy(),
            "as_of_date": as_of_date,
        }
    )
    return counted[list(RULE_COLUMNS)]


def _pairs(baskets: pd.DataFrame, available: pd.Index, as_of_date: dt.date) -> pd.DataFrame:
    return bought_together(baskets, k=PAIRS_SHOWN, available=available).assign(as_of_date=as_of_date)
