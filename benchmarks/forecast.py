"""How good and how fast our forecasts are beside their peers, on any file of series.

``python -m benchmarks.forecast DATA.parquet`` takes what ``benchmarks.panels`` reads: columns ``series_id, date, value``,
days, weeks, months or quarters, and maybe a price, opening days and further regressors. Every method forecasts the same last origins knowing
only what came before; it prints a table and, last, one line of JSON. Of more than 100 series it takes 100 evenly;
``--series 40`` takes 40, ``--series 0`` all. ``--only`` picks methods; ``--skip 56`` ends the data 56 periods earlier: periods
to choose a method on, before those to report; ``--copies 50000`` repeats the series and runs the
cheap models alone. ``--speed 1000`` repeats the last two years of the series instead and shows what our whole method takes
beside Prophet alone. AutoETS, AutoTheta, MSTL and the common LightGBM come from statsforecast and mlforecast, which are no
dependencies of the project: ``pip install statsforecast mlforecast``, or they are skipped.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from benchmarks.cores import Ready, cpu_seconds
from benchmarks.files import FileError
from benchmarks.panels import read
from ecom_pipeline.ml.forecast.backtest import FEWEST_PERIODS
from ecom_pipeline.ml.forecast.base import Forecaster
from ecom_pipeline.ml.forecast.boosting import BoostingForecaster
from ecom_pipeline.ml.forecast.engine import forecast_panel
from ecom_pipeline.ml.forecast.metrics import bias, coverage, mase, pinball, seasonal_scale, wape
from ecom_pipeline.ml.forecast.panel import Panel
from ecom_pipeline.ml.forecast.prophet import ProphetForecaster, quiet
from ecom_pipeline.ml.forecast.smoothing import CHEAP

SEED = 1
Answer = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]
Method = Callable[[Panel, int], Answer]
"""A panel and a horizon in; (S, H) forecast and, if any, the ends of its 80 % band out."""


def ours(panel: Panel, horizon: int) -> Answer:
    volume = np.nan_to_num(panel.values[:, -panel.year :]).sum(axis=1)
    largest = np.sort(np.argsort(-volume, kind="stable")[:PROPHET_SERIES])
    found = forecast_panel(panel, horizon=horizon, seed=SEED, prophet_rows=largest).daily
    return found.forecast, found.lower[0], found.upper[0]


PROPHET_SERIES = 30


def of(model: Callable[[int], Forecaster]) -> Method:
    return lambda panel, horizon: (model(horizon).fit(panel).predict(horizon), None, None)


@quiet()
def prophet_default(panel: Panel, horizon: int) -> Answer:
    from prophet import Prophet

    found = np.full((3, len(panel.keys), horizon), np.nan)
    for row, values in enumerate(panel.values):
        frame = pd.DataFrame({"ds": panel.days, "y": values}).dropna()
        if len(frame) < 2:
            continue
        np.random.seed(SEED)
        told = Prophet().fit(frame, seed=SEED).predict(pd.DataFrame({"ds": panel.coming(horizon)}))
        found[:, row] = told[["yhat", "yhat_lower", "yhat_upper"]].to_numpy().T
    return found[0], found[1], found[2]


def _rows(panel: Panel) -> pd.DataFrame:
    """A panel as Nixtla's libraries take it; they take no gaps within a series, so these lie on the line between their ends."""
    rows = [
        pd.DataFrame({"unique_id": str(row), "ds": panel.days, "y": pd.Series(values).interpolate()}).dropna()
        for row, values in enumerate(panel.values)
    ]
    return pd.concat(rows)


def of_statsforecast(name: str) -> Method:
    def method(panel: Panel, horizon: int) -> Answer:
        from statsforecast import StatsForecast, models

        arguments = {"season_length": panel.season} | (
            {"trend_forecaster": models.AutoETS(model="ZZN")} if name == "MSTL" else {}
        )
        engine = StatsForecast([getattr(models, name)(**arguments)], freq=panel.period.frequency, n_jobs=1)
        told = engine.forecast(df=_rows(panel), h=horizon, level=[80])
        wide = [told.pivot(index="unique_id", columns="ds", values=f"{name}{end}") for end in ("", "-lo-80", "-hi-80")]
        order = [str(row) for row in range(len(panel.keys))]
        forecast, lower, upper = (each.reindex(order).to_numpy() for each in wide)
        return forecast, lower, upper

    return method


