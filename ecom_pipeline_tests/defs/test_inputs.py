"""Views of the inputs: all of them are defined, or none."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from benchmarks.events import write_shop
from ecom_pipeline.contracts import load_contracts
from ecom_pipeline.defs import inputs
from ecom_pipeline.defs.night import Night
from ecom_pipeline.settings import Settings
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline.warehouse.connection import open_warehouse


def test_what_fails_while_views_are_defined_leaves_none_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_shop(tmp_path, "csv")
    described: list[str] = []

    def fails_at_the_third(connection: duckdb.DuckDBPyConnection, contract: inputs.Contract, **kind: str) -> None:
        described.append(contract.table)
        if len(described) == 3:
            raise duckdb.IOException("the disk is full")

    with open_warehouse(tmp_path / "work", memory_limit="500MB", threads=1) as connection:
        night = Night(
            connection=connection,
            settings=Settings(shop=tmp_path),
            shop=load_shop(tmp_path / "shop.yaml"),
            contracts=load_contracts(),
            run_id="r1",
            judge=lambda *_, **__: [],
        )

        def defined() -> list[str]:
            rows = connection.execute(
                "select view_name from duckdb_views() where schema_name = 'input' and not internal"
            ).fetchall()
            known = connection.execute("select table_name from journal.builds").fetchall()
            assert sorted(f"input.{name}" for (name,) in rows) == sorted(name for (name,) in known)
            return [name for (name,) in rows]

        monkeypatch.setattr(inputs, "describe", fails_at_the_third)
        with pytest.raises(duckdb.IOException):
            inputs.define_inputs(night)
        assert defined() == []
        monkeypatch.undo()
        inputs.define_inputs(night)
        assert set(described) < set(defined())
