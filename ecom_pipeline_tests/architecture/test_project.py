"""The project as others load it: the UI, the wheel, the lock."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

LOAD = """
import sys, warnings
from dagster_shared.utils.warnings import BetaWarning, PreviewWarning, SupersessionWarning
for kind in (DeprecationWarning, PreviewWarning, BetaWarning, SupersessionWarning):
    warnings.filterwarnings("error", category=kind, module=r"(ecom_pipeline|dagster)\\\\b.*")
    if kind is not DeprecationWarning:
        warnings.simplefilter("error", kind)
from ecom_pipeline import definitions
import dagster as dg
loaded = definitions.build_defs()
dg.Definitions.validate_loadable(loaded)
heavy = {"great_expectations", "prophet", "lightfm", "sklearn", "matplotlib"} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.mark.slow
def test_definitions_load_without_warnings_and_without_heavy_imports(tmp_path: Path) -> None:
    from ecom_pipeline_tests.e2e.mini import write_mini

    shop = write_mini(tmp_path / "shop")
    done = subprocess.run(
        [sys.executable, "-c", LOAD],
        cwd=ROOT,
        env={"ECOM_SHOP": str(shop), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_workspace_and_dg_name_the_same_module() -> None:
    workspace = yaml.safe_load((ROOT / "workspace.yaml").read_text("utf-8"))
    (target,) = workspace["load_from"]
    assert target["python_module"]["module_name"] == PROJECT["tool"]["dg"]["project"]["code_location_target_module"]
    assert target["python_module"]["working_directory"] == "."


def test_one_pytest_table() -> None:
    assert "pytest" not in PROJECT["tool"]


@pytest.mark.slow
def test_the_wheel_contains_every_promise_and_every_select(tmp_path: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            tmp_path,
            ROOT,
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    data = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "ecom_pipeline").rglob("*")
        if path.suffix in {".sql", ".yml", ".yaml", ".csv", ".py"} and "__pycache__" not in path.parts
    }
    assert data
    assert data <= inside
    assert not [name for name in inside if name.startswith("ecom_pipeline_tests")]


@pytest.mark.parametrize(
    ("file", "extra"),
    [
        ("requirements.lock", "dev"),
        ("requirements-journey.lock", "journey"),
        ("requirements-transformer.lock", "transformer"),
    ],
)
def test_a_lock_pins_and_hashes_every_dependency_and_names_no_host(file: str, extra: str) -> None:
    lock = (ROOT / file).read_text("utf-8")
    pinned = {
        name.lower().replace("_", "-")
        for name in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", lock, re.MULTILINE)
    }
    base = PROJECT["project"]["dependencies"] if extra == "dev" else []
    wanted = [*base, *PROJECT["project"]["optional-dependencies"][extra]]
    assert {re.split(r"[<>=\[; ]", one)[0].lower() for one in wanted} <= pinned
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert "://" not in lock
    assert "index-url" not in lock


def test_telemetry_is_off() -> None:
    instance = yaml.safe_load((ROOT / "ecom_pipeline" / "defs" / "dagster.yaml").read_text("utf-8"))
    assert instance["telemetry"] == {"enabled": False}
    assert instance["nux"] == {"enabled": False}
