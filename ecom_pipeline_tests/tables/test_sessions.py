"""Sessions are what walking through a visitor's events one by one gives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ecom_pipeline_tests.tables.world import Row, World

MIDNIGHT, PAUSE = datetime(2024, 1, 1), timedelta(minutes=30)
SECONDS = st.builds(lambda minutes, more: 600 * minutes + more, st.integers(0, 36), st.sampled_from([0, 0, 1]))
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "visitor_id": st.sampled_from(["ann", "ann", "ann", "bob"]),
            "session_id": st.sampled_from([None, None, None, None, "s1"]),
            "event_at": SECONDS.map(lambda seconds: MIDNIGHT + timedelta(seconds=seconds)),
            "event_type": st.sampled_from(["view", "purchase"]),
            "channel": st.sampled_from([None, "email", "none"]),
            "campaign_id": st.sampled_from([None, "spring", "summer"]),
            "device": st.sampled_from([None, "mobile", "tablet"]),
        }
    ),
    min_size=6,
    max_size=16,
)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(events=EVENTS)
def test_sessions_are_cut_where_a_walk_through_the_events_cuts_them(events: list[Row], empty: World) -> None:
    numbered = [
        event | {"event_id": f"e{99 - number}", "event_date": MIDNIGHT.date()} for number, event in enumerate(events)
    ]
    with empty.scratch() as world:
        world.given("clean.events", numbered)
        world.keep("features.sessions")
        found = world.rows(
            "select visitor_id, started_at, ended_at, events, views, purchases, channel, campaign_id, device"
            " from features.sessions"
        )
    expected = [told(visit) for visit in visits(numbered)]
    assert sorted(found, key=repr) == sorted(expected, key=repr)


def visits(events: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The events of each session, in their order."""

    def of_whom(event: dict[str, Any]) -> tuple[str, str]:
        return event["visitor_id"], event["session_id"] or ""

    in_order = sorted(events, key=lambda event: (*of_whom(event), event["event_at"], event["event_id"]))
    for (_, session), group in groupby(in_order, of_whom):
        visit: list[dict[str, Any]] = []
        for event in group:
            if visit and not session and event["event_at"] - visit[-1]["event_at"] > PAUSE:
                yield visit
                visit = []
            visit.append(event)
        yield visit


def told(visit: list[dict[str, Any]]) -> tuple[object, ...]:
    """The row of a session."""
    kinds = [event["event_type"] for event in visit]
    channels = [event["channel"] for event in visit if event["channel"]]
    led = [event["campaign_id"] for event in visit if event["channel"] or event["campaign_id"]]
    devices = [event["device"] for event in visit if event["device"]]
    channel = next(iter(channels), None)
    return (
        visit[0]["visitor_id"],
        visit[0]["event_at"],
        visit[-1]["event_at"],
        len(visit),
        kinds.count("view"),
        kinds.count("purchase"),
        "direct" if channel == "none" else channel,
        next(iter(led), None),
        next(iter(devices), None),
    )
