"""Text of any encoding becomes UTF-8, and no byte is lost on the way.

UTF-8 files are used in place: DuckDB finds bytes that are not, row by row. Anything else is converted into a copy; a
byte that the encoding does not know is written through as it is, so that its row, and only its row, is refused as
unreadable.

Which encoding: a byte order mark decides; else zero bytes at every other place (UTF-16); else UTF-8 if it fits, or
nearly fits; else what ``alphabets`` says. It is repeatable, and reported so that it can be overruled.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.readers.alphabets import legacy_encoding
from ecom_pipeline.shop.readers.files import CHUNK, chunks
from ecom_pipeline.shop.readers.table import scratch_name

MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
IN_PLACE = ("utf-8", "utf8", "utf-8-sig", "ascii")
HEAD = 1 << 22
LEGACY_SAMPLE = 1 << 18
TOLERATED = 0.01
"""Share of lines with bytes that a stated encoding does not know, above which the statement is taken to be wrong."""


@dataclass
class Damage:
    """Bytes that an encoding does not know."""

    count: int = 0
    first: bytes = b""
    lines_before: int = 0
    lines: int = 0
    multibyte: int = 0

    @property
    def is_wrong_encoding(self) -> bool:
        """Whether there is more than a stray line would explain."""
        return self.count > TOLERATED * max(self.lines, 1)


def by_mark(start: bytes) -> str | None:
    """The encoding that the first bytes give away."""
    for mark, name in MARKS:
        if start.startswith(mark):
            return name
    even, odd = start[0::2], start[1::2]
    if odd.count(0) > 0.3 * len(odd) and even.count(0) < 0.05 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.3 * len(even) and odd.count(0) < 0.05 * len(odd):
        return "utf-16-be"
    return None


def decoded(source: Iterable[bytes], encoding: str, damage: Damage) -> Iterator[str]:
    """The text, with unknown bytes as lone surrogates, counted in ``damage``."""

    def keep(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        if damage.count == 0:
            damage.first = error.object[error.start : error.end]
            damage.lines_before = damage.lines + error.object[: error.start].count(b"\n")
        damage.count += 1
        unknown = error.object[error.start : error.end]
        return "".join(chr(0xDC00 + byte) if byte > 127 else chr(byte) for byte in unknown), error.end

    handler = scratch_name("keep")
    codecs.register_error(handler, keep)
    decoder = codecs.getincrementaldecoder(encoding)(handler)
    for block in source:
        text = decoder.decode(block)
        damage.lines += text.count("\n")
        damage.multibyte += len(block) - len(text)
        yield text
    yield decoder.decode(b"", final=True)


def is_utf8_start(start: bytes) -> bool:
    """Whether the beginning of a file is UTF-8; a character cut off at its end does not count."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def detect(path: Path) -> str:
    """The encoding of a text file whose bytes are not all ASCII.

    Examples
    --------
    >>> import tempfile; file = Path(tempfile.mkdtemp()) / "orders.csv"
    >>> _ = file.write_bytes("订单,金额".encode("gb18030")); detect(file)
    'gb18030'
    """
    damage = Damage()
    suspicious = bytearray()
    for block in chunks(path):
        if len(suspicious) < LEGACY_SAMPLE and not block.isascii():
            suspicious += b"\n".join(line for line in block.splitlines() if not line.isascii())
    for _ in decoded(chunks(path), "utf-8", damage):
        pass
    if damage.count * 10 <= damage.multibyte:
        return "utf-8"
    sample = bytes(suspicious[:LEGACY_SAMPLE])
    return legacy_encoding(sample)


def as_utf8(plain: Path, scratch: Path, stated: str | None) -> tuple[str, tuple[str, ...], Path]:
    """The encoding of an unpacked file, notices, and where it lies as UTF-8: a copy unless it is that already."""
    with plain.open("rb") as file:
        start = file.read(HEAD)
    encoding = stated or by_mark(start) or ("utf-8" if is_utf8_start(start) else detect(plain))
    if encoding.lower().replace("_", "-") in IN_PLACE:
        return "utf-8", (), plain
    copy = scratch / "utf-8"
    return encoding, to_utf8(plain, encoding, copy, stated=stated is not None), copy


def to_utf8(path: Path, encoding: str, target: Path, *, stated: bool) -> tuple[str, ...]:
    """Write a UTF-8 copy; notices.

    Raises
    ------
    InputError
        The encoding is unknown, or stated by a person and wrong.
    """
    damage, fits_utf8 = Damage(), Damage()
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise InputError(file=path, value=encoding, expected="the name of an encoding") from error
    with target.open("w", encoding="utf-8", errors="surrogateescape", newline="", buffering=CHUNK) as file:
        for text in decoded(chunks(path), encoding, damage):
            file.write(text)
    refuse_if_wrong(path, encoding, damage, stated=stated)
    if not stated:
        return (f"read as {encoding}; if the text looks wrong, state options.encoding",)
    for _ in decoded(chunks(path), "utf-8", fits_utf8):
        pass
    if fits_utf8.count == 0 and fits_utf8.multibyte > 0 and not encoding.lower().startswith("utf-16"):
        return (f"read as {encoding} as stated, but every byte is also valid UTF-8",)
    return ()


def refuse_if_wrong(path: Path, encoding: str, damage: Damage, *, stated: bool) -> None:
    """Say where a stated encoding fails, unless it fails so rarely that only those rows are wrong."""
    if stated and damage.count and damage.is_wrong_encoding:
        raise InputError(
            file=path,
            row=damage.lines_before + 1,
            value="0x" + damage.first.hex(),
            expected=f"text in {encoding}, as options.encoding says ({damage.count} places are not; row counts lines)",
        )


def damage_as(path: Path, encoding: str) -> Damage:
    """Bytes of the file that the encoding does not know."""
    damage = Damage()
    for _ in decoded(chunks(path), encoding, damage):
        pass
    return damage
