"""What is known about days in advance: statutory holidays, shopping days, the shop's own calendar, further regressors.

Every effect is a row over days, past and coming: 0 or 1 for holidays and events, any number for market indicators.
Moving feasts (Chinese New Year, Easter, Thanksgiving) come with the statutory holidays of the country. What does not
belong here: how a model uses an effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from ecom_pipeline.ml.forecast.period import WEEK_DAYS

EffectKind = Literal["holiday", "event", "closed", "working_day", "promotion", "market"]
SHOPPING_DAYS: Mapping[str, tuple[tuple[str, int, int], ...]] = {
    "CN": (("618", 6, 18), ("双十一", 11, 11), ("双十二", 12, 12)),
}
"""Fixed shopping days per country; every other country has Black Friday and Cyber Monday."""


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Named effects over consecutive periods.

    Attributes
    ----------
    names, kinds
        (K,) what each effect is called, and what it is.
    values
        (R, K, D) its strength in each of D periods: for all series alike (R = 1), or per series.
    """

    names: tuple[str, ...]
    kinds: tuple[EffectKind, ...]
    values: np.ndarray

    @classmethod
    def none(cls) -> Effects:
        """No effects at all, over any periods."""
        return cls(names=(), kinds=(), values=np.zeros((1, 0, 0)))

    def within(self, start: int, stop: int) -> np.ndarray:
        """(R, K, stop - start) the effects of some periods; zero beyond what is known."""
        known = self.values[:, :, start:stop]
        return np.pad(known, ((0, 0), (0, 0), (0, stop - start - known.shape[2])))

    def from_period(self, first: int) -> Effects:
        """The same effects without the first periods."""
        return replace(self, values=self.values[:, :, first:])

    def of_rows(self, rows: np.ndarray) -> Effects:
        """The effects of some series."""
        return self if len(self.values) == 1 else replace(self, values=self.values[rows])

    def of_kind(self, *kinds: EffectKind) -> Effects:
        """The effects of these kinds."""
        chosen = [place for place, kind in enumerate(self.kinds) if kind in kinds]
        return Effects(
            names=tuple(self.names[place] for place in chosen),
            kinds=tuple(self.kinds[place] for place in chosen),
            values=self.values[:, chosen],
        )

    def without(self, kinds: Iterable[EffectKind], start: int) -> Effects:
        """The same effects, those of some kinds absent from period ``start`` on; a market indicator keeps its last value."""
        values = self.values.copy()
        for place, kind in enumerate(self.kinds):
            if kind in set(kinds):
                last = values[:, place, start - 1 : start] if kind == "market" and start > 0 else 0.0
                values[:, place, start:] = last
        return replace(self, values=values)


def supported_country(country: str | None) -> str | None:
    """The code under which the country's statutory holidays are known, or None.

    >>> supported_country("gb"), supported_country("Atlantis"), supported_country(None)
    ('GB', None, None)
    """
    import holidays

    code = (country or "").strip().upper()
    return code if code in holidays.list_supported_countries() else None


