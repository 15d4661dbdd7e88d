"""What the FAQ does not answer yet: messages that got no answer, grouped into drafts of new entries.

Messages of one language whose points lie near each other on average (average linkage) make a draft: its title is the
message nearest to all others, its examples the next ones in other words, all of them masked, without numbers of orders,
greeting and closing, and with the messages they are from. Writing the answer is the shop's.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.support.answers import QUESTION_SEPARATOR
from ecom_pipeline.ml.support.features import TextFeatures, similarity
from ecom_pipeline.ml.support.letters import only_greets, wish
from ecom_pipeline.ml.support.personal import mask
from ecom_pipeline.ml.support.text import has_words, intent_text

SMALLEST = 3
"""Messages that make a draft."""
MOST = 1_500
"""Messages of a language that are looked at, the latest."""
EXAMPLES = 3
_NUMBER = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{0,4}-?\d[\dA-Za-z-]{5,}")
"""An order's, a parcel's or a day's: it makes one customer's question of everybody's."""
_APART = 0.6
"""Clusters further apart than this (one minus the mean cosine) are two."""
COLUMNS = (
    "draft_id", "language", "title", "examples", "example_ids", "messages", "customers", "first_sent_date", "last_sent_date",
)  # fmt: skip


def draft_entries(unanswered: pd.DataFrame) -> pd.DataFrame:
    """Return drafts of FAQ entries, the most asked first.

    Parameters
    ----------
    unanswered
        ``message_id, customer_id, sent_at, sent_date, raw, text, language`` of messages without an answer.
    """
    asks = [has_words(text) and not only_greets(text) for text in unanswered["text"]]
    usable = unanswered[np.array(asks, dtype=bool)]
    usable = usable.assign(said=[_NUMBER.sub("[number]", mask(wish(raw)).text) for raw in usable["raw"]])
    drafts = [
        _draft(members, alike)
        for _, group in usable.groupby("language", sort=True)
        for members, alike in _clusters(group.sort_values(["sent_at", "message_id"], kind="stable").tail(MOST))
    ]
    found = pd.DataFrame(drafts, columns=[name for name in COLUMNS if name != "draft_id"])
    frame = found.sort_values(["messages", "language", "title"], ascending=[False, True, True], ignore_index=True)
    frame.insert(0, "draft_id", [f"D{number:04}" for number in range(1, len(frame) + 1)])
    return frame


def _clusters(group: pd.DataFrame) -> list[tuple[pd.DataFrame, NDArray[np.float32]]]:
    """Return the groups of messages that are large enough, each with its similarities."""
    from sklearn.cluster import AgglomerativeClustering

    if len(group) < SMALLEST:
        return []
    points = TextFeatures().fit_transform([intent_text(text) for text in group["said"]])
    alike = similarity(points, points.turned)
    labels = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=_APART
    ).fit_predict(np.clip(1 - alike, 0, 2))
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return [(group.iloc[rows], alike[np.ix_(rows, rows)]) for rows in members if len(rows) >= SMALLEST]


def _draft(members: pd.DataFrame, alike: NDArray[np.float32]) -> dict[str, object]:
    order = np.argsort(-alike.mean(axis=1), kind="stable")
    asked = members.iloc[order].assign(wording=lambda frame: frame["said"].map(intent_text)).drop_duplicates("wording")
    examples = asked["said"].str.replace(QUESTION_SEPARATOR, "/", regex=False).head(EXAMPLES)
    return {
        "language": members["language"].iloc[0],
        "title": examples.iloc[0],
        "examples": f" {QUESTION_SEPARATOR} ".join(examples),
        "example_ids": f" {QUESTION_SEPARATOR} ".join(asked["message_id"].head(EXAMPLES).astype(str)),
        "messages": len(members),
        "customers": int(members["customer_id"].nunique()),
        "first_sent_date": members["sent_date"].min(),
        "last_sent_date": members["sent_date"].max(),
    }
