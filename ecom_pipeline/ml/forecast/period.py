"""What one column of a panel is: a day, as in the shop, or a week, month or quarter, as in published series.

What does not belong here: which of them a table of dates shows.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Period:
    """A length of time, and when it looks like itself again.

    Attributes
    ----------
    name
        What it is called.
    frequency
        The same as pandas names it.
    season
        Periods after which the main pattern repeats.
    year
        The whole number of seasons, in periods, that comes closest to a year.
    """

    name: str
    frequency: str
    season: int
    year: int


WEEK_DAYS = 7
DAY = Period(name="day", frequency="D", season=WEEK_DAYS, year=364)
WEEK = Period(name="week", frequency="7D", season=52, year=52)
MONTH = Period(name="month", frequency="MS", season=12, year=12)
QUARTER = Period(name="quarter", frequency="3MS", season=4, year=4)
