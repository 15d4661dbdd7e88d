"""Lists for everyone: a recommender's own, and what is popular where it has none or too few products.

Each row says whose it is. The lists that are judged and the lists that are published both come from here. What does not
belong here: which recommender that is.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ecom_pipeline.ml.recommend.base import Recommender
from ecom_pipeline.ml.recommend.popularity import Popularity


def completed_lists(
    recommender: Recommender,
    fallback: Popularity,
    customer_ids: Sequence[str],
    k: int,
    *,
    exclude: pd.DataFrame,
) -> pd.DataFrame:
    """List ``k`` products for each customer; parameters and result as of ``Recommender.recommend``, sorted by customer.

    What ``fallback`` adds ranks behind what ``recommender`` lists.
    """
    own = recommender.recommend(customer_ids, k, exclude=exclude)
    lengths = own["customer_id"].value_counts().reindex(pd.Index(customer_ids), fill_value=0)
    short = lengths[lengths < k]
    unwanted = _joined([part[part["customer_id"].isin(short.index)] for part in (exclude, own)])
    added = fallback.recommend(list(short.index), k, exclude=unwanted)
    added["rank"] += added["customer_id"].map(short).astype("int64")
    return _joined([own, added[added["rank"] <= k]]).sort_values(["customer_id", "rank"], ignore_index=True)


def _joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([part for part in parts if not part.empty] or parts[:1])
