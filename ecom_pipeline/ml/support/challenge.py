"""How good the mood is: on written sentences that it has not learnt from, because a shop's messages come without one.

What the sentences are stands in ``written``; how a mood comes about does not belong here.
"""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from ecom_pipeline.ml.support.mood import MoodModel, written_mood
from ecom_pipeline.ml.support.sentiment import count_keywords, read_words
from ecom_pipeline.ml.support.trials import Row, macro_f1
from ecom_pipeline.ml.support.written import JUDGED, sentences_of


@lru_cache(maxsize=1)
def evaluate_sentiment() -> tuple[Row, ...]:
    """Return (task, model, metric, value, rows, is_baseline) for the mood, its words alone, a keyword count, the majority."""
    unseen = sentences_of(JUDGED)
    texts, told = unseen["text"].tolist(), unseen["sentiment"]
    guessed = {
        MoodModel.name: [mood.sentiment for mood in written_mood().read(texts)],
        "lexicon": [read_words(text).sentiment for text in texts],
        "keyword": [count_keywords(text) for text in texts],
        "majority": [told.value_counts().idxmax()] * len(texts),
    }
    parts = {"accuracy": pd.Series(True, index=unseen.index)}
    for language in sorted(set(unseen["language"])):
        inside = unseen["language"] == language
        parts[f"accuracy_{language}"] = inside
        parts |= {f"accuracy_{language}_{part}": inside & (unseen["part"] == part) for part in JUDGED}
    rows: list[Row] = []
    for model, guesses in guessed.items():
        is_baseline, is_right = model != MoodModel.name, pd.Series(guesses) == told
        rows += [
            ("sentiment", model, metric, float(is_right[part].mean()), int(part.sum()), is_baseline)
            for metric, part in parts.items()
        ]
        both = is_right.groupby(unseen["pair"]).all()
        rows.append(("sentiment", model, "both_of_a_pair", float(both.mean()), len(both), is_baseline))
        rows.append(("sentiment", model, "macro_f1", macro_f1(told.tolist(), guesses), len(texts), is_baseline))
    return tuple(rows)