def effects_of(
    days: pd.DatetimeIndex,
    calendar: pd.DataFrame,
    country: str | None,
    *,
    promotions: pd.DataFrame | None = None,
    market: pd.DataFrame | None = None,
) -> Effects:
    """Everything known about ``days``.

    Parameters
    ----------
    days
        Consecutive days, those to be forecast included.
    calendar
        The shop's ``calendar_date, name, kind, country``; rows of other countries do not count. A ``working_day`` takes
        the statutory holiday off its day.
    country
        Whose statutory holidays count; unknown ones have none.
    promotions
        ``starts_on, ends_on, name``: campaigns, whose days are known in advance; those of one name are one effect.
    market
        ``market_date, indicator, value``; between and after its dates an indicator keeps its last value, and it is
        standardised over the days it is known on.
    """
    found: dict[tuple[str, EffectKind], np.ndarray] = {}

    def mark(name: str, kind: EffectKind, when: Iterable[pd.Timestamp]) -> None:
        places = days.get_indexer(pd.DatetimeIndex(list(when)))
        row = found.setdefault((name, kind), np.zeros(len(days)))
        row[places[places >= 0]] = 1.0

    own = _of_country(calendar, country)
    for name, kind, dates in _statutory(days, country):
        mark(name, kind, dates)
    for kind, name, date in own.itertuples(index=False):
        mark("working day" if kind == "working_day" else f"shop: {name}", kind, [date])
    taken = {date for kind, _, date in own.itertuples(index=False) if kind in ("event", "holiday")}
    for name, dates in _shopping_days(days, country):
        mark(name, "event", [date for date in dates if date not in taken])
    worked = found.get(("working day", "working_day"), np.zeros(len(days))) > 0
    for (_, kind), row in found.items():
        if kind == "holiday":
            row[worked] = 0.0
    if promotions is not None and len(days):
        for name, start, end in promotions[["name", "starts_on", "ends_on"]].dropna().itertuples(index=False):
            mark(
                f"promotion: {name}",
                "promotion",
                pd.date_range(max(pd.Timestamp(start), days[0]), min(pd.Timestamp(end), days[-1])),
            )
    if market is not None:
        for name, rows in market.groupby("indicator", sort=True):
            found[(f"market: {name}", "market")] = _indicator(days, rows)
    kept = {key: row for key, row in found.items() if row.any()}
    return Effects(
        names=tuple(name for name, _ in kept),
        kinds=tuple(kind for _, kind in kept),
        values=np.stack(list(kept.values()))[np.newaxis] if kept else np.zeros((1, 0, len(days))),
    )


def _of_country(calendar: pd.DataFrame, country: str | None) -> pd.DataFrame:
    kind = calendar["kind"].fillna("event").astype(str)
    where = calendar["country"].fillna("").astype(str).str.upper()
    here = where.eq("") if country is None else where.isin(["", country.upper()])
    rows = calendar[here & calendar["calendar_date"].notna() & calendar["name"].notna()]
    return pd.DataFrame(
        {
            "kind": kind[rows.index],
            "name": rows["name"].astype(str),
            "date": pd.to_datetime(rows["calendar_date"]),
        }
    ).drop_duplicates()


def _statutory(days: pd.DatetimeIndex, country: str | None) -> list[tuple[str, EffectKind, list[pd.Timestamp]]]:
    code = supported_country(country)
    if code is None or not len(days):
        return []
    import holidays

    by_name: dict[str, list[pd.Timestamp]] = {}
    for date, names in holidays.country_holidays(code, years=range(days[0].year, days[-1].year + 1)).items():
        for name in str(names).split("; "):
            by_name.setdefault(name, []).append(pd.Timestamp(date))
    return [(name, "holiday", dates) for name, dates in sorted(by_name.items())]


def _shopping_days(days: pd.DatetimeIndex, country: str | None) -> list[tuple[str, list[pd.Timestamp]]]:
    years = range(days[0].year, days[-1].year + 1) if len(days) else range(0)
    fixed = SHOPPING_DAYS.get((country or "").upper())
    if fixed is not None:
        return [(name, [pd.Timestamp(year, month, day) for year in years]) for name, month, day in fixed]
    if country is None:
        return []
    fourth = [pd.Timestamp(year, 11, 22) for year in years]
    black = [day + pd.Timedelta(days=(3 - day.dayofweek) % WEEK_DAYS + 1) for day in fourth]
    return [("Black Friday", black), ("Cyber Monday", [day + pd.Timedelta(days=3) for day in black])]


def _indicator(days: pd.DatetimeIndex, rows: pd.DataFrame) -> np.ndarray:
    known = pd.Series(rows["value"].to_numpy(dtype=float), index=pd.to_datetime(rows["market_date"])).sort_index()
    spread = float(known.std(ddof=0))
    filled = known[~known.index.duplicated(keep="last")].reindex(days, method="ffill").bfill()
    if not np.isfinite(spread) or spread == 0 or filled.isna().all():
        return np.zeros(len(days))
    standard: np.ndarray = ((filled - known.mean()) / spread).to_numpy(dtype=float)
    return standard
