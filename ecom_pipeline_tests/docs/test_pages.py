"""What pages refer to exists, and both READMEs are the same page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ecom_pipeline.contracts import load_contracts
from ecom_pipeline.settings import PREFIX, Settings
from ecom_pipeline_tests.docs.markdown import NAMES, PAGES, ROOT, Page, read_page
from ecom_pipeline_tests.docs.reference import GENERATED

CONTRACTS = load_contracts()
SCHEMAS = "|".join(sorted({contract.schema_name for contract in CONTRACTS.values()}))
LONGEST_LINE = 120


def missing(page: Page) -> list[str]:
    """Links and pictures that lead nowhere."""
    found = []
    for target in (*page.links, *page.pictures):
        if target.startswith(("https://", "http://")):
            continue
        file, _, anchor = target.partition("#")
        there = (page.path.parent / file).resolve() if file else page.path
        if not there.exists() or (anchor and anchor not in read_page(there).anchors):
            found.append(target)
    return found


def test_links_and_pictures_lead_somewhere() -> None:
    assert {name: gone for path, name in NAMES.items() if (gone := missing(read_page(path)))} == {}


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A heading\n[a](page.md) [b](gone.md) [c](#a-heading) [d](#gone) ![e](gone.png) [f](https://example.com)\n"
        "[![g](inner.png)](page.md)\n"
    )
    assert missing(Page(page)) == ["gone.md", "#gone", "gone.png"]


def test_every_page_is_linked_from_another() -> None:
    linked = {
        (path.parent / target.split("#")[0]).resolve()
        for path in PAGES
        for target in read_page(path).links
        if not target.startswith("http")
    }
    alone = [
        name
        for path, name in NAMES.items()
        if path not in linked and path.parent not in linked and name not in ("README.md", "data/README.md")
    ]
    assert alone == []


def test_settings_that_are_named_exist() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for path in PAGES:
        assert set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", read_page(path).text)) <= known, path


def test_tables_that_are_named_exist() -> None:
    table = re.compile(rf"(?:{SCHEMAS})\.[a-z_]+")
    for path in PAGES:
        assert {code for code in read_page(path).inline if table.fullmatch(code)} <= set(CONTRACTS), path


def test_files_that_are_named_exist() -> None:
    file = re.compile(r"[\w./-]+/[\w.-]+\.(py|sql|yml|toml)|Makefile|[a-z]+\.py")
    named = [(name, code) for path, name in NAMES.items() for code in read_page(path).inline if file.fullmatch(code)]
    assert [one for one in named if not any((ROOT / root / one[1]).exists() for root in ("", "ecom_pipeline"))] == []


def test_lines_are_short() -> None:
    long = {
        (name, line)
        for path, name in NAMES.items()
        if GENERATED not in (text := read_page(path).text)
        for line in text.splitlines()
        if len(line) > LONGEST_LINE and not ("<!-- end -->" in text and line.startswith("|"))
    }
    assert long == set()


@pytest.mark.parametrize("what", ["blocks", "links", "pictures", "levels", "tables", "code"])
def test_both_readmes_are_the_same_page(what: str) -> None:
    english, chinese = (shape(Page(ROOT / name))[what] for name in ("README.md", "README.zh-CN.md"))
    assert chinese == english


def test_figures_of_the_readmes_stand_on_the_pages_that_tell_how_they_came_about() -> None:
    told = "\n".join(read_page(path).text for path in PAGES if path.parent == ROOT / "docs")
    for name in ("README.md", "README.zh-CN.md"):
        figures = set(re.findall(r"(?<![\d\w])\.\d{3}\b", Page(ROOT / name).text))
        assert len(figures) == 13
        assert figures <= set(re.findall(r"(?<!\d)\.\d{3}\b", told))


def shape(page: Page) -> dict[str, object]:
    """What a translation leaves as it is."""
    other = {"README.md", "README.zh-CN.md"}
    return {
        "blocks": [(block.language, block.text) for block in page.blocks],
        "links": sorted(link for link in page.links if link not in other),
        "pictures": page.pictures,
        "levels": [level for level, _ in page.headings],
        "tables": [line.count("|") for line in page.prose.splitlines() if line.startswith("|")],
        "code": sorted(page.inline),
    }


def test_a_translation_that_lost_something_is_found(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    page = tmp_path / "README.md"
    whole = shape(Page(ROOT / "README.md"))
    for what, (old, new) in {
        "blocks": ("make demo\nmake test", "make demo"),
        "links": ("](docs/tables.md)", "](docs/other.md)"),
        "pictures": ("chart.png)", "charts.png)"),
        "levels": ("\n## ", "\n### "),
        "tables": ("\n| ", "\n"),
        "code": ("`make test`", "`make tests`"),
    }.items():
        assert old in text, what
        page.write_text(text.replace(old, new, 1), "utf-8")
        assert shape(Page(page))[what] != whole[what], what
