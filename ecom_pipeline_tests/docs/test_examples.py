"""Every example in a docstring holds."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import ecom_pipeline

ROOT = Path(ecom_pipeline.__file__).parents[1]
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "ecom_pipeline").rglob("*.py"))
    if ">>> " in path.read_text("utf-8")
]


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_the_documentation_hold(module: str) -> None:
    result = doctest.testmod(import_module(module))
    assert result.attempted > 0
    assert result.failed == 0
