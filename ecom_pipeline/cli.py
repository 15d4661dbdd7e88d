"""`ecom`: thin verbs over the same functions that the assets call.

Exit codes: 0 done; 1 the run or the command failed, with the reason on standard error; 2 wrong usage; 3 another run holds
the warehouse; 4 there is nothing to show yet. ``--json`` prints one JSON document on standard output; where the command
failed it has the ``reasons``.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import date
from pathlib import Path

import duckdb
from rich.console import Console

from ecom_pipeline.arguments import parser
from ecom_pipeline.contracts import ContractError, load_contracts
from ecom_pipeline.settings import Settings, SettingsError, backfill, environment, load_settings
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.errors import InputError, ShopError
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline.terminal import (
    command,
    plain_console,
    show_answer,
    show_difference,
    show_failures,
    show_holding,
    show_proposal,
    show_release,
    show_retained,
    show_summary,
    table,
)
from ecom_pipeline.warehouse import release as releases
from ecom_pipeline.warehouse.connection import WarehouseBusyError, WarehouseError, open_warehouse
from ecom_pipeline.warehouse.difference import Difference, difference
from ecom_pipeline.warehouse.names import rows_of
from ecom_pipeline.warehouse.person import held_of
from ecom_pipeline.warehouse.space import require_space_for_a_night
from ecom_pipeline.warehouse.summary import Summary, summarise

OK, FAILED, USAGE, BUSY, NOTHING = range(5)
NARROWEST = 130
"""Columns of a page that is written to a file."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb; returns the exit code."""
    given = parser().parse_args(arguments)
    console = plain_console(stderr=given.json, width=None if sys.stdout.isatty() else NARROWEST)
    try:
        return VERBS[given.verb](given, console)
    except (
        SettingsError,
        ShopError,
        InputError,
        ContractError,
        WarehouseError,
        WarehouseBusyError,
        releases.ReleaseError,
        OSError,
    ) as error:
        print(f"ecom: {error}", file=sys.stderr)
        _tell(given, {"succeeded": False, "reasons": str(error).splitlines()}, lambda: None)
        return BUSY if isinstance(error, WarehouseBusyError) else FAILED


def _settings(given: argparse.Namespace) -> Settings:
    return load_settings(shop=given.shop, landing=getattr(given, "landing", None), data_dir=given.data_dir)


def _shop(given: argparse.Namespace) -> tuple[Settings, Shop, Path]:
    """The settings, the shop that they name, and the folder of its releases."""
    settings = _settings(given)
    shop = load_shop(settings.shop_file, environment())
    return settings, shop, settings.releases_dir(shop.name)


def _tell(given: argparse.Namespace, content: object, show: Callable[[], None]) -> None:
    """Print the content as one JSON document where that is asked for, else show it to a person."""
    if given.json:
        print(json.dumps(content, indent=1, default=str, ensure_ascii=False))
    else:
        show()


def _init(given: argparse.Namespace, console: Console) -> int:
    if given.sample:
        from ecom_pipeline.shop.samples import make_sample

        path = make_sample(given.sample, given.folder, seed=_settings(given).seed)
    else:
        from ecom_pipeline.shop.init import init_shop

        path = init_shop(given.folder)
    doctor, run = command("doctor", given.folder), command("run", "--shop", given.folder)
    proposed = f"put the exports beside it and let `{doctor}` propose what to write there, or write it yourself; then: "
    _tell(
        given,
        {"shop": path},
        lambda: console.print(f"Wrote {path}. Next: {'' if given.sample else proposed}{run}"),
    )
    return OK


def _doctor(given: argparse.Namespace, console: Console) -> int:
    from ecom_pipeline.shop.doctor import diagnose, propose_yaml

    with duckdb.connect() as connection:
        diagnosis = diagnose(connection, given.folder, load_contracts())
    text = propose_yaml(diagnosis)
    target = given.folder / "shop.proposed.yaml" if given.output is None else given.output
    target.write_text(text, encoding="utf-8")
    _tell(
        given,
        {"proposal": target, "diagnosis": asdict(diagnosis)},
        lambda: show_proposal(console, given.folder, target, text, diagnosis),
    )
    return OK


def _run(given: argparse.Namespace, console: Console) -> int:
    from ecom_pipeline.definitions import run_night

    settings, shop, folder = _shop(given)
    require_space_for_a_night(settings.work_dir(shop.name), folder, settings.landing_dir)
    dates = backfill(getattr(given, "start", None), getattr(given, "end", None))

    def progress(step: str, status: str, seconds: float) -> None:
        console.print(f"  {'done  ' if status == 'succeeded' else 'FAILED'} {step:<40} {seconds:6.1f} s")

    console.print(f"One night of shop {shop.name}: {len(shop.sources)} sources from {settings.landing_dir}")
    run_id, why = run_night(settings, dates=dates, full=getattr(given, "full", False), progress=progress)
    with _warehouse(settings, shop.name) as connection:
        summary = summarise(connection, run_id)
    _tell_summary(given, console, folder, summary, succeeded=why is None, reasons=why or [])
    show_failures(why or ())
    return OK if why is None else FAILED


def _tell_summary(
    given: argparse.Namespace, console: Console, folder: Path, summary: Summary | None, **more: object
) -> None:
    def show() -> None:
        if summary:
            show_summary(console, summary)
            show_release(console, folder, summary.run)

    told = asdict(summary) if summary else {}
    _tell(given, {**more, "release": releases.current_id(folder), **told}, show)


