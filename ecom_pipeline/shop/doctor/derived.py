"""Columns that no header names as such but that follow from others: an id, a channel, a refusal, lines below the first.

Each is a guess of its own, with why. What the columns of an export are taken for has been decided before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import duckdb

from ecom_pipeline.contracts import Column
from ecom_pipeline.shop.doctor.columns import constant, digest, made
from ecom_pipeline.shop.doctor.matching import Match, Matches, is_masked, is_of_browser, names_each
from ecom_pipeline.shop.doctor.meaning import named_event, read_words, understood
from ecom_pipeline.shop.doctor.model import ColumnGuess, InputGuess
from ecom_pipeline.shop.doctor.names import VAGUE, as_sql, folded, likeness
from ecom_pipeline.shop.doctor.profiles import ENOUGH, Profile, Time
from ecom_pipeline.shop.doctor.survey import Export
from ecom_pipeline.shop.expressions import parse_expression
from ecom_pipeline.shop.values import BOOLEANS, number
from ecom_pipeline.sql import literal, quoted

ONE_EACH = 0.98
"""Share of different values from which a column names its rows."""
ENOUGH_LINES = 5
"""Lines below the first of their orders from which it is no accident that a column is empty there."""
TOLERATED = 0.05
"""Share of rows that may be rejected; what is more is left out by a condition."""
HALF = 0.5
"""Share of rows whose word has to be understood, that a column is taken for one of words."""
SOME_LINES = 0.05
"""Share of lines without a number of the order from which they are no sums between the others."""
ROW_IDS = {"order_items": "order_item_id", "events": "event_id", "refunds": "refund_id", "messages": "message_id"}
"""Ids that rows can do without, by input."""
CONSENT = "accepts|agreed|consent|subscribed|subscription|newsletter|optin|接受营销|订阅|同意"
CHANNELS = {
    "google_ads": "google|adwords",
    "meta": "meta|facebook|instagram|fb",
    "microsoft_ads": "bing|microsoft",
    "tiktok": "tiktok|douyin|抖音",
    "amazon_ads": "amazon",
    "pinterest": "pinterest",
    "直通车": "直通车",
    "万相台": "万相台",
}
"""Names of advertisers' reports to the channel that they are about."""


def row_id(
    con: duckdb.DuckDBPyConnection, export: str, table: str, found: Matches, trust: float
) -> tuple[Matches, dict[str, ColumnGuess]]:
    """The columns without an id that does not name rows, and in its place one made of order and line where that does."""
    own = ROW_IDS.get(table, "")
    if own not in found or found[own].profile.unique >= ONE_EACH:
        return found, {}
    rest = {target: match for target, match in found.items() if target != own}
    if table != "order_items" or "order_id" not in found:
        return rest, {}
    names = [found[target].profile.name for target in ("order_id", own)]
    listed = ", ".join(map(quoted, names))
    (unique,) = con.execute(f"select count(distinct ({listed})) / greatest(count(*), 1) from {export}").fetchall()[0]
    if unique < ONE_EACH:
        return rest, {}
    sql = f"concat_ws('-', {', '.join(map(as_sql, names))})"
    return rest, {own: made(own, sql, 0.8 * trust, f"{names[1]} begins anew in every order")}


def opted_out(profiles: Sequence[Profile]) -> ColumnGuess | None:
    """Who refused advertising, from a column that says who agreed to it."""
    for profile in profiles:
        says = profile.boolean >= ENOUGH or all(re.search("subscribe", word.lower()) for word, _ in profile.words)
        if says and re.search(CONSENT, folded(profile.name)) and profile.words:
            yes = {word: "false" if _is_true(word) else "true" for word, _ in profile.words}
            return ColumnGuess(
                target="is_opted_out",
                origin={"column": profile.name, "values": yes},
                confidence=0.7,
                why="who did not agree to advertising has refused it",
                source_column=profile.name,
            )
    return None


def _is_true(word: str) -> bool:
    return word.lower() in {*BOOLEANS[::2], "t", "y", "subscribed"}


