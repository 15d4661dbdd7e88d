"""What a shop can do wrong: each fault is told so that it can be mended, the release stays, and nothing is lost.

Sources load apart from each other, so one night has many faults at once: nights cost more than faults.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from ecom_pipeline.warehouse import release as releases
from ecom_pipeline_tests.e2e.conftest import House, Said, copied, write_instance
from ecom_pipeline_tests.e2e.mini import edit

pytestmark = pytest.mark.slow
CONSERVED = "select input, source, clean_rows, duplicate_rows, quarantined_rows from journal.conservation"


@dataclass
class Week:
    """A bad night, and the load after everything was mended."""

    house: House
    said: Said
    release: tuple[dict[str, str], dict[str, str]]
    tables: tuple[dict[str, str], dict[str, str]]
    mended: bool = False


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@contextmanager
def growing(path: Path) -> Iterator[None]:
    """Somebody writes to the file all the time."""
    enough = threading.Event()

    def write() -> None:
        with path.open("a", encoding="utf-8") as file:
            while not enough.wait(0.02):
                file.write("K9,Late,ads,2024-01-01,2024-02-01,1\n")
                file.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        enough.set()
        writer.join()


def restore(house: House, after_one_night: Path) -> None:
    """Give the shop its good files back."""
    landing = house.landing
    shutil.rmtree(landing)
    shutil.copytree(after_one_night / "shop", landing)


def bad_night(house: House) -> Week:
    release, tables = house.release_bytes(), house.tables()
    said = house.ecom("run")
    return Week(house, said, (release, house.release_bytes()), (tables, house.tables()))


@pytest.fixture(scope="module")
def unreadable(after_one_night: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """Sources that cannot be read."""
    with copied(after_one_night, tmp_path_factory.mktemp("unreadable"), settle_seconds=0.5) as house:
        shop = house.landing
        (shop / "refunds.csv").unlink()
        (shop / "faq.csv").write_bytes(b"")
        edit(shop / "lines.csv", lambda rows: rows[:1])
        replace(shop / "shop.yaml", "files: products.csv", "files: products.csv\n    options: {encoding: utf-8}")
        replace(shop / "products.csv", "Product", "商品")
        (shop / "products.csv").write_bytes((shop / "products.csv").read_text("utf-8").encode("gb18030"))
        edit(shop / "market.csv", lambda rows: [row[:2] for row in rows])
        edit(shop / "customers.csv", lambda rows: [["ids", *rows[0][1:]], *rows[1:]])
        edit(shop / "messages.csv", lambda rows: [rows[0], *([*row, "more", "more"] for row in rows[1:])])
        (shop / "clicks.jsonl.gz").write_bytes((shop / "clicks.jsonl.gz").read_bytes()[:-200])
        with growing(shop / "campaigns.csv"):
            week = bad_night(house)
        restore(house, after_one_night)
        week.mended = house.load()
        yield week


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("missing file", "refunds.csv: expected at least one file of the source 'refunds'"),
        ("empty file", "faq.csv: expected at least a header: the file is empty"),
        ("header only", "lines.csv: expected rows below the header: its last version had "),
        ("wrong encoding", "products.csv, row 2: expected text in utf-8, as options.encoding says (24 places"),
        ("missing column", "market.csv, column 'value': expected a column of this name, which shop.yaml:"),
        ("renamed column", "customers.csv, column 'id': expected a column of this name, which shop.yaml:"),
        ("renamed column", "did you mean 'ids'?"),
        ("every line too long", "raw.messages was refused: within_tolerance: 90 of 90 rows"),
        ("cut off", "clicks.jsonl.gz: expected a complete gzip file"),
        ("still written", "campaigns.csv: expected a finished file: it is still being written ("),
    ],
)
def test_a_source_that_cannot_be_read_is_told(unreadable: Week, fault: str, told: str) -> None:
    assert unreadable.said.code == 1
    assert told in unreadable.said.words, fault
    assert "Traceback" not in unreadable.said.words


def test_other_sources_of_the_same_night_are_loaded(unreadable: Week) -> None:
    assert "FAILED raw__orders" not in unreadable.said.words
    assert unreadable.said.words.count("FAILED raw__") == 2 * 9, "told when it happens, and at the end"


def test_unreadable_sources_leave_everything_as_it_was(unreadable: Week) -> None:
    assert unreadable.release[0] == unreadable.release[1]
    assert unreadable.tables[0] == unreadable.tables[1]


def test_nothing_is_lost_once_the_files_are_mended(unreadable: Week) -> None:
    assert unreadable.mended
    assert_complete(unreadable.house)
    assert unreadable.house.tables() == unreadable.tables[0]


@pytest.fixture(scope="module")
def dirty(after_one_night: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """Sources that can be read, with rows that cannot be used."""
    with copied(after_one_night, tmp_path_factory.mktemp("dirty")) as house:
        shop = house.landing
        edit(
            shop / "orders-2.csv",
            lambda rows: [
                [*row[:2], f"{row[2][8:10]}/{row[2][5:7]}/{row[2][:4]}", *row[3:]] if number % 2 else row
                for number, row in enumerate(rows)
            ],
        )
        edit(
            shop / "orders-1.csv", lambda rows: [*rows[:2], *([rows[1][0], *row[1:]] for row in rows[2:61]), *rows[61:]]
        )
        edit(shop / "spend.csv", lambda rows: [rows[0], *([*row[:3], "free", *row[4:]] for row in rows[1:])])
        with (shop / "customers.csv").open("a") as file:
            file.write("C98," + "x" * 10_000_000 + ",a@b.c,1,CN,zh,2023-12-01\nC99,Last,a@b.c,1,CN,zh,2023-12-01\n")
        edit(shop / "campaigns.csv", lambda rows: [[*rows[0], "colour"], *([*row, "red"] for row in rows[1:])])
        edit(
            shop / "messages.csv", lambda rows: [*rows[:-2], *([*row[:2], "yesterday", *row[3:]] for row in rows[-2:])]
        )
        week = bad_night(house)
        for name in ("orders-1.csv", "orders-2.csv", "spend.csv"):
            shutil.copy(after_one_night / "shop" / name, shop / name)
        week.mended = house.load()
        yield week


def test_mixed_date_formats_are_refused(dirty: Week) -> None:
    assert dirty.said.code == 1
    assert "within_tolerance: 107 of 369 rows" in dirty.said.words
    assert "ordered_at: '" in dirty.said.words
    assert (
        "' is not a timestamp of the form YYYY-MM-DD (ISO 8601, since shop.yaml names no date_format)"
        in dirty.said.words
    )


def test_an_order_id_that_a_spreadsheet_filled_down_is_refused(dirty: Week) -> None:
    refused = (
        "FAILED clean__orders: clean.orders was refused: copies_agree: 59 of 428 rows have the order_id of another row"
    )
    assert (
        f"{refused} of their file and differ from it in customer_id, ordered_date (such as order_id '"
        in dirty.said.words
    )


def test_a_source_of_bad_rows_only_is_refused(dirty: Week) -> None:
    assert "FAILED clean__marketing_spend: clean.marketing_spend was refused: within_tolerance: 120 of 120 rows" in (
        dirty.said.words
    )
    assert "most often (120 rows) amount: 'free' is not a number that fits DECIMAL(18,4)" in dirty.said.words


def test_dirty_sources_leave_the_release_and_the_refused_tables_as_they_were(dirty: Week) -> None:
    assert dirty.release[0] == dirty.release[1]
    before, after = dirty.tables
    changed = {name for name in before if before[name] != after.get(name)}
    assert changed.isdisjoint({'clean."orders"', 'clean."order_items"', 'clean."marketing_spend"', 'features."orders"'})
    onward = [name for name in changed if name.startswith(("features.", "marts.", "models.", "ops."))]
    assert onward == ['features."people"'], "it reads customers alone, which were not refused"


def test_a_line_of_ten_megabytes_is_one_quarantined_row(dirty: Week) -> None:
    rejects = dirty.house.ecom("quarantine", "show", "raw.customers", "--json").json
    assert [(row["file"], row["row_number"]) for row in rejects] == [("customers.csv", 41)]
    assert rejects[0]["reasons"] == "unreadable: line longer than 2000000 bytes"
    assert len(rejects[0]["original"]) > 10_000_000, "the original is kept"
    assert dirty.house.query("select count(*), max(name) filter (customer_id = 'C99') from clean.customers") == [
        (41, "Last")
    ]


def test_an_additional_column_is_noticed_and_kept(dirty: Week) -> None:
    notice = "campaigns.csv: has columns that earlier files do not have: colour"
    assert f"campaigns {notice}" in dirty.said.words
    assert dirty.house.query("select name, colour from raw.campaigns") == [("Spring", "red")]
    assert dirty.house.query("select name from clean.campaigns") == [("Spring",)]


def test_a_few_bad_rows_are_quarantined_with_a_warning(dirty: Week) -> None:
    assert "done clean__messages" in dirty.said.words
    rejects = dirty.house.ecom("quarantine", "show", "clean.messages", "--json").json
    assert [(row["file"], row["row_number"]) for row in rejects] == [("messages.csv", 89), ("messages.csv", 90)]
    assert {row["reasons"] for row in rejects} == {
        "sent_at: 'yesterday' is not a timestamp of the form YYYY-MM-DD (ISO 8601, since shop.yaml names no date_format)"
    }
    assert dirty.house.query("select count(*) from clean.messages") == [(88,)]


def test_nothing_is_lost_once_the_rows_are_mended(dirty: Week) -> None:
    assert dirty.mended
    assert_complete(dirty.house)
    assert dirty.house.query("select distinct table_name from quarantine.rows order by all") == [
        ("clean.messages",),
        ("raw.customers",),
    ]


def assert_complete(house: House) -> None:
    """Raw holds every line of every CSV file, and all of it is accounted for in clean."""
    for path in house.landing.glob("*.csv"):
        source = path.stem.split("-")[0]
        with path.open(newline="", encoding="utf-8") as file:
            lines = sum(1 for _ in file) - 1
        assert house.query(f"select count(*) from raw.{source} where _file = '{path.name}'") == [(lines,)], path.name
    last = f"{CONSERVED} where run_id = (select arg_max(run_id, started_at) from journal.runs)"
    for name, source, clean, duplicates, quarantined in house.query(f"{last} and input <> 'raw'"):
        (held,) = house.query(f"select count(*) from raw.{source} where _problem is null")
        assert clean + duplicates + quarantined == held[0], (name, source)
        assert house.query(f"select count(*) from clean.{name} where _source = '{source}'") == [(clean,)]


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("currency: CNY", "currency: [CNY", 4, "expected YAML"),
        ("timezone: Asia/Shanghai", "timezone: Asia/Shangri-La", 2, "Asia/Shangri-La"),
        ("quantity: qty", "quantitty: qty", 16, "quantitty"),
        ("unit: s}", "unit: h}", 29, "unit"),
    ],
)
def test_a_broken_shop_yaml_is_told_by_its_line(house: House, old: str, new: str, line: int, told: str) -> None:
    replace(house.settings.shop_file, old, new)
    with house.release_untouched():
        said = house.ecom("run")
    assert said.code == 1
    assert f"shop.yaml:{line}: " in said.err
    assert told in said.err
    assert "Traceback" not in said.words


def test_a_landing_folder_that_is_none(house: House) -> None:
    with house.release_untouched():
        said = house.ecom("run", "--landing", str(house.settings.shop_file))
    assert said.code == 1
    assert "shop.yaml: expected a readable folder: Not a directory" in said.words
    assert "Traceback" not in said.words


def test_a_data_folder_that_is_none(house: House) -> None:
    said = house.ecom("run", "--data-dir", str(house.settings.shop_file))
    assert said.code == 1
    assert "cannot be written: Not a directory" in said.err


@pytest.mark.parametrize("folder", ["landing", "data", "releases"])
def test_a_folder_without_permission(house: House, folder: str) -> None:
    """Root reads everything, so it gives up the capability to; anybody else need not."""
    closed = {
        "landing": house.landing / "closed",
        "data": house.settings.work_dir("mini"),
        "releases": house.releases,
    }[folder]
    closed.mkdir(exist_ok=True)
    before: tuple[str, ...] = ()
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root reads everything, and there is no setpriv to take that away")
        lost = "-dac_override,-dac_read_search"
        before = ("setpriv", f"--bounding-set={lost}", f"--inh-caps={lost}")
    closed.chmod(0o555 if folder == "releases" else 0)
    try:
        process = house.start("run", *(("--landing", str(closed)) if folder == "landing" else ()), before=before)
        out, err = process.communicate(timeout=300)
    finally:
        closed.chmod(0o755)
    said = Said(process.returncode, out, err)
    assert said.code == 1
    told = "expected a readable folder" if folder == "landing" else "cannot be written"
    assert f"{closed}: {told}: Permission denied" in said.words
    assert "Traceback" not in said.words


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 96 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(disk)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path, free: int) -> Path:
    """Leave so many bytes free."""
    ballast = disk / "ballast"
    ballast.unlink(missing_ok=True)
    with ballast.open("wb") as file:
        file.write(b"\0" * (shutil.disk_usage(disk).free - free))
    return ballast


def test_no_room_for_the_history_of_runs(house: House, small_disk: Path) -> None:
    house.settings = house.settings.model_copy(update={"dagster_home": small_disk})
    fill(small_disk, 100_000)
    with house.release_untouched():
        said = house.ecom("run")
    assert said.code == 1
    assert f"{small_disk}: the history of runs cannot be written: database or disk is full" in said.err


def test_no_room_for_anything(house: House, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(small_disk, 0)
    refused = house.ecom("run", "--data-dir", str(small_disk))
    assert (refused.code, f"{small_disk}/releases/mini: 0.0 MB are free, about " in refused.err) == (1, True)
    monkeypatch.setattr("ecom_pipeline.warehouse.space.require_space", lambda *_: None)
    said = house.ecom("run", "--data-dir", str(small_disk))
    assert said.code == 1
    assert f"{small_disk}/work/mini: cannot be written: No space left on device" in said.words
    assert "Traceback" not in said.words


@pytest.mark.parametrize("folder", ["data", "data/work/mini"])
def test_a_disk_that_is_read_only(after_one_night: Path, small_disk: Path, tmp_path: Path, folder: str) -> None:
    with copied(after_one_night, tmp_path / "house") as house:
        closed = house.settings.data_dir.parent / folder
        shutil.copytree(closed, small_disk, dirs_exist_ok=True, symlinks=True)
        shutil.rmtree(closed)
        closed.symlink_to(small_disk, target_is_directory=True)
        write_instance(tmp_path / "dagster")
        house.settings = house.settings.model_copy(update={"dagster_home": tmp_path / "dagster"})
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        with house.release_untouched():
            said = house.ecom("run")
        assert said.code == 1
        assert "cannot be written: Read-only file system" in said.words
        assert "Traceback" not in said.words


def test_no_room_for_the_tables(
    after_one_night: Path, small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with copied(after_one_night, small_disk) as house:
        write_instance(tmp_path / "dagster")
        house.settings = house.settings.model_copy(update={"dagster_home": tmp_path / "dagster"})
        more = house.landing / "orders-3.csv"
        shutil.copy(house.landing / "orders-1.csv", more)
        with more.open("a") as file:
            file.writelines(
                f"Q{n},C1,2024-04-01 10:00:00,completed,CNY,{os.urandom(30).hex()}\n" for n in range(40_000)
            )
        ballast = fill(small_disk, 400_000)
        with house.release_untouched():
            refused = house.ecom("run")
        assert refused.code == 1
        assert f"{house.releases}: 0.4 MB are free, about " in refused.err
        assert house.query("select count(*) from journal.runs") == [(1,)], "it did not start"
        monkeypatch.setattr("ecom_pipeline.warehouse.space.require_space", lambda *_: None)
        with house.release_untouched():
            said = house.ecom("run")
        assert said.code == 1
        assert "No space left on device" in said.words
        assert "Traceback" not in said.words
        ballast.unlink()
        assert house.materialize(dg.AssetSelection.key_prefixes(["raw"], ["input"])).success
        before = house.tables()
        ballast = fill(small_disk, 400_000)
        with house.release_untouched():
            assert not house.materialize(dg.AssetSelection.key_prefixes(["clean"])).success
        ballast.unlink()
        assert house.tables() == before
        ballast = fill(small_disk, 4_000_000)
        with house.release_untouched():
            assert not house.materialize(dg.AssetSelection.assets(["release", "current"])).success
        assert releases.list_ids(house.releases) == sorted(path.name for path in house.releases.glob("2*Z"))
        ballast.unlink()
        assert house.load()
        assert_complete(house)
