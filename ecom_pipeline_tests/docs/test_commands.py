"""What pages tell to type works: commands of `ecom`, targets of make, SQL and Python over a release.

A night is not run for each page: where a command comes to it, it is seen that it would be, of the right shop and dates.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import yaml

from ecom_pipeline.arguments import SAMPLES, parser
from ecom_pipeline.contracts import load_contracts
from ecom_pipeline_tests.docs.markdown import NAMES, PAGES, ROOT, Block, blocks_in, read_page

if TYPE_CHECKING:
    from ecom_pipeline_tests.e2e.conftest import House

ECOM = ("ecom", ".venv/bin/ecom")
PYTHON = ".venv/bin/python"
OF_THE_SYSTEM = ("cp", "du")
OF_THE_SAMPLE = {"C00011": "C11"}
"""Customers that pages name, and who they are in the house where commands are tried."""
A_RELEASE = re.compile(r"\d{8}T\d{6}\.\d{6}Z")


def commands(text: str) -> list[list[str]]:
    """The words of every command of a block; a quoted text may go over several lines."""
    found, held = [], ""
    for line in text.splitlines(keepends=True):
        held += line
        try:
            words = shlex.split(held, comments=True)
        except ValueError:
            continue
        held = ""
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            words = words[1:]
        if words:
            found.append(words)
    assert not held, f"a quote is not closed: {held}"
    return found


SHELL = {name: commands(block.text) for name, block in blocks_in("sh")}
SAID = sorted(
    {(NAMES[path], code) for path in PAGES for code in read_page(path).inline if code.startswith(("ecom ", "make "))}
)
QUERIES = dict(blocks_in("sql"))
TEXTS = sorted({word for lines in SHELL.values() for words in lines if words[0] == PYTHON for word in words[2:]})


def parsed(arguments: list[str]) -> bool:
    """Whether the real parser takes the arguments; a verb alone stands for its page of help."""
    try:
        parser().parse_args([*arguments, "--help"] if len(arguments) == 1 else arguments)
    except SystemExit as stopped:
        return stopped.code == 0
    return True


def is_target(words: list[str]) -> bool:
    """Whether make has the targets, and the shops that are named exist."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    known = set(re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[0].split())
    shops = [word.removeprefix("SHOP=") for word in words if word.startswith("SHOP=")]
    targets = [word for word in words if "=" not in word]
    return bool(targets) and set(targets) <= known and set(shops) <= set(SAMPLES)


@pytest.mark.parametrize("name", SHELL)
def test_a_command_is_one(name: str) -> None:
    for words in SHELL[name]:
        if words[0] in ECOM:
            assert parsed(words[1:]), words
        elif words[0] == "make":
            assert is_target(words[1:]), words
        else:
            assert words[:2] == [PYTHON, "-c"] or words[0] in OF_THE_SYSTEM, words


@pytest.mark.parametrize(("page", "said"), SAID)
def test_a_command_in_prose_is_one(page: str, said: str) -> None:
    program, *words = said.split()
    assert parsed(words) if program == "ecom" else is_target(words)


