"""Every SELECT runs over nothing at all, and gives columns of the promised names, types and order."""

from __future__ import annotations

import pytest

from ecom_pipeline.contracts import PROVENANCE, Contract
from ecom_pipeline.shop.doctor.names import likeness
from ecom_pipeline_tests.tables.world import CONTRACTS, World, promised

CLEAN = [contract for contract in CONTRACTS.values() if contract.schema_name == "clean"]
SELECTS = [contract for contract in CONTRACTS.values() if contract.select]
NEVER_EMPTY = {"features.as_of"}


def test_columns_are_those_of_the_contract(empty: World) -> None:
    for contract in SELECTS:
        given = [(name, kind) for name, kind, *_ in empty.rows(f"describe {contract.select}")]
        assert given == list(promised(contract).items()), contract.name


def test_nothing_in_nothing_out(empty: World) -> None:
    given = {contract.name: empty.one(f"select count(*) from ({contract.select}\n)") for contract in SELECTS}
    assert given == {name: int(name in NEVER_EMPTY) for name in given}


def test_every_rule_can_be_asked(empty: World) -> None:
    for contract in CONTRACTS.values():
        for rule in contract.row_rules:
            asked = f"select count(*) from {contract.name} where {rule.breaks}"
            assert empty.one(asked) == 0, (contract.name, rule.name)


@pytest.mark.parametrize("contract", CLEAN, ids=lambda contract: contract.name)
def test_a_cell_of_blanks_says_as_little_as_none(contract: Contract, empty: World) -> None:
    before = CONTRACTS[f"input.{contract.input}"].types
    texts = [name for name, kind in before.items() if kind == "VARCHAR" and name not in {*PROVENANCE, "_reasons"}]
    with empty.scratch() as world:
        world.given(f"input.{contract.input}", [dict.fromkeys(texts, blank) for blank in (None, "", "  ")])
        columns = ", ".join(f'"{name}"' for name in contract.types if name not in PROVENANCE)
        none, *blanks = world.rows(f"select {columns} from ({contract.select}\n) order by _row")
        assert blanks == [none, none]


def test_every_input_has_a_clean_table_that_emits_all_its_columns() -> None:
    inputs = {name.removeprefix("input.") for name in CONTRACTS if name.startswith("input.")} - {"exchange_rates"}
    assert inputs == {contract.input for contract in CLEAN}
    for name in inputs:
        before, after = CONTRACTS[f"input.{name}"].types, CONTRACTS[f"clean.{name}"].types
        renamed = {"currency": "original_currency"}
        told = {renamed.get(column, column) for column in before if not column.endswith("_hour")}
        assert told - {"_reasons", "updated_date"} <= set(after), name


def test_headers_of_known_shops_are_most_like_one_column_each() -> None:
    expected = {
        "order_items": {
            "InvoiceNo": "order_id",
            "StockCode": "product_id",
            "Quantity": "quantity",
            "UnitPrice": "unit_price",
            "Lineitem sku": "product_id",
        },
        "orders": {
            "CustomerID": "customer_id",
            "InvoiceDate": "ordered_at",
            "Country": "country",
            "下单时间": "ordered_at",
            "Financial Status": "status",
        },
        "events": {
            "visitorid": "customer_id",
            "behavior_type": "event_type",
            "event_time": "event_at",
            "user_session": "session_id",
            "商品ID": "product_id",
        },
        "customers": {"手机号": "phone", "Accepts": None, "signup_date": "registered_at"},
        "marketing_spend": {"花费": "amount", "Impressions": "impressions", "渠道": "channel"},
    }
    for table, headers in expected.items():
        columns = CONTRACTS[f"input.{table}"].columns
        for header, column in headers.items():
            alike = {each.name: likeness(header, each) for each in columns}
            most = [name for name, likes in alike.items() if likes == max(alike.values()) > 0]
            assert most == ([column] if column else []), (table, header)


def test_a_synonym_names_one_column_of_its_input() -> None:
    for name, contract in CONTRACTS.items():
        seen = [synonym for column in contract.columns for synonym in {each.lower() for each in column.synonyms}]
        assert len(seen) == len(set(seen)), name
