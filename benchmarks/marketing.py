"""Attribution of a million journeys, returns on planted data, and a randomised e-mail test read beside its counted truth.

``python -m benchmarks.marketing`` makes the journeys and the shops with known returns. Files of one's own, Parquet or CSV:
``--touches FILE`` of ``journey_id, position, channel, days_before, is_converted`` and maybe ``revenue``, or of ``user_id,
time, channel, is_converted`` and maybe ``conversion_id`` (of all touches that led to one), or of ``path`` (``a > b``),
``total_conversions`` and maybe ``total_null``; ``--spend FILE`` of ``date, channel, spend, revenue``, where the revenue of a
day is the sum of its rows, or of ``date, revenue`` and the columns of spend that ``--channels`` names; by day, week or month. ``--columns spend=Cost`` tells what such a file calls a column.
``--experiment FILE``, a randomised test with a row per customer: the columns of group and outcome are named by
``--treatment`` and ``--outcome``, the group left alone by ``--control``, what was known only afterwards by ``--after``, and all
other columns are what was known before. As they are, these read the MineThatData e-mail test. Peers: least squares on
spend, for the returns; a random ranking, for the uplift. A table, and one line of JSON last.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.files import other_name
from benchmarks.marketing_data import Trial, spend_of, touches_of, trial_of
from benchmarks.report import Goal, report
from ecom_pipeline.ml.marketing.attribution import attribute
from ecom_pipeline.ml.marketing.budget import budget_shop
from ecom_pipeline.ml.marketing.experiment import UpliftModel, qini, read_out
from ecom_pipeline_tests.ml.marketing.planted import KINDS, plant_kind

SEED = 1


def journeys_made(journeys: int) -> pd.DataFrame:
    """Touches of that many journeys over six channels, dealt out by chance."""
    random = np.random.default_rng(SEED)
    lengths = random.geometric(0.35, journeys).clip(max=12)
    journey = np.repeat(np.arange(journeys), lengths)
    channels = np.array(["affiliate", "email", "search", "social", "video", "display"])
    return pd.DataFrame(
        {
            "journey_id": journey,
            "position": np.arange(len(journey)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1,
            "channel": channels[random.integers(0, len(channels), len(journey))],
            "days_before": random.uniform(0, 30, len(journey)),
            "is_converted": np.repeat(random.random(journeys) < 0.2, lengths),
            "revenue": np.repeat(random.gamma(2, 30, journeys).round(2), lengths),
        }
    )


def attribution(touches: pd.DataFrame) -> tuple[str, list[Goal]]:
    """Seven methods over journeys: seconds, memory, and whether they share out the same revenue."""
    journeys = touches["journey_id"].nunique()
    started = time.perf_counter()
    credited = attribute(touches)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    sums = credited.groupby("method")["credited_revenue"].sum()
    table = credited.pivot(index="channel", columns="method", values="credited_revenue").to_string()
    return table, [
        Goal(
            name=f"attribution of {journeys:,} journeys, {len(touches):,} touches: seconds", value=seconds, at_most=60
        ),
        Goal(name="attribution: peak MB of the process", value=peak, at_most=2000),
        Goal(name="attribution: different sums of revenue over the methods", value=sums.nunique(), at_most=1),
    ]


def returns(shops: int) -> tuple[str, list[Goal]]:
    """Shops of each kind whose returns are known: how often the intervals hold them, and what the recommended splits earn."""
    rows = []
    for kind in KINDS:
        inside, ours, naive, gains = list[bool](), list[float](), list[float](), list[float]()
        for seed in range(100, 100 + shops):
            shop = plant_kind(kind, seed)
            found = budget_shop(shop.spend_rows, shop.revenue_rows, as_of_date=shop.dates[-1].date(), seed=SEED)
            channels = found.channels.set_index("channel")
            known = ["abcdefgh".index(name) for name in channels.index]
            true = shop.returns[known]
            inside += list((channels["return_lower"] <= true) & (true <= channels["return_upper"]))
            ours += list((channels["return_on_spend"] - true).abs() / true)
            design = np.column_stack([np.ones(len(shop.revenue)), shop.spend])
            simple = np.linalg.lstsq(design, shop.revenue, rcond=None)[0][1:]
            naive += list(np.abs(simple[known] - true) / true)
            if found.card.decision == "published":
                split = np.zeros_like(shop.returns)
                split[known] = channels["recommended_per_day"]
                present = np.zeros_like(split)
                present[known] = channels["spend_per_day"]
                gains.append(shop.earned(split) / shop.earned(present) - 1)
        rows.append(
            {
                "kind": kind,
                "channels": len(inside),
                "in the 90 % interval": np.mean(inside),
                "median error": np.median(ours),
                "of least squares": np.median(naive),
                "splits": len(gains),
                "earn more": sum(gain > 0 for gain in gains),
                "by": np.mean(gains) if gains else None,
            }
        )
    table = pd.DataFrame(rows).set_index("kind")
    shown = table.round(3).to_string()
    held = float(np.average(table["in the 90 % interval"], weights=table["channels"]))
    return shown, [
        Goal(
            name=f"planted shops of {len(KINDS)} kinds: channels whose return lies in its 90 % interval",
            value=held,
            at_least=0.85,
        ),
        Goal(
            name="planted shops: the same of the worst kind",
            value=float(table["in the 90 % interval"].min()),
        ),
        Goal(
            name="planted shops: recommended splits that earn more",
            value=float(table["earn more"].sum() / max(table["splits"].sum(), 1)),
            at_least=0.95,
        ),
        Goal(
            name="planted shops: median error of the return, ours / least squares",
            value=float(table["median error"].median() / table["of least squares"].median()),
            at_most=1.0,
        ),
    ]


def response(file: Path, channels: Sequence[str], called: Mapping[str, str]) -> str:
    """What each channel of a file brings, and the split that is recommended, if any."""
    spend, revenue = spend_of(file, channels, called)
    found = budget_shop(spend, revenue, as_of_date=revenue["sales_date"].iloc[-1].date(), seed=SEED)
    shown = found.channels.drop(columns=["sentence_en", "sentence_zh", "as_of_date"]).round(3).to_string(index=False)
    said = "\n".join(found.channels["channel"] + ": " + found.channels["sentence_en"])
    return f"{shown}\n{said}\n{found.card.decision}: {found.card.reason}"


def experiment(trial: Trial, control: str) -> tuple[str, list[Goal]]:
    """Lift by each treatment beside the counted rates; uplift models learned on one half, judged on the other."""
    group, did, features = trial.group, trial.outcome, trial.known
    goals, ranked = list[Goal](), []
    rates = pd.Series(did).groupby(group.to_numpy()).mean()
    half = np.random.default_rng(SEED).permutation(len(did)) < len(did) // 2
    table = read_out(group[half], did[half], control=control, planned=group.value_counts().to_dict())
    for row in table.to_dict("records"):
        name, counted = row["treatment"], rates[row["treatment"]] - rates[control]
        goals.append(
            Goal(
                name=f"{name}: lift counted on all, inside the interval of one half",
                value=float(row["lower"] <= counted <= row["upper"]),
                at_least=1,
            )
        )
        part, treated = group.isin([name, control]).to_numpy(), (group == name).to_numpy()
        if len({*zip(treated[part & half], did[part & half], strict=True)}) < 4:
            ranked.append({"treatment": name, "model": "too few to learn from: all of a group did alike"})
            continue
        model = UpliftModel(seed=SEED).fit(features[part & half], treated[part & half], did[part & half])
        judged = part & ~half
        score = model.predict(features[judged])
        ours = qini(score, treated[judged], did[judged], seed=SEED)
        chance = qini(np.random.default_rng(SEED).random(len(score)), treated[judged], did[judged], seed=SEED)
        for peer, found in (("ours", ours), ("random ranking", chance)):
            ranked.append(
                {"treatment": name, "model": peer, "qini": found.value, "lower": found.lower, "upper": found.upper}
                | {"better than chance": found.is_better_than_chance}
            )
        goals.append(Goal(name=f"{name}: Qini x 1000 on the other half", value=1000 * ours.value))
        goals.append(Goal(name=f"{name}: Qini x 1000, lower end of 95 %", value=1000 * ours.lower))
    shown = table.drop(columns=["sentence_zh"]).round(4).to_string()
    return f"{shown}\n\n{pd.DataFrame(ranked).round(5).to_string()}", goals


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--journeys", type=int, default=1_000_000, help="how many to make, without --touches")
    parser.add_argument("--shops", type=int, default=6, help="how many to plant of each kind")
    parser.add_argument("--touches", type=Path)
    parser.add_argument("--spend", type=Path)
    parser.add_argument("--experiment", type=Path)
    parser.add_argument("--treatment", default="segment")
    parser.add_argument("--control", default="No E-Mail")
    parser.add_argument("--outcome", default="visit")
    parser.add_argument("--after", nargs="*", default=["conversion", "spend", "exposure"])
    parser.add_argument("--columns", nargs="*", type=other_name, default=[], help="what files call them: spend=Cost")
    parser.add_argument("--channels", nargs="*", default=[], help="columns of spend, where --spend has one each")
    given = parser.parse_args(arguments)
    called = dict(given.columns)
    touches = touches_of(given.touches, called) if given.touches else journeys_made(given.journeys)
    parts = {"Attributed revenue": attribution(touches)}
    if given.spend:
        parts[f"What spend brings, {given.spend.name}"] = response(given.spend, given.channels, called), []
    if given.experiment:
        trial = trial_of(
            given.experiment,
            treatment=given.treatment,
            outcome=given.outcome,
            control=given.control,
            after=given.after,
        )
        parts[f"{given.outcome} by {given.treatment}, {given.experiment.name}"] = experiment(trial, given.control)
    parts["Returns of planted shops"] = returns(given.shops)
    report(
        [(title, table) for title, (table, _) in parts.items()], [goal for _, goals in parts.values() for goal in goals]
    )


if __name__ == "__main__":
    main()
