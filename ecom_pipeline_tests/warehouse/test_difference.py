"""Two small releases that are made by hand, so that the answer to every question is known."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ecom_pipeline import cli
from ecom_pipeline.contracts import Contract, load_contracts, parse_contract
from ecom_pipeline.terminal import plain_console, show_difference
from ecom_pipeline.warehouse import release as releases
from ecom_pipeline.warehouse.difference import Difference, TableDifference, difference
from ecom_pipeline.warehouse.questions import QUESTIONS

pytestmark = pytest.mark.slow

CONTRACTS = load_contracts()
ASKED = sorted({table for question in QUESTIONS.values() for table in question.needs})
Rows = Mapping[str, Iterable[Mapping[str, Any]]]

LOADED = datetime(2024, 6, 1, 2, 0, 0, 7)
FIRST: Rows = {
    "ops.loads": [
        {"load_id": 1, "source": "orders", "file": "a.csv", "sha256": "aa", "rows_loaded": 10, "loaded_at": LOADED},
        {"load_id": 2, "source": "orders", "file": "b.csv", "sha256": "bb", "rows_loaded": 20, "loaded_at": LOADED},
        {
            "load_id": 0, "source": "orders", "file": "b.csv", "sha256": "b0", "rows_loaded": 19, "loaded_at": LOADED,
            "superseded_by_load_id": 2,
        },
    ],
    "ops.runs": [{"run_id": "r1", "shop_fingerprint": "f" * 64, "code_fingerprint": "c" * 64, "started_at": LOADED}],
    "ops.quarantine_summary": [
        {"table_name": "clean.orders", "source": "orders", "reasons": "no date", "quarantined_rows": 3},
        {"table_name": "clean.orders", "source": "orders", "reasons": "no id", "quarantined_rows": 1},
    ],
    "marts.sales_daily": [
        {"sales_date": date(2024, 5, 1), "orders": 4, "units": 8, "gross_revenue": 200, "refunds": 0, "net_revenue": 190}
    ],
    "marts.customer_profiles": [
        {"customer_id": "c1", "segment": "new", "orders": 1},
        {"customer_id": "c2", "segment": "new", "orders": 3},
        {"customer_id": "c3", "segment": "browser", "orders": 0},
        {"customer_id": "c4", "segment": "regular", "orders": 0},
    ],
    "marts.recommendations": [
        {"customer_id": customer, "shelf": "new", "rank": rank, "product_id": product, "product_name": f"name of {product}"}
        for customer, products in {"c1": "pq", "c2": "pr", "c4": "p"}.items()
        for rank, product in enumerate(products, 1)
    ],
    "marts.sales_forecasts": [
        {"series_kind": kind, "series": series, "forecast_date": date(2024, 6, day), "model": model, "forecast_revenue": amount}
        for kind, series, model, amounts in (
            ("total", "total", "prophet", {1: 50, 2: 60, 3: 70}),
            ("category", "Food", "prophet", {2: 10, 3: 10}),
            ("category", "Toys", "prophet", {2: 5, 3: 5}),
        )
        for day, amount in amounts.items()
    ],
    "marts.model_scores": [
        {
            "domain": domain, "model": model, "metric": "wape", "value": 0.4, "baseline_value": 0.5,
            "decision": "published", "seed": 7, "versions": '{"numpy": "2.4", "prophet": "1.5"}',
        }
        for domain, model in (("forecast", "sales"), ("recommend", "als"))
    ],
}  # fmt: skip
SECOND: Rows = {
    "ops.loads": [
        *({**load, "superseded_by_load_id": 3} if load["file"] == "a.csv" else load for load in FIRST["ops.loads"]),
        {"load_id": 3, "source": "orders", "file": "a.csv", "sha256": "a2", "rows_loaded": 12, "loaded_at": LOADED},
        {"load_id": 4, "source": "orders", "file": "c.csv", "sha256": "cc", "rows_loaded": 5, "loaded_at": LOADED},
    ],
    "ops.runs": [
        *FIRST["ops.runs"],
        {**FIRST["ops.runs"][0], "run_id": "r2", "shop_fingerprint": "e" * 64, "started_at": datetime(2024, 6, 2)},
    ],
    "ops.quarantine_summary": [
        {"table_name": "clean.orders", "source": "orders", "reasons": "no date", "quarantined_rows": 3},
        {"table_name": "clean.orders", "source": "orders", "reasons": "no sku", "quarantined_rows": 9},
    ],
    "marts.sales_daily": [
        *FIRST["marts.sales_daily"],
        {"sales_date": date(2024, 5, 2), "orders": 1, "units": 2, "gross_revenue": 50, "refunds": 10, "net_revenue": 40},
    ],
    "marts.customer_profiles": [
        {"customer_id": "c1", "segment": "regular", "orders": 1},
        {"customer_id": "c2", "segment": "regular", "orders": 3},
        {"customer_id": "c3", "segment": "browser", "orders": 0},
        {"customer_id": "c5", "segment": "new", "orders": 1},
    ],
    "marts.recommendations": [
        {"customer_id": customer, "shelf": "new", "rank": rank, "product_id": product, "product_name": f"name of {product}"}
        for customer, products in {"c1": "qp", "c2": "ps", "c5": "ss"}.items()
        for rank, product in enumerate(products, 1)
    ],
    "marts.sales_forecasts": [
        {"series_kind": kind, "series": series, "forecast_date": date(2024, 6, day), "model": model, "forecast_revenue": amount}
        for kind, series, model, amounts in (
            ("total", "total", "prophet", {2: 66, 3: 77, 4: 900}),
            ("category", "Food", "naive", {2: 5, 3: 5}),
            ("category", "Toys", "prophet", {2: 5, 3: 5, 4: 900}),
            ("category", "Books", "prophet", {2: 1}),
        )
        for day, amount in amounts.items()
    ],
    "marts.model_scores": [
        {**score, "value": 0.6, "decision": "refused", "versions": '{"numpy": "2.5", "prophet": "1.5"}'}
        if score["model"] == "als"
        else score
        for score in FIRST["marts.model_scores"]
    ],
}  # fmt: skip


def publish(con: duckdb.DuckDBPyConnection, folder: Path, content: Rows, contracts: Iterable[Contract]) -> str:
    """Publish tables that have the columns of their contracts and these rows."""
    contracts = list(contracts)
    for contract in contracts:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in contract.types.items())
        con.execute(f'create or replace table {contract.schema_name}."{contract.table}" ({columns})')
        for row in content.get(contract.name, []):
            names = ", ".join(f'"{name}"' for name in row)
            marks = ", ".join("?" for _ in row)
            con.execute(f"insert into {contract.name} ({names}) values ({marks})", list(row.values()))
    return releases.publish(con, contracts, folder, run_id="r", shop="s", keep=9).release_id


def compare(folder: Path, contracts: Mapping[str, Contract] = CONTRACTS) -> Difference:
    return difference(folder, *releases.list_ids(folder)[-2:], contracts, memory_limit="500MB", threads=2)


def rows(found: Difference, name: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in found.answers[name].rows]


@pytest.fixture
def asked(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> Difference:
    for content in (FIRST, SECOND):
        publish(con, tmp_path / "releases", content, (CONTRACTS[table] for table in ASKED))
    return compare(tmp_path / "releases")


def test_every_question_asks_for_columns_that_are_published() -> None:
    for name, question in QUESTIONS.items():
        for table, needed in question.needs.items():
            assert set(needed) <= set(CONTRACTS[table].types), name
            assert table.split(".")[0] in releases.PUBLISHED, name


def test_every_question_is_answered_with_what_moved(asked: Difference) -> None:
    loaded = datetime(2024, 6, 1, 2)
    assert rows(asked, "loads") == [
        ("orders", "a.csv", "new version", 10, 12, 1, 3, loaded),
        ("orders", "c.csv", "new file", None, 5, None, 4, loaded),
    ]
    assert rows(asked, "made_with") == [("shop.yaml", "f" * 12, "e" * 12), ("library numpy", "2.4", "2.5")]
    assert asked.cause == "The cause: other files were loaded; not the same either: shop.yaml, library numpy."
    assert rows(asked, "days") == [(date(2024, 5, 1), date(2024, 5, 1), date(2024, 5, 1), date(2024, 5, 2))]
    assert rows(asked, "figures") == [
        ("buyers", 2, 3, 50),
        ("gross_revenue", 200, 250, 25),
        ("net_revenue", 190, 230, 21.05),
        ("orders", 4, 5, 25),
        ("refunds", 0, 10, None),
        ("units", 8, 10, 25),
    ]
    assert rows(asked, "models") == [("als", "wape", 0.4, 0.6, 0.5, 0.5, "published", "refused")]
    assert rows(asked, "segments") == [
        ("new", "regular", 2),
        ("(no customer yet)", "new", 1),
        ("regular", "(no customer any more)", 1),
    ]
    assert rows(asked, "recommendations") == [(2, 1, 4, 1, 50, 25)]
    assert rows(asked, "products_gained") == [("s", "name of s", 0, 3, 3)]
    assert rows(asked, "products_lost") == [("p", "name of p", 3, 2, -1), ("r", "name of r", 1, 0, -1)]
    assert rows(asked, "forecasts") == [
        ("category", "Food", "prophet", "naive", 2, 20, 10, -50),
        ("total", "total", "prophet", "prophet", 2, 130, 143, 10),
        ("category", "Books", None, "prophet", 0, None, None, None),
    ]
    assert rows(asked, "quarantine") == [("clean.orders", "orders", "no sku", 0, 9), ("clean.orders", "orders", "no id", 1, 0)]  # fmt: skip
    assert not any(answer.lacking for answer in asked.answers.values())


def test_the_same_content_moves_nothing_but_the_record_of_runs(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    contracts = [CONTRACTS[table] for table in ASKED]
    publish(con, tmp_path, FIRST, contracts)
    publish(con, tmp_path, {**FIRST, "ops.runs": [*FIRST["ops.runs"], {"run_id": "r2"}]}, contracts)
    found = compare(tmp_path)
    assert found.cause.startswith("The content is the same")
    assert [one.table for one in found.tables if not one.is_same] == ["ops.runs"]
    assert all(answer.rows == [] and answer.in_all == 0 for answer in found.answers.values())


@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        (("ops.loads",), "other files were loaded."),
        (("ops.runs",), "the same files were loaded, but not the same: shop.yaml."),
        (("marts.model_scores",), "the same files were loaded, but not the same: library numpy."),
        ((), "the same files, shop.yaml, seed, libraries and project, so a setting is another, or only the night."),
    ],
)
def test_the_cause_is_told(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, changed: tuple[str, ...], cause: str
) -> None:
    names = ("ops.loads", "ops.runs", "marts.model_scores", "marts.sales_daily")
    contracts = [CONTRACTS[name] for name in names]
    publish(con, tmp_path, FIRST, contracts)
    publish(con, tmp_path, {**FIRST, **{name: SECOND[name] for name in ("marts.sales_daily", *changed)}}, contracts)
    assert compare(tmp_path).cause == f"The cause: {cause}"


@pytest.mark.parametrize("before", [None, "b" * 64])
def test_an_upgrade_is_the_cause_also_where_the_release_before_does_not_know_its_version(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, before: str | None
) -> None:
    runs = CONTRACTS["ops.runs"]
    older = runs.model_copy(update={"columns": tuple(one for one in runs.columns if one.name != "code_fingerprint")})
    others = [CONTRACTS[name] for name in ("ops.loads", "marts.model_scores", "marts.sales_daily")]
    first, then = ({**FIRST["ops.runs"][0], "code_fingerprint": version} for version in (before, "a" * 64))
    if before is None:  # whose shop.yaml was fingerprinted otherwise
        del first["code_fingerprint"]
        then["shop_fingerprint"] = "9" * 64
    publish(con, tmp_path, {**FIRST, "ops.runs": [first]}, [runs if before else older, *others])
    publish(
        con, tmp_path, {**FIRST, "ops.runs": [then], "marts.sales_daily": SECOND["marts.sales_daily"]}, [runs, *others]
    )
    found = compare(tmp_path)
    assert found.cause == "The cause: the same files were loaded, but not the same: version of the project."
    assert rows(found, "made_with") == [("version of the project", before and "b" * 12, "a" * 12)]


@pytest.mark.parametrize("known", ["ops.loads", "ops.runs"])
def test_without_the_files_or_what_they_were_made_with_the_cause_is_not_known(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, known: str
) -> None:
    contracts = [CONTRACTS[name] for name in (known, "marts.sales_daily")]
    publish(con, tmp_path, FIRST, contracts)
    publish(con, tmp_path, {**FIRST, "marts.sales_daily": SECOND["marts.sales_daily"]}, contracts)
    assert compare(tmp_path).cause.startswith("The cause is not known")


def test_a_working_file_that_was_built_anew_from_the_same_files_is_no_cause(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    publish(con, tmp_path, FIRST, [CONTRACTS["ops.loads"]])
    publish(con, tmp_path, {"ops.loads": [{**load, "load_id": load["load_id"] + 7} for load in FIRST["ops.loads"]]}, [CONTRACTS["ops.loads"]])  # fmt: skip
    assert compare(tmp_path).answers["loads"].rows == []


def test_only_the_largest_are_listed_and_it_is_said_how_many_there_are(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    contract = CONTRACTS["ops.quarantine_summary"]
    publish(con, tmp_path, {}, [contract])
    many = [
        {"table_name": "clean.orders", "source": "orders", "reasons": f"reason {number}", "quarantined_rows": number}
        for number in range(1, 26)
    ]
    publish(con, tmp_path, {contract.name: many}, [contract])
    answer = compare(tmp_path).answers["quarantine"]
    assert answer.in_all == 25
    assert [row["rows_after"] for row in answer.rows] == list(range(25, 5, -1))


def table_of(columns: str, key: str = "[id]") -> Contract:
    return parse_contract(
        f"{{description: One row per thing., domain: shop, key: {key}, columns: [{columns}]}}", "marts", "things", "things.yml"
    )  # fmt: skip


def moved(con: duckdb.DuckDBPyConnection, folder: Path, *versions: tuple[Contract, str]) -> TableDifference:
    for contract, values in versions:
        con.execute(f"create or replace table marts.things as select {values}")
        releases.publish(con, [contract], folder, run_id="r", shop="s", keep=9)
    (one,) = compare(folder, {contract.name: contract for contract, _ in versions}).tables
    return one


ID, PRICE, STOCK = (
    f"{{name: {name}, type: {kind}, description: x}}"
    for name, kind in (("id", "VARCHAR"), ("price", "BIGINT"), ("stock", "BIGINT"))
)


def test_rows_are_recognised_by_the_key_and_changes_counted_per_column(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    things = table_of(f"{ID}, {PRICE}, {STOCK}")
    columns = "unnest([{}]) as id, unnest([{}]) as price, unnest([{}]) as stock"
    one = moved(
        con,
        tmp_path,
        (things, columns.format("'a', 'b', 'c', null, 'e'", "1, 2, 3, 4, 5", "1, 1, null, 1, 1")),
        (things, columns.format("'a', 'b', 'c', null, 'f', 'g'", "1, 3, 3, 9, 5, 5", "1, 2, 7, 7, 1, 1")),
    )
    assert asdict(one) == {
        "table": "marts.things", "rows_before": 5, "rows_after": 6, "added": 2, "removed": 1, "changed": 3,
        "columns": {"stock": 3, "price": 2}, "new_columns": [], "lost_columns": [],
    }  # fmt: skip
    assert list(one.columns) == ["stock", "price"]


def test_without_a_key_equal_rows_are_counted(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    things = table_of(f"{ID}, {PRICE}", key="[]")
    one = moved(
        con,
        tmp_path,
        (things, "unnest(['a', 'a', 'b', null]) as id, unnest([1, 1, 2, null]) as price"),
        (things, "unnest(['a', 'a', 'a', 'b', null]) as id, unnest([1, 1, 1, 3, null]) as price"),
    )
    assert (one.added, one.removed, one.changed, one.columns) == (2, 1, 0, {})


def test_columns_that_only_one_release_has_are_named_and_the_others_compared(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    one = moved(
        con,
        tmp_path,
        (table_of(f"{ID}, {PRICE}"), "unnest(['a', 'b']) as id, unnest([1, 2]) as price"),
        (table_of(f"{ID}, {PRICE}, {STOCK}"), "unnest(['a', 'b']) as id, unnest([1, 3]) as price, 5::bigint as stock"),
    )
    assert (one.added, one.removed, one.columns, one.new_columns, one.lost_columns) == (0, 0, {"price": 1}, ["stock"], [])  # fmt: skip
    text = PRICE.replace("BIGINT", "VARCHAR")
    one = moved(con, tmp_path, (table_of(f"{ID}, {text}"), "unnest(['a', 'b']) as id, unnest(['1', '4']) as price"))
    assert (one.added, one.removed, one.changed, one.columns) == (0, 0, 0, {})
    assert (one.new_columns, one.lost_columns, one.is_same) == (["price"], ["price", "stock"], False)


def test_a_table_that_only_one_release_has_is_wholly_new_or_gone(
    con: duckdb.DuckDBPyConnection, mart: Contract, tmp_path: Path
) -> None:
    things = table_of(ID)
    con.execute("create table marts.products as select 'a' as product_id, 1::decimal(18, 2) as price")
    con.execute("create table marts.things as select unnest(['a', 'b']) as id")
    releases.publish(con, [mart], tmp_path, run_id="r", shop="s", keep=3)
    releases.publish(con, [things], tmp_path, run_id="r", shop="s", keep=3)
    gone, new = compare(tmp_path, {}).tables
    assert (gone.rows_before, gone.rows_after, gone.is_same) == (1, None, False)
    assert (gone.removed, gone.added, gone.changed) == (1, 0, 0)
    assert (new.rows_before, new.rows_after, new.is_same) == (None, 2, False)
    assert (new.removed, new.added, new.changed) == (0, 2, 0)


def test_a_question_that_a_release_has_no_columns_for_says_so(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    forecasts = CONTRACTS["marts.sales_forecasts"]
    older = forecasts.model_copy(
        update={"columns": tuple(one for one in forecasts.columns if one.name != "forecast_revenue")}
    )
    publish(con, tmp_path, {}, [older])
    profiles = CONTRACTS["marts.customer_profiles"]
    numbered = profiles.model_copy(
        update={"columns": tuple(one.model_copy(update={"type": "BIGINT"}) for one in profiles.columns)}
    )
    publish(con, tmp_path, FIRST, [forecasts, profiles])
    found = compare(tmp_path)
    assert found.answers["forecasts"].lacking == "before has no marts.sales_forecasts.forecast_revenue"
    assert found.answers["segments"].lacking == "before has no marts.customer_profiles"
    assert found.answers["loads"].lacking == "before has no ops.loads; after has no ops.loads"
    assert found.cause.startswith("The cause is not known")
    publish(con, tmp_path, {}, [forecasts, numbered])
    unlike = compare(tmp_path).answers["segments"].lacking
    assert "marts.customer_profiles.customer_id is VARCHAR before and BIGINT after" in unlike


def test_what_cannot_be_compared_is_named(con: duckdb.DuckDBPyConnection, mart: Contract, tmp_path: Path) -> None:
    con.execute("create table marts.products as select 'a' as product_id, 1::decimal(18, 2) as price")
    one, two = (releases.publish(con, [mart], tmp_path, run_id="r", shop="s", keep=3).release_id for _ in range(2))
    with pytest.raises(releases.ReleaseError, match="no release nonsense"):
        difference(tmp_path, one, "nonsense", {}, memory_limit="500MB", threads=1)
    (tmp_path / two / "release.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(releases.ReleaseError, match=rf"cannot be compared: .*{two}/release\.duckdb"):
        compare(tmp_path)


def test_the_page_fits_says_everything_and_takes_no_name_for_markup(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    contracts = [CONTRACTS[table] for table in ASKED if table != "marts.sales_forecasts"]
    odd = [{**row, "product_name": "Lamp [/b] :star:"} for row in SECOND["marts.recommendations"]]
    publish(con, tmp_path, FIRST, contracts)
    publish(con, tmp_path, {**SECOND, "marts.recommendations": odd, "ops.loads": FIRST["ops.loads"]}, contracts)
    found = compare(tmp_path)
    page = io.StringIO()
    show_difference(plain_console(width=cli.NARROWEST, file=page), found)
    assert max(map(len, page.getvalue().splitlines())) <= cli.NARROWEST
    text = " ".join(page.getvalue().split())
    assert found.cause in text
    assert "Lamp [/b] :star:" in text
    assert "Tables that moved, 6 of 7" in text
    assert "Nothing moved in: Files loaded." in text
    assert (
        "Not compared: Forecast revenue over the days that both forecast: before has no marts.sales_forecasts" in text
    )
    titles = [answer.title for answer in found.answers.values() if answer.rows]
    assert [title for title in titles if title not in text] == []
    json.dumps(asdict(found), default=str)


def test_a_rollback_moves_one_link_and_so_takes_no_time_at_any_size(
    con: duckdb.DuckDBPyConnection, mart: Contract, tmp_path: Path
) -> None:
    con.execute(
        "create table marts.products as select range::varchar as product_id, (hash(range) % 100000)::decimal(18, 2) as price"
        " from range(2_000_000)"
    )
    large = releases.publish(con, [mart], tmp_path, run_id="r", shop="s", keep=3).release_id
    con.execute(
        "create or replace table marts.products as select product_id, (price + 1)::decimal(18, 2) as price from marts.products limit 9"
    )
    releases.publish(con, [mart], tmp_path, run_id="r", shop="s", keep=3)

    def files() -> dict[Path, tuple[int, int]]:
        found = (path for one in releases.list_ids(tmp_path) for path in (tmp_path / one).rglob("*"))
        return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}

    (one,) = compare(tmp_path, {mart.name: mart}).tables
    assert (one.rows_before, one.removed, one.added, one.columns) == (2_000_000, 1_999_991, 0, {"price": 9})
    before = files()
    assert {path.name for path in before} >= {
        "release.duckdb",
        "views.duckdb",
        "marts.products.parquet",
        "manifest.json",
    }
    started = time.perf_counter()
    assert releases.rollback(tmp_path).release_id == large
    assert time.perf_counter() - started < 1
    assert (releases.current_id(tmp_path), files()) == (large, before)
