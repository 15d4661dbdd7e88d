"""Places in a list: pins and the places kept for untouched products, the cap on categories, the cut.

What does not belong here: where candidates come from, and rules that look at one candidate alone (``rules``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.known import position
from ecom_pipeline.ml.recommend.rules import BEYOND_LENGTH, LISTED, OUTCOMES, SHELVES, Facts, Rules, category_codes


def placed(pool: pd.DataFrame, facts: Facts, rules: Rules, k: int) -> pd.DataFrame:
    """Give each candidate that breaks no rule of its own its place in the list, the cap on categories heeded, and cut at ``k``."""
    outcome, place = pool["outcome"].to_numpy().copy(), np.zeros(len(pool), dtype=np.int64)
    rows = np.flatnonzero(outcome == OUTCOMES.index(LISTED))
    of_list = pool["customer"].to_numpy()[rows].astype(np.int64) * len(SHELVES) + pool["shelf"].to_numpy()[rows]
    product, untouched = pool["product"].to_numpy()[rows], pool["untouched"].to_numpy()[rows]
    order = np.lexsort((product, pool["order"].to_numpy()[rows], untouched, of_list))
    rows, of_list, product, untouched = rows[order], of_list[order], product[order], untouched[order]
    key = position(of_list * 2 + untouched) + 1.0
    extra = untouched & (key > rules.new_products)
    fresh = np.bincount(of_list[untouched & ~extra], minlength=int(of_list.max(initial=0)) + 1)
    key[untouched] = k - fresh[of_list[untouched]] + 0.5 + key[untouched] / (2 * k + 2)
    key[extra] = np.inf
    for brand, wanted in rules.brand_pins.items():
        own = (
            np.flatnonzero(facts.products["brand"].to_numpy(dtype=object)[product] == brand)
            if "brand" in facts.products
            else rows[:0]
        )
        own = own[pool["shelf"].to_numpy()[rows[own]] != SHELVES.index("again")]
        own = own[np.lexsort((key[own], of_list[own]))]
        best = own[position(of_list[own]) == 0]
        key[best] = np.minimum(key[best], wanted - 0.5)
    if rules.category_cap is not None:
        codes, _ = category_codes(facts.products)
        code = codes[product]
        order = np.lexsort((key, code, of_list))
        same = position(of_list[order] * (int(codes.max(initial=0)) + 2) + code[order] + 1)
        above = np.zeros(len(rows), dtype=bool)
        above[order] = (same >= rules.category_cap) & (code[order] >= 0)
        outcome[rows[above]] = OUTCOMES.index("category_cap")
        rows, of_list, key = rows[~above], of_list[~above], key[~above]
    order = np.lexsort((key, of_list))
    rank = position(of_list[order]) + 1
    beyond = (rank > k) | np.isinf(key[order])
    outcome[rows[order][beyond]] = OUTCOMES.index(BEYOND_LENGTH)
    place[rows[order]] = rank
    return pool.assign(outcome=outcome, place=place)
