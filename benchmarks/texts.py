"""Files of texts and labels, as the benchmark of the desk reads them: Parquet, CSV, tab-separated or JSON lines.

What cannot be used ends the program with the file and what was expected of it; what is left out is counted on standard
error. What does not belong here: models and figures.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.files import FileError, rows_of
from ecom_pipeline.ml.support.sentiment import sentiment_of
from ecom_pipeline.ml.support.text import has_words

_WHOLE = re.compile(r"(-?\d+)\.0+")
_SENTIMENTS = {
    "positive": ("positive", "pos", "good", "正面", "正向", "积极", "好评"),
    "neutral": ("neutral", "neu", "mixed", "中性", "中评"),
    "negative": ("negative", "neg", "bad", "负面", "负向", "消极", "差评"),
}
_SENTIMENT_OF = {word: sentiment for sentiment, words in _SENTIMENTS.items() for word in words}
_LADDERS = {2: ("negative", "positive"), 3: ("negative", "neutral", "positive")}
_MIDDLED = ([-1.0, 0.0, 1.0], [0.0, 1.0, 2.0], [1.0, 2.0, 3.0])
_SCALES = ((1, 5), (0, 4), (-2, 2), (1, 10), (0, 5), (0, 10), (0, 100))
"""Ends of the scales that ratings are read on, if the best rating comes within one of the upper end."""
_TOLD = {"true": "1", "false": "0"}
_AROUND = re.compile(r"^__label__|^(?:very|extremely|somewhat|mostly) |[ -]*(?:stars?|星|分)$")
"""What stands around a sentiment or a number of stars."""


def note(said: str) -> None:
    """Tell the reader of the figures something about the files."""
    print(said, file=sys.stderr)


def read_labelled(path: Path, text: str = "text", label: str = "label", *, only_words: bool = False) -> pd.DataFrame:
    """Return the columns ``text`` and ``label`` of a file, both strings, without rows that lack one of them.

    Numbers as labels are written alike whatever the file made of them: 1, 1.0 and "1" are one label. With
    ``only_words`` texts without a letter or digit are left out, too: nothing can be learnt from them.
    """
    table = rows_of(path, as_written=lambda name: True)
    named = {str(column).strip().lower(): column for column in table.columns}
    for wanted in (text, label):
        if wanted.lower() not in named:
            raise FileError(
                f"{path}: no column {wanted}; it has {', '.join(map(str, table.columns)) or 'none'}, expected "
                f"{text} and {label} (or name yours with --text and --label)"
            )
    found = pd.DataFrame(
        {"text": table[named[text.lower()]].map(_string), "label": table[named[label.lower()]].map(_label)}
    )
    for column in ("text", "label"):
        missing = found[column].isna()
        _left_out(path, int(missing.sum()), f"have no {column}")
        found = found[~missing]
    if only_words:
        silent = ~found["text"].map(has_words).astype(bool)
        _left_out(path, int(silent.sum()), "have no letter or digit in their text")
        found = found[~silent]
    if found.empty:
        raise FileError(f"{path}: no row with {text} and {label}")
    return found.reset_index(drop=True)


def sentiments(path: Path, labels: pd.Series) -> NDArray[np.object_]:
    """Return the sentiment that each label states: two numbers of which the larger is good, stars, or the words for it.

    Three stars, the middle of three numbers or of a scale such as 1 to 10, and the words for it are neutral.
    """
    _tell_apart(path, labels)
    said = labels.str.lower().str.replace(_AROUND, "", regex=True).replace(_TOLD)
    numbers = pd.to_numeric(said, errors="coerce")
    values = sorted(set(numbers.dropna()))
    ladder = _LADDERS.get(len(values))
    if numbers.isna().any():
        known = said.map(_SENTIMENT_OF)
    elif ladder and (len(values) == 2 or values in _MIDDLED):
        known = numbers.map(dict(zip(values, ladder, strict=True)))
    elif scale := next(
        (ends for ends in _SCALES if ends[0] <= values[0] and ends[1] - 1 < values[-1] <= ends[1]), None
    ):
        low, high = scale
        known = (1 + 4 * (numbers - low) / (high - low)).map(sentiment_of)
        note(f"{path}: labels {low} to {high} are read as one to five stars, of which three are neutral")
    else:
        known = pd.Series([None] * len(labels), dtype=object)
    if known.isna().any():
        others = sorted(set(labels[known.isna()]))
        raise FileError(
            f"{path}: labels {_some(others)}; expected 1 and 0, one to five stars or another scale of ratings, or "
            "positive, neutral and negative"
        )
    _tell_apart(path, known)
    return known.to_numpy(dtype=object)


def drawn(path: Path, table: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """Return at most so many rows, drawn at random."""
    if len(table) <= most:
        return table
    note(f"{path}: {most:,} of {len(table):,} rows are used, drawn at random")
    return table.sample(most, random_state=seed).reset_index(drop=True)


def check_pair(train: tuple[Path, pd.DataFrame], test: tuple[Path, pd.DataFrame], unknown: str | None) -> None:
    """Tell what of a training file and a test file does not fit together."""
    labels, told = set(train[1]["label"]), test[1]["label"]
    if len(labels) < 2:
        raise FileError(
            f"{train[0]}: rows of {len(labels)} label{'s' * (not labels)}, expected two at least to tell apart"
        )
    if not told.isin(labels).any():
        raise FileError(f"{test[0]}: labels {_some(sorted(set(told)))}; expected some of {_some(sorted(labels))}")
    if unknown is not None and not (told == unknown).any():
        note(f"{test[0]}: no row has the label {unknown}")
    strange = told[~told.isin(labels | {unknown})]
    if len(strange):
        note(
            f"{test[0]}: {len(strange):,} rows have labels that {train[0]} lacks, so no model gets them right: {_some(sorted(set(strange)))}"
        )
    both = int(test[1]["text"].isin(set(train[1]["text"])).sum())
    if both:
        note(f"{test[0]}: {both:,} of {len(told):,} texts stand in {train[0]}, too")


def _tell_apart(path: Path, labels: pd.Series) -> None:
    if labels.nunique() < 2:
        raise FileError(f"{path}: every label says {labels.iloc[0]}; expected good texts and bad ones")


def _string(value: object) -> str | None:
    if value is None or (not isinstance(value, str) and np.all(pd.isna(value))):
        return None
    return str(value).strip() or None


def _label(value: object) -> str | None:
    written = _string(int(value) if isinstance(value, bool | np.bool_) else value)
    whole = _WHOLE.fullmatch(written) if written else None
    return whole[1] if whole else written


def _left_out(path: Path, rows: int, why: str) -> None:
    if rows:
        note(f"{path}: {rows:,} rows {why} and are left out")


def _some(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
