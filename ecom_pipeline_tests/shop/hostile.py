"""Files that somebody might drop, by mistake or with intent: each is told by a seed and a number, and by nothing else.

Every record carries a marker that appears nowhere else, so that a test can look for each of them afterwards, however
the file was understood. ``python -m ecom_pipeline_tests.shop.hostile SEED NUMBER FOLDER`` writes one of them again.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

SECRET = "s3cret-that-no-table-may-hold"
COLUMNS = ("no", "at", "who", "kind", "state", "sku", "n", "price", "paid", "money", "staff", "note")
SHOP = """\
name: fuzz
timezone: Europe/London
currency: GBP
exchange_rates: {EUR: 0.86}
sources:
  rows:
    files: "FILES"
SOURCE
    inputs:
      orders:
        where: "kind in ('order', 'both') and no <> 'nobody'"
        columns:
          order_id: no
          ordered_at: AT
          customer_id: who
          status: {column: state, values: {paid: completed, gone: cancelled}}
          currency: money
          is_test: staff
          discount_amount: {sql: "price - paid"}
          channel: {sql: "upper(left(note, 5))"}
      order_items:
        where: "kind in ('line', 'both')"
        columns:
          order_item_id: {sql: "concat_ws('-', no, sku)"}
          order_id: no
          product_id: sku
          quantity: n
          unit_price: price
          line_amount: paid
      events:
        where: "kind not in ('order', 'line', 'both', 'nobody')"
        columns:
          event_type: {column: kind, values: {pv: view, buy: purchase}}
          event_at: AT
          customer_id: who
          product_id: sku
          quantity: n
          price: price
          search_query: note
