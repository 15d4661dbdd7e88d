"""Why a forecast is what it is: level, trend, season, holidays, promotions and market, which add up to it; and what moved it.

The parts do not depend on the model. What holidays, promotions and the market contribute is the forecast minus the same
models' forecast as if there were none; what is left is split into the level of the last four weeks, the pattern within
the week, and the rest, the trend. What does not belong here: the forecast itself.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ecom_pipeline.ml.forecast.calendar import EffectKind
from ecom_pipeline.ml.forecast.panel import known_mean, known_sums

PARTS = ("level", "trend", "season", "holiday", "promotion", "market")
EFFECTS: Mapping[str, tuple[EffectKind, ...]] = {
    "holiday": ("holiday", "event", "closed", "working_day"),
    "promotion": ("promotion",),
    "market": ("market",),
}
CHINESE = {
    "level": "最近四周的销售额",
    "trend": "趋势",
    "season": "周内规律",
    "holiday": "节日与活动",
    "promotion": "促销",
    "market": "市场",
}
ENGLISH = {
    "level": "what was sold in the last four weeks",
    "trend": "the trend",
    "season": "the weekly pattern",
    "holiday": "holidays and events",
    "promotion": "promotions",
    "market": "the market",
}
MOVE_COLUMNS = (
    "series_kind", "series", "days", "before", "now", "main_part", "main_change", "sentence_en", "sentence_zh",
)  # fmt: skip
MOVED_FROM = 0.01
"""A change of less than this share, or where there was and is less than one of the money, is called none."""


def split(forecast: np.ndarray, without: Mapping[str, np.ndarray], recent: np.ndarray, season: int) -> np.ndarray:
    """(6, S, H) the parts of `PARTS`; they sum to the forecast.

    Parameters
    ----------
    forecast
        (S, H) what is published.
    without
        Per part of `EFFECTS` that the models know of, (S, H) what they say as if there were none of it.
    recent
        (S, T) the end of each series.
    season
        Periods of the pattern.
    """
    effects = {part: forecast - without[part] if part in without else np.zeros_like(forecast) for part in EFFECTS}
    plain = forecast - sum(effects.values())
    level_part = np.tile(np.nan_to_num(known_mean(recent))[:, np.newaxis], forecast.shape[1])
    smooth = _smooth(plain, season)
    return np.stack([level_part, smooth - level_part, plain - smooth, *(effects[part] for part in EFFECTS)])


def _smooth(values: np.ndarray, season: int) -> np.ndarray:
    """(S, H) mean over the season around each period; at the ends, over the first and the last season."""
    horizon = values.shape[1]
    width = min(season, horizon)
    sums, _ = known_sums(values, width)
    return np.asarray(sums[:, np.clip(np.arange(horizon) - width // 2, 0, horizon - width)] / width)


def moves(parts: pd.DataFrame, previous: pd.DataFrame | None, currency: str) -> pd.DataFrame:
    """What changed since the last release, over the days that both forecast, in a sentence of each language.

    Parameters
    ----------
    parts, previous
        ``series_kind, series, forecast_date, part, value``.
    currency
        Code of what the values are in.

    Returns
    -------
    pandas.DataFrame
        `MOVE_COLUMNS`, one row per series.
    """
    key = ["series_kind", "series", "forecast_date", "part"]
    rows: list[tuple[object, ...]] = []
    before_all = parts.head(0) if previous is None else previous
    before_all = before_all.assign(forecast_date=pd.to_datetime(before_all["forecast_date"]).dt.date)
    both = parts.merge(before_all, on=key, suffixes=("_now", "_before"))
    by_series = dict(iter(both.groupby(["series_kind", "series"], sort=True)))
    for name, group in parts.groupby(["series_kind", "series"], sort=True):
        kind, series = name
        shared = by_series.get(name)
        if shared is None:
            total, coming = float(group["value"].sum()), group["forecast_date"].nunique()
            en = f"First forecast: {_money(total)} {currency} over {coming} days."
            zh = f"首次预测：{coming} 天销售额合计 {_money(total)} {currency}。"
            rows.append((kind, series, 0, None, total, None, None, en, zh))
            continue
        before, now = float(shared["value_before"].sum()), float(shared["value_now"].sum())
        change = (shared["value_now"] - shared["value_before"]).groupby(shared["part"]).sum()
        towards = 1.0 if now >= before else -1.0
        by_part = {part: float(change.get(part, 0.0)) for part in PARTS}
        main = max(PARTS, key=lambda part: towards * by_part[part])
        days = int(shared["forecast_date"].nunique())
        words = _sentences(before, now, main, by_part[main], days, currency)
        rows.append((kind, series, days, before, now, main, by_part[main], *words))
    return pd.DataFrame(rows, columns=list(MOVE_COLUMNS))


def _sentences(before: float, now: float, part: str, change: float, days: int, currency: str) -> tuple[str, str]:
    moved, told_before, told_now = now - before, _money(before), _money(now)
    same = f"the same {days} days" if days > 1 else "the same day"
    if max(before, now) < 1 or told_before == told_now or abs(moved) < MOVED_FROM * before:
        return (
            f"Unchanged since the last release: {told_now} {currency} over {same}.",
            f"与上次发布相比基本不变：相同 {days} 天销售额合计 {told_now} {currency}。",
        )
    share = f" {abs(moved) / before:.0%}" if round(before, 2) else ""
    up_en, up_zh = ("Up", "上调") if moved > 0 else ("Down", "下调")
    return (
        f"{up_en}{share} since the last release, from {told_before} to {told_now} {currency} over {same}, mostly "
        f"because of {ENGLISH[part]} ({_money(change, '+')}).",
        f"与上次发布相比{up_zh}{share}：相同 {days} 天销售额由 {told_before} 变为 {told_now} {currency}，主要原因是{CHINESE[part]}"
        f"（{_money(change, '+')}）。",
    )


def _money(amount: float, sign: str = "") -> str:
    """Whole units from a hundred on, hundredths below."""
    return f"{amount:{sign},.0f}" if abs(amount) >= 99.5 else f"{amount:{sign},.2f}"
