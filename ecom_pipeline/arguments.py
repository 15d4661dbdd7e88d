"""What can be typed after ``ecom``: the verbs, their options and examples. What a verb does belongs in :mod:`ecom_pipeline.cli`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

SAMPLES = ("sample", "journey")
VERBS = {
    "init": (
        "Make a new shop folder with a commented shop.yaml.",
        ("ecom init my_shop", "ecom init data/shops/sample --sample sample"),
    ),
    "doctor": ("Look at unknown exports and propose a shop.yaml.", ("ecom doctor exports/",)),
    "run": (
        "Run the nightly job: load what is new, build what it changes, publish a release.",
        (
            "ecom run --shop my_shop",
            "ecom run --shop my_shop --full",
            "ecom run --shop my_shop --from 2024-06-01 --to 2024-06-07",
        ),
    ),
    "status": ("Show the last run and the current release.", ("ecom status --shop my_shop --json",)),
    "release": (
        "List, show, compare or roll back releases.",
        (
            "ecom release list",
            "ecom release diff",
            "ecom release diff 20260101T020000.000000Z 20260102T020000.000000Z --json",
            "ecom release rollback",
        ),
    ),
    "quarantine": (
        "List or show quarantined rows; replay them after shop.yaml or the data were mended.",
        ("ecom quarantine list", "ecom quarantine show clean.orders --limit 5", "ecom quarantine replay"),
    ),
    "ask": (
        "Answer a customer's question from the published release, or say that it is not known.",
        ('ecom ask "Where is my order?" --customer C00011', "ecom ask --file questions.txt --json"),
    ),
    "person": (
        "Show all that is held of a customer, and the rows of the exports that it came from.",
        ("ecom person C00011", "ecom person C00011 --json > C00011.json"),
    ),
    "retention": (
        "Delete what is older than shop.yaml (keep_days) and ECOM_KEEP_HISTORY_DAYS keep, and free its space.",
        ("ecom retention --shop my_shop", "ECOM_KEEP_HISTORY_DAYS=90 ecom retention --shop my_shop --json"),
    ),
}
"""What each verb does, and examples."""


def parser() -> argparse.ArgumentParser:
    """What reads the words of a command; the verb is told by its name, as ``verb``."""
    whole = argparse.ArgumentParser(
        prog="ecom",
        description="One night of an online shop: exports in, one audited release out.",
        epilog="Settings come from the environment (ECOM_...); docs/settings.md lists them.",
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--shop", type=_path, help="shop.yaml, or its folder (ECOM_SHOP)")
    common.add_argument("--data-dir", type=_path, help="work files and releases (ECOM_DATA_DIR)")
    common.add_argument("--json", action="store_true", help="print one JSON document")
    verbs = whole.add_subparsers(required=True, metavar="VERB", dest="verb")
    parsers = {
        name: verbs.add_parser(
            name,
            help=words,
            description=words,
            epilog="\n  ".join(("examples:", *examples)),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[common],
        )
        for name, (words, examples) in VERBS.items()
    }
    _add_options(parsers)
    return whole


def _add_options(verbs: Mapping[str, argparse.ArgumentParser]) -> None:
    """What can be typed after each verb beside what all have in common."""
    for name in ("run", "quarantine"):
        verbs[name].add_argument(
            "--landing", type=_path, help="folder of the exports, if not beside shop.yaml (ECOM_LANDING)"
        )
    verbs["init"].add_argument("folder", type=_path)
    verbs["init"].add_argument("--sample", choices=SAMPLES, help="fill it with a sample shop")
    doctor = verbs["doctor"]
    doctor.add_argument("folder", type=_path)
    doctor.add_argument("--output", type=_path, help="where the proposal goes; FOLDER/shop.proposed.yaml by default")
    run, day = verbs["run"], date.fromisoformat
    run.add_argument("--from", dest="start", type=day, metavar="DATE", help="backfill: first business date")
    run.add_argument("--to", dest="end", type=day, metavar="DATE", help="backfill: last business date")
    run.add_argument("--full", action="store_true", help="build every table whole, whatever has changed")
    release = verbs["release"]
    release.add_argument("action", choices=("list", "show", "diff", "rollback"))
    release.add_argument("ids", nargs="*", metavar="ID", help="release ids; the current, or the last two, by default")
    quarantine = verbs["quarantine"]
    quarantine.add_argument("action", choices=("list", "show", "replay"))
    quarantine.add_argument("table", nargs="?", help="a clean table, such as clean.orders")
    quarantine.add_argument("--limit", type=_rows, default=20, help="rows to show at most")
    ask = verbs["ask"]
    ask.add_argument("question", nargs="?")
    ask.add_argument("--customer", help="who asks: whose orders may be told")
    ask.add_argument("--file", type=_path, help="a text file with one question per line")
    verbs["person"].add_argument("customer", help="the customer's id, as the exports write it")


def _path(text: str) -> Path:
    if not text.strip():  # it would mean the folder in which the command is typed
        raise argparse.ArgumentTypeError("expected a path, found nothing")
    return Path(text)


def _rows(text: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,8}", text):
        raise argparse.ArgumentTypeError(f"expected a number of rows, found {text!r}")
    return int(text)
