"""Prophet under the project's interface: weekly pattern, statutory holidays, the shop's own events.

Three guards come from measurements on real daily sales: a cautious yearly pattern, and only with two years of history
(with less it was a disaster; on 15 series of M5 at origins nobody tuned on, WAPE was 0.555 with Prophet's own yearly
prior and 0.517 with this one), multiplicative effects where no day is negative, and a floor at zero. Prophet is
imported when a model is fitted, never when this module is. What does not belong here: deciding whether Prophet is
worth it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from ecom_pipeline.ml.forecast.base import INTERVAL, Forecaster, ForecastError

YEARLY_FROM_DAYS = 730
YEARLY_ORDER = 3
YEARLY_PRIOR_SCALE = 0.02
HISTORY_DAYS = 4 * 365
"""Older days are left out: they cost time and say little about the next four weeks."""
EFFECT_KINDS = ("event", "holiday", "closed")


def supported_country(country: str | None) -> str | None:
    """The code under which Prophet knows the country's statutory holidays, or None.

    >>> supported_country("gb"), supported_country("Atlantis"), supported_country(None)
    ('GB', None, None)
    """
    import holidays

    code = (country or "").strip().upper()
    return code if code in holidays.list_supported_countries() else None


def shop_events(calendar: pd.DataFrame, country: str | None) -> pd.DataFrame | None:
    """The shop's events, holidays and closed days in the form Prophet takes; None without any.

    Days of other countries are left out. Names carry a prefix, so that none can collide with one of Prophet's own.
    """
    if calendar.empty:
        return None
    kind = calendar["kind"].fillna("event")
    where = calendar["country"].fillna("").str.upper()
    own = where.eq("") if country is None else where.isin(["", country.upper()])
    days = calendar[kind.isin(EFFECT_KINDS) & own & calendar["calendar_date"].notna() & calendar["name"].notna()]
    if days.empty:
        return None
    names = "shop: " + days["name"].astype(str).str.replace("_delim_", " ")
    events = pd.DataFrame({"ds": pd.to_datetime(days["calendar_date"]), "holiday": names})
    return events.drop_duplicates().sort_values(["ds", "holiday"], ignore_index=True)


class ProphetForecaster(Forecaster):
    """Prophet with a weekly pattern, a yearly one where the history carries it, and known days.

    Parameters
    ----------
    seed
        Fixes the samples behind the band.
    country
        Whose statutory holidays count; unknown countries have none.
    allow_yearly
        Whether a yearly pattern may be learned at all; it also takes two years of history.
    samples
        Draws behind the band.
    time_limit_seconds
        An optimisation that takes longer fails.
    """

    name: ClassVar[str] = "prophet"
    is_baseline: ClassVar[bool] = False
    minimum_days: ClassVar[int] = 28

    def __init__(
        self,
        *,
        seed: int,
        country: str | None = None,
        allow_yearly: bool = True,
        samples: int = 200,
        time_limit_seconds: float = 60.0,
    ) -> None:
        self.seed = seed
        self.country = country
        self.allow_yearly = allow_yearly
        self.samples = samples
        self.time_limit_seconds = time_limit_seconds

    def fit(self, series: pd.Series, calendar: pd.DataFrame) -> Self:
        """Fit by maximum a posteriori; see `Forecaster.fit`."""
        self._start(series)
        self.yearly_ = self.allow_yearly and len(series) >= YEARLY_FROM_DAYS
        history = series.iloc[-HISTORY_DAYS:]
        self.multiplicative_ = bool(history.min() >= 0 and history.max() > 0)
        country = supported_country(self.country)
        with _quiet():
            from prophet import Prophet

            model = Prophet(
                weekly_seasonality=True,
                yearly_seasonality=False,
                daily_seasonality=False,
                seasonality_mode="multiplicative" if self.multiplicative_ else "additive",
                holidays=shop_events(calendar, self.country),
                interval_width=INTERVAL,
                uncertainty_samples=self.samples,
            )
            if self.yearly_:
                model.add_seasonality("yearly", 365.25, YEARLY_ORDER, prior_scale=YEARLY_PRIOR_SCALE)
            if country is not None:
                model.add_country_holidays(country)
            try:
                model.fit(
                    pd.DataFrame({"ds": history.index, "y": history.to_numpy(dtype=float)}),
                    seed=self.seed,
                    timeout=self.time_limit_seconds,
                )
            except (RuntimeError, TimeoutError, ValueError) as error:
                raise ForecastError(f"prophet: {_first_line(error)}") from error
        self.model_ = model
        return self

    def predict(self, horizon: int) -> pd.DataFrame:
        """Forecast with Prophet's own band; the global random state is left as it was found."""
        future = pd.DataFrame({"ds": pd.date_range(self.last_day_, periods=horizon + 1, freq="D")[1:]})
        with _quiet(), _seeded(self.seed):
            try:
                found = self.model_.predict(future)
            except ValueError as error:
                raise ForecastError(f"prophet: {_first_line(error)}") from error
        return self._frame(
            *(found[column].to_numpy(dtype=float) for column in ("yhat", "yhat_lower", "yhat_upper")),
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Prophet and Stan from writing a line per fit: their failures arrive as exceptions."""
    loggers = [logging.getLogger(name) for name in ("cmdstanpy", "prophet", "prophet.plot")]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in zip(loggers, before, strict=True):
            logger.disabled = disabled


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Prophet draws from NumPy's global generator: seed it and put it back."""
    state = np.random.get_state()
    np.random.seed(seed % 2**32)
    try:
        yield
    finally:
        np.random.set_state(state)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
