"""What can be typed after ``ecom``: the verbs, their options and examples. What a verb does belongs in :mod:`ecom_pipeline.cli`."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

SAMPLES = ("sample", "journey")


def parser() -> argparse.ArgumentParser:
    """What reads the words of a command; the verb is told by its name, as ``verb``."""
    whole = argparse.ArgumentParser(
        prog="ecom",
        description="One night of an online shop: exports in, one audited release out.",
        epilog="Settings come from the environment (ECOM_...); docs/settings.md lists them.",
    )
    verbs = whole.add_subparsers(required=True, metavar="VERB", dest="verb")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--shop", type=Path, help="shop.yaml, or its folder (ECOM_SHOP)")
    common.add_argument("--data-dir", type=Path, help="work files and releases (ECOM_DATA_DIR)")
    common.add_argument("--json", action="store_true", help="print one JSON document")
    running = argparse.ArgumentParser(add_help=False)
    running.add_argument("--landing", type=Path, help="folder of the exports, if not beside shop.yaml (ECOM_LANDING)")
    dated = argparse.ArgumentParser(add_help=False)
    dated.add_argument(
        "--from", dest="start", type=date.fromisoformat, metavar="DATE", help="backfill: first business date"
    )
    dated.add_argument("--to", dest="end", type=date.fromisoformat, metavar="DATE", help="backfill: last business date")

    def verb(name: str, words: str, examples: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        return verbs.add_parser(
            name,
            help=words,
            description=words,
            epilog=f"examples:\n{examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[common, *parents],
        )

    init = verb(
        "init",
        "Make a new shop folder with a commented shop.yaml.",
        "  ecom init my_shop\n  ecom init data/shops/sample --sample sample",
    )
    init.add_argument("folder", type=Path)
    init.add_argument("--sample", choices=SAMPLES, help="fill it with a sample shop")
    doctor = verb("doctor", "Look at unknown exports and propose a shop.yaml.", "  ecom doctor exports/")
    doctor.add_argument("folder", type=Path)
    doctor.add_argument("--output", type=Path, help="where the proposal goes; FOLDER/shop.proposed.yaml by default")
    run = verb(
        "run",
        "Run the nightly job: load what is new, build what it changes, publish a release.",
        "  ecom run --shop my_shop\n  ecom run --shop my_shop --full\n"
        "  ecom run --shop my_shop --from 2024-06-01 --to 2024-06-07",
        running,
        dated,
    )
    run.add_argument("--full", action="store_true", help="build every table whole, whatever has changed")
    verb("status", "Show the last run and the current release.", "  ecom status --shop my_shop --json")
    release = verb(
        "release",
        "List, show, compare or roll back releases.",
        "  ecom release list\n  ecom release diff\n"
        "  ecom release diff 20260101T020000.000000Z 20260102T020000.000000Z --json\n  ecom release rollback",
    )
    release.add_argument("action", choices=("list", "show", "diff", "rollback"))
    release.add_argument("ids", nargs="*", metavar="ID", help="release ids; the current, or the last two, by default")
    quarantine = verb(
        "quarantine",
        "List or show quarantined rows; replay them after shop.yaml or the data were mended.",
        "  ecom quarantine list\n  ecom quarantine show clean.orders --limit 5\n  ecom quarantine replay",
        running,
    )
    quarantine.add_argument("action", choices=("list", "show", "replay"))
    quarantine.add_argument("table", nargs="?", help="a clean table, such as clean.orders")
    quarantine.add_argument("--limit", type=int, default=20, help="rows to show")
    ask = verb(
        "ask",
        "Answer a customer's question from the published release, or say that it is not known.",
        '  ecom ask "Where is my order?" --customer C00011\n  ecom ask --file questions.txt --json',
    )
    ask.add_argument("question", nargs="?")
    ask.add_argument("--customer", help="who asks: whose orders may be told")
    ask.add_argument("--file", type=Path, help="a text file with one question per line")
    person = verb(
        "person",
        "Show all that is held of a customer, and the rows of the exports that it came from.",
        "  ecom person C00011\n  ecom person C00011 --json > C00011.json",
    )
    person.add_argument("customer", help="the customer's id, as the exports write it")
    verb(
        "retention",
        "Delete what is older than shop.yaml (keep_days) and ECOM_KEEP_HISTORY_DAYS keep, and free its space.",
        "  ecom retention --shop my_shop\n  ECOM_KEEP_HISTORY_DAYS=90 ecom retention --shop my_shop --json",
    )
    return whole
