"""What customers write: support messages with a known intent and mood, and the FAQ that answers them.

Messages are filled from phrasings with openers, closers, remarks, second wishes and typing errors, so that intents
overlap as they do in a real inbox. Half of them carry their intent, as agents' tickets do, a few of those a wrong one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ecom_pipeline.shop.samples.catalogue import Catalogue
from ecom_pipeline.shop.samples.draws import numbered, pick, words
from ecom_pipeline.shop.samples.seasons import DAYS, FIRST

MESSAGES, REPLIES = 6000, 600
OUT_OF_SCOPE = "out_of_scope"
OUT_OF_SCOPE_SHARE, LABELLED_SHARE, WRONG_LABEL_SHARE = 0.04, 0.5, 0.02
MOODS = ("negative", "neutral", "positive")
_OPENED, _CLOSED, _MISTYPED, _MIXED = 0.35, 0.25, 0.2, 0.12


def make_messages(
    rng: np.random.Generator, catalogue: Catalogue, customers: pd.DataFrame, orders: pd.DataFrame, items: pd.DataFrame
) -> pd.DataFrame:
    """One row per message, agents' replies included; ``label`` is exported, ``intent`` and ``mood`` are the truth."""
    source = words("support")
    intents = list(source["intents"])
    share = np.array([source["intents"][name]["share"] for name in intents], dtype=float)
    about = rng.integers(0, len(orders), MESSAGES)
    intent = pick(rng, np.stack([share]), np.zeros(MESSAGES, dtype=np.int64))
    mood = pick(rng, np.array([source["intents"][name]["mood"] for name in intents]), intent)
    strange = rng.random(MESSAGES) < OUT_OF_SCOPE_SHARE
    mood[strange] = 1
    first_line = items.groupby("order")["product"].first().reindex(range(len(orders))).to_numpy()
    buyers = customers.iloc[orders["customer"].to_numpy()[about]].reset_index(drop=True)
    buyer_rows = buyers[["language", "city", "phone", "email"]].to_dict("records")
    article_rows = catalogue.products[["zh", "english"]].iloc[first_line[about]].to_dict("records")
    order_ids = orders["order_id"].to_numpy()[about]

    texts = []
    for number in range(MESSAGES):
        buyer, article = buyer_rows[number], article_rows[number]
        language = buyer["language"]
        slots = {
            "p": article["zh" if language == "zh" else "english"],
            "o": order_ids[number],
            "n": int(rng.integers(2, 13)),
            "amt": int(rng.integers(10, 600)),
            "code": str(rng.choice(["NEW10", "VIP20", "SALE30"])),
            "city": buyer["city"],
            "phone": buyer["phone"],
            "mail": buyer["email"],
        }
        pool = source[OUT_OF_SCOPE] if strange[number] else source["intents"][intents[intent[number]]]
        texts.append(_write(rng, source, pool[language], language, mood[number]).format(**slots))

    true_intent = np.where(strange, OUT_OF_SCOPE, np.array(intents, dtype=object)[intent])
    label = true_intent.copy()
    wrong = rng.random(MESSAGES) < WRONG_LABEL_SHARE
    label[wrong] = np.array(intents, dtype=object)[rng.integers(0, len(intents), MESSAGES)][wrong]
    label[strange | (rng.random(MESSAGES) >= LABELLED_SHARE)] = ""
    sent_at = orders["ordered_at"].iloc[about].to_numpy() + pd.to_timedelta(
        rng.integers(60, 60 * 24 * 12 * 60, MESSAGES), unit="s"
    )
    messages = pd.DataFrame(
        {
            "sent_at": sent_at,
            "customer_id": buyers["customer_id"],
            "order_id": np.where(rng.random(MESSAGES) < 0.6, order_ids, ""),
            "author": "customer",
            "language": np.where(rng.random(MESSAGES) < 0.8, buyers["language"], ""),
            "text": texts,
            "label": label,
            "intent": true_intent,
            "mood": np.array(MOODS, dtype=object)[mood],
        }
    )
    messages = pd.concat([messages, _replies(rng, source, messages, buyers)]).sort_values("sent_at", kind="stable")
    messages = messages[messages["sent_at"] < pd.Timestamp(FIRST) + pd.Timedelta(days=DAYS)].reset_index(drop=True)
    messages.insert(0, "message_id", numbered("M", np.arange(1, len(messages) + 1), 6))
    return messages


def faq_table() -> pd.DataFrame:
    """One row per intent and language."""
    return pd.DataFrame(
        [
            {
                "id": f"FAQ-{intent}-{language}",
                "intent": intent,
                "questions": "|".join(content[f"faq_{language}"]),
                "answer": content[f"answer_{language}"],
                "language": language,
            }
            for intent, content in words("support")["intents"].items()
            for language in ("zh", "en")
        ]
    )


def message_truth(messages: pd.DataFrame) -> dict[str, Any]:
    """The intent and mood of every customer message, and how many of the labels given are wrong."""
    customers = messages[messages["author"] == "customer"]
    labelled = customers[customers["label"] != ""]
    return {
        "intents": customers["intent"].value_counts().to_dict(),
        "labelled": len(labelled),
        "wrong_labels": int((labelled["label"] != labelled["intent"]).sum()),
        "sentiment": customers["mood"].value_counts().to_dict(),
        "by_message": {row.message_id: [row.intent, row.mood] for row in customers.itertuples()},
    }


def _write(rng: np.random.Generator, source: dict[str, Any], phrasings: list[str], language: str, mood: int) -> str:
    def one(options: list[str]) -> str:
        return options[rng.integers(len(options))]

    opened, closed, mistyped, mixed = rng.random(4) < (_OPENED, _CLOSED, _MISTYPED, _MIXED)
    comma, stop = ("，", "。") if language == "zh" else (", ", ". ")
    text = one(phrasings).rstrip(".")
    if mistyped:
        text = _mistype(rng, text)
    if mixed:
        aside = one(source["intents"][one(list(source["intents"]))][language]).rstrip(".")
        text = comma.join(rng.permutation([text, aside]).tolist())
    if opened:
        text = one(source["openers"][language]) + comma + text
    remarks = [one(source["mood"][MOODS[mood]][language])] if MOODS[mood] != "neutral" else []
    if closed:
        remarks.append(one(source["closers"][language]))
    for remark in remarks:
        text += (" " if text[-1] in "?!" else stop) + remark.rstrip(".")
    return text


def _mistype(rng: np.random.Generator, text: str) -> str:
    places = [
        place
        for place in range(len(text) - 1)
        if text[place].isalpha() and text[place + 1].isalpha() and "{" not in text[max(0, place - 4) : place + 1]
    ]
    if not places:
        return text
    place = places[rng.integers(len(places))]
    if rng.random() < 0.5:
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[:place] + text[place + 1 :]


def _replies(
    rng: np.random.Generator, source: dict[str, Any], messages: pd.DataFrame, buyers: pd.DataFrame
) -> pd.DataFrame:
    answered = messages.iloc[np.sort(rng.choice(len(messages), REPLIES, replace=False))]
    language = buyers["language"].iloc[answered.index].to_numpy()
    text = [source["agent"][code][rng.integers(len(source["agent"][code]))] for code in language]
    late = pd.to_timedelta(rng.integers(60, 7200, REPLIES), unit="s")
    return answered.assign(
        sent_at=answered["sent_at"] + late, author="agent", text=text, label="", intent="", mood="", language=language
    )