def of_mlforecast(panel: Panel, horizon: int) -> Answer:
    """LightGBM as most would set it up: lags, rolling means, the date, absolute error, one model fed its own forecasts.

    It is told what is known in advance, but no holidays.
    """
    import lightgbm
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean

    season = panel.season
    lags = [1, 2, 3, season, 2 * season] if season == 7 else [1, 2, 3, 4, season]
    model = lightgbm.LGBMRegressor(objective="l1", n_estimators=200, num_threads=1, random_state=SEED, verbosity=-1)
    engine = MLForecast(
        models={"lightgbm": model},
        freq=panel.period.frequency,
        lags=lags,
        lag_transforms={1: [RollingMean(4 * (7 if season == 7 else 1))]},
        date_features=["dayofweek", "day", "month"] if season == 7 else ["month"],
    )
    past, coming = known_in_advance(panel, 0, panel.length), known_in_advance(panel, panel.length, horizon)
    has_any = past.shape[1] > 2
    rows = _rows(panel).merge(past, on=["unique_id", "ds"]) if has_any else _rows(panel)
    told = engine.fit(rows, static_features=[]).predict(horizon, X_df=coming if has_any else None)
    wide = told.pivot(index="unique_id", columns="ds", values="lightgbm")
    return wide.reindex([str(row) for row in range(len(panel.keys))]).to_numpy(), None, None


def known_in_advance(panel: Panel, start: int, periods: int) -> pd.DataFrame:
    """Promotions and closed days of some periods as Nixtla's libraries take them."""
    effects = panel.effects.of_kind("promotion", "closed")
    values = np.broadcast_to(effects.within(start, start + periods), (len(panel.keys), len(effects.names), periods))
    days = panel.first_days(start, start + periods)
    columns = {f"known{place}": values[:, place].ravel() for place in range(len(effects.names))}
    rows = np.repeat(np.arange(len(panel.keys)).astype(str), periods)
    return pd.DataFrame({"unique_id": rows, "ds": np.tile(days, len(panel.keys))} | columns)


SIMPLE: dict[str, Method] = {model.name.replace("_", " "): of(lambda _, model=model: model()) for model in CHEAP}
METHODS: dict[str, Method] = {
    "ours": ours,
    **SIMPLE,
    "our LightGBM": of(lambda horizon: BoostingForecaster(seed=SEED, horizon=horizon)),
    "LightGBM": of_mlforecast,
    "Prophet tuned": of(lambda _: ProphetForecaster(seed=SEED)),
    "Prophet default": prophet_default,
    "AutoETS": of_statsforecast("AutoETS"),
    "AutoTheta": of_statsforecast("AutoTheta"),
    "MSTL": of_statsforecast("MSTL"),
}
FOREIGN = ("LightGBM", "Prophet default", "AutoETS", "AutoTheta", "MSTL")
"""Methods of others, as they come: one that fails on a file is told, and the rest goes on."""
SERIES = 100


def measure(panel: Panel, horizon: int, origins: int, method: Method) -> dict[str, float | None]:
    """Figures of a method pooled over series and origins; MASE is the mean over series."""
    gathered: list[np.ndarray] = []
    seconds, scales, scored = 0.0, [], []
    for back in range(origins, 0, -1):
        length = panel.length - back * horizon
        past = panel.until(length)
        actual = panel.values[:, length : length + horizon]
        started = time.perf_counter()
        forecast, lower, upper = method(past, horizon)
        seconds += time.perf_counter() - started
        forecast = np.where(np.isfinite(forecast), forecast, 0.0)
        nothing = np.full(forecast.shape, np.nan)
        gathered.append(
            np.stack([actual, forecast, nothing if lower is None else lower, nothing if upper is None else upper])
        )
        scales.append(seasonal_scale(past.values, panel.season))
        known = np.isfinite(actual)
        units = np.broadcast_to(scales[-1][:, np.newaxis], actual.shape)
        scored.append([mase(actual[row][at], forecast[row][at], units[row][at]) for row, at in enumerate(known)])
    together = np.concatenate(gathered, axis=1)
    actual, forecast, lower, upper = together[:, np.isfinite(together[0])]
    found = [each for origin in scored for each in origin if each is not None]
    return {
        "wape": wape(actual, forecast),
        "mase": float(np.mean(found)) if found else None,
        "bias": bias(actual, forecast),
        "pinball_10": pinball(actual, lower, 0.1),
        "pinball_90": pinball(actual, upper, 0.9),
        "coverage_80": coverage(actual, lower, upper),
        "seconds_per_series": seconds / (origins * len(panel.keys)),
    }


