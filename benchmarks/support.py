"""Intents: ours beside the usual peers, on any files of texts and labels.

``python -m benchmarks.support TRAIN.parquet TEST.parquet [--unknown LABEL] [--json FILE]`` reads the columns
``text`` and ``label``. Rows of the test with the label LABEL are questions that no intent answers; in the training
file they are left out. Printed per model: accuracy, macro-F1, calibration error, area under the curve that tells known
from unknown questions, what is answered (of the known, of all) and how much of it wrongly at the threshold that the
model chose for itself on the training data, milliseconds of processor time per message in a batch and alone; then a learning curve.
Without files the figures of the sentiment on the written sentences are printed instead. ``--reviews FILE.parquet``
(``text`` and ``label``, 1 for good and 0 for bad) prints what the sentiment reaches on a random fifth of them, learnt
from the others. The last line is JSON.

Every model chooses its threshold for the same target error: ours by what it would have said of each example unseen,
the peers on a fifth of the training data. The same code computes all figures.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ecom_pipeline.ml.support.abstention import Rehearsed, choose_threshold, is_answered
from ecom_pipeline.ml.support.baselines import KeywordIntent
from ecom_pipeline.ml.support.challenge import evaluate_sentiment
from ecom_pipeline.ml.support.embedding import embed
from ecom_pipeline.ml.support.intent import Guesses, KernelIntent
from ecom_pipeline.ml.support.mood import written_mood
from ecom_pipeline.ml.support.pipeline import TARGET_ERROR
from ecom_pipeline.ml.support.rated import RatedMood
from ecom_pipeline.ml.support.sentiment import read_words
from ecom_pipeline.ml.support.text import WORD, intent_texts
from ecom_pipeline.ml.support.trials import calibration_error, macro_f1

SEED = 20240601
CURVE = (5, 10, 20)
ALONE = 100
"""Messages that are read one by one to time a single one."""


class Model(Protocol):
    """What all have in common."""

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> Any:
        """Learn from texts with their intents."""

    def predict(self, texts: Sequence[str]) -> Guesses:
        """Return an intent per text, and how sure it is."""


class WordsAndPieces:
    """The usual linear peer: a support vector machine per intent on TF-IDF of words and of pieces of words."""

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> WordsAndPieces:
        """Learn from texts with their intents."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.pipeline import make_pipeline, make_union
        from sklearn.svm import LinearSVC

        words = TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2), sublinear_tf=True)
        pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        self.model = make_pipeline(make_union(words, pieces), LinearSVC(tol=0.01, random_state=SEED))
        self.model.fit(list(texts), list(intents))
        return self

    def predict(self, texts: Sequence[str]) -> Guesses:
        """Return the intent with the largest margin; how sure it is from a softmax of the margins."""
        margins = self.model.decision_function(list(texts))
        if margins.ndim == 1:
            margins = np.column_stack([-margins, margins])
        powers = np.exp(4 * (margins - margins.max(axis=1, keepdims=True)))
        sure = 1 / powers.sum(axis=1)
        return Guesses(np.asarray(self.model.classes_, dtype=object)[margins.argmax(axis=1)], sure, margins.max(axis=1))


class Meaning:
    """Logistic regression on the static sentence embeddings."""

    def fit(self, texts: Sequence[str], intents: Sequence[str]) -> Meaning:
        """Learn from texts with their intents."""
        from sklearn.linear_model import LogisticRegression

        self.model = LogisticRegression(C=300, max_iter=300).fit(embed(texts), list(intents))
        return self

    def predict(self, texts: Sequence[str]) -> Guesses:
        """Return the likeliest intent and its probability."""
        chances = self.model.predict_proba(embed(texts))
        sure = chances.max(axis=1)
        return Guesses(np.asarray(self.model.classes_, dtype=object)[chances.argmax(axis=1)], sure, sure)


MODELS: dict[str, type[Model]] = {
    "ours": KernelIntent,
    "words + pieces, SVM": WordsAndPieces,
    "embeddings, logistic": Meaning,
    "keywords": KeywordIntent,
}


