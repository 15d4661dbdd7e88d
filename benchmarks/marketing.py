"""Attribution of a million journeys, returns on planted data, and a randomised e-mail test read beside its counted truth.

``python -m benchmarks.marketing`` makes the journeys and the shops with known returns; ``--hillstrom FILE`` reads the
MineThatData e-mail test (``segment``, ``visit`` and what was known of each customer). Peers: last touch from the present
split's own revenue over spend, for the returns; a random ranking, for the uplift. A table, and one line of JSON last.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from benchmarks.report import Goal, report
from ecom_pipeline.ml.marketing.attribution import attribute
from ecom_pipeline.ml.marketing.budget import budget_shop
from ecom_pipeline.ml.marketing.experiment import UpliftModel, qini, read_out, uplift_by_segment
from ecom_pipeline_tests.ml.marketing.planted import plant

SEED = 1
CONTROL = "No E-Mail"


def attribution(journeys: int) -> tuple[str, list[Goal]]:
    """Seven methods over that many journeys: seconds, memory, and whether they share out the same revenue."""
    random = np.random.default_rng(SEED)
    lengths = random.geometric(0.35, journeys).clip(max=12)
    journey = np.repeat(np.arange(journeys), lengths)
    channels = np.array(["affiliate", "email", "search", "social", "video", "display"])
    frame = pd.DataFrame(
        {
            "journey_id": journey,
            "position": np.arange(len(journey)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + 1,
            "channel": channels[random.integers(0, len(channels), len(journey))],
            "days_before": random.uniform(0, 30, len(journey)),
            "is_converted": np.repeat(random.random(journeys) < 0.2, lengths),
            "revenue": np.repeat(random.gamma(2, 30, journeys).round(2), lengths),
        }
    )
    started = time.perf_counter()
    credited = attribute(frame)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    sums = credited.groupby("method")["credited_revenue"].sum()
    table = credited.pivot(index="channel", columns="method", values="credited_revenue").to_string()
    return table, [
        Goal(name=f"attribution of {journeys:,} journeys, {len(frame):,} touches: seconds", value=seconds, at_most=60),
        Goal(name="attribution: peak MB of the process", value=peak, at_most=2000),
        Goal(name="attribution: different sums of revenue over the methods", value=sums.nunique(), at_most=1),
    ]


def returns(shops: int) -> tuple[str, list[Goal]]:
    """Shops whose returns are known: how often the 90 % intervals hold them, and what the recommended split earns."""
    inside, errors, naive, gains = list[bool](), list[float](), list[float](), list[float]()
    for seed in range(100, 100 + shops):
        shop = plant(seed)
        found = budget_shop(shop.spend_rows, shop.revenue_rows, as_of_date=shop.dates[-1].date(), seed=SEED)
        channels = found.channels
        inside += list((channels["return_lower"] <= shop.returns) & (shop.returns <= channels["return_upper"]))
        errors += list((channels["return_on_spend"] - shop.returns).abs())
        design = np.column_stack([np.ones(len(shop.revenue)), shop.spend])
        naive += list(np.abs(np.linalg.lstsq(design, shop.revenue, rcond=None)[0][1:] - shop.returns))
        if found.card.decision == "published":
            present, split = (channels[name].to_numpy() for name in ("spend_per_day", "recommended_per_day"))
            gains.append(shop.earned(split) - shop.earned(present))
    table = pd.DataFrame(
        {"median error of the return": {"ours": np.median(errors), "least squares on spend": np.median(naive)}}
    ).round(3)
    return table.to_string(), [
        Goal(
            name=f"{shops} planted shops: true returns inside the 90 % intervals",
            value=float(np.mean(inside)),
            at_least=0.85,
        ),
        Goal(name="planted shops: splits recommended", value=len(gains)),
        Goal(
            name="planted shops: recommended splits that earn more by the truth",
            value=float(np.mean(np.array(gains) > 0)),
            at_least=0.95,
        ),
        Goal(
            name="planted shops: median error of the return, ours / least squares",
            value=float(np.median(errors) / np.median(naive)),
            at_most=1.0,
        ),
    ]


def hillstrom(file: Path) -> tuple[str, list[Goal]]:
    """Lift of visits by each campaign beside the counted rates; uplift models learned on one half, judged on the other."""
    with duckdb.connect() as con:
        rows = con.execute(f"from '{file}'").df()
    goals, ranked = list[Goal](), []
    rates = rows.groupby("segment")["visit"].mean()
    half = np.random.default_rng(SEED).permutation(len(rows)) < len(rows) // 2
    table = read_out(rows["segment"][half], rows["visit"][half], control=CONTROL)
    features = pd.DataFrame(
        {
            name: rows[name] if rows[name].dtype.kind in "if" else pd.factorize(rows[name], sort=True)[0]
            for name in ("recency", "history", "mens", "womens", "zip_code", "newbie", "channel")
            if name in rows
        }
    )
    for row in table.to_dict("records"):
        name, counted = row["treatment"], rates[row["treatment"]] - rates[CONTROL]
        goals.append(
            Goal(
                name=f"{name}: lift counted on all, inside the interval of one half",
                value=float(row["lower"] <= counted <= row["upper"]),
                at_least=1,
            )
        )
        part = rows["segment"].isin([name, CONTROL]).to_numpy()
        treated, did = (rows["segment"] == name).to_numpy(), rows["visit"].to_numpy()
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
    mens = rows[rows["segment"].isin(["Mens E-Mail", CONTROL])]
    kinds = np.where(mens["womens"] == 1, np.where(mens["mens"] == 1, "both", "womens"), "mens")
    by_kind = uplift_by_segment(kinds, mens["segment"] == "Mens E-Mail", mens["visit"])
    shown = table.drop(columns=["sentence_zh"]).round(4).to_string()
    return (
        f"{shown}\n\n{pd.DataFrame(ranked).round(5).to_string()}\n\nMens E-Mail by what was bought before\n{by_kind.round(4).to_string()}",
        goals,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--journeys", type=int, default=1_000_000)
    parser.add_argument("--shops", type=int, default=40)
    parser.add_argument("--hillstrom", type=Path)
    given = parser.parse_args(arguments)
    parts = {"Attributed revenue": attribution(given.journeys), "Returns of planted shops": returns(given.shops)}
    if given.hillstrom:
        parts["Hillstrom's e-mail test, visits"] = hillstrom(given.hillstrom)
    report(
        [(title, table) for title, (table, _) in parts.items()], [goal for _, goals in parts.values() for goal in goals]
    )


if __name__ == "__main__":
    main()