def speed(panel: Panel, horizon: int, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Seconds, CPU seconds and the share of two cores, of methods; ours with its backtest.

    ``of_two_cores`` is what was used of them, ``ready_for_two`` what could have been: on a machine that others use, a
    thread that is ready waits for its turn.
    """
    found = {}
    for name in names:
        started, cpu = time.perf_counter(), cpu_seconds()
        with Ready() as ready:
            METHODS[name](panel, horizon)
        wall, used = time.perf_counter() - started, cpu_seconds() - cpu
        found[name] = {
            "seconds": wall,
            "cpu_seconds": used,
            "of_two_cores": used / wall / 2,
            "ready_for_two": ready.share(2),
        }
        words = f"{used / wall / 2:8.0%} of two cores, ready for {ready.share(2):.0%}"
        print(f"{name:22}{wall:10.1f} s{used:10.1f} CPU s{words}", flush=True)
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+")
    parser.add_argument("--country", help="code of the country whose holidays count")
    parser.add_argument("--horizon", type=at_least(1))
    parser.add_argument("--origins", type=at_least(1), default=2)
    parser.add_argument("--skip", type=at_least(0), default=0, help="periods left out at the end of the data")
    parser.add_argument(
        "--series", type=at_least(0), default=SERIES, help="take this many, spread over the file; 0: all"
    )
    parser.add_argument("--copies", type=at_least(1), help="repeat the series up to this many; cheap models alone")
    parser.add_argument(
        "--speed", type=at_least(1), help="repeat the last two years of the series up to this many; seconds alone"
    )
    parser.add_argument("--only", nargs="+", choices=list(METHODS))
    given = parser.parse_args(arguments)
    figures = {path: _figures(path, given) for path in given.data}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"peak_mb": peak, "figures": figures}))


def _figures(path: str, given: argparse.Namespace) -> Mapping[str, Mapping[str, float | None]]:
    """What is found on one file, printed line by line."""
    panel, horizon, notes = read(path, country=given.country, horizon=given.horizon, series=given.series)
    panel = panel.until(max(0, panel.length - given.skip))
    copies = given.copies or given.speed
    if copies:
        panel = panel.only(np.resize(np.arange(len(panel.keys)), copies))
        panel = replace(panel, keys=tuple(("series", str(row)) for row in range(copies)))
    if given.speed:
        panel = panel.last(2 * panel.year)
        print(f"{path}: {copies:,} series x {panel.length:,}, horizon {horizon}")
        return speed(panel, horizon, given.only or ("ours", "Prophet tuned"))
    if panel.length - given.origins * horizon < FEWEST_PERIODS:
        least = FEWEST_PERIODS + given.origins * horizon
        raise FileError(
            f"{path}, column date: {panel.length} periods, expected at least {least} for {given.origins} origins of "
            f"{horizon}; take fewer with --origins or --horizon"
        )
    print(f"{path}: {len(panel.keys):,} series x {panel.length:,}, horizon {horizon}, {given.origins} origins")
    print("".join(f"  {note}\n" for note in notes), end="")
    columns = ("wape", "mase", "bias", "pinball_10", "pinball_90", "coverage_80", "seconds_per_series")
    print(f"{'':22}" + "".join(f"{column:>20}" for column in columns))
    figures = {}
    for name in given.only or (SIMPLE if given.copies else list(METHODS)):
        try:
            found = measure(panel, horizon, given.origins, METHODS[name])
        except ModuleNotFoundError as error:
            print(f"{name:22}skipped: {error}")
            continue
        except Exception as error:
            if name not in FOREIGN:
                raise
            print(f"{name:22}failed: {type(error).__name__}: {error}")
            continue
        figures[name] = found
        told = ("" if found[column] is None else f"{found[column]:.4f}" for column in columns)
        print(f"{name:22}" + "".join(f"{each:>20}" for each in told), flush=True)
    return figures


def at_least(least: int) -> Callable[[str], int]:
    """The type of an argument that is a whole number, not below ``least``."""

    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r}, expected a whole number of at least {least}")
        return int(text)

    return number


if __name__ == "__main__":
    main()