class Pieces:
    """The usual peer of reviews: logistic regression on TF-IDF of pieces of words."""

    def fit(self, texts: Sequence[str], sentiments: Sequence[str]) -> Pieces:
        """Learn from texts with their sentiments."""
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        pieces = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)
        self.model = make_pipeline(pieces, LogisticRegression(C=5, max_iter=300)).fit(list(texts), list(sentiments))
        return self

    def score(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return how good each text sounds."""
        return np.asarray(self.model.decision_function(list(texts)), dtype=np.float64)


def review_figures(path: Path) -> dict[str, dict[str, float]]:
    """What is read of reviews, the same texts counted once."""
    from sklearn.metrics import roc_auc_score

    frame = pd.read_parquet(path).dropna(subset=["text", "label"]).drop_duplicates("text")
    frame = frame.sample(frac=1, random_state=SEED)
    texts, is_good = frame["text"].tolist(), frame["label"].astype(int).to_numpy() == 1
    start = int(len(texts) * 0.8)
    late, truth = texts[start:], is_good[start:]
    early = (texts[:start], np.where(is_good[:start], "positive", "negative").tolist())
    scores = {
        "ours, learnt from reviews": np.array([mood.score for mood in RatedMood().fit(*early).read(late)]),
        "pieces, logistic": Pieces().fit(*early).score(late),
        "ours, without reviews": np.array([mood.score for mood in written_mood().read(late)]),
        "words of the lexicon": np.array([read_words(text).score for text in late]),
    }
    return {
        name: {"accuracy": float(((score > 0) == truth).mean()), "auroc": float(roc_auc_score(truth, score))}
        for name, score in scores.items()
    }


class Data(NamedTuple):
    """Texts as models read them, and what is true of them; ``None`` for a question that no intent answers."""

    texts: list[str]
    truth: NDArray[np.object_]


def read(path: Path, unknown: str | None) -> Data:
    frame = pd.read_parquet(path)
    truth = frame["label"].astype(str).to_numpy(dtype=object)
    truth[truth == unknown] = None
    return Data(intent_texts(frame["text"]), truth)


def threshold_of(model: Model, kind: type[Model], train: Data) -> float:
    """The confidence from which on a model answers."""
    if isinstance(model, KernelIntent):
        heard = model.rehearsal_
        rehearsed = Rehearsed(heard.guesses.confidence, heard.guesses.intents == heard.truth, heard.weight)
        return choose_threshold(rehearsed, TARGET_ERROR)
    order = np.random.default_rng(SEED).permutation(len(train.texts))
    held, rest = order[: len(order) // 5], order[len(order) // 5 :]
    early = kind().fit([train.texts[row] for row in rest], train.truth[rest].tolist())
    told = early.predict([train.texts[row] for row in held])
    return choose_threshold(
        Rehearsed(told.confidence, told.intents == train.truth[held], np.ones(len(held))), TARGET_ERROR
    )


def figures(kind: type[Model], train: Data, test: Data) -> dict[str, float | None]:
    """Everything that is measured of a model."""
    from sklearn.metrics import roc_auc_score

    started = time.process_time()
    model = kind().fit(train.texts, train.truth.tolist())
    fitted = time.process_time() - started
    model.predict(test.texts[:1])
    started = time.process_time()
    told = model.predict(test.texts)
    batch = (time.process_time() - started) / len(test.texts)
    started = time.process_time()
    for text in test.texts[:ALONE]:
        model.predict([text])
    alone = (time.process_time() - started) / min(ALONE, len(test.texts))
    known = np.array([each is not None for each in test.truth])
    is_right = told.intents == test.truth
    answered = is_answered(told.confidence, threshold_of(model, kind, train))
    return {
        "accuracy": float(is_right[known].mean()),
        "macro_f1": macro_f1(test.truth[known].tolist(), told.intents[known].tolist()),
        "calibration_error": calibration_error(told.confidence[known], is_right[known]),
        "unknown_auroc": None if known.all() else float(roc_auc_score(known, told.scope)),
        "answered_of_known": float(answered[known].mean()),
        "answered_of_all": float(answered.mean()),
        "answered_wrong": float((~is_right[answered]).mean()) if answered.any() else None,
        "fit_seconds": fitted,
        "batch_ms": 1000 * batch,
        "single_ms": 1000 * alone,
    }


def curve(train: Data, test: Data) -> list[dict[str, Any]]:
    """Accuracy on the known test questions with few examples per intent, drawn at random."""
    frame = pd.DataFrame({"text": train.texts, "truth": train.truth})
    known = [row for row, each in enumerate(test.truth) if each is not None]
    texts, truth = [test.texts[row] for row in known], test.truth[known]
    rows = []
    for size in CURVE:
        few = frame.sample(frac=1, random_state=SEED).groupby("truth").head(size)
        row: dict[str, Any] = {"examples": size}
        for name, kind in MODELS.items():
            told = kind().fit(few["text"].tolist(), few["truth"].tolist()).predict(texts)
            row[name] = float((told.intents == truth).mean())
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path, nargs="?")
    parser.add_argument("test", type=Path, nargs="?")
    parser.add_argument("--unknown", help="label of the questions that no intent answers")
    parser.add_argument("--reviews", type=Path, help="reviews to learn the sentiment from and to judge it on")
    parser.add_argument("--json", type=Path, help="where the figures go, too")
    given = parser.parse_args()
    pd.set_option("display.width", 200, "display.max_columns", 20)
    found: dict[str, Any] = {}
    if given.reviews is not None:
        found["reviews"] = review_figures(given.reviews)
        print(pd.DataFrame(found["reviews"]).T.round(4))
    elif given.train is None or given.test is None:
        rows = pd.DataFrame(evaluate_sentiment(), columns=["task", "model", "metric", "value", "rows", "is_baseline"])
        print(rows.pivot(index="metric", columns="model", values="value").round(4))
        found["sentiment"] = rows.drop(columns="task").to_dict("records")
    else:
        train, test = read(given.train, given.unknown), read(given.test, given.unknown)
        kept = [row for row, each in enumerate(train.truth) if each is not None]
        train = Data([train.texts[row] for row in kept], train.truth[kept])
        found["target_error"] = TARGET_ERROR
        found["models"] = {name: figures(kind, train, test) for name, kind in MODELS.items()}
        print(pd.DataFrame(found["models"]).T.round(4))
        found["curve"] = curve(train, test)
        print(pd.DataFrame(found["curve"]).round(4).to_string(index=False))
    line = json.dumps(found)
    if given.json:
        given.json.write_text(line + "\n")
    print(line)


if __name__ == "__main__":
    main()
