"""Formats of times are tried where a value looks like them: none is passed over that would have read one."""

from __future__ import annotations

import random
from datetime import datetime

from ecom_pipeline.shop.doctor.profiles import FORMATS, _shape, _shape_of
from ecom_pipeline.sql import literal
from ecom_pipeline_tests.shop.doctor.exports import CON

MOMENTS = (datetime(2024, 3, 5, 16, 5, 9), datetime(1999, 12, 31), datetime(2038, 5, 30, 23, 59, 59))
PIECES = (
    "1",
    "03",
    "2024",
    "20240305",
    " ",
    "  ",
    "\t",
    "\v",
    "/",
    "-",
    ".",
    ":",
    ",",
    "年",
    "月",
    "日",
    "AM",
    "pm",
    "Mar",
    "may",
    "UTC",
    "+08",
    "T",
    "é",
)


def texts() -> list[str]:
    """Moments in every format, less padded, more blank, in other letters; and scraps of such texts in any order."""
    written = [moment.strftime(form) for moment in MOMENTS for form in FORMATS]
    slack = [text.replace("/0", "/").replace("-0", "-").replace(" ", "   ") for text in written]
    chance = random.Random(0)
    scraps = ["".join(chance.choices(PIECES, k=chance.randint(1, 9))) for _ in range(2_000)]
    return [*written, *slack, *map(str.upper, written), *map(str.lower, slack), *scraps]


def test_no_format_is_passed_over_that_reads_a_value() -> None:
    reads = ", ".join(f"try_strptime(v, {literal(form)}) is not null" for form in FORMATS)
    found = CON.execute(f"select v, {_shape_of('v')}, {reads} from (select unnest(?) as v)", [texts()]).fetchall()
    wrong = [
        (value, form)
        for value, shape, *read in found
        for form, reads_it in zip(FORMATS, read, strict=True)
        if reads_it and _shape(form) != shape
    ]
    assert wrong == []
    assert all(any(read) for read in zip(*(row[2:] for row in found), strict=True)), "a format that reads no text here"
