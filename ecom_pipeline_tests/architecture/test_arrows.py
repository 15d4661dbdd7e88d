"""Who may know whom: sql <- contracts <- checks <- quality, warehouse, ml, shop <- defs, asking <- definitions, cli."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import ecom_pipeline

ROOT = Path(ecom_pipeline.__file__).parent
BELOW: dict[str, set[str]] = {
    "sql": set(),
    "contracts": {"sql"},
    "settings": set(),
    "checks": {"contracts"},
    "quality": {"checks", "contracts", "sql"},
    "warehouse": {"checks", "contracts", "sql"},
    "ml": set(),
    "shop": {"contracts", "sql"},
    "defs": {"checks", "contracts", "sql", "settings", "quality", "warehouse", "ml", "shop"},
    "definitions": {"contracts", "settings", "shop", "defs"},
    "asking": {"ml", "warehouse"},
    "terminal": {"shop", "warehouse"},
    "arguments": set(),
    "cli": {"arguments", "contracts", "settings", "shop", "warehouse", "definitions", "asking", "terminal"},
}
"""Package of the project to the packages it may import."""


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


@cache
def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the arrows"
            found.append(node.module or "")
    return found


def home(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def test_imports_follow_the_arrows() -> None:
    for path in modules():
        known = {name.split(".")[1] for name in imports(path) if name.startswith("ecom_pipeline.")}
        assert known - {home(path)} <= BELOW[home(path)], path


def test_every_package_has_its_place() -> None:
    assert {home(path) for path in modules()} <= set(BELOW)


def test_only_defs_and_definitions_know_dagster() -> None:
    knowing = {
        home(path) for path in modules() if any(name.split(".")[0].startswith("dagster") for name in imports(path))
    }
    assert knowing == {"defs", "definitions"}


def test_models_know_neither_the_database_nor_the_orchestrator() -> None:
    for path in (ROOT / "ml").rglob("*.py"):
        assert not {name.split(".")[0] for name in imports(path)} & {"duckdb", "dagster", "sqlalchemy"}, path


def test_only_settings_read_the_environment() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in modules()
        if any(word in path.read_text("utf-8") for word in ("os.environ", "os.getenv", "getenv("))
    }
    assert readers == {"settings.py"}


def test_definitions_stay_short() -> None:
    assert len((ROOT / "definitions.py").read_text("utf-8").splitlines()) < 80


def test_every_package_says_what_belongs_in_it() -> None:
    for path in ROOT.rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), path
