"""Does the stated error hold? A few intents with a few examples each, drawn from files of texts and labels.

``python -m benchmarks.abstention TRAIN TEST [--unknown LABEL] [--draws N]`` reads the columns ``text`` and ``label``
(``--text`` and ``--label`` name others) as ``benchmarks.support`` does. Per number of intents and of examples the rest of
the labels, and the rows of the test with the label LABEL, are questions that no intent answers. Printed per share of them
among what is asked: what the model answers of the known questions, and how many of all its answers are wrong, in
brackets in the best and the worst draw: which few intents are drawn says most. Of more than ten intents one draw is made.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.support import SEED, Data, read_pair
from ecom_pipeline.ml.support.abstention import choose_threshold, is_answered
from ecom_pipeline.ml.support.intent import KernelIntent
from ecom_pipeline.ml.support.pipeline import TARGET_ERROR

INTENTS, EXAMPLES, SHARES = (3, 10, 77, 150), (5, 20, 100), (0.0, 0.1, 0.5)
FEW = 10
KNOWN = 500
"""Known questions, at most, that a draw is judged on."""


def draw(train: Data, test: Data, intents: int, examples: int, seed: int) -> list[dict[str, float]]:
    """Return what one model of some intents does with questions of which every share is unknown."""
    random = np.random.default_rng(seed)
    chosen = random.permutation(sorted(set(train.truth)))[:intents]
    frame = pd.DataFrame({"text": train.texts, "truth": train.truth})
    few = frame[frame["truth"].isin(chosen)].sample(frac=1, random_state=seed).groupby("truth").head(examples)
    model = KernelIntent().fit(few["text"].tolist(), few["truth"].tolist())
    is_known = np.isin(test.truth.astype(str), chosen)
    known, unknown = (random.permutation(np.flatnonzero(side)) for side in (is_known, ~is_known))
    rows = []
    for share in SHARES:
        strangers = unknown[: round(min(len(known), KNOWN) * share / (1 - share))]
        friends = known[: round(len(strangers) / share * (1 - share)) if len(strangers) else KNOWN]
        asked = np.concatenate([friends, strangers])
        if share and not len(strangers):
            continue
        texts = [test.texts[row] for row in asked]
        told = model.predict(texts)
        answered = is_answered(told.confidence, choose_threshold(model.rehearsal_.rehearsed, TARGET_ERROR))
        is_right = is_known[asked] & (told.intents == test.truth[asked])
        rows.append(
            {
                "intents": len(chosen),
                "examples": examples,
                "unknown": share,
                "known_answered": float(answered[: len(friends)].mean()),
                "answers": int(answered.sum()),
                "wrong": int((answered & ~is_right).sum()),
            }
        )
    return rows


def wrong(draws: pd.DataFrame) -> str:
    """Return the share of wrong answers in all draws, and in the best and the worst of them."""
    given = draws[draws["answers"] > 0]
    if given.empty:
        return "none given"
    each = given["wrong"] / given["answers"]
    return f"{given['wrong'].sum() / given['answers'].sum():.3f} ({each.min():.3f} to {each.max():.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--unknown", help="label of the questions that no intent answers")
    parser.add_argument("--text", default="text", help="the column of the texts")
    parser.add_argument("--label", default="label", help="the column of the labels")
    parser.add_argument("--draws", type=int, default=5, help="draws of few intents and their examples")
    given = parser.parse_args()
    train, test = read_pair(given)
    there = len(set(train.truth))
    for intents in sorted({min(number, there) for number in INTENTS}):
        for examples in EXAMPLES:
            draws = given.draws if intents <= FEW else 1
            rows = [row for at in range(draws) for row in draw(train, test, intents, examples, SEED + at)]
            for share, found in pd.DataFrame(rows).groupby("unknown"):
                print(
                    f"{intents:4} intents {examples:4} examples, {share:4.0%} unknown: "
                    f"known answered {found['known_answered'].mean():.3f}, "
                    f"wrong {wrong(found)}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
