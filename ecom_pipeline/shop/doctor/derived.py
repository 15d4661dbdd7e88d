"""Columns that no header names as such but that follow from others: an id, a channel, a refusal, a session.

Each is a guess of its own, with why. What the columns of an export are taken for has been decided before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import duckdb

from ecom_pipeline.contracts import Column
from ecom_pipeline.shop.doctor.columns import constant, digest, made
from ecom_pipeline.shop.doctor.matching import Match, Matches, is_masked, is_of_browser
from ecom_pipeline.shop.doctor.meaning import named_event, read_words, understood
from ecom_pipeline.shop.doctor.model import ColumnGuess
from ecom_pipeline.shop.doctor.names import VAGUE, as_sql, folded, likeness
from ecom_pipeline.shop.doctor.profiles import ENOUGH, Profile, Time
from ecom_pipeline.shop.values import BOOLEANS
from ecom_pipeline.sql import literal, quoted

ONE_EACH = 0.98
"""Share of different values from which a column names its rows."""
ROW_IDS = {"order_items": "order_item_id", "events": "event_id", "refunds": "refund_id", "messages": "message_id"}
"""Ids that rows can do without, by input."""
CONSENT = "accepts|agreed|consent|subscribed|subscription|newsletter|optin|接受营销|订阅|同意"
REFUSERS = "unsubscri|opt_?out|suppress|do_?not|退订"
"""What files are called that list who refused advertising."""
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


def refused_by_all(name: str) -> ColumnGuess | None:
    """Who is in a file that is called after those who refused has refused."""
    if not re.search(REFUSERS, name.rsplit("/", 1)[-1], re.IGNORECASE):
        return None
    return replace(constant("is_opted_out", "true", "after the name of the file"), confidence=0.6)


def with_shipping(amount: Match, profiles: Sequence[Profile]) -> dict[str, ColumnGuess]:
    """What was given back of the products, and of the shipping where a column beside it is called so."""
    name = amount.profile.name
    beside = re.sub("products?", "shipping", name, count=1, flags=re.IGNORECASE)
    if beside == name or beside not in {one.name for one in profiles}:
        return {}
    sql = f"{as_sql(name)} + coalesce({as_sql(beside)}, 0)"
    return {"amount": made("amount", sql, 0.8, "what was given back of the products and of the shipping")}


def channel_of(name: str) -> ColumnGuess:
    """The channel of a report on advertising that names none: what its file is called after."""
    file = name.rsplit("/", 1)[-1]
    for channel, pattern in CHANNELS.items():
        if re.search(rf"(?<![a-z])({pattern})(?![a-z])", file, re.IGNORECASE):
            return replace(constant("channel", channel, "after the name of the file"), confidence=0.7)
    words = re.sub(r"[^\w]+|\d+", " ", file.split(".")[0]).split()
    return constant("channel", "_".join(words).lower() or "ads", "no channel: the name of the file stands for it")


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
    customer: ColumnGuess | None, time: Match | None, has_product: bool, has_files: bool, trust: float
) -> ColumnGuess:
    """What a customer buys at one time is an order, where products are told; else every row is one."""
    parts = [as_sql(name) for name in (customer and customer.source_column, time and time.profile.name) if name]
    if len(parts) == 2 and has_product:
        why = "no order number: what a customer buys at one time is taken for an order"
        return made("order_id", f"concat_ws('-', {', '.join(parts)})", 0.5 * trust, why)
    place = ["_file", "_row"] if has_files else ["_row"]
    why = "no order number: every row is taken for an order"
    return made("order_id", f"concat_ws('-', {', '.join([*parts, *place])})", 0.5 * trust, why)


def word_beside(found: Matches, profiles: Sequence[Profile], kinds: Column) -> tuple[str, ColumnGuess] | None:
    """The type of the rows that the column of types leaves empty, where another one has it: the condition, and the type."""
    event = found["event_type"].profile
    for one in (one for one in profiles if one != event and event.filled < ENOUGH < one.filled):
        if likeness(one.name, kinds) >= VAGUE and (known := read_words(one, kinds)):
            name, beside = as_sql(event.name), as_sql(one.name)
            where = f"{name} is not null or {beside} in ({', '.join(map(literal, known))})"
            guess = made(
                "event_type", f"coalesce({name}, {beside})", 0.6, f"{one.name} says it where {event.name} does not"
            )
            return where, replace(guess, origin={**guess.origin, "values": {**read_words(event, kinds), **known}})
    return None


def event_after(name: str) -> dict[str, ColumnGuess]:
    """The type of events that their file is called after; nothing if it is called after none."""
    kind = named_event(name)
    return {"event_type": replace(constant("event_type", *kind), confidence=0.6)} if kind else {}


def author_of(
    con: duckdb.DuckDBPyConnection, export: str, found: Matches, profiles: Sequence[Profile], author: Column
) -> dict[str, ColumnGuess]:
    """Who wrote a message, where the sender has the customer's own name in some rows and another one in the others."""
    customer = found.get("customer_id")
    if customer is None or ("author" in found and understood(found["author"].profile, author) >= 0.5):
        return {}
    whose = customer.profile.name
    for sender in (one for one in profiles if one.name != whose and likeness(one.name, author) >= VAGUE):
        own = f"select avg(({quoted(sender.name)} = {quoted(whose)})::int) from {export}"
        if 1 - ENOUGH < (con.execute(own).fetchall()[0][0] or 0.0) < 1:
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
