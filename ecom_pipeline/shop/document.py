"""A YAML document that remembers its lines: every value with the place it was written at.

Scalars stay text, so that ``NO`` is Norway, ``007`` an identifier and ``0.10`` exactly that; what a text means is for
the model to say. ``${NAME}`` is filled in from an environment that the caller hands over. Nothing here knows a field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from ecom_pipeline.shop.errors import ShopError

Place = tuple[str | int, ...]
"""Keys and positions from the top of the document down to a value."""

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NOTHING = ("", "~", "null")


@dataclass(frozen=True)
class Document:
    """The content of a file.

    Attributes
    ----------
    origin
        The file, for messages.
    content
        Mappings, lists, texts and None.
    lines
        Place to line, from 1.
    written
        Place to the text as it stands in the file, placeholders not filled in.
    """

    origin: str
    content: Any
    lines: Mapping[Place, int]
    written: Mapping[Place, str]

    def line(self, place: Sequence[str | int]) -> int:
        """The line of a value, or of the nearest thing around it that the document has."""
        parts = tuple(place)
        while parts and parts not in self.lines:
            parts = parts[:-1]
        return self.lines.get(parts, 1)

    def problem(self, place: Sequence[str | int], message: str) -> str:
        """One line of a ShopError."""
        return _told(self.origin, self.line(place), place, message)


def _told(origin: str, line: int, place: Sequence[str | int], message: str) -> str:
    field = ".".join(str(part) for part in place)
    return f"{origin}:{line}: {field + ': ' if field else ''}{message}"


def read_document(text: str, origin: str, environment: Mapping[str, str]) -> Document:
    """Parse YAML.

    Raises
    ------
    ShopError
        Bad syntax, a key given twice, an alias inside itself, or a placeholder that the environment lacks.
    """
    try:
        root = _composed(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        context = f"{error.context} from line {error.context_mark.line + 1}: " if error.context_mark else ""
        raise ShopError(f"{origin}:{line}: expected YAML: {context}{error.problem}") from error
    except yaml.YAMLError as error:
        raise ShopError(f"{origin}:1: expected YAML: {str(error).splitlines()[0]}") from error
    reading = _Reading(origin, environment)
    content = reading.value(root, (), ()) if root is not None else None
    if reading.problems:
        raise ShopError(*reading.problems)
    return Document(origin, content, reading.lines, reading.written)


def _composed(text: str) -> yaml.Node | None:
    """The nodes of the text. Where there is a mistake the slower parser looks for it, which names what it found."""
    try:
        return yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return yaml.compose(text, Loader=yaml.SafeLoader)


class _Reading:
    def __init__(self, origin: str, environment: Mapping[str, str]) -> None:
        self.origin = origin
        self.environment = environment
        self.lines: dict[Place, int] = {}
        self.written: dict[Place, str] = {}
        self.problems: list[str] = []

    def value(self, node: yaml.Node, place: Place, inside: tuple[yaml.Node, ...]) -> Any:
        self.lines.setdefault(place, node.start_mark.line + 1)
        if any(node is outer for outer in inside):
            self._problem(node, place, "expected a value, found an alias of what it is part of")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, (*inside, node))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*place, index), (*inside, node)) for index, item in enumerate(node.value)]
        text = str(node.value)
        if not node.style and text in _NOTHING:
            return None
        self.written[place] = text
        return _PLACEHOLDER.sub(lambda found: self._filled(found, node, place), text)

    def _mapping(self, node: yaml.MappingNode, place: Place, inside: tuple[yaml.Node, ...]) -> dict[str, Any]:
        content: dict[str, Any] = {}
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._problem(key, place, "expected a text as key")
                continue
            name = str(key.value)
            below = (*place, name)
            if name in content:
                self._problem(key, below, f"expected every key once, found it in line {self.lines[below]} already")
                continue
            self.lines[below] = key.start_mark.line + 1
            content[name] = self.value(item, below, inside)
        return content

    def _filled(self, found: re.Match[str], node: yaml.Node, place: Place) -> str:
        name = found.group(1)
        if name not in self.environment:
            self._problem(node, place, f"expected the environment variable {name}, which is not set")
            return ""
        return self.environment[name]

    def _problem(self, node: yaml.Node, place: Place, message: str) -> None:
        self.problems.append(_told(self.origin, node.start_mark.line + 1, place, message))