"""
SOURCES = {
    "plain": ("", "at"),
    "german": ("decimal_comma: true\n    date_format: '%d.%m.%Y'", "at"),
    "epoch": ("duplicates: keep", "{column: at, unit: ms}"),
    "stated": ("options: {encoding: utf-8, delimiter: ','}\n    timezone: Asia/Shanghai", "at"),
}

NULLS = (
    "",
    " ",
    "NULL",
    "null",
    "NaN",
    "nan",
    "N/A",
    "n/a",
    "None",
    "\\N",
    "NaT",
    "#N/A",
    "<NA>",
    "-",
    "\u3000",
    "\u00a0",
)
NUMBERS = (
    "1", "0", "-1", "12.50", "1.234,56", "1,234.56", "1 234,5", "1'234.5", "1e5", "1e999", "-1e-999", "1e", "e5", "inf",
    "-Infinity", "NaN", "0x10", "0b1", "1_000", "+-1", "--1", "+5", "５", "１２.５", "٣", "9" * 40, "0." + "3" * 60, ".",
    ",", "-", "1.2.3", "1,2,3", "(5)", "(5", "£12.30", "12.30€", "¥-5", "5%", "5 pcs", "²", "½", "1;2", "1|2", "1\u202f000",
    "99999999999999.99995", "-99999999999999.9999", "9223372036854775808", "-9223372036854775809", "1.0000000000001",
)  # fmt: skip
DATES = (
    "2024-01-02", "2024-01-02 03:04:05", "2024-01-02T03:04:05Z", "2024-02-30", "2023-02-29", "31/12/99", "12/31/1999",
    "1.2.2024", "2024-13-01", "2024-00-00", "0000-00-00", "0000-01-01", "0001-01-01", "-0044-03-15", "99999-12-31",
    "9999-12-31 23:59:59.999999", "294247-01-10", "290309-12-22 (BC)", "infinity", "-infinity", "epoch", "now", "today",
    "45292", "45292.5", "1704164645", "1704164645000", "1704164645000000", "1e18", "-62135596801000", "253402300800000",
    "9" * 30, "2024-01-02 25:00:00", "2024-01-02 10:00 PM", "2024-01-02 10:00+08:00", "2024-01-02 10:00+99:99",
    "2024-01-02 10:00 Europe/Paris", "2024-01-02 10:00 Mars/Olympus", "2024-03-31 01:30:00", "2024-10-27 01:30:00",
    "2016-12-31 23:59:60", "2024年1月2日", "20240102", "Jan 2 2024", "2024-W01-2", "2024-001", "24-1-2", "2024-1-2",
)  # fmt: skip
KINDS = (
    "order",
    "line",
    "both",
    "pv",
    "buy",
    "view",
    "purchase",
    "nobody",
    "Order",
    "",
    "order ",
    "ORDER",
    "odrer",
    "'",
)
STATES = ("paid", "gone", "completed", "", "PAID", "refunded", "unknown", "已付款", "paid'; drop table canary; --")
WORDS = ("y", "n", "true", "false", "1", "0", "是", "maybe", "", "2", "TRUE ", "t")
MONEY = ("GBP", "EUR", "gbp", "", "XXX", "£", "EUR; drop table canary", "E U R")
ATTACKS = (
    "'; drop table canary; --", "'); drop table canary; --", '"; drop table canary; --', "' or '1'='1", "1; select 1",
    "' union select * from canary --", "/* */", "--", "\\'; drop table canary; --", "${HOME}", "{{7*7}}", "%s%d%n", "{0}",
    "$1", "?", ":x", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(1+1)*cmd|' /C calc'!A0", "=HYPERLINK(\"http://x\")",
    "\t=1", "<script>alert(1)</script>", "../../etc/passwd", "copy canary to 'x.csv'", "attach 'x.db'", "pragma version",
    "read_csv('secret.csv')", "getenv('HOME')", "; install httpfs", "\x1b[31mred", "a\u202eb", "\ufeffx", "\u0000",
    "\u0085", "\u2028", "\x0b\x0c", "\x1c\x1d\x1e", "\x7f", "👩‍👩‍👧", "e\u0301", "ﷺ" * 5, "İ", "ß", "\ud7ff", "\U0010ffff",
)  # fmt: skip
NAMES = (
    "x.csv", "a'b.csv", "a;drop table canary;--.csv", '"q".csv', "*.csv", "[y].csv", "?.csv", "[!a].csv", "{y,b}.csv", "-rf.csv",
    "$(touch x).csv", "`touch x`.csv", "a b.csv", "..a.csv", "%2e%2e.csv", "a\\b.csv", "x" * 200 + ".csv", "订单.csv", "a\nb.csv",
    "#a.csv", "a?b=c.csv", "a&b.csv", "https:a.csv", "a.CSV", "a.csv.csv", "~a.csv", "\u202ecsv.csv", "é.csv", "a\tb.csv",
)  # fmt: skip
HEADERS = (
    "_row", "_file", "_load_id", "_problem", "_line", "_source", '"', '""', "", " ", "a\nb", "a\r\nb", "no ", "NO", "no", "Kind",
    "'; drop table canary; --", 'x" varchar); drop table canary; --', "x" * 10_000, "a,b", "select", "*", "1", "2024-01-01",
    "é", "\u00a0", "no_2", "column_13", "rowid", "t_price", "$1", "?", "\ufeffno", "\x00", "a\tb", "🙂", "i\u0307", "\\", "=1+1",
)  # fmt: skip
MARKER = re.compile(r"m\d+x\d+z")
ENCODINGS = ("utf-8",) * 6 + ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "latin-1", "cp1252", "utf-32")


@dataclass(frozen=True)
class Case:
    """One file.

    Attributes
    ----------
    source
        Which of the sources of the shop reads it.
    content
        Its bytes.
    markers
        One for each of its records; all must be found again, each once, if the file is loaded.
    rows
        How many rows it has, where that is beyond dispute.
    kind
        What was done to it, for messages.
    """

    number: int
    name: str
    source: str
    content: bytes
    markers: tuple[str, ...]
    rows: int | None
    kind: str

    def write(self, folder: Path) -> Path:
        path = folder / self.name
        path.write_bytes(self.content)
        return path

    def write_decoy(self, folder: Path) -> Path:
        """A file that the name of this one means, if somebody takes it for a pattern."""
        suffix = self.name[self.name.rfind(".") :]
        path = folder / f"{self.number}y{suffix}"
        if suffix == ".parquet":
            pq.write_table(pa.table({name: [SECRET] for name in COLUMNS}), path)
        elif "js" in suffix:
            path.write_text(json.dumps([dict.fromkeys(COLUMNS, SECRET)]))
        else:
            path.write_text(f"{','.join(COLUMNS)}\n{','.join([SECRET] * len(COLUMNS))}\n")
        return path


def make_case(seed: int, number: int) -> Case:
    """The file of this number."""
    chance = random.Random(f"{seed}-{number}")
    make = chance.choices((_delimited, _json, _parquet, _noise), (70, 20, 4, 6))[0]
    return make(chance, number)


def _named(chance: random.Random, number: int, suffix: str) -> str:
    name = chance.choice(NAMES) if chance.random() < 0.3 else "x.csv"
    return f"{number}{name}"[: 240 - len(suffix)].removesuffix(".csv") + suffix


def _record(chance: random.Random, marker: str) -> dict[str, str]:
    """A row, most of it sound."""
    hostile = chance.random() < 0.5

    def pick(sound: Callable[[], str], *traps: tuple[str, ...]) -> str:
        return chance.choice(chance.choice((*traps, ATTACKS, NULLS))) if hostile and chance.random() < 0.4 else sound()

    price = f"{chance.randint(1, 99)}.{chance.randint(0, 99):02}"
    return {
        "no": marker,
        "at": pick(lambda: f"2024-0{chance.randint(1, 9)}-1{chance.randint(0, 9)} 10:00:00", DATES),
        "who": pick(lambda: f"c{chance.randint(1, 9)}", NUMBERS),
        "kind": pick(lambda: chance.choice(KINDS[:7]), KINDS),
        "state": pick(lambda: "paid", STATES),
        "sku": pick(lambda: f"p{chance.randint(1, 9)}", NUMBERS),
        "n": pick(lambda: str(chance.randint(1, 5)), NUMBERS),
        "price": pick(lambda: price, NUMBERS),
        "paid": pick(lambda: price, NUMBERS),
        "money": pick(lambda: "GBP", MONEY),
        "staff": pick(lambda: "n", WORDS),
        "note": pick(lambda: "fine", DATES, NUMBERS),
    }


def _records(chance: random.Random, number: int) -> list[dict[str, str]]:
    count = chance.choice((0, 1, 2, 3, 5, 8, 13, 30))
    return [_record(chance, f"m{number}x{position}z") for position in range(count)]


def _header(chance: random.Random) -> list[str]:
    header = list(COLUMNS)
    if chance.random() < 0.3:
        chance.shuffle(header)
    return header


def _delimited(chance: random.Random, number: int) -> Case:
    """Delimited text; sound lines first, then what goes wrong with them."""
    records = _records(chance, number)
    header = _header(chance)
    extra = [chance.choice(HEADERS) for _ in range(chance.choice((0, 0, 0, 1, 2)))]
    delimiter = chance.choice(",,,,;\t|")
    end = chance.choice(("\n", "\n", "\n", "\r\n", "\r\n", "\r"))
    quoting = chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    shown = [*header, *extra]
    if chance.random() < 0.05:
        shown = [chance.choice((name, name.upper(), f" {name} ")) for name in shown]
    kind, rows = "delimited", len(records)

    def line(values: list[str]) -> str:
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerow(values)
        return text.getvalue().removesuffix("\r\n")

    head = line(shown)
    lines = [line([*(record[name] for name in header), *(chance.choice(ATTACKS) for _ in extra)]) for record in records]
    known = True
    for damage in chance.sample(_DAMAGES, chance.choice((0, 0, 1, 1, 2))):
        if lines:
            lines, keeps = damage(chance, lines, delimiter)
            known &= keeps
            kind += f", {damage.__name__.strip('_')}"
    odd = [text for text in (head, *lines) if set(text) & set("\r\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028")]
    known &= not odd
    text = end.join([head, *lines]) + (end if chance.random() < 0.8 else "")
    encoding = chance.choice(ENCODINGS)
    content = text.encode(encoding, errors="replace" if encoding in ("latin-1", "cp1252") else "surrogatepass")
    known &= encoding != "utf-32"
    markers = tuple(record["no"] for record in records)
    if chance.random() < 0.08 and lines:
        content, known, kind = _with_stray_byte(chance, content), False, kind + ", stray byte"
        markers = () if encoding.startswith(("utf-16", "utf-32")) else markers
    suffix = chance.choice((".csv", ".csv", ".csv", ".txt", ".tsv"))
    if chance.random() < 0.06:
        content, suffix, kind = gzip.compress(content), suffix + ".gz", kind + ", gzip"
        if chance.random() < 0.4:
            content, kind = content[: chance.randrange(2, len(content))], kind + " cut off"
    return Case(
        number,
        _named(chance, number, suffix),
        chance.choice(tuple(SOURCES)),
        content,
        markers,
        rows if known else None,
        f"{kind}, {encoding}, {delimiter!r}, {end!r}, {extra}"[:300],
    )


def _with_stray_byte(chance: random.Random, content: bytes) -> bytes:
    at = chance.randrange(len(content))
    if any(found.start() < at < found.end() for found in re.finditer(MARKER.pattern.encode(), content)):
        at = len(content)
    return content[:at] + chance.choice((b"\xff", b"\x00", b"\xc3", b"\xed\xa0\x80", b"\x1a")) + content[at:]


Damaged = tuple[list[str], bool]
"""The lines, and whether it is beyond dispute that each record is still one row."""


def _changed(chance: random.Random, lines: list[str], change: Callable[[str], str]) -> list[str]:
    """The lines, one that holds a record changed."""
    at = chance.choice([place for place, line in enumerate(lines) if MARKER.search(line)])
    return [*lines[:at], change(lines[at]), *lines[at + 1 :]]


def _short(chance: random.Random, lines: list[str], delimiter: str) -> Damaged:
    """Only the marker is left of a row."""
    return _changed(chance, lines, lambda line: "".join(MARKER.findall(line))), not any('"' in line for line in lines)


def _long(chance: random.Random, lines: list[str], delimiter: str) -> Damaged:
    more = delimiter * chance.randint(1, 3) + chance.choice(("", "x"))
    return _changed(chance, lines, lambda line: line + more), True


def _blank(chance: random.Random, lines: list[str], delimiter: str) -> Damaged:
    at = chance.randint(0, len(lines))
    return [*lines[:at], *[""] * chance.randint(1, 3), *lines[at:]], True


def _open_quote(chance: random.Random, lines: list[str], delimiter: str) -> Damaged:
    return _changed(chance, lines, lambda line: line.replace(delimiter, delimiter + '"', 1)), False


def _stray_quote(chance: random.Random, lines: list[str], delimiter: str) -> Damaged:
    text = chance.choice(('"', '""', "'", '\\"', '"x'))

    def spoil(line: str) -> str:
        place = chance.randint(0, len(line))
        inside = any(found.start() < place < found.end() for found in MARKER.finditer(line))
        return line + text if inside else line[:place] + text + line[place:]

    return _changed(chance, lines, spoil), False


def _embedded(chance: random.Random, lines: list[str], delimiter: str) -> Damaged:
    """A value of two lines."""
    value = delimiter + '"a' + chance.choice(("\n", "\r\n", "\n\n")) + 'b"'
    return _changed(chance, lines, lambda line: line + value), False


def _huge(chance: random.Random, lines: list[str], delimiter: str) -> Damaged:
    size = chance.choice((20_000, 20_000, 150_000, 300_000, 2_100_000))
    return _changed(chance, lines, lambda line: line + "x" * size), not any('"' in line for line in lines)


def _mixed_ends(chance: random.Random, lines: list[str], delimiter: str) -> Damaged:
    end = chance.choice(("\r", "\n", "\r\n"))
    return _changed(chance, lines, lambda line: line + end), False


_DAMAGES: tuple[Callable[[random.Random, list[str], str], Damaged], ...] = (
    _short,
    _long,
    _blank,
    _open_quote,
    _stray_quote,
    _embedded,
    _huge,
    _mixed_ends,
)


def _json(chance: random.Random, number: int) -> Case:
    """JSON lines, or one array."""
    records = _records(chance, number)
    lines = [_object(chance, record) for record in records]
    kind, known = "json lines", True
    if chance.random() < 0.2:
        content, kind = "[" + ",\n".join(lines) + "]", "json array"
        if chance.random() < 0.2:
            content, kind = content[: chance.randrange(1, len(content) + 1)], "json array, cut off"
    else:
        if chance.random() < 0.25 and lines:
            at = chance.randrange(len(lines))
            marker = f'{{"no": "{records[at]["no"]}"'
            lines[at] = chance.choice(
                (
                    marker,
                    marker + ", ",
                    f'"{records[at]["no"]}"',
                    f'["{records[at]["no"]}"]',
                    marker + "}}",
                    marker + "} {}",
                )
            )
            kind += ", broken line"
        content = "\n".join(lines) + chance.choice(("\n", "", "\n\n"))
        content = content.replace("\n", "\r\n") if chance.random() < 0.2 else content
    encoding = chance.choice(("utf-8",) * 8 + ("utf-8-sig", "utf-16", "gb18030", "latin-1"))
    raw = content.encode(encoding, errors="replace" if encoding == "latin-1" else "surrogatepass")
    if chance.random() < 0.05 and raw:
        raw, kind, known = _with_stray_byte(chance, raw), kind + ", stray byte", False
    known &= "cut off" not in kind
    torn = "stray byte" in kind and encoding == "utf-16"
    return Case(
        number,
        _named(chance, number, chance.choice((".jsonl", ".json", ".ndjson"))),
        chance.choice(tuple(SOURCES)),
        raw,
        () if torn else tuple(record["no"] for record in records),
        len(records) if known else None,
        f"{kind}, {encoding}",
    )


def _object(chance: random.Random, record: dict[str, str]) -> str:
    parts = []
    for name, value in record.items():
        if name != "no" and chance.random() < 0.04:
            continue
        written = json.dumps(value, ensure_ascii=chance.random() < 0.5)
        if name != "no" and chance.random() < 0.1:
            written = chance.choice(
                (
                    "null", "true", "1.10", "1e400", "-0", "1E5", "12345678901234567890123", '{"a": {"b": [1, 2.50]}}', "[]",
                    '"\\ud800"', '"\\u0000"', '"\\/"', "[" * 50 + "]" * 50, '{"": 1}', "NaN", "-Infinity", "01", "'x'", '"\\x"',
                )
            )  # fmt: skip
        parts.append(f"{json.dumps(name)}: {written}")
        if name != "no" and chance.random() < 0.03:
            parts.append(f"{json.dumps(name)}: 1")
    if chance.random() < 0.1:
        parts.append(f"{json.dumps(chance.choice(HEADERS))}: {json.dumps(chance.choice(ATTACKS))}")
    chance.shuffle(parts)
    return "{" + ", ".join(parts) + "}"


def _parquet(chance: random.Random, number: int) -> Case:
    records = _records(chance, number)
    table = pa.table({name: [record[name] for record in records] for name in COLUMNS})
    columns = [table.column(name) for name in COLUMNS]
    names = list(COLUMNS)
    if chance.random() < 0.4:
        names.append(chance.choice(HEADERS))
        columns.append(pa.array([chance.choice(ATTACKS) for _ in records], pa.string()))
    stream = io.BytesIO()
    pq.write_table(pa.table(columns, names=names), stream)
    content, kind = stream.getvalue(), "parquet"
    if chance.random() < 0.4:
        damages = (
            content[: chance.randrange(len(content))], b"PAR0" + content[4:], content[:-4] + b"PAR2", b"PAR1", b"PAR1PAR1",
            content[:-8] + b"\xff\xff\xff\x7fPAR1",
        )  # fmt: skip
        content, kind = chance.choice(damages), "parquet, damaged"
    return Case(
        number,
        _named(chance, number, ".parquet"),
        chance.choice(tuple(SOURCES)),
        content,
        tuple(record["no"] for record in records),
        len(records) if kind == "parquet" else None,
        f"{kind}, {names[12:]}"[:200],
    )


def _noise(chance: random.Random, number: int) -> Case:
    """Bytes that are no table, under a name that says they are one."""
    head = ",".join(COLUMNS).encode() + b"\n"
    contents = (
        b"", b"\n\n\n", b"\x00" * 100, chance.randbytes(chance.randint(1, 3000)), head + chance.randbytes(500), b"\xff\xfe", b"\xef\xbb\xbf",
        b"\x1f\x8b", b"\x1f\x8b" + chance.randbytes(50), b"\x28\xb5\x2f\xfd" + chance.randbytes(50), b"PK\x03\x04" + chance.randbytes(80),
        head, head.strip(), b"," * 5000, b'"', b'"' * 99, b"[", b"{", b"[]", b"{}", b"null", b"[[[[", b"{" * 2000, b"[" * 20000,
        b'{"no":' * 3000, b"\r" * 50, b"no", b"x" * 300_000, head + b'"' + b"x\n" * 3000, b"no\n1\n2\n", head * 3,
    )  # fmt: skip
    suffix = chance.choice((".csv", ".jsonl", ".json", ".parquet", ".xlsx", ".csv.gz", ".tsv", ".exe"))
    return Case(number, _named(chance, number, suffix), "plain", chance.choice(contents), (), None, f"noise, {suffix}")


if __name__ == "__main__":
    wanted = make_case(int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write(f"{wanted.write(Path(sys.argv[3]))} ({wanted.source}; {wanted.kind})\n")
