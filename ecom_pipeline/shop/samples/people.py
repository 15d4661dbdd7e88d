"""Who buys: invented customers whose segment decides when and how often they come.

Names are composed at random, e-mail addresses end in ``example`` domains, phone numbers lie in blocks that are kept
for fiction or look made up (139 0000 ...).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ecom_pipeline.shop.samples.catalogue import TASTES
from ecom_pipeline.shop.samples.draws import Ints, choose, numbered, pick, words
from ecom_pipeline.shop.samples.seasons import DAYS, FIRST

CUSTOMERS = 3000
CHINESE_SHARE = 0.62
NEW_DAYS, POTENTIAL_DAYS, CHURNED_AFTER, RECENT_DAYS = 45, 150, 185, 60


@dataclass(frozen=True)
class Segment:
    """How customers of one kind behave; days are numbers, windows are (earliest, latest) draws, cut to the period."""

    share: float
    orders: tuple[int, int]
    """Fewest and most orders."""
    browses: float
    """Mean number of visits without a purchase."""
    start: tuple[int, int]
    end: tuple[int, int]
    tiers: tuple[float, float, float, float]
    registered_before: int
    """The account is up to this many days older than the first visit."""
    behaviour: str


_LAST = DAYS - 1
_MIXED = (0.3, 0.3, 0.25, 0.15)
SEGMENTS = {
    "loyal_high_value": Segment(0.08, (14, 28), 24, (-300, 60), (_LAST, _LAST), (0.0, 0.15, 0.4, 0.45), 700,
                                "14 to 28 orders over the whole period, dear brands, always one in the last 60 days"),
    "regular": Segment(0.28, (6, 13), 12, (-350, 250), (_LAST - 40, _LAST + 40), _MIXED, 500,
                       "6 to 13 orders, still coming"),
    "potential": Segment(0.20, (2, 4), 20, (DAYS - POTENTIAL_DAYS, DAYS - 110), (_LAST, _LAST), _MIXED, 60,
                         "2 to 4 orders, all in the last 150 days, many visits without a purchase"),
    "new": Segment(0.06, (1, 2), 5, (DAYS - NEW_DAYS, DAYS - 8), (_LAST, _LAST), _MIXED, 0,
                   "registered in the last 45 days, 1 or 2 orders"),
    "churned": Segment(0.20, (4, 8), 9, (-250, 20), (120, _LAST - CHURNED_AFTER), _MIXED, 500,
                       "4 to 8 orders, none in the last 185 days"),
    "one_time": Segment(0.10, (1, 1), 3, (0, _LAST - 120), (_LAST - 90, _LAST - 90), _MIXED, 30,
                        "one order, more than 90 days ago"),
    "browser": Segment(0.08, (0, 0), 12, (0, _LAST - 60), (_LAST, _LAST), _MIXED, 30, "visits, never an order"),
}  # fmt: skip
_COUNTRY_CURRENCY = {"CN": "CNY", "US": "USD", "GB": "USD", "IE": "EUR", "DE": "EUR"}


def make_customers(rng: np.random.Generator) -> pd.DataFrame:
    """Draw the customers: what is exported, and what steers them (segment, taste, tier, window, orders, browses)."""
    names = list(SEGMENTS)
    counts = [round(SEGMENTS[name].share * CUSTOMERS) for name in names]
    segment = np.repeat(np.arange(len(names)), counts)[rng.permutation(sum(counts))]

    def bounds(part: str) -> tuple[Ints, Ints]:
        pairs = np.array([getattr(SEGMENTS[name], part) for name in names])
        return pairs[segment, 0], pairs[segment, 1]

    first = np.maximum(rng.integers(*_closed(bounds("start"))), 0)
    frame = _identities(rng, len(segment))
    registered = first - rng.integers(0, np.array([SEGMENTS[name].registered_before for name in names])[segment] + 1)
    return frame.assign(
        registered=pd.Timestamp(FIRST) + pd.to_timedelta(registered, unit="D"),
        acquisition=_acquisition(rng, frame["language"]),
        opted_out=rng.random(len(segment)) < 0.08,
        segment=np.array(names, dtype=object)[segment],
        taste=rng.integers(0, TASTES, len(segment)),
        tier=pick(rng, np.array([SEGMENTS[name].tiers for name in names]), segment),
        first=first,
        last=np.minimum(rng.integers(*_closed(bounds("end"))), _LAST),
        orders=rng.integers(*_closed(bounds("orders"))),
        browses=rng.poisson(np.array([SEGMENTS[name].browses for name in names])[segment]),
    )


def segment_truth(customers: pd.DataFrame) -> dict[str, Any]:
    """Size and behaviour of every segment, and who belongs to it."""
    return {
        name: {
            "behaviour": segment.behaviour,
            "customers": customers.loc[customers["segment"] == name, "customer_id"].tolist(),
        }
        for name, segment in SEGMENTS.items()
    }


def _acquisition(rng: np.random.Generator, language: pd.Series) -> pd.Series:
    drawn = pd.Series(
        choose(
            rng, ["baidu", "xiaohongshu", "friend", "app_store", "direct"], [0.25, 0.2, 0.15, 0.1, 0.3], len(language)
        )
    )
    return drawn.mask(language == "en", drawn.replace({"baidu": "google", "xiaohongshu": "instagram"}))


def _closed(bounds: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    return bounds[0], bounds[1] + 1


def _identities(rng: np.random.Generator, size: int) -> pd.DataFrame:
    source = words("people")
    chinese = rng.random(size) < CHINESE_SHARE
    rows = []
    for number, is_chinese in enumerate(chinese, start=1):
        part = source["zh" if is_chinese else "en"]
        surname, surname_latin = part["surnames"][rng.integers(len(part["surnames"]))]
        given, given_latin, gender = part["given"][rng.integers(len(part["given"]))]
        city, country, street = part["places"][rng.integers(len(part["places"]))]
        house, digits = int(rng.integers(1, 400)), int(rng.integers(0, 10_000))
        if is_chinese:
            name, address = surname + given, f"{street}{house}号{rng.integers(1, 20)}栋{rng.integers(101, 2000)}室"
            phone = (f"1390000{digits:04d}", f"+86 139 0000 {digits:04d}", f"139-0000-{digits:04d}")[number % 3]
            email = f"{surname_latin}{given_latin}{number}@example.cn"
        else:
            name, address = f"{given} {surname}", f"{house} {street}, {city}"
            phone = f"+1 555 01{digits % 100:02d}" if country == "US" else f"+44 7700 900{digits % 1000:03d}"
            email = f"{given_latin}.{surname_latin}{number}@example.com"
        rows.append((name, email, phone, address, gender, country, city, "zh" if is_chinese else "en"))
    frame = pd.DataFrame(rows, columns=["name", "email", "phone", "address", "gender", "country", "city", "language"])
    frame.insert(0, "customer_id", numbered("C", np.arange(1, size + 1), 5))
    frame.loc[rng.random(size) < 0.1, "gender"] = ""
    born = pd.array(2024 - np.clip(rng.normal(36, 10, size), 18, 75).astype(int), dtype="Int64")
    frame["birth_year"] = pd.Series(born).mask(rng.random(size) < 0.15)
    frame["currency"] = frame["country"].map(_COUNTRY_CURRENCY)
    return frame
