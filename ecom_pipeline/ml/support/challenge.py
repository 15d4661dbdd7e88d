"""How good the sentiment is: a written challenge set, because a shop's messages come without sentiment.

``challenge.csv`` holds sentences in Chinese and English with their sentiment: plain ones, negation, contrast,
comparison, what was solved, irony with a marker, and questions that only sound unhappy. Most come in pairs: nearly the same
words, another sentiment. It was written before the lexicons, the pairs before the lexicons were extended for them. Of
the part ``tuning`` the mistakes were looked at while the lexicons grew; those of ``untuned`` never were, so its figure
is the one to expect of new messages. Both are by the lexicons' author: real reviews judge harder.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from io import StringIO

import pandas as pd

from ecom_pipeline.ml.support.sentiment import count_keywords, read_mood
from ecom_pipeline.ml.support.trials import macro_f1


@lru_cache(maxsize=1)
def load_challenge() -> pd.DataFrame:
    """Return the challenge set: language, part, kind, pair, sentiment, text."""
    return pd.read_csv(StringIO((files(__package__) / "challenge.csv").read_text("utf-8")))


@lru_cache(maxsize=1)
def evaluate_sentiment() -> tuple[tuple[str, str, str, float, int, bool], ...]:
    """Return (task, model, metric, value, rows, is_baseline) for the lexicon, the keyword count and the majority."""
    challenge = load_challenge()
    majority = challenge["sentiment"].value_counts().idxmax()
    guessed = {
        "lexicon": [read_mood(text).sentiment for text in challenge["text"]],
        "keyword": [count_keywords(text) for text in challenge["text"]],
        "majority": [majority] * len(challenge),
    }
    parts = {"accuracy": pd.Series(True, index=challenge.index)}
    parts |= {f"accuracy_{language}": challenge["language"] == language for language in ("en", "zh")}
    for part in ("tuning", "untuned"):
        parts[f"accuracy_{part}"] = challenge["part"] == part
        for language in ("en", "zh"):
            parts[f"accuracy_{language}_{part}"] = (challenge["part"] == part) & (challenge["language"] == language)
    rows: list[tuple[str, str, str, float, int, bool]] = []
    for model, guesses in guessed.items():
        is_right = pd.Series(guesses) == challenge["sentiment"]
        for metric, part in parts.items():
            rows.append(("sentiment", model, metric, float(is_right[part].mean()), int(part.sum()), model != "lexicon"))
        both = is_right.groupby(challenge["pair"]).all()
        rows.append(("sentiment", model, "both_of_a_pair", float(both.mean()), len(both), model != "lexicon"))
        f1 = macro_f1(challenge["sentiment"].tolist(), guesses)
        rows.append(("sentiment", model, "macro_f1", f1, len(challenge), model != "lexicon"))
    return tuple(rows)
