"""Who buys in the next 30 days and for how much: ours beside an RFM score, a constant, and the parts of ours alone.

``python -m benchmarks.profile --days NAME=FILE ...`` takes any Parquet or CSV file of ``customer_id, activity_date,
orders, revenue`` (rows of the same customer and day are added up) and, if it has them, views, carts, favourites, searches,
messages and refunds; value is revenue less refunds. The test cut-off is 30 days before the last day of the file, or ``--back``
days, since a figure moves with the day (the cut-offs then share most of their outcome); models learn at the nine
cut-offs from 30 days before it on, 10 days apart, and are calibrated as models of a horizon earlier have to be at the
newest of them. ``--cdnow FILE`` fits BG/NBD and Gamma-Gamma to the sample of 2,357 customers of the papers (customer,
number, date, units, dollars; split by blanks). ``--rows`` measures the covariance in the database beside a bare scan
of the same columns. A table, and one line of JSON last.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType

import duckdb
import numpy as np
import pandas as pd

from benchmarks.files import FileError, dates, numbers, other_name, read
from benchmarks.report import Goal, report
from ecom_pipeline.ml.calibration import calibration_error
from ecom_pipeline.ml.profile.cutoffs import Past, TooLittleError, learn
from ecom_pipeline.ml.profile.history import ACTIVITIES, HORIZON, buyers_at, first_order, outcome_after
from ecom_pipeline.ml.profile.judgement import auc, brier, calibration, capture
from ecom_pipeline.ml.profile.lifetime import BetaGeometric, GammaGamma, summary_of
from ecom_pipeline.ml.profile.propensity import rfm_points
from ecom_pipeline.warehouse.moments import sample_covariance

TO_REACH = {"cdnow": (0.856, 0.636), "online_retail": (0.755, 0.568), "journey": (0.895, 0.361)}
"""By name of the file: AUC, and share of the value that the highest tenth brings."""
PUBLISHED = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
PUBLISHED_SIZES = {"p": 6.25, "q": 3.74, "gamma": 15.44}
SEED = 1


def propensity(name: str, days: pd.DataFrame, back: int = HORIZON) -> tuple[str, list[Goal]]:
    """Every model on one file, at the cut-off so many days before its last: a table, and our goals."""
    last: date = pd.to_datetime(days["activity_date"]).max().date()
    test = last - timedelta(days=back)
    first = first_order(days)
    if first is None:
        raise FileError(f"{name}: nobody ordered")
    try:
        learned = learn(Past(days, first, seed=SEED), test, seed=SEED)
    except TooLittleError as error:
        raise FileError(f"{name}: {error}") from error
    model, rates, now = learned.model, learned.rates, buyers_at(days, test)
    outcome = outcome_after(days, now.index, test)
    bought, spent = outcome["bought"].to_numpy(), outcome["value"].to_numpy()
    given = {
        "ours": (model.probability(now), model.value(now)),
        "logistic regression": (model.line_probability(now), model.line_probability(now) * now["average_order_value"]),
        "gradient boosting": (model.trees_probability(now), model.trees_probability(now) * now["average_order_value"]),
        "RFM rates": (rates.probability(now), rates.value(now)),
        "RFM score": (rfm_points(now) / 15, rfm_points(now)),
        "constant": (np.full(len(now), learned.bought), now["revenue"]),
    }
    rows = {
        peer: {
            "auc": auc(bought, probability),
            "brier": brier(bought, probability),
            "calibration error": calibration_error(bought, probability),
            "top tenth lift": calibration(bought, probability)["lift"].iloc[-1],
            "value capture": capture(spent, expected),
        }
        for peer, (probability, expected) in given.items()
    }
    table = pd.DataFrame(rows).T.round(4).to_string()
    reached = TO_REACH.get(name, (None, None))
    ours = rows["ours"]
    goals = [
        Goal(name=f"{name}: AUC", value=ours["auc"], at_least=reached[0]),
        Goal(name=f"{name}: calibration error", value=ours["calibration error"], at_most=0.02),
        Goal(name=f"{name}: value of the highest tenth", value=ours["value capture"], at_least=reached[1]),
        Goal(
            name=f"{name}: lead in AUC over the RFM score", value=ours["auc"] - rows["RFM score"]["auc"], at_least=0.0
        ),
    ]
    if "refunds" in days:
        gross = capture(outcome_after(days.drop(columns="refunds"), now.index, test)["value"], model.value(now))
        goals.append(
            Goal(name=f"{name}: value of the highest tenth, refunds left in", value=gross, at_least=reached[1])
        )
    alike = "" if 0 < bought.sum() < len(bought) else ": all did alike, so that nobody can be ranked"
    known = [goal for goal in goals if math.isfinite(goal.value)]
    return f"{name}: {len(now):,} buyers at {test}, {bought.mean():.1%} bought{alike}\n{table}", known


def published(file: Path) -> list[Goal]:
    """Distance of every parameter from the printed one."""
    rows = pd.read_csv(file, sep=r"\s+", header=None, names=["customer_id", "number", "date", "units", "revenue"])
    rows["activity_date"] = pd.to_datetime(rows["date"], format="%Y%m%d")
    days = (
        rows.groupby(["customer_id", "activity_date"], as_index=False).agg(revenue=("revenue", "sum")).assign(orders=1)
    )
    summary = summary_of(days, date(1997, 9, 30))
    order = BetaGeometric().fit(summary["repeats"], summary["last"] / 7, summary["age"] / 7)
    size = GammaGamma().fit(summary["repeats"], summary["value"])
    found = {name: (getattr(order, f"{name}_"), value, 0.0005) for name, value in PUBLISHED.items()}
    found |= {name: (getattr(size, f"{name}_"), value, 0.005) for name, value in PUBLISHED_SIZES.items()}
    return [
        Goal(name=f"{name} {value:.4f}, published {printed:g}: distance", value=abs(value - printed), at_most=near)
        for name, (value, printed, near) in found.items()
    ]


def covariance(rows: int, columns: int = 20) -> list[Goal]:
    """The covariance of that many rows in a database file, beside the sums of its columns."""
    names = [f"f{number}" for number in range(columns)]
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/rows.duckdb", config={"threads": 2}) as con:
        made = ", ".join(f"(hash(i * {n + 1}) % 100003) / 100003.0::double + {n} as f{n}" for n in range(columns))
        con.execute(f"create table rows_of as select {made} from range({rows}) as r (i)")
        con.execute("checkpoint")
        bare = _seconds(
            lambda: con.execute(f"select {', '.join(f'sum({name})' for name in names)} from rows_of").fetchall()
        )
        ours = _seconds(lambda: sample_covariance(con, "rows_of", names))
        part = f"(from rows_of limit {min(rows, 200_000)})"
        matrix = np.cov(con.execute(f"from {part}").df().to_numpy().T)
        found = sample_covariance(con, part, names)
    scale = np.sqrt(np.outer(np.diag(matrix), np.diag(matrix)))
    return [
        Goal(name=f"covariance of {rows:,} x {columns} / bare scan", value=ours / bare, at_most=3.0),
        Goal(
            name="covariance: distance from NumPy x 1e12",
            value=float(np.abs((found - matrix) / scale).max() * 1e12),
            at_most=1.0,
        ),
    ]


def _seconds(job: Callable[[], object]) -> float:
    times = []
    for _ in range(3):
        started = time.perf_counter()
        job()
        times.append(time.perf_counter() - started)
    return min(times)


def days_of(file: Path, called: Mapping[str, str] = MappingProxyType({})) -> pd.DataFrame:
    """One row per customer and day of a file; rows without a customer or a day are left out, and counted."""
    rows = read(file, ("customer_id", "activity_date", "orders", "revenue"), ids=("customer_id",), called=called)
    sums = ["orders", "revenue", *(name for name in ACTIVITIES if name in rows)]
    amounts = {name: numbers(file, rows, name).fillna(0.0) for name in sums}
    day = dates(rows, "activity_date")
    known = rows["customer_id"].notna() & day.notna()
    if not known.all():
        print(
            f"{file}: {(~known).sum():,} of {len(rows):,} rows without a customer_id or an activity_date like 2024-01-31"
        )
    if not known.any():
        raise FileError(f"{file}: no row is left")
    kept = rows.assign(customer_id=rows["customer_id"].astype(str), activity_date=day.dt.normalize(), **amounts)[known]
    return kept.groupby(["customer_id", "activity_date"], as_index=False)[sums].sum()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", nargs="*", default=[], metavar="[NAME=]FILE")
    parser.add_argument(
        "--columns", nargs="*", type=other_name, default=[], help="what files call them: revenue=Amount"
    )
    parser.add_argument("--back", nargs="*", type=int, default=[HORIZON], help="days from a test cut-off to the last")
    parser.add_argument("--cdnow", type=Path, help="the sample of 2,357 customers")
    parser.add_argument("--rows", type=int, default=0, help="rows of the covariance; 0 leaves it out")
    given = parser.parse_args(arguments)
    tables, goals = [], list[Goal]()
    for one in given.days:
        name, _, file = one.rpartition("=")
        name = name or Path(file).stem
        days = days_of(Path(file), dict(given.columns))
        for back in given.back:
            said = name if back == HORIZON else f"{name} {back} days back"
            table, reached = propensity(said, days, back)
            tables.append((f"Buys in the 30 days after the cut-off, {said}", table))
            goals += reached
    if given.cdnow:
        goals += published(given.cdnow)
    if given.rows:
        goals += covariance(given.rows)
    report(tables, goals)


if __name__ == "__main__":
    main()
