"""Steps whose SQL the shop writes in part, night after night."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ecom_pipeline.defs.night import Night
from ecom_pipeline.defs.rules import AUDIENCES, audiences
from ecom_pipeline.settings import Settings
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline.warehouse.connection import open_warehouse
from ecom_pipeline.warehouse.increment import Plan
from ecom_pipeline.warehouse.release import publish, rollback
from ecom_pipeline_tests.e2e.mini import write_mini
from ecom_pipeline_tests.nights import CONTRACTS, lenient

PROFILES, MEMBERS = CONTRACTS["marts.customer_profiles"], CONTRACTS[AUDIENCES]


def test_who_joined_is_told_once_where_nothing_else_is_new(tmp_path: Path) -> None:
    write_mini(tmp_path / "shop")
    with (tmp_path / "shop" / "shop.yaml").open("a", encoding="utf-8") as file:
        file.write('audiences: {rich: "revenue > 10"}\n')
    settings = Settings(data_dir=tmp_path / "data", shop=tmp_path / "shop")
    shop = load_shop(settings.shop_file, {})
    folder = settings.releases_dir(shop.name)
    folder.mkdir(parents=True)
    with open_warehouse(tmp_path / "work", memory_limit="500MB", threads=1) as connection:

        def night(run_id: str, *, published: bool = True) -> tuple[str, list[tuple[str, str]]]:
            one = Night(
                connection=connection, settings=settings, shop=shop, contracts=CONTRACTS, run_id=run_id, judge=lenient
            )
            (outcome,) = one.write(audiences(one))
            if published:
                publish(connection, [MEMBERS], folder, run_id=run_id, shop=shop.name, keep=9)
            told = connection.execute(f"select customer_id, status from {AUDIENCES} order by customer_id").fetchall()
            return outcome.status, told

        profiles = pd.DataFrame([dict.fromkeys(PROFILES.types), dict.fromkeys(PROFILES.types)])
        profiles[["customer_id", "revenue"]] = [("ann", 11), ("bob", 9)]
        profiles[["as_of_date", "is_opted_out"]] = pd.Timestamp("2024-01-31"), False
        first = Night(
            connection=connection, settings=settings, shop=shop, contracts=CONTRACTS, run_id="r0", judge=lenient
        )
        first.write([first.candidate(PROFILES, profiles, Plan())])

        assert night("r1", published=False)[1] == [("ann", "added")]
        assert night("r2") == ("unchanged", [("ann", "added")]), "the night before was not released"
        assert night("r3")[1] == [("ann", "member")]
        assert night("r4") == ("swapped", [("ann", "member")])
        assert night("r5") == ("unchanged", [("ann", "member")])
        rollback(folder)
        assert night("r6") == ("unchanged", [("ann", "member")])
