"""The candidates of the shelves: what the winners of both targets rank for the same customers.

What does not belong here: the shop's rules, and what fills a list that is too short.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.blend import Blend
from ecom_pipeline.ml.recommend.evaluate import Target, target_types
from ecom_pipeline.ml.recommend.frequency import Frequency
from ecom_pipeline.ml.recommend.interactions import Positions, pairs
from ecom_pipeline.ml.recommend.ranker import Ranker
from ecom_pipeline.ml.recommend.ranking import blocks
from ecom_pipeline.ml.recommend.rules import is_sold
from ecom_pipeline.ml.recommend.serving import CANDIDATE_COLUMNS, Candidates


def _again(winner: Recommender) -> Recommender:
    """Return who orders what a customer has: the winner of ``all``, unless it takes having a product for a reason against it."""
    blend = winner.blend_ if isinstance(winner, Ranker) else winner
    if not isinstance(blend, Blend) or blend.weights.get(Frequency.name, 0.0) >= 0:
        return winner
    return next(part for part in blend.parts_ if isinstance(part, Frequency))


def candidates_of(
    winners: Mapping[Target, Recommender], data: pd.DataFrame, products: pd.DataFrame, *, length: int
) -> Candidates:
    """Give ranked candidates of every shelf for those customers who have a history.

    Customers are taken in blocks, and every shelf is made of what is on sale, so that what the parts of a blend give a block
    serves all of its shelves.
    """
    makers = {"new": winners["new"], "all": winners["all"], "again": _again(winners["all"])}
    everyone, touched = (data[name].cat.categories for name in ("customer_id", "product_id"))
    on_sale = touched.difference(products.loc[~is_sold(products), "product_id"])
    on_sale_of = {shelf: maker.products_.intersection(on_sale) for shelf, maker in makers.items()}
    width = max([1, *(len(each.products_) for each in winners.values() if isinstance(each, Blend | Ranker))])
    owned = pairs(data, target_types(data))
    owners = owned["customer_id"].cat.codes.to_numpy()

    def shelves(codes: Positions) -> pd.DataFrame:
        begin, end = np.searchsorted(owners, [codes.min(initial=0), codes.max(initial=-1) + 1])
        known, own = everyone[codes].to_list(), owned[begin:end][np.isin(owners[begin:end], codes)]
        limits = {"new": {"exclude": own}, "all": {}, "again": {"among": own}}
        found = [
            maker.recommend(known, length, candidates=on_sale_of[shelf], **limits[shelf]).assign(shelf=shelf)
            for shelf, maker in makers.items()
        ]
        return pd.concat(found, ignore_index=True)

    def candidates(customers: pd.Index) -> pd.DataFrame:
        codes = everyone.get_indexer(customers)
        codes = np.sort(codes[codes >= 0])
        found = [shelves(codes[block]) for block in blocks(max(len(codes), 1), width)]
        return pd.concat(found, ignore_index=True)[list(CANDIDATE_COLUMNS)]

    return candidates