def without_totals(con: duckdb.DuckDBPyConnection, export: str, found: Matches) -> str | None:
    """The condition that leaves out rows of a report on advertising that are sums of the others."""
    if "campaign_id" not in found or found["campaign_id"].profile.filled == 1:
        return None
    campaign, money = (found[target].profile.name for target in ("campaign_id", "amount"))
    totals, others = con.execute(
        f"""select sum(amount) filter (named is null), sum(amount) filter (named is not null)
        from (select {quoted(campaign)} as named, {number(quoted(money), "DECIMAL(18,4)")} as amount from {export})"""
    ).fetchall()[0]
    if not totals or not others or abs(totals - others) > 0.01 * float(others):
        return None
    return f"{as_sql(campaign)} is not null"


def without_unknown_words(found: Match, column: Column) -> str | None:
    """The condition that leaves out rows whose word means nothing to us; rows with yet other words are told apart later."""
    known = read_words(found.profile, column)
    unknown = [word for word, _ in found.profile.words if word not in known]
    if not TOLERATED < 1 - understood(found.profile, column) < 1:
        return None
    return f"{as_sql(found.profile.name)} not in ({', '.join(map(literal, unknown))})"


def channel_of(name: str) -> ColumnGuess:
    """The channel of a report on advertising that names none: what its file is called after."""
    file = name.rsplit("/", 1)[-1]
    for channel, pattern in CHANNELS.items():
        if re.search(rf"(?<![a-z])({pattern})(?![a-z])", file, re.IGNORECASE):
            return replace(constant("channel", channel, "after the name of the file"), confidence=0.7)
    words = re.sub(r"[^\w]+|\d+", " ", file.split(".")[0]).split()
    return constant("channel", "_".join(words).lower() or "ads", "no channel: the name of the file stands for it")


def filled_down(con: duckdb.DuckDBPyConnection, table: str, key: str, columns: Sequence[str]) -> tuple[str, ...]:
    """The key of an order and the columns that only the first line of an order has, if any; the table has them filled then."""
    others = [column for column in dict.fromkeys(columns) if column != key]
    if not others:
        return ()
    name = quoted(key)
    shares = ", ".join(
        f"avg(({quoted(column)} is not null)::int) filter ({which})"
        for column in others
        for which in ("first", "not first")
    )
    (lines, below, unnamed, *found) = con.execute(
        f"""with held as (select *, rowid as place, last_value({name} ignore nulls) over (order by rowid) as held from {table}),
        lines as (select *, held is distinct from lag(held) over (order by place) as first from held)
        select count(*), count(*) filter (not first), count(*) filter (not first and {name} is null), {shares} from lines"""
    ).fetchall()[0]
    if below < ENOUGH_LINES:
        return ()
    only_first = [
        column
        for column, at_first, later in zip(others, found[::2], found[1::2], strict=True)
        if (at_first or 0.0) >= ENOUGH and (later or 0.0) <= 1 - ONE_EACH
    ]
    if not only_first and unnamed < SOME_LINES * lines:
        return ()
    held = [
        f"last_value({quoted(one)} ignore nulls) over (order by rowid) as {quoted(one)}" for one in (key, *only_first)
    ]
    con.execute(f"create or replace table {table} as select * replace ({', '.join(held)}) from {table}").fetchall()
    return (key, *only_first)


def digest_as_id(column: str, what: str, trust: float) -> ColumnGuess:
    """The customer's id where orders know nothing but an address or a telephone number."""
    why = f"no customer number: the {what} stands for it, as a digest"
    guess = made("customer_id", digest(column), 0.6 * trust, why)
    return replace(guess, source_column=column)


def stand_in(people: Matches, trust: float) -> ColumnGuess | None:
    """What stands for the customer's number where there is none: an address, a telephone number, at worst a name."""
    told = {target: match for target, match in people.items() if not is_masked(match.profile)}
    if "email" in told and told["email"].profile.email >= 0.8:
        return digest_as_id(told["email"].profile.name, "e-mail address", trust)
    if "phone" in told:
        return digest_as_id(told["phone"].profile.name, "telephone number", trust)
    if "name" in told and told["name"].score >= VAGUE:
        by_name = digest_as_id(told["name"].profile.name, "name", trust)
        return replace(by_name, confidence=0.3, why=f"{by_name.why}: people of one name are taken for one")
    return None


