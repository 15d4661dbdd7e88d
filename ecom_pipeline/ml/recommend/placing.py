"""Places in a list: pins and the places kept for untouched products, the cap on categories, the cut.

What does not belong here: where candidates come from, and rules that look at one candidate alone (``rules``).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecom_pipeline.ml.recommend.interactions import Floats, Mask, Positions
from ecom_pipeline.ml.recommend.ranking import position
from ecom_pipeline.ml.recommend.rules import BEYOND_LENGTH, LISTED, OUTCOMES, SHELVES, Facts, Rules, category_codes


def placed(pool: pd.DataFrame, facts: Facts, rules: Rules, k: int) -> pd.DataFrame:
    """Give each candidate that breaks no rule by itself its place, or the outcome that takes it out.

    Parameters
    ----------
    pool
        ``customer, shelf, product, order, untouched, outcome``; the lower ``order``, the better.

    Returns
    -------
    pandas.DataFrame
        The same rows with their final ``outcome``, and ``place``, from 1; 0 for what a rule took out.
    """
    outcome, place = pool["outcome"].to_numpy().copy(), np.zeros(len(pool), dtype=np.int64)
    rows = np.flatnonzero(outcome == OUTCOMES.index(LISTED))
    of_list = pool["customer"].to_numpy()[rows].astype(np.int64) * len(SHELVES) + pool["shelf"].to_numpy()[rows]
    product, untouched = pool["product"].to_numpy()[rows], pool["untouched"].to_numpy()[rows]
    order = np.lexsort((product, pool["order"].to_numpy()[rows], untouched, of_list))
    rows, of_list, product, untouched = rows[order], of_list[order], product[order], untouched[order]
    again = pool["shelf"].to_numpy()[rows] == SHELVES.index("again")
    key = _pinned(position(of_list) + 1.0, of_list, np.where(again | untouched, -1, product), facts, rules)
    taken = ~untouched & _above_cap(key, of_list, product, facts, rules)
    if taken.any():
        outcome[rows[taken]] = OUTCOMES.index("category_cap")
        rows, of_list, product, untouched, key = (each[~taken] for each in (rows, of_list, product, untouched, key))
        key = _ranks(key, of_list)
    key[untouched] = _last_places(of_list[untouched], k)
    taken = _above_cap(key, of_list, product, facts, rules)
    outcome[rows[taken]] = OUTCOMES.index("category_cap")
    rank = _ranks(key[~taken], of_list[~taken])
    outcome[rows[~taken][rank > k]] = OUTCOMES.index(BEYOND_LENGTH)
    place[rows[~taken]] = rank
    return pool.assign(outcome=outcome, place=place)


def _ranks(key: Floats, of_list: Positions) -> Floats:
    """The place of each row in its list by key, from 1."""
    ranks, order = np.empty(len(key)), np.lexsort((key, of_list))
    ranks[order] = position(of_list[order]) + 1.0
    return ranks


def _pinned(key: Floats, of_list: Positions, product: Positions, facts: Facts, rules: Rules) -> Floats:
    """The keys with the best product of each pinned brand at its place, or where it is better already."""
    for brand, wanted in sorted(rules.brand_pins.items(), key=lambda pin: pin[1]):
        own = np.flatnonzero((facts.products["brand"] == brand).to_numpy()[product] & (product >= 0))
        own = own[np.lexsort((key[own], of_list[own]))]
        best = own[position(of_list[own]) == 0]
        key[best] = np.minimum(key[best], wanted - 0.5)
        key = _ranks(key, of_list)
    return key


def _last_places(of_list: Positions, k: int) -> Floats:
    """Keys of the untouched products of each list, best first: the last of its ``k`` places."""
    length = np.bincount(of_list)[of_list] if len(of_list) else of_list
    return k - length + 0.5 + position(of_list) / (2 * k + 2)


def _above_cap(key: Floats, of_list: Positions, product: Positions, facts: Facts, rules: Rules) -> Mask:
    """Which rows come after as many of their category as a list may hold."""
    above = np.zeros(len(key), dtype=bool)
    if rules.category_cap is not None:
        codes, names = category_codes(facts.products)
        code = codes[product]
        order = np.lexsort((key, code, of_list))
        same = position(of_list[order] * (len(names) + 1) + code[order] + 1)
        above[order] = (same >= rules.category_cap) & (code[order] >= 0)
    return above
