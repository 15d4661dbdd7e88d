"""Files as they lie in the landing folder: what kind they are, whether they are complete, how they are unpacked.

Contents are not understood here, only bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from ecom_pipeline.shop.errors import InputError

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".dat": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), "excel"),
}
PACKED = (".gz", ".zst")
MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
NO_TEXT = {
    b"PK\x03\x04": "a zip archive or an Excel workbook (.xlsx)",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "a workbook of Excel 97 to 2003 (.xls)",
    b"PAR1": "Parquet",
    b"BZh": "a file packed by bzip2",
    b"\xfd7zXZ\x00": "a file packed by xz",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"%PDF-": "a PDF document",
    b"<!doctype html": "a web page, as a login or an error gives",
    b"<html": "a web page, as a login or an error gives",
}
"""How files begin, whatever the case, that are named like text and hold no table of it."""
PARTIAL_SUFFIXES = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".filepart", ".swp", "~")
CHUNK = 1 << 20


def looks_partial(path: Path) -> bool:
    """Whether the name says that the file is still being written, a lock, or hidden.

    Examples
    --------
    >>> [looks_partial(Path(name)) for name in ("orders.csv", "orders.csv.part", "~$orders.xlsx", ".orders.csv")]
    [False, True, True, True]
    """
    return path.name.startswith((".", "~$")) or path.name.lower().endswith(PARTIAL_SUFFIXES)


def suffix_of(path: Path) -> str:
    """The suffix that tells the format, with those of compression set aside."""
    name = path.with_suffix("") if path.suffix.lower() in PACKED else path
    return name.suffix.lower()


def format_of(path: Path, given: str | None = None) -> str:
    """``csv``, ``jsonl``, ``parquet`` or ``excel``.

    Raises
    ------
    InputError
        Neither given nor told by the suffix.
    """
    if given is not None:
        if given not in SUFFIXES.values():
            raise InputError(file=path, value=given, expected="a format among csv, jsonl, parquet, excel")
        return given
    suffix = suffix_of(path)
    if suffix not in SUFFIXES:
        raise InputError(file=path, value=path.name, expected=f"a file ending in {', '.join(SUFFIXES)} (+ .gz or .zst)")
    return SUFFIXES[suffix]


def is_packed(path: Path) -> str | None:
    """``gzip`` or ``zstd`` if the first bytes say so, whatever the name says."""
    with path.open("rb") as file:
        start = file.read(4)
    return next((name for magic, name in MAGIC.items() if start.startswith(magic)), None)


def chunks(path: Path) -> Iterator[bytes]:
    """The file's bytes, unpacked.

    Raises
    ------
    InputError
        The compressed file is cut off or damaged.
    """
    packing = is_packed(path)
    if packing is None:
        with path.open("rb") as file:
            while block := file.read(CHUNK):
                yield block
        return
    try:
        with cast("IO[bytes]", cast(Any, pa).input_stream(str(path), compression=packing)) as stream:
            while block := stream.read(CHUNK):
                yield block
    except OSError as error:
        raise InputError(file=path, value=str(error), expected=f"a complete {packing} file") from error


@contextmanager
def unpacked(path: Path, scratch: Path) -> Iterator[Path]:
    """The file itself, or an unpacked copy that lives as long as this is open."""
    if is_packed(path) is None:
        yield path
        return
    copy = scratch / "unpacked"
    with copy.open("wb") as file:
        for block in chunks(path):
            file.write(block)
    if copy.stat().st_size == 0:
        raise InputError(file=path, expected="at least a header: the file is empty")
    yield copy
    copy.unlink(missing_ok=True)


def refuse_what_is_no_text(plain: Path, path: Path) -> None:
    """Refuse an unpacked file whose first bytes say that it is something else.

    Raises
    ------
    InputError
        Says what it is.
    """
    with plain.open("rb") as file:
        start = file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for magic, words in NO_TEXT.items():
        if start.startswith(magic.lower()):
            stated = "shop.yaml states the format where the name does not tell it"
            raise InputError(file=path, expected=f"text, alone or packed by gzip or zstd; this is {words} ({stated})")
