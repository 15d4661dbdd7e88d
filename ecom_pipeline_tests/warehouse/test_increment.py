"""Slices that are bounded in time: sessions, night after night, are those of a whole rebuild.

Nights begin with the clean events here; from the files on they are in ``e2e/test_increments.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from ecom_pipeline.contracts import Contract
from ecom_pipeline.warehouse.builds import Build, note_changes, remember, versions_of
from ecom_pipeline.warehouse.candidate import Candidate
from ecom_pipeline.warehouse.connection import open_warehouse
from ecom_pipeline.warehouse.increment import Increment, reads_of
from ecom_pipeline.warehouse.write import Writer
from ecom_pipeline_tests.nights import CONTRACTS, lenient

pytestmark = pytest.mark.slow

EVENTS = CONTRACTS["clean.events"]
FEATURES = [CONTRACTS[f"features.{name}"] for name in ("bot_days", "session_owners", "sessions")]
SESSIONS = FEATURES[-1]
MIDNIGHT = datetime(2024, 1, 2)
ALWAYS = [("always", 0, "zoe", "s0", "a robot")]
"""Whose rows keep every table filled; of a table that was empty nothing is known."""
Event = tuple[str, int, str | None, str | None, str | None]
"""Identifier, minutes after midnight UTC, customer, the shop's session, user agent."""


@dataclass
class Shop:
    """Clean events and what is built from them."""

    con: duckdb.DuckDBPyConnection
    nights: int = field(default=0)

    def night(self, events: Sequence[Event]) -> list[str]:
        """What became of each table once the shop has these events and no others."""
        self.nights += 1
        run_id = f"r{self.nights}"
        self.con.execute("drop schema staging cascade; create schema staging")
        before = versions_of(self.con, [EVENTS.name])[EVENTS.name]
        self.con.execute("create table staging.was as from clean.events")
        self.con.register("frame", _frame([*ALWAYS, *events]))
        self.con.execute("delete from clean.events; insert into clean.events by name from frame")
        note_changes(self.con, EVENTS.name, EVENTS.types, "staging.was", "clean.events", before)
        remember(self.con, EVENTS.name, Build(version=run_id, built_from={}, fingerprint="", run_id=run_id))
        watched = frozenset(SESSIONS.slices)
        writer = Writer(connection=self.con, judge=lenient, run_id=run_id, watched=watched)
        increment = Increment(connection=self.con, contracts=CONTRACTS, sliced_input=lambda *_: "")
        outcomes = []
        for table in FEATURES:
            plan = increment.plan(table, reads_of(table), "the same")
            outcomes += writer.write([Candidate(contract=table, content=table.select, plan=plan)])
        return [outcome.status for outcome in outcomes]

    def unlike(self) -> list[tuple[object, ...]]:
        """Rows that a whole rebuild does not give, or gives and the table lacks."""
        return [
            row
            for table in FEATURES
            for one, other in ((f"from {table.name}", table.select), (str(table.select), f"from {table.name}"))
            for row in self.con.execute(f"({one}) except all ({other})").fetchall()
        ]

    def places(self) -> dict[tuple[str, int], int]:
        """Where each session lies: of one that is written anew it changes. Keyed by visitor and minute of its start."""
        minute = f"date_diff('minute', timestamp '{MIDNIGHT}', started_at)"
        found = self.con.execute(f"select visitor_id, {minute}, rowid from features.sessions").fetchall()
        return {(visitor, start): place for visitor, start, place in found}