def _warehouse(settings: Settings, shop_name: str) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    return open_warehouse(settings.work_dir(shop_name), **settings.bounds(shop_name))


def _status(given: argparse.Namespace, console: Console) -> int:
    settings, shop, folder = _shop(given)
    with _warehouse(settings, shop.name) as connection:
        summary = summarise(connection)
    if summary is None:
        told = {"run": None, "release": releases.current_id(folder)}
        _tell(given, told, lambda: console.print(f"Shop {shop.name} has not run yet."))
        return NOTHING
    _tell_summary(given, console, folder, summary)
    show_failures(f"{failure['step']}: {failure['message']}" for failure in summary.refused)
    return OK if summary.run["status"] == "succeeded" else FAILED


def _release(given: argparse.Namespace, console: Console) -> int:
    most = {"list": 0, "diff": 2}.get(given.action, 1)
    if len(given.ids) > most:
        print(f"ecom: release {given.action} takes {most} ids at most, found {' '.join(given.ids)}", file=sys.stderr)
        return USAGE
    settings, _, folder = _shop(given)
    if given.action == "diff":
        found = _difference(settings, folder, given.ids)
        _tell(given, asdict(found), lambda: show_difference(console, found))
        return OK
    if given.action == "list":
        current, kept = releases.current_id(folder), [releases.show(folder, one) for one in releases.list_ids(folder)]
        rows = [
            {
                "release": one.release_id,
                "current": "*" if one.release_id == current else "",
                "content": one.digest,
                "run": one.run_id,
            }
            for one in kept
        ]
        _tell(given, rows, lambda: table(console, f"Releases in {folder}", rows))
        return OK if rows else NOTHING
    is_shown = given.action == "show"
    release = asdict((releases.show if is_shown else releases.rollback)(folder, *given.ids))

    def show() -> None:
        tables = release.pop("tables")
        table(console, "Release" if is_shown else "Current now", [release])
        table(console, "Tables", tables if is_shown else [])

    _tell(given, release, show)
    return OK


def _difference(settings: Settings, folder: Path, ids: Sequence[str]) -> Difference:
    kept = releases.list_ids(folder)
    if not ids and len(kept) < 2:
        raise releases.ReleaseError(f"{folder}: two releases are needed for a difference, there are {len(kept)}")
    before, after = (*ids, *kept[-2:])[:2] if len(ids) != 1 else (ids[0], kept[-1])
    return difference(
        folder, before, after, load_contracts(), memory_limit=settings.memory_limit, threads=settings.threads
    )


def _quarantine(given: argparse.Namespace, console: Console) -> int:
    if given.action == "replay":
        given.full = True
        return _run(given, console)
    settings, shop, _ = _shop(given)
    query = (
        "select table_name, source, reasons, count(*) as rows from quarantine.rows where table_name = coalesce(?, table_name)"
        " group by table_name, source, reasons order by table_name, rows desc, reasons"
        if given.action == "list"
        else "select table_name, source, file, row_number, reasons, original from quarantine.rows"
        " where table_name = coalesce(?, table_name) order by table_name, load_id, file, row_number limit ?"
    )
    with _warehouse(settings, shop.name) as connection:
        found = rows_of(connection, query, [given.table] if given.action == "list" else [given.table, given.limit])
    empty = f"Quarantine holds no row of {given.table}." if given.table else "Quarantine is empty."
    _tell(given, found, lambda: table(console, "Quarantine", found) if found else console.print(empty))
    return OK


def _person(given: argparse.Namespace, console: Console) -> int:
    settings, shop, _ = _shop(given)
    with _warehouse(settings, shop.name) as connection:
        held = held_of(connection, load_contracts(), given.customer)
    _tell(given, asdict(held), lambda: show_holding(console, held))
    return OK if held.tables or held.origins else NOTHING


def _retention(given: argparse.Namespace, console: Console) -> int:
    from ecom_pipeline.definitions import run_retention

    done = asdict(run_retention(_settings(given)))
    _tell(given, done, lambda: show_retained(console, done))
    return OK


def _ask(given: argparse.Namespace, console: Console) -> int:
    from ecom_pipeline.asking import Asking

    if bool(given.question and given.question.strip()) == bool(given.file):
        print("ecom: ask either a question or, with --file, the questions of a file", file=sys.stderr)
        return USAGE
    try:
        questions = [given.question] if given.file is None else given.file.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(
            file=given.file, expected=f"text in UTF-8; {error.reason} at byte {error.start + 1}"
        ) from error
    _, shop, folder = _shop(given)
    asking = Asking(folder, shop.currency, [given.customer] if given.customer else [])
    answers = []
    for question in filter(str.strip, questions):
        started = time.perf_counter()
        answer = asking.ask(question, given.customer, date.today())
        answers.append({**asdict(answer), "milliseconds": round(1000 * (time.perf_counter() - started), 1)})

    def show() -> None:
        for told in answers:
            show_answer(console, told)

    _tell(given, answers if given.file else answers[0], show)
    return OK


VERBS: Mapping[str, Callable[[argparse.Namespace, Console], int]] = {
    "init": _init,
    "doctor": _doctor,
    "run": _run,
    "status": _status,
    "release": _release,
    "quarantine": _quarantine,
    "ask": _ask,
    "person": _person,
    "retention": _retention,
}


if __name__ == "__main__":
    sys.exit(main())
