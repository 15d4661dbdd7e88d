"""Times that no single column tells as they are read: a day and a clock beside each other, numbers of days, days without a year.

Each becomes the SQL that makes a time of them, in the place of the column of the day; what had to be assumed for that is
said. The sample has the result in that column, so that everything else goes on as if the file had brought it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from ecom_pipeline.shop.doctor.names import as_sql, folded, words
from ecom_pipeline.shop.doctor.profiles import ENOUGH, Profile
from ecom_pipeline.shop.doctor.survey import Export
from ecom_pipeline.shop.expressions import parse_expression
from ecom_pipeline.sql import quoted

FIRST_DAY = "2000-01-01"
"""What is taken for day 0, and for the first day of a year, where nothing tells: 2000 has a 29th of February."""
SPREADSHEET = "1899-12-30"
"""Day 0 of the days that spreadsheets count."""
CLOCK = r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?"
HOURS_MINUTES = r"([01]?\d|2[0-3])?[0-5]?\d"
MONTH_DAY = r"(0?[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"
ZONE = " [A-Z]{3,5}"
"""How times end that say on whose clock by letters (``PDT``); ``UTC`` is read as it is."""
CLOCK_WORDS = "time|hour|clock|uhrzeit|zeit|heure|hora|ora|时间|時間|時刻|时刻"
DAY_WORDS = "day|date|stamp|datum|fecha|data|日期|日"
MONTHS = (
    "ene feb mar abr may jun jul ago sep oct nov dic",
    "jan fev mar abr mai jun jul ago set out nov dez",
    "jan fév mar avr mai juin juil aoû sep oct nov déc",
    "jan feb mär apr mai jun jul aug sep okt nov dez",
    "gen feb mar apr mag giu lug ago set ott nov dic",
    "jan feb maa apr mei jun jul aug sep okt nov dec",
    "янв фев мар апр мая июн июл авг сен окт ноя дек",
    "oca şub mar nis may haz tem ağu eyl eki kas ara",
    "sty lut mar kwi maj cze lip sie wrz paź lis gru",
)
"""How the months begin in other languages than English, whose names are read as they are."""
MONTH_LENGTH, MOST_DAYS = 31, 20_000


@dataclass(frozen=True, kw_only=True)
class MadeTime:
    """A column of days as the SQL of a time.

    Attributes
    ----------
    assumed
        What nothing in the file says; empty if nothing had to be assumed.
    """

    column: str
    sql: str
    assumed: str = ""


def made_times(con: duckdb.DuckDBPyConnection, export: Export, profiles: Sequence[Profile]) -> list[MadeTime]:
    """The times of an export that have to be made; its sample has them then."""
    found = []
    clocks = [one for one in profiles if _is_clock(con, export, one)]
    told = {one.name: _day(con, export, one) for one in profiles if one not in clocks}
    days = [one for one in profiles if told.get(one.name, ("", ""))[0] or _is_day(one)]
    for day in days:
        sql, assumed = told[day.name]
        if clock := _beside(day, days, clocks, profiles):
            sql = f"concat_ws(' ', {sql or as_sql(day.name)}, {_clock(con, export, clock)})"
        if sql:
            found.append(MadeTime(column=day.name, sql=sql, assumed=assumed))
    for one in found:
        made = parse_expression(one.sql).sql
        con.execute(f"update {export.table} set {quoted(one.column)} = {made}").fetchall()
    return found


def _by_month(con: duckdb.DuckDBPyConnection, export: Export, day: Profile) -> str:
    """The SQL of times whose months are words of another language (``2 de septiembre de 2023 10:00 hs.``)."""
    if day.time is not None or day.is_number or not any(re.search(r"\d{4}", example) for example in day.examples):
        return ""
    for months in map(str.split, MONTHS):
        told = "|".join(months)
        form = rf"(?i)\D*\d{{1,2}}\D*({told})\D*\d{{4}}\b.*"
        if any(re.fullmatch(form, one) for one in day.examples) and _share(con, export, day, form) >= ENOUGH:
            name, listed = as_sql(day.name), ", ".join(f"'{month}'" for month in months)
            month = f"list_position([{listed}], regexp_extract(lower({name}), '{told}'))"
            parts = rf"regexp_extract({name}, '\d{{4}}'), '-', {month}, '-', regexp_extract({name}, '\d{{1,2}}')"
            return rf"concat({parts}, ' ', regexp_extract({name}, '\d{{1,2}}:\d{{2}}(:\d{{2}})?'))"
    return ""


def _day(con: duckdb.DuckDBPyConnection, export: Export, day: Profile) -> tuple[str, str]:
    """The SQL of days that are told by numbers or by months in words, and what is assumed for it."""
    if told := _by_month(con, export, day):
        return told, ""
    name, number = as_sql(day.name), f"try_cast({quoted(day.name)} as double)"
    if day.time is None and _share(con, export, day, rf".*\d:\d\d.*{ZONE}") >= ENOUGH:
        taken = f"{day.name} names its clock by letters: that of the shop is taken"
        return f"regexp_replace({name}, '{ZONE}$', '')", taken
    if not day.is_number or not re.search(DAY_WORDS, folded(day.name)):
        return "", ""
    least, most = con.execute(f"select min({number}), max({number}) from {export.table}").fetchall()[0]
    if day.time is not None or least is None or least < 0:
        return "", ""
    if day.distinct > MONTH_LENGTH and _share(con, export, day, MONTH_DAY) == 1:
        padded = f"lpad({name}, 4, '0')"
        return (
            f"concat('{FIRST_DAY[:5]}', left({padded}, 2), '-', right({padded}, 2))",
            f"{day.name} has no year: {FIRST_DAY[:4]} is taken; put the right one into the expression",
        )
    if least > 30_000 and most < 60_000:
        return f"strftime(date '{SPREADSHEET}' + cast(floor({name} + 0) as integer), '%Y-%m-%d')", ""
    if (
        "day" in words(day.name)
        and len(words(day.name)) <= 2
        and MONTH_LENGTH < most < MOST_DAYS
        and not day.fractional
    ):
        return (
            f"strftime(date '{FIRST_DAY}' + cast({name} as integer), '%Y-%m-%d')",
            f"{day.name} counts days from a day that nothing tells: {FIRST_DAY} is taken; put the right one into the expression",
        )
    return "", ""


def _is_day(day: Profile) -> bool:
    """Whether a column tells days and no clock."""
    return day.time is not None and not day.time.has_clock and all(len(example) <= 11 for example in day.examples)


def _is_clock(con: duckdb.DuckDBPyConnection, export: Export, column: Profile) -> bool:
    if not re.search(CLOCK_WORDS, folded(column.name)) or column.is_empty or column.time is not None:
        return False
    if _share(con, export, column, CLOCK) >= ENOUGH:
        return True
    four = re.search("time|hour", folded(column.name)) and column.distinct > 24
    if not four or not column.is_number or _share(con, export, column, MONTH_DAY) == 1:
        return False
    return _share(con, export, column, HOURS_MINUTES) == 1


def _beside(
    day: Profile, days: Sequence[Profile], clocks: Sequence[Profile], profiles: Sequence[Profile]
) -> Profile | None:
    """The clock that goes with a day: of a like name, the only one, or the next column."""
    full = [clock for clock in clocks if clock.filled >= day.filled]
    own = re.sub(DAY_WORDS, "", folded(day.name))
    alike = [clock for clock in full if re.sub(CLOCK_WORDS, "", folded(clock.name)) == own]
    if alike or not full:
        return alike[0] if alike else None
    names = [one.name for one in profiles]
    after = names[names.index(day.name) + 1 :][:1]
    return next((clock for clock in full if [clock.name] == after or len(clocks) == len(days) == 1), None)


def _clock(con: duckdb.DuckDBPyConnection, export: Export, clock: Profile) -> str:
    name = as_sql(clock.name)
    if _share(con, export, clock, CLOCK) >= ENOUGH:
        return name
    padded = f"lpad({name}, 4, '0')"
    return f"concat(left({padded}, 2), ':', right({padded}, 2))"


def _share(con: duckdb.DuckDBPyConnection, export: Export, column: Profile, pattern: str) -> float:
    name = quoted(column.name)
    fits = f"select avg(regexp_full_match(trim({name}), '{pattern}')::int) from {export.table} where {name} is not null"
    return float(con.execute(fits).fetchall()[0][0] or 0.0)
