"""The days that a message names, as people write them in Chinese and English."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

_DAYS_AGO = {
    "今天": 0,
    "昨天": 1,
    "昨日": 1,
    "前天": 2,
    "大前天": 3,
    "明天": -1,
    "后天": -2,
    "today": 0,
    "yesterday": 1,
    "tomorrow": -1,
}
_MONTHS = {
    name: at
    for at, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may(?! be\b)|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKS = {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1}
_DATE = re.compile(
    r"(?<!\d)(?P<y>20\d\d)[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})(?!\d)日?|(?<!\d)(?P<m2>\d{1,2})月(?P<d2>\d{1,2})[日号]"
    rf"|\b(?P<d3>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<w3>{_MONTH})\b"
    rf"|\b(?P<w4>{_MONTH})\.? (?P<d4>\d{{1,2}})(?:st|nd|rd|th)?\b"
    r"|(?P<week>上上|上|这|本|下)个?(?:周|星期|礼拜)(?P<day>[一二三四五六日天])(?![直样些下定共起天个次件位])"
    rf"|\b(?:last|this past) (?P<weekday>{'|'.join(_WEEKDAYS)})\b"
    r"|(?P<n5>\d{1,3})\s?(?:天前|days? ago)|(?P<word>大前天|今天|昨天|昨日|前天|明天|后天|\b(?:today|yesterday|tomorrow)\b)",
    re.IGNORECASE,
)


def dates(text: str, sent_on: dt.date) -> Iterator[dt.date]:
    """Return the days that a text names; a day without a year is the nearest.

    >>> [str(day) for day in dates("bought last Tuesday, 上周二付的, 3 days ago", dt.date(2024, 6, 13))]
    ['2024-06-11', '2024-06-04', '2024-06-10']
    """
    for match in _DATE.finditer(text):
        part = match.groupdict()
        if part["word"]:
            yield sent_on - dt.timedelta(days=_DAYS_AGO[part["word"].lower()])
        elif part["week"]:
            monday = sent_on + dt.timedelta(days=7 * _WEEKS[part["week"]] - sent_on.weekday())
            yield monday + dt.timedelta(days=min("一二三四五六日天".index(part["day"]), 6))
        elif part["weekday"]:
            back = (sent_on.weekday() - _WEEKDAYS.index(part["weekday"].lower()) - 1) % 7 + 1
            yield sent_on - dt.timedelta(days=back)
        elif part["n5"]:
            yield sent_on - dt.timedelta(days=int(part["n5"]))
        else:
            month = part["m"] or part["m2"] or str(_MONTHS[(part["w3"] or part["w4"]).lower()[:3]])
            day = int(part["d"] or part["d2"] or part["d3"] or part["d4"])
            years = [int(part["y"])] if part["y"] else [sent_on.year + 1, sent_on.year, sent_on.year - 1]
            days = [found for year in years if (found := _day(year, int(month), day))]
            yield from sorted(days, key=lambda each: abs((each - sent_on).days))[:1]


def _day(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None
