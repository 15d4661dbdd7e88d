"""The table of text that the files of one source fill, one after the other, each row marked with its load.

What is read, and whether it is kept, belongs to ``loading``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from ecom_pipeline.sql import literal, quoted

OWN_COLUMNS = {"_row": "BIGINT", "_problem": "VARCHAR", "_line": "VARCHAR", "_load_id": "BIGINT", "_file": "VARCHAR"}


@dataclass
class Staging:
    """The table, with at least the columns that ``shop.yaml`` maps.

    Parameters
    ----------
    name
        Schema included, as SQL; an existing table is replaced.
    """

    con: duckdb.DuckDBPyConnection
    name: str
    mapped: Collection[str]
    is_filled: bool = False

    @contextmanager
    def discarded_on_error(self) -> Iterator[None]:
        """It is there, at first without rows, unless this ends in an error."""
        self.empty()
        try:
            yield
        except BaseException:
            self.con.execute(f"drop table if exists {self.name}")
            raise
        finally:
            self.con.execute(f"drop table if exists {self._beside}")

    def empty(self) -> None:
        """Make it, without rows."""
        mapped = [f"{quoted(column)} VARCHAR" for column in self.mapped]
        own = [f"{name} {kind}" for name, kind in OWN_COLUMNS.items()]
        self.con.execute(f"create or replace table {self.name} ({', '.join([*mapped, *own])})")

    @property
    def target(self) -> str:
        """What a reader fills: the first file becomes the table, since writing text again costs more than reading it."""
        return self._beside if self.is_filled else self.name

    @property
    def _beside(self) -> str:
        unquoted = self.name.removesuffix('"')
        return f"{unquoted}__reading{self.name[len(unquoted) :]}"

    def last_problem(self) -> str | None:
        """Why the last row that was read into the target could not be, if so."""
        (last,) = self.con.execute(f"select _problem from {self.target} order by _row desc limit 1").fetchall()
        problem: str | None = last[0]
        return problem

    def keep(self, columns: Sequence[str], load_id: int, file: str) -> None:
        """Have it hold what was read into the target."""
        own = {"_load_id": str(load_id), "_file": literal(file)}
        if self.is_filled:
            self._widen(columns)
            marks = ", ".join(f"{value} as {column}" for column, value in own.items())
            self.con.execute(f"insert into {self.name} by name select *, {marks} from {self.target}")
            return
        for column, value in own.items():
            self.con.execute(f"alter table {self.name} add column {column} {OWN_COLUMNS[column]} default {value}")
            self.con.execute(f"alter table {self.name} alter column {column} drop default")
        self._widen(self.mapped)
        self.is_filled = True

    def _widen(self, columns: Iterable[str]) -> None:
        """Give it the columns it lacks; a name in other capitals is no other column."""
        for column in columns:
            self.con.execute(f"alter table {self.name} add column if not exists {quoted(column)} VARCHAR")

    def hash_of_rows(self, columns: Sequence[str]) -> str:
        """SHA-256 of its rows, in whatever order."""
        texts = ", ".join(f"coalesce({quoted(column)}, chr(30))" for column in columns)
        sums = self.con.execute(
            f"select count(*), sum(md5_number_lower(line)), sum(md5_number_upper(line))"
            f" from (select concat_ws(chr(31), {texts}) as line from {self.name})"
        ).fetchall()
        return hashlib.sha256(repr((tuple(columns), sums)).encode()).hexdigest()
