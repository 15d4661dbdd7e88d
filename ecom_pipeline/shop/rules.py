"""What the conditions of ``shop.yaml`` mean in SQL: segments, and named audiences as a table and as files for mailing tools.

What does not belong here: checking a condition, which is done when ``shop.yaml`` is read, and running the SQL.
"""

from __future__ import annotations

from ecom_pipeline.contracts import Contract
from ecom_pipeline.shop.config import CONDITIONS, Shop
from ecom_pipeline.shop.expressions import parse_condition
from ecom_pipeline.sql import literal

OTHERS = "regular"
"""The segment of buyers whom no condition fits."""


def segments_select(shop: Shop, about: Contract) -> str:
    """The segment of every buyer at every cut-off: the first condition that fits."""
    types = tuple(about.types.items())
    cases = " ".join(
        f"when {parse_condition(condition, types)} then {literal(name)}" for name, condition in shop.segments.items()
    )
    return (
        f"select customer_id, cutoff_date, case {cases} else {literal(OTHERS)} end as segment"
        f" from {CONDITIONS['segments']}"
    )


def audiences_select(shop: Shop, about: Contract, released: str | None) -> str:
    """Who is in each audience, and who was in it when ``released`` was and is not any more.

    Parameters
    ----------
    about
        The table that the conditions are about.
    released
        A relation of the members as last released; None before the first release.
    """
    types = tuple(about.types.items())
    members = " union all ".join(
        f"select {literal(name)} as audience, customer_id, as_of_date from {CONDITIONS['audiences']}"
        f" where not is_opted_out and {parse_condition(condition, types)}"
        for name, condition in shop.audiences.items()
    )
    names = ", ".join(literal(name) for name in shop.audiences)
    before = released or (
        "(select null::varchar as audience, null::varchar as customer_id, null::date as member_since_date,"
        " null::date as left_date where false)"
    )
    return f"""
        with members as ({members}),

        before as (
            select audience, customer_id, member_since_date from {before}
            where audience in ({names}) and left_date is null
        ),

        today as (select max(as_of_date) as as_of_date from {CONDITIONS["audiences"]})

        select
            coalesce(members.audience, before.audience) as audience,
            coalesce(members.customer_id, before.customer_id) as customer_id,
            case
                when members.customer_id is null then 'removed'
                when before.customer_id is null then 'added'
                else 'member'
            end as status,
            least(before.member_since_date, today.as_of_date) as member_since_date,
            case when members.customer_id is null then today.as_of_date end as left_date,
            today.as_of_date
        from members
        full join before using (audience, customer_id)
        cross join today
        """


def audience_exports(shop: Shop) -> dict[str, str]:
    """A CSV file per audience for mailing tools: path in the release to the SELECT of its rows.

    A spreadsheet takes a text that begins like a formula for one: such a customer gets an apostrophe in front, the mark
    of a text (https://owasp.org/www-community/attacks/CSV_Injection).
    """
    safe = (
        r"case when regexp_matches(customer_id, '^[=+\-@\t\r\n]') then concat('''', customer_id) else customer_id end"
    )
    return {
        f"audiences/{name}.csv": (
            f"select {safe} as customer_id, status, member_since_date, left_date, as_of_date"
            f" from marts.audience_members where audience = {literal(name)} order by audience_members.customer_id"
        )
        for name in shop.audiences
    }