def order_of(
    customer: ColumnGuess | None, time: Match | None, items: Matches, has_files: bool, trust: float
) -> ColumnGuess:
    """What a customer buys at one time is an order, where products are told; else every row is one."""
    parts = [as_sql(name) for name in (customer and customer.source_column, time and time.profile.name) if name]
    if len(parts) == 2 and "product_id" in items:
        why = "no order number: what a customer buys at one time is taken for an order"
        return made("order_id", f"concat_ws('-', {', '.join(parts)})", 0.5 * trust, why)
    place = ["_file", "_row"] if has_files else ["_row"]
    why = "no order number: every row is taken for an order"
    return made("order_id", f"concat_ws('-', {', '.join([*parts, *place])})", 0.5 * trust, why)


def is_told(about: Match | None) -> str | None:
    """The condition of rows that say what they are about, where many do not."""
    return f"{as_sql(about.profile.name)} is not null" if about and about.profile.filled < 1 - TOLERATED else None


def equal_and_meant(
    con: duckdb.DuckDBPyConnection, export: Export, guesses: Sequence[InputGuess], decimal_comma: bool
) -> tuple[int, str]:
    """How many rows without an id equal another one in what is mapped of them, and why they are meant if they are."""
    kinds = ((guess.table, guess.columns, guess.where) for guess in guesses if guess.table in ("order_items", "events"))
    table, rows, where = next(kinds, ("", (), None))
    taken = taken_rows(export.table, where, decimal_comma)
    used = " ".join(str(part) for column in rows for part in column.origin.values())
    columns = [column for column in export.columns if column in used]
    if not columns or len(export.files) > 1 or any(column.target == ROW_IDS[table] for column in rows):
        return 0, ""
    equal = _equal_rows(con, taken, columns)
    if not equal:
        return 0, ""
    if {"value": "1"} in (column.origin for column in rows):
        return equal, "a row is one piece, so that equal rows are several pieces"
    if table == "order_items" and any(row.target == "order_id" and row.source_column is None for row in rows):
        return equal, f"{equal} lines equal another one, and no order number tells them apart"
    if table == "events" and not _tells_seconds(con, export, rows):
        return equal, f"{equal} events equal another one, and their times tell no seconds"
    if equal > _equal_rows(con, taken, export.columns):
        return equal, f"{equal} lines equal another one in what is mapped, and some of them differ elsewhere"
    return equal, ""


def named_rows(guesses: Sequence[InputGuess], profiles: Sequence[Profile]) -> tuple[InputGuess, ...] | None:
    """Lines or events with a column that has a number of its own in every row; None if there is no such column."""
    used = {column.source_column for guess in guesses for column in guess.columns}
    numbers = (
        one.name
        for one in profiles
        if one.name not in used
        and one.filled == 1
        and names_each(one)
        and re.fullmatch("(?!row).*id", folded(one.name))
    )
    if (number := next(numbers, None)) is None:
        return None
    return tuple(
        replace(guess, columns=(_number_of_row(ROW_IDS[guess.table], number), *guess.columns))
        if guess.table in ("order_items", "events")
        else guess
        for guess in guesses
    )


def _number_of_row(target: str, column: str) -> ColumnGuess:
    why = "it has another number in every row, some of which are equal else"
    return ColumnGuess(target=target, origin={"column": column}, confidence=0.7, why=why, source_column=column)


def _tells_seconds(con: duckdb.DuckDBPyConnection, export: Export, events: Sequence[ColumnGuess]) -> bool:
    time = next(column for column in events if column.target == "event_at")
    if time.source_column not in export.columns or "unit" in time.origin:
        return True
    told = rf"select count(*) from {export.table} where regexp_matches({quoted(time.source_column)}, ':\d\d:\d\d')"
    return bool(con.execute(told).fetchall()[0][0])


def taken_rows(table: str, where: str | None, decimal_comma: bool) -> str:
    """The rows of an export that a condition of ``shop.yaml`` takes."""
    if where is None:
        return table
    return f"(from {table} where {parse_expression(where, condition=True, decimal_comma=decimal_comma).sql})"


