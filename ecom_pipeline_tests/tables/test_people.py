"""People are the accounts that chains of shared contacts join, found as well by looking at one contact after the other."""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from ecom_pipeline_tests.tables.world import World

Contacts = list[tuple[str, str | None, str | None]]
"""Account, hash of its address, telephone."""


def people_by_query(contacts: Contacts) -> dict[str, str]:
    world = World()
    rows = [
        {"customer_id": account, "contact_hash": address, "phone": phone, "name": "Ann Lee"}
        for account, address, phone in contacts
    ]
    world.given("clean.customers", rows)
    world.keep("features.people")
    return dict(world.con.execute("select customer_id, person_id from features.people").fetchall())


def people_by_walk(contacts: Contacts) -> dict[str, str]:
    """Of each account the first account of its people: those of one contact become one people, contact by contact."""
    sharing = defaultdict(set)
    for account, address, phone in contacts:
        sharing["address", address].add(account)
        sharing["phone", phone].add(account)
    people = {account: {account} for account, *_ in contacts}
    for (_, contact), accounts in sharing.items():
        if contact is not None and len(accounts) <= 5:
            joined = set().union(*(people[account] for account in accounts))
            people |= dict.fromkeys(joined, joined)
    return {account: min(joined) for account, joined in people.items()}


@pytest.mark.parametrize("seed", range(5))
def test_people_are_what_joining_contact_by_contact_gives(seed: int) -> None:
    rng = random.Random(seed)
    contacts: Contacts = [
        (f"c{account}", rng.choice([None, f"m{rng.randrange(60)}"]), rng.choice([None, f"{rng.randrange(60)}"]))
        for account in rng.sample(range(10_000), 200)
    ]
    expected = people_by_walk(contacts)
    assert max(list(expected.values()).count(person) for person in expected.values()) > 5
    assert people_by_query(contacts) == expected


def test_a_chain_of_thousands_of_accounts_is_one_person() -> None:
    world = World()
    world.con.execute(
        """
        insert into clean.customers by name
        select format('c{:04}', place * 1237 % 5000) as customer_id, place // 2 as contact_hash,
            (place + 1) // 2 as phone, 'Ann Lee' as name
        from range(5000) as chain(place)
        """
    )
    world.keep("features.people")
    assert world.rows("select person_id, accounts, count(*) from features.people group by all") == [
        ("c0000", 5000, 5000)
    ]
