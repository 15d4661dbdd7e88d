"""Parquet: typed values as exact text, numbered by DuckDB's own row numbers."""

from __future__ import annotations

from pathlib import Path

import duckdb

from ecom_pipeline.shop.options import ReadOptions
from ecom_pipeline.shop.readers.files import unpacked
from ecom_pipeline.shop.readers.table import (
    SMALL,
    FileRead,
    add_own_columns,
    as_text,
    column_names,
    create_texts,
    file_read,
    scratch_folder,
    varied_columns,
)
from ecom_pipeline.sql import file_literal, quoted


def read_parquet(con: duckdb.DuckDBPyConnection, path: Path, target: str, options: ReadOptions) -> FileRead:
    """Read one Parquet file into a new table."""
    with scratch_folder(con) as scratch, unpacked(path, scratch) as plain:
        source = f"read_parquet({file_literal(plain)}, file_row_number = true)"
        described = con.execute(f"describe select * exclude (file_row_number) from {source}").fetchall()
        originals = {str(name): str(kind) for name, kind, *_ in described}
        columns, notices = column_names(list(originals))
        values = [
            f"{as_text(quoted(original), kind)} as {quoted(column)}"
            for (original, kind), column in zip(originals.items(), columns, strict=True)
        ]
        texts = f"(select {', '.join(values)}, file_row_number + 1 as _row from {source})"
        is_small = plain.stat().st_size <= SMALL
        varied = set() if is_small else varied_columns(con, texts, columns)
        create_texts(con, target, columns, varied)
        con.execute(f"alter table {target} add column _row bigint")
        con.execute(f"insert into {target} by name from {texts}").fetchall()
        add_own_columns(con, target)
    return file_read(con, target, columns, dialect="parquet", notices=notices)
