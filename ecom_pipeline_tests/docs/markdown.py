"""What a page of Markdown holds: blocks of code, links, pictures, headings, names in prose.

As much of Markdown as the project's pages use; what is done with it is said in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = tuple(
    sorted(
        [
            *ROOT.glob("README*.md"),
            ROOT / "CHANGELOG.md",
            ROOT / "data" / "README.md",
            *(ROOT / "docs").rglob("*.md"),
        ]
    )
)
NAMES = {path: path.relative_to(ROOT).as_posix() for path in PAGES}

_FENCE = re.compile(r"^(```+)(\w*)\n(.*?)^\1$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|!\[[^\]]*\]\([^)]*\))*)\]\(([^)\s]+)\)|<(https?://[^>\s]+)>")
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the line it begins on."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """A page and what is in it."""

    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(
            Block(found[2], found[3], self.text[: found.start()].count("\n") + 2)
            for found in _FENCE.finditer(self.text)
        )

    @cached_property
    def prose(self) -> str:
        """The text without its blocks of code."""
        return _FENCE.sub("", self.text)

    @cached_property
    def plain(self) -> str:
        """The prose without code in it."""
        return re.sub(r"`[^`\n]+`", "", self.prose)

    @cached_property
    def links(self) -> list[str]:
        return [found[3] or found[4] for found in _LINK.finditer(self.plain) if not found[1]]

    @cached_property
    def pictures(self) -> list[str]:
        return [found[3] for found in _LINK.finditer(self.plain) if found[1]]

    @cached_property
    def headings(self) -> list[tuple[int, str]]:
        return [(len(found[1]), found[2]) for found in _HEADING.finditer(self.prose)]

    @cached_property
    def anchors(self) -> set[str]:
        """What ``#...`` may name, as GitHub makes it of the headings."""
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for _, heading in self.headings}

    @cached_property
    def inline(self) -> list[str]:
        """Code within the prose."""
        return re.findall(r"`([^`\n]+)`", self.prose)

    def table_below(self, words: str) -> list[list[str]]:
        """The cells of the first table after some words, without its header."""
        rows = self.text[self.text.index(words) :].splitlines()
        start = next(place for place, row in enumerate(rows) if row.startswith("|---"))
        cells = []
        for row in rows[start + 1 :]:
            if not row.startswith("|"):
                break
            cells.append([cell.strip() for cell in row.strip("|").split("|")])
        return cells


read_page = cache(Page)
"""A page of the project, read once."""


def blocks_in(language: str) -> Iterator[tuple[str, Block]]:
    """Every block of a language, with a name to show."""
    for path, name in NAMES.items():
        for block in read_page(path).blocks:
            if block.language == language:
                yield f"{name}:{block.line}", block
