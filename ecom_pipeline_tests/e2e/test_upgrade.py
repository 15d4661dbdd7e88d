"""The first night of another version of the project on what an earlier one left."""

from __future__ import annotations

import duckdb
import pytest

from ecom_pipeline import cli
from ecom_pipeline.warehouse import release as releases
from ecom_pipeline_tests.e2e.conftest import House

pytestmark = pytest.mark.slow

EARLIER = """
    alter table journal.runs drop column code_fingerprint;
    update journal.builds set fingerprint = 'of an earlier version';
    alter table models.forecast_parts rename column part to piece;
    alter table models.stock_days rename column stock to stocked;
    alter table models.learned_segments drop column learned_segment;
    update marts.sales_daily set orders = 999;
    create table marts.gone as select 1 as a;
    insert into journal.builds (table_name) values ('marts.gone');
    create view input.gone as select 1 as a;
    insert into quarantine.rows (table_name, load_id) values ('clean.gone', 1);
"""


def test_a_night_on_what_an_earlier_version_left_gives_what_it_gives_on_nothing(house: House) -> None:
    content, tables = releases.show(house.releases).digest, house.tables()
    noted = house.query("select count(*) from quarantine.rows")
    with duckdb.connect(str(house.warehouse)) as connection:
        connection.execute(EARLIER)
    said = house.ecom("run", "--json")
    assert said.code == cli.OK, said.words
    assert releases.show(house.releases).digest == content
    assert {name for name in house.tables() if not name.startswith("ops.")} == {
        name for name in tables if not name.startswith("ops.")
    }
    assert house.query("select count(*) from quarantine.rows") == noted
    assert house.query("select count(*) from journal.builds where table_name = 'marts.gone'") == [(0,)]
    versions = house.query("select count(*), count(code_fingerprint) from ops.runs")
    assert versions == [(2, 1)]
