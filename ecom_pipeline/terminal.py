"""What ``ecom`` shows a person on the terminal: tables, a proposal, a run, a release, an answer, what is held, what went."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from ecom_pipeline.warehouse import release as releases
from ecom_pipeline.warehouse.difference import Difference, TableDifference
from ecom_pipeline.warehouse.person import Holding
from ecom_pipeline.warehouse.summary import Summary

if TYPE_CHECKING:
    from ecom_pipeline.shop.doctor import Diagnosis

MOST_COLUMNS = 8
"""Columns of a table that a difference prints."""
MOST_STEPS = 12
"""Steps of a run that its summary prints, the longest; ``ops.steps`` has them all."""
MOST_ROW_NUMBERS = 20
"""Rows of a file that are named one by one."""
OUTCOMES = ("swapped", "merged", "unchanged", "skipped", "refused")


def plain_console(**options: Any) -> Console:
    """A console that prints what the data say as it is: no square bracket is markup, no word between colons an emoji."""
    return Console(highlight=False, markup=False, emoji=False, **options)


def table(console: Console, title: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Print rows under a title; nothing where there are none."""
    rows = list(rows)
    if not rows:
        return
    console.print(title, style="bold", soft_wrap=True)
    shown = Table(header_style="dim", box=None, pad_edge=False)
    for name in rows[0]:
        number = all(isinstance(row[name], int | float) or row[name] is None for row in rows)
        shown.add_column(name.replace("_", " "), justify="right" if number else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(_cell(value) for value in row.values()))
    console.print(shown)
    console.print()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def command(*words: object) -> str:
    """A command as it can be typed."""
    return shlex.join(["ecom", *map(str, words)])


def show_proposal(console: Console, folder: Path, target: Path, text: str, diagnosis: Diagnosis) -> None:
    """Print what the doctor wrote, what it assumed, and what to do next."""
    console.print(text, soft_wrap=True)
    taken = ", ".join(f"{name} {guess.value}" for name, guess in diagnosis.assumed.items())
    assumed = f" Assumed, since no file says it: {taken}." if taken else ""
    console.print(f"Wrote {target}; nothing else was touched.{assumed}")
    console.print(
        f"Read it, rename it to shop.yaml, then: {command('run', '--shop', folder)}"
        if diagnosis.is_enough
        else f"It cannot be run yet: bring orders with their lines, or events, then: {command('doctor', folder)}"
    )


def show_summary(console: Console, summary: Summary) -> None:
    """Print what a run did: where every row went, what was judged, and what it took."""
    run = summary.run
    console.print()
    table(console, "Loaded (new or changed files)", summary.loads)
    table(console, "Noticed while loading", summary.notices)
    table(console, "Where every row went", summary.conservation)
    table(console, "Quarantined rows by reason", summary.quarantined)
    table(console, "Kept, with a warning", summary.warnings)
    table(console, "Figures out of their band", summary.anomalies)
    table(console, "Tables (each by itself: ops.tables)", _by_schema(summary.tables))
    table(console, "Published empty, and why", _by_reason(summary.skipped))
    table(
        console,
        "Models beside their baselines",
        [{name: value for name, value in one.items() if name != "reason"} for one in summary.models],
    )
    for one in summary.models:
        console.print(f"{one['model']}: {one['reason']}", soft_wrap=True)
    if summary.models:
        console.print()
    table(console, "Where the time went (every step: ops.steps)", _longest(summary.steps))
    took = (run["ended_at"] - run["started_at"]).total_seconds() if run["ended_at"] else None
    peak = max((s["peak_memory_bytes"] for s in summary.steps), default=0) / 2**20
    console.print(
        f"Run {run['run_id']} {run['status']}" + (f" in {took:.0f} s, peak memory {peak:.0f} MB" if took else "")
    )


def show_failures(why: Iterable[str]) -> None:
    """Print why a run failed, on standard error."""
    console = plain_console(stderr=True)
    for reason in why:
        console.print(f"FAILED {reason}", style="bold red", soft_wrap=True)