@pytest.mark.parametrize("wrong", ["rum", "run --form 2024-01-01", "release undo", "init", "quarantine show --limit x"])
def test_a_wrong_command_is_found(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert not parsed([*wrong.split(), "--json"])
    assert not is_target(["deploy"])
    assert not is_target(["demo", "SHOP=unknown"])


def test_every_verb_is_shown() -> None:
    verbs = {words[1] for lines in SHELL.values() for words in lines if words[0] in ECOM}
    assert verbs >= {"init", "doctor", "run", "status", "release", "quarantine", "retention", "ask", "person"}


@pytest.fixture
def reader(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Somebody with two releases who types what a page says."""
    return Reader(house, tmp_path, monkeypatch)


class Reader:
    def __init__(self, house: House, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.house, self.folder, self.patch = house, folder, patch
        self.nights: list[tuple[str, tuple[date, date] | None, bool]] = []
        self.made = 0
        patch.setattr("ecom_pipeline.definitions.run_night", self._night)
        from ecom_pipeline.warehouse.release import publish

        with duckdb.connect(str(house.warehouse)) as connection:
            publish(connection, load_contracts().values(), house.releases, run_id="again", shop="mini", keep=7)

    def _night(self, settings: Any, *, dates: Any = None, full: bool = False, progress: Any = None) -> tuple[str, None]:
        self.nights.append((settings.shop_file.parent.name, dates, full))
        return str(self.house.query("select run_id from journal.runs")[0][0]), None

    def types(self, words: list[str]) -> None:
        """Run a command on the house instead of the shop it names."""
        from ecom_pipeline.warehouse.release import list_ids

        ids = iter(list_ids(self.house.releases))
        arguments = [next(ids) if A_RELEASE.fullmatch(word) else self._place(words[1], word) for word in words[1:]]
        said = self.house.ecom(*arguments)
        assert said.code == 0, f"{shlex.join(words)}: {said.err}"
        assert said.out

    def _place(self, verb: str, word: str) -> str:
        if word in OF_THE_SAMPLE:
            return OF_THE_SAMPLE[word]
        if not word.startswith("data/shops/"):
            return word
        if verb == "init":
            self.made += 1
            return str(self.folder / f"new_{self.made}")
        if verb == "doctor":
            exports = self.folder / "exports"
            shutil.copytree(
                self.house.landing, exports, ignore=shutil.ignore_patterns("shop*.yaml"), dirs_exist_ok=True
            )
            return str(exports)
        return str(self.house.landing)


@pytest.mark.slow
@pytest.mark.parametrize("page", [name for name in NAMES.values() if any(one.startswith(f"{name}:") for one in SHELL)])
def test_the_commands_of_a_page_run(page: str, reader: Reader) -> None:
    typed = [words for name, lines in SHELL.items() if name.startswith(f"{page}:") for words in lines]
    for words in typed:
        if words[0] in ECOM:
            reader.types(words)
    nights = [words for words in typed if words[0] in ECOM and (words[1] == "run" or "replay" in words)]
    assert [(dates, full) for _, dates, full in reader.nights] == [
        (
            (date.fromisoformat(words[words.index("--from") + 1]), date.fromisoformat(words[words.index("--to") + 1]))
            if "--from" in words
            else None,
            "--full" in words or "replay" in words,
        )
        for words in nights
    ]
    assert {name for name, *_ in reader.nights} <= {"shop"}


@pytest.fixture(scope="module")
def release(after_one_night: Path) -> Path:
    return after_one_night / "data" / "releases" / "mini" / "current" / "release.duckdb"


@pytest.mark.slow
@pytest.mark.parametrize("block", QUERIES.values(), ids=QUERIES)
def test_a_query_runs_on_a_release(block: Block, release: Path) -> None:
    with duckdb.connect(str(release), read_only=True) as connection:
        for statement in connection.extract_statements(block.text):
            connection.execute(statement).fetchall()


@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS)
def test_python_runs_on_a_release(text: str, release: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = "data/releases/sample/current/release.duckdb"
    assert place in text
    exec(text.replace(place, str(release)), {})
    shown = capsys.readouterr().out
    assert "segment" in shown
    assert "conservation" in text or "revenue" in shown


LAUNCHES = {name: block for name, block in blocks_in("yaml") if block.text.startswith("resources:")}


@pytest.mark.parametrize("text", [block.text for block in LAUNCHES.values()], ids=LAUNCHES)
def test_what_is_typed_into_the_launchpad_fits(text: str, tmp_path: Path) -> None:
    import dagster as dg

    from ecom_pipeline.definitions import build_defs
    from ecom_pipeline.settings import Settings
    from ecom_pipeline_tests.e2e.mini import write_mini

    definitions = build_defs(Settings(shop=write_mini(tmp_path / "shop")))
    job = definitions.resolve_job_def("nightly")
    dg.validate_run_config(job, yaml.safe_load(text))
    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.validate_run_config(job, yaml.safe_load(text.replace("start_date", "first_date")))


@pytest.mark.slow
def test_the_folders_of_a_release_are_those_that_pages_name(after_one_night: Path) -> None:
    releases = after_one_night / "data" / "releases" / "mini"
    named = [code for path in PAGES for code in read_page(path).inline if code.startswith("data/releases/<shop>/")]
    assert named
    for code in named:
        parts = code.removeprefix("data/releases/<shop>/").replace("<id>", os.readlink(releases / "current"))
        assert (releases / parts).exists(), code
