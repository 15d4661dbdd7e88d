"""The files in which Dagster keeps the history of runs, written without waiting for the disk at every event.

Dagster opens and closes a file for each of the thousands of small transactions of a run. In SQLite's WAL mode every
transaction then waits for the disk, and so does every close, since the last connection copies the log into the file.
With ``synchronous = normal`` the file is whole after any crash; the failure of the power alone can lose the last events,
none of which is among the data of the shop (docs/decisions/0012-one-dagster-check-per-table.md).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sqlalchemy import Engine, event


@contextmanager
def kept_open(home: Path) -> Iterator[None]:
    """While this lasts, a SQLite file below ``home`` that SQLAlchemy has opened stays open, and waits only for checkpoints."""
    held: set[str] = set()
    with ExitStack() as connections:

        def opened(connection: object, _: object) -> None:
            if not isinstance(connection, sqlite3.Connection):
                return
            ((_, _, file),) = connection.execute("pragma database_list").fetchall()
            if not Path(file).is_relative_to(home):
                return
            connection.execute("pragma synchronous = normal")
            if file not in held and connection.execute("pragma journal_mode").fetchone() == ("wal",):
                beside = connections.enter_context(closing(sqlite3.connect(file, check_same_thread=False)))
                beside.execute("select count(*) from sqlite_master").fetchall()
                held.add(file)

        event.listen(Engine, "connect", opened)
        connections.callback(event.remove, Engine, "connect", opened)
        yield
