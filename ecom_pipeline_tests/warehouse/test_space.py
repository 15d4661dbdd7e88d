from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from ecom_pipeline.warehouse.connection import WarehouseError
from ecom_pipeline.warehouse.space import require_space, require_space_for_a_night


def leave(patch: pytest.MonkeyPatch, free: int) -> None:
    """Let a disk have so many bytes free."""
    patch.setattr("shutil.disk_usage", lambda _folder: SimpleNamespace(free=free))


def write(path: Path, size: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"." * size)


@pytest.fixture
def night(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A working file of 4 MB, a release of 1 MB, a file of 2 MB that was loaded and one of 3 MB that was not."""
    work, releases, landing = tmp_path / "work", tmp_path / "releases", tmp_path / "landing"
    write(landing / "old.csv", 2_000_000)
    write(work / "warehouse.duckdb", 4_000_000)
    write(releases / "1" / "release.duckdb", 1_000_000)
    (releases / "current").symlink_to("1", target_is_directory=True)
    past = landing.joinpath("old.csv").stat().st_ctime + 0.5
    os.utime(work / "warehouse.duckdb", (past, past))
    while not landing.joinpath("new.csv").exists() or landing.joinpath("new.csv").stat().st_ctime <= past:
        write(landing / "new.csv", 3_000_000)
    return work, releases, landing


def test_what_a_night_needs(night: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    leave(monkeypatch, 19_000_000)
    require_space_for_a_night(*night)
    leave(monkeypatch, 18_999_999)
    with pytest.raises(
        WarehouseError, match=r"releases: 19\.0 MB are free, about 19\.0 MB are needed; docs/runbook\.md"
    ):
        require_space_for_a_night(*night)


def test_the_first_night_needs_room_for_all_files(
    night: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave(monkeypatch, 24_000_000)
    with pytest.raises(WarehouseError, match=r"about 25\.0 MB are needed"):
        require_space_for_a_night(tmp_path / "no_work", tmp_path / "no_releases", night[2])
    leave(monkeypatch, 25_000_000)
    require_space_for_a_night(tmp_path / "no_work", tmp_path / "no_releases", night[2])


def test_the_disk_itself_is_asked(tmp_path: Path) -> None:
    require_space(tmp_path / "not" / "yet", 1)
    with pytest.raises(WarehouseError, match="are needed"):
        require_space(tmp_path, 10**18)


def test_a_file_that_goes_while_it_is_looked_for_is_not_there(
    night: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload gets its final name at that moment."""
    found = Path.rglob

    def renaming(folder: Path, pattern: str) -> Iterator[Path]:
        yield folder / "gone.csv"
        for path in found(folder, pattern):
            yield path
            if path.name == "new.csv":
                path.rename(path.with_name("renamed.csv"))

    monkeypatch.setattr(Path, "rglob", renaming)
    leave(monkeypatch, 18_999_999)
    with pytest.raises(WarehouseError, match=r"about 19\.0 MB are needed"):
        require_space_for_a_night(*night)
