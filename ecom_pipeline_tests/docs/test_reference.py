from __future__ import annotations

import pytest

from ecom_pipeline.contracts import load_contracts
from ecom_pipeline.settings import Settings
from ecom_pipeline_tests.docs.markdown import ROOT, Page
from ecom_pipeline_tests.docs.reference import pages, setting_meanings, settings_page, shop_page, tables_page

CONTRACTS = load_contracts()


def test_a_generated_page_says_what_the_code_says() -> None:
    old = [path.name for path, text in pages().items() if path.read_text("utf-8") != text]
    assert old == [], "out of date: python -m ecom_pipeline_tests.docs.reference"


def test_every_column_of_every_table_is_on_the_page() -> None:
    page = Page(ROOT / "docs" / "tables.md")
    for contract in CONTRACTS.values():
        rows = page.table_below(f"\n### {contract.name}\n")
        given = [(row[0].strip("`"), row[1]) for row in rows]
        assert given == [(column.name, column.type) for column in contract.columns], contract.name


def test_a_changed_contract_changes_the_page() -> None:
    contract = CONTRACTS["marts.sales_daily"]
    renamed = contract.columns[1].model_copy(update={"name": "baskets"})
    changed = contract.model_copy(update={"columns": (contract.columns[0], renamed)})
    assert "`baskets`" in tables_page(CONTRACTS | {"marts.sales_daily": changed})


def test_a_schema_that_nobody_introduced_is_told() -> None:
    other = CONTRACTS["marts.sales_daily"].model_copy(update={"schema_name": "secret"})
    with pytest.raises(ValueError, match="secret"):
        tables_page({"secret.sales_daily": other})


def test_a_page_that_lost_its_mark_is_told() -> None:
    with pytest.raises(ValueError, match="costs"):
        shop_page("<!-- inputs -->\n<!-- end -->\n", CONTRACTS)


def test_every_setting_has_a_meaning() -> None:
    assert set(setting_meanings()) == set(Settings.model_fields)
    assert all(f"| `ECOM_{name.upper()}` |" in settings_page() for name in Settings.model_fields)