def _by_schema(tables: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Tables, rows and outcomes of each schema, in the order in which a run builds them."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for one in tables:
        found.setdefault(one["table_name"].partition(".")[0], []).append(one)
    happened = [
        outcome for outcome in OUTCOMES if any(one["outcome"] == outcome for rows in found.values() for one in rows)
    ]
    return [
        {"schema": schema, "tables": len(rows), "rows": sum(one["rows"] for one in rows)}
        | {outcome: sum(one["outcome"] == outcome for one in rows) for outcome in happened}
        for schema, rows in found.items()
    ]


def _by_reason(skipped: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The published tables that a run left empty, those of one reason together."""
    found: dict[str, list[str]] = {}
    for one in skipped:
        if one["table_name"].startswith("marts."):
            found.setdefault(one["reason"], []).append(one["table_name"])
    return [{"reason": reason, "tables": ", ".join(names)} for reason, names in found.items()]


def _longest(steps: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The steps that took longest, then all others together."""
    ordered = sorted(steps, key=lambda step: -step["seconds"])
    shown, others = ordered[:MOST_STEPS], ordered[MOST_STEPS:]
    rows = [(one["step"], one["seconds"], one["peak_memory_bytes"]) for one in shown]
    if others:
        seconds, peak = sum(one["seconds"] for one in others), max(one["peak_memory_bytes"] for one in others)
        rows.append((f"{len(others)} others", seconds, peak))
    return [{"step": step, "seconds": round(seconds, 1), "peak_MB": peak // 2**20} for step, seconds, peak in rows]


def show_release(console: Console, folder: Path, run: Mapping[str, Any]) -> None:
    """Print which release is published, whether by this run, and how to look at it."""
    current = releases.current_id(folder)
    if current is None:
        console.print("Nothing has been published yet.")
        return
    manifest = releases.show(folder)
    if run["status"] != "succeeded":
        words = "The run failed; still published is"
    elif manifest.run_id == run["run_id"]:
        words = "Published"
    elif current != releases.list_ids(folder)[-1]:
        words = "Rolled back; published is"
    else:
        words = "The run published nothing; still published is"
    path = folder / "current" / "release.duckdb"
    console.print(f"{words} release {current}, content {manifest.digest}: {path}", soft_wrap=True)
    console.print()
    shop = "" if folder.name == "sample" else f" SHOP={folder.name}"
    console.print(f"Open the Dagster UI:  make ui{shop}   (http://127.0.0.1:3000)")
    console.print(
        f"Query the release:    .venv/bin/python -c \"import duckdb; duckdb.connect('{path}', read_only=True)"
        ".sql('select segment, customers, revenue from marts.segment_summary').show()\"",
        soft_wrap=True,
    )


def show_difference(console: Console, found: Difference) -> None:
    """Print what moved between two releases, and why."""
    table(console, "Releases", found.releases)
    console.print(found.cause)
    console.print()
    for answer in found.answers.values():
        part = f", {len(answer.rows)} of {answer.in_all:,}" if answer.in_all > len(answer.rows) else ""
        table(console, answer.title + part, answer.rows)
    moved = [one for one in found.tables if not one.is_same]
    table(console, f"Tables that moved, {len(moved)} of {len(found.tables)}", [_moved_row(one) for one in moved])
    still = [answer.title for answer in found.answers.values() if not answer.rows and not answer.lacking]
    if still:
        console.print(f"Nothing moved in: {'; '.join(still)}.")
    for answer in found.answers.values():
        if answer.lacking:
            console.print(f"Not compared: {answer.title}: {answer.lacking}.")


def _moved_row(one: TableDifference) -> dict[str, Any]:
    most = [f"{column} {rows:,}" for column, rows in list(one.columns.items())[:MOST_COLUMNS]]
    more = [f"{len(one.columns) - MOST_COLUMNS} more"] if len(one.columns) > MOST_COLUMNS else []
    new, lost = (
        [f"{word} {column}" for column in which]
        for word, which in (("new", one.new_columns), ("lost", one.lost_columns))
    )
    return {
        "table": one.table,
        "before": one.rows_before,
        "after": one.rows_after,
        "added": one.added,
        "removed": one.removed,
        "changed": one.changed,
        "columns_that_changed_most": ", ".join([*lost, *new, *most, *more]),
    }


def show_answer(console: Console, told: Mapping[str, Any]) -> None:
    """Print what a question was answered with."""
    console.print(told["answer"], style="bold", soft_wrap=True)
    also = f", also {', '.join(told['other_intents'])}" if told["other_intents"] else ""
    guess = f"{'' if told['is_known'] else 'best guess: '}{told['intent']} ({told['probability']:.0%})"
    console.print(
        f"  {guess if told['intent'] else 'no intent'}{also}; {told['urgency']} urgency;"
        f" sources: {', '.join(told['sources']) or 'none'}; {told['milliseconds']} ms",
        soft_wrap=True,
    )


def show_holding(console: Console, held: Holding) -> None:
    """Print how much is held of a customer, and where in the exports it came from."""
    if not held.tables and not held.origins:
        console.print(f"Nothing is held of {held.customer_id}.")
        return
    table(
        console,
        f"Held of {held.customer_id} (the rows themselves: --json)",
        [{"table": name, "rows": len(rows)} for name, rows in held.tables.items()],
    )
    table(console, "The rows of the exports that it came from", [_origin_row(one) for one in held.origins])
    if held.same_person:
        console.print(f"The same person, as it seems, has these accounts too: {', '.join(held.same_person)}.")


def _origin_row(one: Mapping[str, Any]) -> dict[str, Any]:
    numbers, more = one["row_numbers"][:MOST_ROW_NUMBERS], one["rows"] - MOST_ROW_NUMBERS
    named = ", ".join(map(str, numbers)) + (f" and {more:,} more" if more > 0 else "")
    return {**one, "row_numbers": named}


def show_retained(console: Console, done: Mapping[str, Any]) -> None:
    """Print what was deleted because of its age."""
    table(console, "Loads retired", done["retired"])
    if done["ahead_days"]:
        console.print(
            f"The clock is {done['ahead_days']:,} days ahead of the last run before today: age was counted to"
            f" {done['counted_to']}. If the clock is right, run a night, and this command again tomorrow.",
            soft_wrap=True,
        )
    console.print(
        f"Loads retired: {len(done['retired'])}. Runs whose history was deleted: {done['journal_runs']} in the warehouse,"
        f" {done['dagster_runs']} in Dagster. On disk: {done['bytes_before'] / 1e6:,.1f} MB before,"
        f" {done['bytes_after'] / 1e6:,.1f} MB now."
    )
