"""Segments and audiences, by the conditions that a shop writes."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ecom_pipeline.shop.business import SEGMENTS
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.errors import ShopError
from ecom_pipeline.shop.rules import audience_exports, audiences_select, segments_select
from ecom_pipeline_tests.shop.shops import EVENTS, make_shop
from ecom_pipeline_tests.tables.world import CONTRACTS, World

MONTHS, PROFILES = CONTRACTS["features.customer_months"], CONTRACTS["marts.customer_profiles"]
MEMBERS = CONTRACTS["marts.audience_members"]


def shop(folder: Path, sections: str = "") -> Shop:
    return make_shop(folder, EVENTS, head=f"{sections}\n" if sections else "")


def segments(one: Shop, *rows: dict[str, Any]) -> dict[str, str]:
    world = World()
    whole = {"cutoff_date": "2024-01-31", "orders": 1, "revenue": 1, "recency_days": 40, "first_order_days": 400}
    world.given("features.customer_months", [whole | row for row in rows])
    found = world.rows(f"select customer_id, segment from ({segments_select(one, MONTHS)})")
    return {str(customer): str(segment) for customer, segment in found}


def scores(customer: str, digits: str, **more: Any) -> dict[str, Any]:
    names = ("recency_score", "frequency_score", "monetary_score")
    return {"customer_id": customer} | dict(zip(names, map(int, digits), strict=True)) | more


def test_the_first_rule_that_fits_names_the_segment(tmp_path: Path) -> None:
    found = segments(
        shop(tmp_path),
        scores("new", "155", first_order_days=29),
        scores("not new", "511", first_order_days=30),
        scores("churned", "155", recency_days=91),
        scores("last, but not long ago", "155", recency_days=90),
        scores("last of a shop that all come to", "144", recency_days=30),
        scores("at risk", "231"),
        scores("at risk too", "213"),
        scores("lukewarm", "222"),
        scores("lukewarm twice", "222", orders=2),
        scores("high", "344"),
        scores("often", "353"),
        scores("much", "513"),
        scores("some", "522"),
    )
    assert found == {
        "new": "new",
        "not new": "one_time",
        "churned": "churned",
        "last, but not long ago": "at_risk",
        "last of a shop that all come to": "high_value",
        "at risk": "at_risk",
        "at risk too": "at_risk",
        "lukewarm": "one_time",
        "lukewarm twice": "regular",
        "high": "high_value",
        "often": "potential",
        "much": "potential",
        "some": "one_time",
    }


def test_a_shop_has_its_own_rules(tmp_path: Path) -> None:
    own = shop(tmp_path, 'segments: {vip: "revenue >= 100", odd: "average_order_value > 5"}')
    rows = [scores("a", "111", revenue=100), scores("b", "555", revenue=99), scores("c", "555", average_order_value=6)]
    assert segments(own, *rows) == {"a": "vip", "b": "regular", "c": "odd"}
    assert shop(tmp_path).segments == SEGMENTS
    assert own.fingerprint != shop(tmp_path).fingerprint


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ('segments: {vip: "spent > 5"}', "shop.yaml:4: segments.vip: expected a column of the table, found spent"),
        ('audiences: {vip: "revenue"}', "found one of type DECIMAL"),
        ('audiences: {vip: "revenue > (select 1)"}', "found a subquery"),
        ('audiences: {vip: "random() > 0.5"}', "random"),
        ('audiences: {vip: "revenue > 1; drop table x"}', "expected exactly one SQL expression"),
        ("audiences: {Big Spenders: revenue > 1}", "small letters"),
        ("audiences: {vip: revenue >}", "shop.yaml:4: audiences.vip: expected one SQL expression"),
        ("audience: {vip: revenue > 1}", "did you mean 'audiences'"),
    ],
)
def test_a_condition_that_cannot_be_asked_is_refused_with_its_line(sections: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ShopError, match=re.escape(said)):
        shop(tmp_path, sections)


class Nights:
    """Night after night: profiles in, members out, each a release for the next."""

    def __init__(self, folder: Path) -> None:
        self.shop = shop(folder, "audiences: {rich: revenue > 10}")
        self.world = World()

    def night(self, day: str, **revenue: float) -> dict[str, tuple[str, date, date | None]]:
        con: duckdb.DuckDBPyConnection = self.world.con
        con.execute("delete from marts.customer_profiles")
        rows = [
            {"customer_id": name, "revenue": worth, "as_of_date": day, "is_opted_out": name == "out"}
            for name, worth in revenue.items()
        ]
        self.world.given("marts.customer_profiles", rows)
        con.execute(
            f"create or replace temp table now as {audiences_select(self.shop, PROFILES, 'marts.audience_members')}"
        )
        con.execute("delete from marts.audience_members")
        con.execute("insert into marts.audience_members by name from now")
        for rule in MEMBERS.row_rules:
            assert self.world.one(f"select count(*) from marts.audience_members where {rule.breaks}") == 0
        found = con.execute("select customer_id, status, member_since_date, left_date from now order by all").fetchall()
        return {name: (status, since, left) for name, status, since, left in found}


FIRST, SECOND, THIRD = (date(2024, 1, day) for day in (1, 2, 3))


def test_who_joined_and_who_left_since_the_last_release(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    assert nights.night("2024-01-01", ann=11, bob=12, cid=1, out=99) == {
        "ann": ("added", FIRST, None),
        "bob": ("added", FIRST, None),
    }
    assert nights.night("2024-01-02", ann=11, bob=2, cid=20) == {
        "ann": ("member", FIRST, None),
        "bob": ("removed", FIRST, SECOND),
        "cid": ("added", SECOND, None),
    }
    told = {"ann": ("member", FIRST, None), "cid": ("member", SECOND, None)}
    assert nights.night("2024-01-02", ann=11, bob=2, cid=20) == told
    assert nights.night("2024-01-02", ann=11, bob=2, cid=20) == told
    assert nights.night("2024-01-03", ann=11, bob=12, cid=20) == {
        "ann": ("member", FIRST, None),
        "bob": ("added", THIRD, None),
        "cid": ("member", SECOND, None),
    }


def test_a_day_that_was_taken_back_takes_back_since_when(tmp_path: Path) -> None:
    nights = Nights(tmp_path)
    nights.night("2024-01-03", ann=11, bob=12)
    assert nights.night("2024-01-01", ann=11, bob=2) == {
        "ann": ("member", FIRST, None),
        "bob": ("removed", FIRST, FIRST),
    }


def test_the_columns_are_those_of_the_contract(tmp_path: Path) -> None:
    world = World()
    one = shop(tmp_path, "audiences: {rich: revenue > 10}")
    for released in (None, "marts.audience_members"):
        described = world.rows(f"describe {audiences_select(one, PROFILES, released)}")
        assert {name: kind for name, kind, *_ in described} == MEMBERS.types


def test_a_list_for_mailing_tools_has_who_is_in_and_who_left_and_no_formula(tmp_path: Path) -> None:
    world = World()
    rows = [
        {"audience": audience, "customer_id": name, "status": status, "member_since_date": FIRST, "as_of_date": SECOND}
        for audience, name, status in (
            ("rich", "bob", "member"),
            ("rich", "=1+1", "added"),
            ("rich", "@sum", "removed"),
            ("rich", "-5", "member"),
            ("poor", "eve", "member"),
        )
    ]
    world.given(MEMBERS.name, rows)
    (export,) = audience_exports(shop(tmp_path, "audiences: {rich: revenue > 10}")).items()
    assert export[0] == "audiences/rich.csv"
    assert [(row[0], row[1]) for row in world.rows(export[1])] == [
        ("'-5", "member"),
        ("'=1+1", "added"),
        ("'@sum", "removed"),
        ("bob", "member"),
    ]
