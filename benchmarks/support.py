"""Intents: ours beside the usual peers, on any files of texts and labels.

``python -m benchmarks.support TRAIN TEST [--unknown LABEL] [--json FILE]`` reads the columns ``text`` and ``label``
(``--text`` and ``--label`` name others) of Parquet, CSV, tab-separated or JSON lines. Rows of the test with the label
LABEL are questions that no intent answers; in the training file they are left out. Printed per model: accuracy, macro-F1,
calibration error, area under the curve that tells known from unknown questions, what is answered (of the known, of all)
and how much of it wrongly at the threshold that the model chose for itself on the training data, milliseconds of
processor time per message in a batch and alone; then a learning curve. Of larger files so many rows are drawn as ours
learns from.
Without files the figures of the sentiment on the written sentences are printed instead. ``--reviews FILE`` (``label`` 1
or 0, stars, or words) prints what the sentiment reaches on a random fifth of them, learnt from the others; where some are
neither good nor bad, of all three. The last line is JSON.

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

from benchmarks.files import FileError
from benchmarks.texts import check_pair, drawn, note, read_labelled, sentiments
from ecom_pipeline.ml.calibration import calibration_error
from ecom_pipeline.ml.support.abstention import NEVER, Rehearsed, choose_threshold, is_answered
from ecom_pipeline.ml.support.baselines import KeywordIntent
from ecom_pipeline.ml.support.certainty import Guesses
from ecom_pipeline.ml.support.challenge import evaluate_sentiment
from ecom_pipeline.ml.support.embedding import embed, forget
from ecom_pipeline.ml.support.intent import MOST, KernelIntent
from ecom_pipeline.ml.support.mood import written_mood
from ecom_pipeline.ml.support.pipeline import TARGET_ERROR
from ecom_pipeline.ml.support.rated import READ, RatedMood
from ecom_pipeline.ml.support.sentiment import Mood, read_words
from ecom_pipeline.ml.support.text import MAX_CHARACTERS, WORD, intent_texts
from ecom_pipeline.ml.support.trials import macro_f1

SEED = 20240601
CURVE = (5, 10, 20)
JUDGED = 50_000
"""Rows of a test file that are judged at most."""
REVIEWS = 5_000_000
"""Characters of reviews that ours reads at most, which bounds memory and time: some 5,000 long reviews or 80,000 short ones."""
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

    def read(self, texts: Sequence[str]) -> list[Mood]:
        """Return the likeliest sentiment of each text, and how good it sounds."""
        chances = self.model.predict_proba(list(texts))
        of = dict(zip(self.model.classes_, chances.T, strict=True))
        names = self.model.classes_[chances.argmax(axis=1)]
        return [Mood(*each) for each in zip(names, of["positive"] - of["negative"], strict=True)]


def review_figures(path: Path, table: pd.DataFrame) -> dict[str, dict[str, float]]:
    """What is read of reviews, the same texts counted once."""
    from sklearn.metrics import roc_auc_score

    frame = table.drop_duplicates("text").sample(frac=1, random_state=SEED)
    texts = [text[:MAX_CHARACTERS] for text in frame["text"]]
    used = int((np.cumsum([min(len(text), READ) for text in texts]) <= REVIEWS).sum())
    if used < len(texts):
        note(f"{path}: {used:,} of {len(texts):,} reviews are used, drawn at random")
    texts, told = texts[:used], sentiments(path, frame["label"])[:used]
    start = int(used * 0.8)
    late, truth = texts[start:], told[start:]
    for part, name in ((told[:start], "four fifths to learn from"), (truth, "fifth to judge")):
        if not {"positive", "negative"} <= set(part):
            raise FileError(f"{path}: {used:,} reviews are too few: the {name} has no good or no bad one")
    early = (texts[:start], told[:start].tolist())
    read = {
        "ours, learnt from reviews": RatedMood().fit(*early).read(late),
        "pieces, logistic": Pieces().fit(*early).read(late),
        "ours, without reviews": written_mood().read(late),
        "words of the lexicon": [read_words(text) for text in late],
    }
    sided, found = truth != "neutral", {}
    for name, moods in read.items():
        scores = np.array([mood.score for mood in moods])
        guesses = np.array([mood.sentiment for mood in moods], dtype=object)
        if sided.all():
            guesses = np.where(scores > 0, "positive", "negative")
        found[name] = {
            "accuracy": float((guesses == truth).mean()),
            "macro_f1": macro_f1(truth.tolist(), guesses.tolist()),
            "auroc": float(roc_auc_score(truth[sided] == "positive", scores[sided])),
        }
    return found


class Data(NamedTuple):
    """Texts as models read them, and what is true of them; ``None`` for a question that no intent answers."""

    texts: list[str]
    truth: NDArray[np.object_]


def data_of(table: pd.DataFrame, unknown: str | None) -> Data:
    truth = table["label"].to_numpy(dtype=object)
    truth[truth == unknown] = None
    return Data(intent_texts(table["text"]), truth)


def read_pair(given: argparse.Namespace) -> tuple[Data, Data]:
    """The texts to learn from, without those that no intent answers, and those to judge on."""
    train = read_labelled(given.train, given.text, given.label, only_words=True)
    train = drawn(given.train, train[train["label"] != given.unknown], MOST, SEED)
    test = drawn(given.test, read_labelled(given.test, given.text, given.label), JUDGED, SEED)
    check_pair((given.train, train), (given.test, test), given.unknown)
    return data_of(train, None), data_of(test, given.unknown)


def threshold_of(model: Model, kind: type[Model], train: Data) -> float:
    """The confidence from which on a model answers."""
    if isinstance(model, KernelIntent):
        return choose_threshold(model.rehearsal_.rehearsed, TARGET_ERROR)
    order = np.random.default_rng(SEED).permutation(len(train.texts))
    held, rest = order[: len(order) // 5], order[len(order) // 5 :]
    if not len(held) or len(set(train.truth[rest])) < 2:
        return NEVER
    early = kind().fit([train.texts[row] for row in rest], train.truth[rest].tolist())
    told = early.predict([train.texts[row] for row in held])
    return choose_threshold(
        Rehearsed(told.confidence, told.intents == train.truth[held], np.ones(len(held))), TARGET_ERROR
    )


def figures(kind: type[Model], train: Data, test: Data) -> dict[str, float | None]:
    """Everything that is measured of a model; it reads every text anew, whatever others have read before it."""
    from sklearn.metrics import roc_auc_score

    forget()
    started = time.process_time()
    model = kind().fit(train.texts, train.truth.tolist())
    fitted = time.process_time() - started
    model.predict(test.texts[:1])
    started = time.process_time()
    told = model.predict(test.texts)
    batch = (time.process_time() - started) / len(test.texts)
    forget()
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
        "calibration_error": calibration_error(is_right[known], told.confidence[known]),
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
    parser.add_argument("--text", default="text", help="the column of the texts")
    parser.add_argument("--label", default="label", help="the column of the labels")
    parser.add_argument("--json", type=Path, help="where the figures go, too")
    given = parser.parse_args()
    if given.train is not None and given.test is None:
        parser.error("a file to learn from needs a file to judge on: TRAIN TEST")
    pd.set_option("display.width", 200, "display.max_columns", 20)
    found: dict[str, Any] = {}
    if given.reviews is not None:
        table = read_labelled(given.reviews, given.text, given.label)
        found["reviews"] = review_figures(given.reviews, table)
        print(pd.DataFrame(found["reviews"]).T.round(4))
    elif given.train is None:
        rows = pd.DataFrame(evaluate_sentiment(), columns=["task", "model", "metric", "value", "rows", "is_baseline"])
        print(rows.pivot(index="metric", columns="model", values="value").round(4))
        found["sentiment"] = rows.drop(columns="task").to_dict("records")
    else:
        train, test = read_pair(given)
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
