"""Files of Dagster's history stay open for a run, and wait for the disk at checkpoints only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from ecom_pipeline.defs.history import kept_open


def made(file: Path) -> Path:
    connection = sqlite3.connect(file)
    connection.execute("pragma journal_mode = wal")
    connection.execute("create table events (event text)")
    connection.close()
    return file


@contextmanager
def opened(file: Path) -> Iterator[sa.Connection]:
    with sa.create_engine(f"sqlite:///{file}", poolclass=NullPool).connect() as connection, connection.begin():
        yield connection


def synchronous(file: Path) -> int:
    with opened(file) as connection:
        connection.execute(sa.text("insert into events values ('one')"))
        return int(connection.execute(sa.text("pragma synchronous")).scalar_one())


def test_a_file_below_home_keeps_its_log_until_the_end(tmp_path: Path) -> None:
    file = made(tmp_path / "index.db")
    log = tmp_path / "index.db-wal"
    with kept_open(tmp_path):
        assert synchronous(file) == 1
        assert log.exists()
        assert synchronous(file) == 1
        held = log.stat().st_size
        assert held > 0
    assert not log.exists()
    with opened(file) as connection:
        assert connection.execute(sa.text("select count(*) from events")).scalar_one() == 2
    assert synchronous(file) == 2


def test_a_file_elsewhere_is_left_alone(tmp_path: Path) -> None:
    file = made(tmp_path / "index.db")
    (tmp_path / "home").mkdir()
    with kept_open(tmp_path / "home"):
        assert synchronous(file) == 2
        assert not (tmp_path / "index.db-wal").exists()


def test_a_file_is_kept_open_from_when_it_has_a_log(tmp_path: Path) -> None:
    file, log = tmp_path / "run.db", tmp_path / "run.db-wal"
    with kept_open(tmp_path):
        with opened(file) as connection:
            connection.execute(sa.text("create table events (event text)"))
        with sa.create_engine(f"sqlite:///{file}", poolclass=NullPool).connect() as connection:
            connection.execute(sa.text("pragma journal_mode = wal"))
        assert not log.exists()
        assert synchronous(file) == 1
        assert log.exists()


def test_a_file_that_is_no_database_fails_as_it_does_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "index.db").mkdir()
    with kept_open(tmp_path), pytest.raises(OperationalError), opened(tmp_path / "index.db"):
        pass