def _equal_rows(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> int:
    listed = ", ".join(map(quoted, columns))
    (equal,) = con.execute(f"select count(*) - count(distinct row({listed})) from {table}").fetchall()[0]
    return int(equal)


def event_after(name: str) -> dict[str, ColumnGuess]:
    """The type of events that their file is called after; nothing if it is called after none."""
    kind = named_event(name)
    return {"event_type": replace(constant("event_type", *kind), confidence=0.6)} if kind else {}


def author_of(
    con: duckdb.DuckDBPyConnection, export: str, found: Matches, profiles: Sequence[Profile], author: Column
) -> dict[str, ColumnGuess]:
    """Who wrote a message, where the sender has the customer's own name in some rows and another one in the others."""
    customer = found.get("customer_id")
    if customer is None or ("author" in found and understood(found["author"].profile, author) >= HALF):
        return {}
    whose = customer.profile.name
    for sender in (one for one in profiles if one.name != whose and likeness(one.name, author) >= VAGUE):
        own = f"select avg(({quoted(sender.name)} = {quoted(whose)})::int) from {export}"
        if TOLERATED < (con.execute(own).fetchall()[0][0] or 0.0) < 1 - TOLERATED:
            sql = f"case when {as_sql(sender.name)} = {as_sql(whose)} then 'customer' else 'agent' end"
            return {"author": made("author", sql, 0.8, "the customer, where the sender is called like the customer")}
    return {}


def session_of(found: Matches, profiles: Sequence[Profile], trust: float) -> dict[str, ColumnGuess]:
    """What one browser does on one day, where no session is told and the number of the browser is not the person's."""
    person, time = found.get("customer_id"), found["event_at"].profile.time
    if person is None or "session_id" in found or time != Time():
        return {}
    browsers = (one for one in profiles if is_of_browser(one) and one.filled >= ENOUGH and one != person.profile)
    if (browser := next(browsers, None)) is None:
        return {}
    sql = f"concat_ws(' ', {as_sql(browser.name)}, left({quoted(found['event_at'].profile.name)}, 10))"
    return {"session_id": made("session_id", sql, 0.6 * trust, "no session: what one browser does on one day")}


def product_or_name(product: Match, title: Match | None, trust: float) -> ColumnGuess | None:
    """The number of a product, and its name where a line has none."""
    if product.profile.filled == 1 or title is None or title.profile.name == product.profile.name:
        return None
    if title.profile.filled <= product.profile.filled:
        return None
    sql = f"coalesce({as_sql(product.profile.name)}, {as_sql(title.profile.name)})"
    return made("product_id", sql, 0.7 * trust, "lines without a product number go by the name")


def with_product(
    con: duckdb.DuckDBPyConnection, table: str, product: Match, title: Match | None, sold: str | None
) -> str | None:
    """The condition of lines, and that they name a product where many do not: those are sums of the lines below them."""
    names = list(dict.fromkeys(match.profile.name for match in (product, title) if match))
    silent = f"select avg((coalesce({', '.join(map(quoted, names))}) is null)::int) from {table}"
    if not TOLERATED < (con.execute(silent).fetchall()[0][0] or 0) < 1:
        return sold
    told = " or ".join(f"{as_sql(name)} is not null" for name in names)
    return f"({told}) and {sold}" if sold else told


def with_amount(con: duckdb.DuckDBPyConnection, table: str, items: Matches, sold: str | None) -> str | None:
    """The condition of lines, and that they have an amount where many have neither that nor pieces: they were cancelled."""
    money, pieces = items.get("line_amount") or items.get("unit_price"), items.get("quantity")
    if money is None or pieces is None or not 0 < money.profile.filled < 1 - TOLERATED:
        return sold
    count = number(quoted(pieces.profile.name), "DECIMAL(18,4)")
    none = f"select avg((coalesce({count}, 0) = 0)::int) from {table} where {quoted(money.profile.name)} is null"
    if con.execute(none).fetchall()[0][0] < ENOUGH:
        return sold
    told = f"{as_sql(money.profile.name)} is not null"
    return f"{told} and {sold}" if sold else told
