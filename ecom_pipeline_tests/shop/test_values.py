"""How one text is read: known answers, and that nothing is read wrongly or half."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ecom_pipeline.shop import values

MONEY = "DECIMAL(18,4)"
CON = duckdb.connect(config={"threads": 1})
CON.execute("set timezone = 'UTC'")


def read(expression: str, texts: Sequence[str | None]) -> list[object]:
    rows = CON.execute(f"select {expression} from (select unnest(?::varchar[]) as x)", [list(texts)]).fetchall()
    return [row[0] for row in rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.55", "2.55"),
        (" 2.55 ", "2.55"),
        ("-0.0001", "-0.0001"),
        ("1e3", "1000"),
        ("1,234,567.89", "1234567.89"),
        ("1 234.5", "1234.5"),
        ("1\u00a0234", "1234"),
        ("1'234.50", "1234.5"),
        ("¥12", "12"),
        ("￥1,200.50", "1200.5"),
        ("12.5元", "12.5"),
        ("€ 3", "3"),
        ("£-3", "-3"),
        ("-£3.10", "-3.1"),
        ("($1,200.00)", "-1200"),
        ("12.50-", "-12.5"),
        ("−7", "-7"),
        (".5", "0.5"),
        ("₹1,200.50", "1200.5"),
        ("Rs. 500", "500"),
        ("₩12,000", "12000"),
        ("RM 3.50", "3.5"),
        ("RM.50", "0.5"),
        ("A$7", "7"),
        ('="12.50"', "12.5"),
        ("'1,200.5", "1200.5"),
    ],
)
def test_a_number_with_a_point(text: str, expected: str) -> None:
    assert read(values.number("x", MONEY), [text]) == [Decimal(expected)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2,55", "2.55"),
        ("2", "2"),
        ("1.234,56", "1234.56"),
        ("1.234", "1234"),
        ("1 234,5", "1234.5"),
        ("12,50 €", "12.5"),
        ("R$ 1.234,50", "1234.5"),
        ("-R$ 5,00", "-5"),
        ("1 234,50 ₽", "1234.5"),
        ("12,50 zł", "12.5"),
        ("kr. 12,50", "12.5"),
        ("99,90 TL", "99.9"),
        ("(12,50)", "-12.5"),
    ],
)
def test_a_number_with_a_comma(text: str, expected: str) -> None:
    assert read(values.number("x", MONEY, decimal_comma=True), [text]) == [Decimal(expected)]


@pytest.mark.parametrize(
    ("text", "comma"),
    [
        ("12,5", False),
        ("1,23", False),
        ("1,2345", False),
        ("12 34", False),
        ("1.2.3", False),
        ("abc", False),
        ("12 USD", False),
        ("5 PCS", False),
        ("Rs", False),
        ("5%", False),
        ("--5", False),
        ("(-5)", False),
        ("", False),
        ("¥", False),
        ("99999999999999999999", False),
        ("1.23", True),
        ("1,2,3", True),
        ("1,234.5", True),
    ],
)
def test_what_is_no_number_is_null(text: str, comma: bool) -> None:
    assert read(values.number("x", MONEY, decimal_comma=comma), [text]) == [None]


@given(st.lists(st.decimals(min_value=-(10**13), max_value=10**13, places=4), min_size=1, max_size=30))
@settings(max_examples=15, deadline=None)
def test_every_spelling_of_a_decimal_is_read_exactly(numbers: list[Decimal]) -> None:
    plain = [f"{number:f}" for number in numbers]
    grouped = [f"{number:,f}" for number in numbers]
    accounting = [f"({-number:,f})" if number < 0 else f"£{number:,f}" for number in numbers]
    german = [text.translate(str.maketrans(",.", ".,")) for text in grouped]
    for texts in (plain, grouped, accounting):
        assert read(values.number("x", MONEY), texts) == numbers
    assert read(values.number("x", MONEY, decimal_comma=True), german) == numbers


@given(st.lists(st.text(alphabet="0123456789.,-+() ¥€eE'x\u00a0", max_size=9), min_size=1, max_size=50))
@settings(max_examples=30, deadline=None)
@example(["1_000", "0x1F", "inf", "nan", "."])
def test_a_number_is_read_with_all_its_digits_or_not_at_all(texts: list[str]) -> None:
    for text, number in zip(texts, read(values.number("x", MONEY), texts), strict=True):
        if number is not None and "e" not in text.lower():
            assert isinstance(number, Decimal)
            digits = "".join(c for c in text if c in "0123456789.")
            assert abs(number) == Decimal(digits).quantize(Decimal("0.0001"), rounding="ROUND_HALF_UP")
            assert (number < 0) == (any(c in text for c in "-(") and number != 0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("17850.0", 17850), ("17850.5", None), ("1,200", 1200), ("x", None), (".5", None), ("", None)],
)
def test_a_whole_number_is_not_rounded(text: str, expected: int | None) -> None:
    assert read(values.number("x", "BIGINT"), [text]) == [expected]


def test_a_double_is_finite() -> None:
    assert read(values.number("x", "DOUBLE"), ["1.5", "1,200.5", "nan", "inf", "x"]) == [1.5, 1200.5, None, None, None]


def test_truth_in_two_languages() -> None:
    texts = ["TRUE", "1", "Yes", "y", "是", "false", "0", "N", "no", "否", "maybe", None]
    assert read(values.boolean("x"), texts) == [True] * 5 + [False] * 5 + [None, None]


def test_marks_of_a_spreadsheet_are_taken_off_and_nothing_else_is() -> None:
    marked = [
        '="0071"',
        "'0071",
        "'0071 ",
        '="0071"\t',
        "'+86 138-0013",
        '=""',
        '="a"',
        "'tis",
        "='x'",
        "=1+1",
        "'",
        "'7a",
        "a'7",
    ]
    told = ["0071", "0071", "0071", "0071", "+86 138-0013", None, "a", "'tis", "='x'", "=1+1", "'", "'7a", "a'7"]
    assert read(values.trimmed("x"), marked) == told


def test_blanks_of_every_kind_are_cut() -> None:
    texts = [" a b ", "\ta\t", "\u3000订单\u3000", "a\u00a0", "\ufeffa", "   ", "", "a\r"]
    assert read(values.trimmed("x"), texts) == ["a b", "a", "订单", "a", "a", None, None, "a"]


def test_blanks_are_cut_wherever_they_are_and_whatever_is_beside_them() -> None:
    alphabet = [*values.BLANKS, "a", "Z", "0", "!", "~", ">", "é", "订", "e\u0301", "🛒"]
    texts = ["".join(some) for length in range(4) for some in product(alphabet, repeat=length)]
    assert read(values.trimmed("x"), texts) == [text.strip(values.BLANKS) or None for text in texts]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2011-01-05", datetime(2011, 1, 5)),
        ("2011/01/05 9:05", datetime(2011, 1, 5, 9, 5)),
        ("2011-1-5", datetime(2011, 1, 5)),
        ("2011-01-05T10:00:00", datetime(2011, 1, 5, 10)),
        ("2011-01-05 10:00:00.123456", datetime(2011, 1, 5, 10, 0, 0, 123456)),
        ("2011-02-30", None),
        ("05/01/2011", None),
        ("20110105", None),
        ("infinity", None),
        ("epoch", None),
        ("2011-01-05 10:00:00 PM", None),
        ("2011-01-05T10:00:00Z", None),
        ("2011-01-05T10:00:00+08:00", None),
        ("2011-01-05 10:00:00-05", None),
        ("2011-01-05 10:00:00 UTC", None),
    ],
)
def test_a_local_time_has_no_offset(text: str, expected: datetime | None) -> None:
    assert read(values.local_time("x", None), [text]) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2011-01-05T10:00:00Z", datetime(2011, 1, 5, 10)),
        ("2011-01-05T10:00:00+08:00", datetime(2011, 1, 5, 2)),
        ("2011-01-05 10:00:00-0530", datetime(2011, 1, 5, 15, 30)),
        ("2011-01-05 10:00:00-05", datetime(2011, 1, 5, 15)),
        ("2011-01-05 10:00:00 +0800", datetime(2011, 1, 5, 2)),
        ("2011-01-05T10:00:00.5 -05:30", datetime(2011, 1, 5, 15, 30, 0, 500_000)),
        ("2011-01-05 10:00:00 UTC", datetime(2011, 1, 5, 10)),
        ("2011-07-05 10:00:00 Europe/London", datetime(2011, 7, 5, 9)),
        ("2011-01-05 10:00:00", None),
        ("2011-01-05 10:00:00 PM", None),
        ("2011-01-05", None),
    ],
)
def test_an_offset_is_honoured(text: str, expected: datetime | None) -> None:
    expression = values.instant("x", None, None)
    assert expression is not None
    assert read(values.utc(expression), [text]) == [expected]


def test_a_format_is_the_only_one() -> None:
    texts = ["1/12/2010 8:26", "2010-12-01 08:26", "32/01/2011 00:00"]
    assert read(values.local_time("x", "%d/%m/%Y %H:%M"), texts) == [datetime(2010, 12, 1, 8, 26), None, None]
    assert values.instant("x", "%d/%m/%Y %H:%M", None) is None


def test_a_format_with_an_offset() -> None:
    form = "%d/%m/%Y %H:%M %z"
    expression = values.instant("x", form, None)
    assert expression is not None
    assert read(values.utc(expression), ["05/01/2011 10:00 +0800"]) == [datetime(2011, 1, 5, 2)]
    assert read(values.local_time("x", form), ["05/01/2011 10:00 +0800"]) == [None]


def test_unix_time() -> None:
    seconds, millis, micros = (str(values.instant("x", None, unit)) for unit in values.UNITS)
    moment = datetime(2017, 11, 26, 1)
    assert read(values.utc(seconds), ["1511658000", "1511658000.5", "1511658000000", "x", "-1"]) == [
        moment,
        moment + timedelta(seconds=0.5),
        None,
        None,
        datetime(1969, 12, 31, 23, 59, 59),
    ]
    assert read(values.utc(millis), ["1511658000000", "1511658000001"]) == [moment, moment + timedelta(milliseconds=1)]
    assert read(values.utc(micros), ["1511658000000001", "1511658000"]) == [
        moment + timedelta(microseconds=1),
        datetime(1970, 1, 1, 0, 25, 11, 658000),
    ]


@given(
    st.lists(st.datetimes(datetime(1970, 1, 2), datetime(2037, 1, 1)), min_size=1, max_size=30),
    st.sampled_from(["Europe/London", "Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
@settings(max_examples=20, deadline=None)
def test_a_moment_survives_being_written_down_in_any_zone(moments: list[datetime], zone: str) -> None:
    """What the clock on the wall showed leads back to the moment, but in the hour that an autumn night has twice."""
    utc = ZoneInfo("UTC")
    whole = [moment.replace(microsecond=0) for moment in moments]
    walls = [moment.replace(tzinfo=utc).astimezone(ZoneInfo(zone)) for moment in whole]
    local = [wall.strftime("%Y-%m-%d %H:%M:%S") for wall in walls]
    offset = [wall.isoformat() for wall in walls]
    back = read(values.utc(values.at_zone(values.local_time("x", None), zone)), local)
    for moment, wall, found in zip(whole, walls, back, strict=True):
        either = {wall.replace(fold=fold).astimezone(utc).replace(tzinfo=None) for fold in (0, 1)}
        assert found in either
        assert moment in either
    told = values.instant("x", None, None)
    assert told is not None
    assert read(values.utc(told), offset) == whole


def test_dates_on_both_sides_of_a_clock_change() -> None:
    """London: UTC until 2011-03-27 01:00, an hour ahead until 2011-10-30."""
    texts = ["2011-03-27 00:59:59", "2011-03-27 02:00:00", "2011-07-01 00:30:00", "2011-10-30 03:00:00"]
    assert read(values.utc(values.at_zone(values.local_time("x", None), "Europe/London")), texts) == [
        datetime(2011, 3, 27, 0, 59, 59),
        datetime(2011, 3, 27, 1),
        datetime(2011, 6, 30, 23, 30),
        datetime(2011, 10, 30, 3),
    ]
