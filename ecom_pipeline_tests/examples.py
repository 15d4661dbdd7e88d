"""The examples in docstrings. Those of the desk run beside its tests, where its models are loaded anyway."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import ecom_pipeline

ROOT = Path(ecom_pipeline.__file__).parents[1]
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in sorted((ROOT / "ecom_pipeline").rglob("*.py"))
    if ">>> " in path.read_text("utf-8")
]
OF_THE_DESK = [module for module in MODULES if module.startswith("ecom_pipeline.ml.support.")]


def assert_examples_hold(module: str) -> None:
    """Run the examples of a module, of which there must be some."""
    result = doctest.testmod(import_module(module))
    assert result.attempted > 0
    assert result.failed == 0