def _frame(events: Sequence[Event]) -> pd.DataFrame:
    """Business days begin at four in the afternoon UTC."""
    rows = [
        {
            "event_id": name,
            "event_type": "view",
            "event_at": MIDNIGHT + timedelta(minutes=minute),
            "event_date": (MIDNIGHT + timedelta(minutes=minute, hours=8)).date(),
            "customer_id": customer,
            "session_id": session,
            "visitor_id": customer or session,
            "user_agent": agent,
            "channel": f"channel {minute % 3}" if minute % 4 else None,
        }
        for name, minute, customer, session, agent in events
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with open_warehouse(tmp_path, memory_limit="200MB", threads=1) as con:
        con.execute(f"create table clean.events ({', '.join(f'{name} {kind}' for name, kind in EVENTS.types.items())})")
        yield Shop(con)


def of_ann(*minutes: int) -> list[Event]:
    return [(f"a{minute}", minute, "ann", None, None) for minute in minutes]


def in_session(session: str, *places: tuple[int, str | None]) -> list[Event]:
    return [(f"{session}-{minute}", minute, customer, session, None) for minute, customer in places]


LONG_AGO = [*of_ann(-2000), *in_session("s1", (-1990, "ann")), *in_session("s2", (-1980, None))]
CASES: dict[str, tuple[list[Event], list[Event]]] = {
    "the next visit": (of_ann(0), of_ann(0, 300)),
    "a pause of exactly 30 minutes goes on with the visit": (of_ann(0, 20), of_ann(0, 20, 50)),
    "a pause longer by a minute does not": (of_ann(0, 20), of_ann(0, 20, 51)),
    "a late event before the visit": (of_ann(30, 50), of_ann(0, 30, 50)),
    "a late event joins two visits": (of_ann(0, 50), of_ann(0, 25, 50)),
    "a late event between two visits joins none": (of_ann(0, 62), of_ann(0, 31, 62)),
    "an event is gone and its visit is two": (of_ann(0, 25, 50), of_ann(0, 50)),
    "a visit is gone": (of_ann(0, 25), []),
    "an event is moved back into another visit": (of_ann(0, 300), [*of_ann(0), ("a300", 20, "ann", None, None)]),
    "the shop's session goes on after a long pause": (
        in_session("s3", (0, "ann")),
        in_session("s3", (0, "ann"), (900, "ann")),
    ),
    "a visit lies within one of the shop's sessions": (
        [*in_session("s3", (0, "ann"), (500, "ann")), *of_ann(490)],
        [*in_session("s3", (0, "ann"), (500, "ann")), *of_ann(490, 495)],
    ),
    "the shop's sessions overlap like links of a chain": (
        [*in_session("s3", (0, "ann"), (100, "ann")), *in_session("s4", (90, "ann"), (200, "ann")), *of_ann(190, 210)],
        [*in_session("s3", (0, "ann"), (100, "ann")), *in_session("s4", (90, "ann"), (200, "ann")), *of_ann(190, 230)],
    ),
    "a customer signs in": (in_session("s3", (0, None)), in_session("s3", (0, None), (300, "ann"))),
    "a second customer signs in": (
        in_session("s3", (0, None), (300, "ann")),
        in_session("s3", (0, None), (300, "ann"), (600, "bob")),
    ),
    "another customer signs in instead, and what was done before is gone": (
        in_session("s3", (0, None), (100, None), (300, "ann")),
        in_session("s3", (100, None), (300, "bob")),
    ),
    "all that was done before is gone when a customer signs in": (
        in_session("s3", (0, None)),
        in_session("s3", (300, "ann")),
    ),
    "a robot is found out": (
        in_session("s3", (0, None), (959, None)),
        [*in_session("s3", (0, None), (959, None)), ("r", 900, None, "s3", "a robot")],
    ),
    "a robot is none, on a business day that begins on the day before": (
        [*of_ann(-470, 0), ("r", 900, "ann", "s3", "a robot")],
        [*of_ann(-470, 0), ("r", 900, "ann", "s3", "a browser")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_changes_is_as_in_a_whole_rebuild_and_what_ended_long_before_is_left_alone(shop: Shop, name: str) -> None:
    before, after = CASES[name]
    shop.night([*LONG_AGO, *before])
    places = shop.places()
    assert "merged" in shop.night([*LONG_AGO, *after])
    assert shop.unlike() == []
    old = [("ann", -2000), ("ann", -1990), ("s2", -1980)]
    assert [shop.places()[session] for session in old] == [places[session] for session in old]
    assert shop.places() != places


@pytest.mark.parametrize("seed", range(2))
def test_nights_of_any_changes_give_the_sessions_of_a_whole_rebuild(shop: Shop, seed: int) -> None:
    random = np.random.default_rng(seed)
    events = {name: drawn(random, name) for name in range(60)}
    shop.night(list(events.values()))
    for _ in range(40):
        for name in random.integers(80, size=1 + int(random.integers(4))):
            if random.random() < 0.3:
                events.pop(int(name), None)
            else:
                events[int(name)] = drawn(random, int(name))
        shop.night(list(events.values()))
        assert shop.unlike() == []


def drawn(random: np.random.Generator, name: int) -> Event:
    """Of few visitors in two days, so that sessions interleave, join, part, and change their owners."""
    session = [None, None, "s1", "s2", "s3", "s4"][int(random.integers(6))]
    customer = [None, None, "ann", "bob"][int(random.integers(4))] if session else "ann"
    agent = "a robot" if random.random() < 0.05 else None
    return f"e{name}", 10 * int(random.integers(288)), customer, session, agent


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"changes": {"clean.events": "event_at"}}, "for every table with slices"),
        ({"reads": {"features.session_owners": "started_at"}}, "tables with one slice"),
        ({"span": ("started_at", "finished_at")}, "'finished_at' is not one of the columns"),
    ],
)
def test_a_bound_that_does_not_fit_the_slices_is_refused(changed: dict[str, object], told: str) -> None:
    given = SESSIONS.model_dump()
    with pytest.raises(ValidationError, match=told):
        Contract.model_validate(given | {"since": given["since"] | changed})
