"""JSON, Parquet and Excel: what is in the file comes back as exact text."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.options import ReadOptions
from ecom_pipeline.shop.readers import read_file
from ecom_pipeline_tests.database import in_memory


@pytest.fixture
def con():
    with in_memory() as connection:
        yield connection


def load(con, path: Path, content: bytes, **options):
    path.write_bytes(content)
    return read_file(con, path, "t", options=ReadOptions(**options))


def rows(con, columns: str = "*") -> list[tuple]:
    return con.execute(f"select {columns} from t order by _row").fetchall()


def test_json_lines(con, tmp_path):
    content = """{"id": 1, "price": 1.10, "at": null, "items": [{"sku": "A", "n": 2.50}], "name": "王"}
{"id": 12345678901234567890123, "extra/~key": true, "name": ""}

{"id": 3, "price": "x",
[1, 2]
{"id":"5","items":{"a":"\\u4e2d \\"q\\""},"ID":6}
"""
    found = load(con, tmp_path / "orders.jsonl", content.encode())
    assert found.columns == ("id", "price", "at", "items", "name", "extra/~key", "ID_2")
    assert (found.rows, found.unreadable, found.dialect) == (3, 2, "json lines")
    assert rows(con) == [
        ("1", "1.10", None, '[{"sku":"A","n":2.50}]', "王", None, None, 1, None, None),
        ("12345678901234567890123", None, None, None, None, "true", None, 2, None, None),
        (*[None] * 7, 3, "not valid JSON", '{"id": 3, "price": "x",'),
        (*[None] * 7, 4, "expected an object, found array", "[1, 2]"),
        ("5", None, None, '{"a":"中 \\"q\\""}', None, None, "6", 5, None, None),
    ]


def test_json_array(con, tmp_path):
    found = load(con, tmp_path / "orders.json", b'\xef\xbb\xbf [{"id": 1,\n "price": 1.10},\n 7, {"id": 2}]')
    assert (found.columns, found.rows, found.unreadable, found.dialect) == (("id", "price"), 2, 1, "json array")
    assert rows(con) == [
        ("1", "1.10", 1, None, None),
        (None, None, 2, "expected an object, found ubigint", "7"),
        ("2", None, 3, None, None),
    ]


def test_a_key_given_twice_has_no_value(con, tmp_path):
    lines = b'{"id": 1, "id": 2}\n{"id": 3, "more": {"id": 4, "id": 5}}\n{"id": 1.50, "ID": 2}\n{"id": 1.50, "id": 2}\n'
    load(con, tmp_path / "orders.jsonl", lines)
    assert rows(con, "id, _row, _problem, _line") == [
        (None, 1, "expected every key once", '{"id": 1, "id": 2}'),
        ("3", 2, None, None),
        ("1.50", 3, None, None),
        (None, 4, "expected every key once", '{"id": 1.50, "id": 2}'),
    ]


@pytest.mark.parametrize("suffix", ["jsonl", "json", "parquet"])
def test_a_name_is_no_pattern(con, tmp_path, suffix):
    for folder, text in (("a", "another file"), ("[a]", "this file")):
        (tmp_path / folder).mkdir()
        for name in ("1", "[1]", "*"):
            path = tmp_path / folder / f"{name}.{suffix}"
            if suffix == "parquet":
                pq.write_table(pa.table({"id": [f"{text} {name}"]}), path)
            else:
                content = json.dumps({"id": f"{text} {name}"})
                path.write_text(f"[{content}]" if suffix == "json" else content)
    for name in ("1", "[1]", "*"):
        read_file(con, tmp_path / "[a]" / f"{name}.{suffix}", "t")
        assert rows(con, "id") == [(f"this file {name}",)]


def test_json_damage(con, tmp_path):
    with pytest.raises(InputError, match="readable jsonl source"):
        load(con, tmp_path / "orders.json", b'[{"id": 1}, {"id": }]')
    for cut in (b'[{"id": 1}, {"id":', b'[{"id": 1},', b'[{"id": 1},\n \n', b'[{"id": 1}', b"["):
        with pytest.raises(InputError, match="expected a complete array: it does not end with ']'"):
            load(con, tmp_path / "orders.json", cut)
    with pytest.raises(InputError, match="readable jsonl source"):
        load(con, tmp_path / "orders.json", b'{\n "orders": [\n1\n],\n "count":')
    with pytest.raises(InputError, match="only blank lines"):
        load(con, tmp_path / "orders.jsonl", b"\n\n")
    with pytest.raises(InputError, match="an object on every line"):
        load(con, tmp_path / "orders.json", b"[]")


def test_an_object_over_several_lines(con, tmp_path):
    found = load(con, tmp_path / "orders.json", b'\xef\xbb\xbf{\n "id": 1,\n "more": [\n1.50\n]\n}\n{\n"id": 2}')
    assert (found.rows, rows(con, "id, more, _row")) == (2, [("1", "[1.50]", 1), ("2", None, 2)])
    load(con, tmp_path / "answer.json", b'{"orders": [' + b",".join([b'{"id": 1}'] * 300_000) + b"]}")
    assert rows(con, "json_array_length(orders)") == [(300_000,)]
    found = load(con, tmp_path / "orders.jsonl", b'{"id": 1, "cut": \n{"id": 2}\n')
    assert (found.rows, found.unreadable) == (1, 1)


ORDERS = [
    {"id": 1, "lines": [{"sku": "A", "price": "1.10"}, {"sku": "B"}], "at": "x"},
    {"id": 2, "lines": []},
    {"id": 3},
    {"id": 4, "lines": {"sku": "C"}},
    {"id": 5, "lines": ["D", 7]},
]


@pytest.mark.parametrize("suffix", ["jsonl", "json", "csv", "parquet"])
def test_a_row_for_each_element_of_a_list(con, tmp_path, suffix):
    path = tmp_path / f"orders.{suffix}"
    texts = [(str(one["id"]), json.dumps(one["lines"]) if "lines" in one else None) for one in ORDERS]
    if suffix == "parquet":
        pq.write_table(pa.table({"id": [id for id, _ in texts], "lines": [lines for _, lines in texts]}), path)
    elif suffix == "csv":
        path.write_text("id|lines\n" + "".join(f"{id}|{lines or ''}\n" for id, lines in texts))
    else:
        path.write_text(json.dumps(ORDERS) if suffix == "json" else "\n".join(map(json.dumps, ORDERS)))
    found = read_file(con, path, "t", options=ReadOptions(each="Lines"))
    assert found.rows == 7
    assert rows(con, "id, json_extract_string(case when lines[1] = '{' then lines end, '$.sku'), lines, _row") == [
        ("1", "A", '{"sku":"A","price":"1.10"}', 1),
        ("1", "B", '{"sku":"B"}', 2),
        ("2", None, None, 3),
        ("3", None, None, 4),
        ("4", "C", '{"sku": "C"}' if suffix in ("csv", "parquet") else '{"sku":"C"}', 5),
        ("5", None, "D", 6),
        ("5", None, "7", 7),
    ]


def test_a_list_inside_an_object_and_an_object_without_it(con, tmp_path):
    events = [{"id": 1, "data": {"order": 7, "items": [{"sku": "A"}, {"sku": "B"}]}}, {"id": 2, "data": {"sku": "C"}}]
    content = "\n".join([*map(json.dumps, events), "{", '{"id": 3}']).encode()
    found = load(con, tmp_path / "events.jsonl", content, each="data.items")
    assert (found.rows, found.unreadable) == (4, 1)
    told = "id, json_extract_string(\"data.items\", '$.sku'), json_extract_string(data, '$.order'), _problem"
    assert rows(con, told) == [
        ("1", "A", "7", None),
        ("1", "B", "7", None),
        ("2", "C", None, None),
        (None, None, None, "not valid JSON"),
        ("3", None, None, None),
    ]


def test_a_file_without_the_list_is_read_as_it_is(con, tmp_path):
    found = load(con, tmp_path / "orders.jsonl", b'{"id": 1}\n', each="lines")
    assert (found.columns, rows(con, "id, _row")) == (("id",), [("1", 1)])


def test_json_lines_that_cannot_be_read_stay_at_their_place(con, tmp_path):
    good = '{"a":"王小明"}\n'.encode()
    found = load(con, tmp_path / "a.jsonl", good * 9 + b'{"a":"\xff"}\n{"a":"' + b"x" * 3_000_000 + b'"}\n' + good)
    assert (found.rows, found.unreadable) == (10, 2)
    assert rows(con, "_row, _problem, length(_line)")[8:] == [
        (9, None, None),
        (10, "not UTF-8", 12),
        (11, "line longer than 2000000 bytes", 3_000_008),
        (12, None, None),
    ]


def test_json_in_another_encoding_and_packed(con, tmp_path):
    content = '{"订单编号": "1", "昵称": "王小明"}\n' * 3
    found = load(con, tmp_path / "a.jsonl.gz", gzip.compress(content.encode("gb18030")))
    assert (found.columns, found.encoding, found.rows) == (("订单编号", "昵称"), "gb18030", 3)


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5)
)


@given(
    st.lists(st.dictionaries(st.sampled_from(["a", "b", "c d", "e/~f"]), scalars, min_size=1), min_size=1, max_size=6)
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_json_values_are_the_text_they_are_written_with(con, tmp_path, objects):
    content = "\n".join(json.dumps(item) for item in objects)
    found = load(con, tmp_path / "x.jsonl", content.encode())
    expected = [
        tuple(
            None
            if (value := item.get(column)) is None or value == ""
            else value
            if isinstance(value, str)
            else json.dumps(value)
            for column in found.columns
        )
        for item in objects
    ]
    assert [row[: len(found.columns)] for row in rows(con)] == expected


def test_parquet(con, tmp_path):
    path = tmp_path / "orders.parquet"
    con.execute(
        f"""copy (select i as id, (i / 3)::decimal(18, 4) as price, timestamp '2024-01-01' + to_seconds(i) as "At",
            timestamptz '2024-01-01 00:00:00+08' as tz, [1.5, 2] as list, '' as empty,
            null as nothing, 0.1::double as float
            from range(300000) r(i)) to '{path}' (row_group_size 20000)"""
    ).fetchall()
    con.execute("set timezone = 'Asia/Shanghai'").fetchall()
    found = read_file(con, path, "t")
    assert (found.rows, found.unreadable) == (300_000, 0)
    assert con.execute("select count(*) from t where id::bigint + 1 <> _row").fetchall() == [(0,)]
    assert con.execute("select * from t where _row = 2").fetchall() == [
        (
            "1",
            "0.3333",
            "2024-01-01 00:00:01",
            "2023-12-31 16:00:00+00:00",
            "[1.5,2.0]",
            None,
            None,
            "0.1",
            2,
            None,
            None,
        )
    ]
    with pytest.raises(InputError, match="readable parquet source"):
        load(con, tmp_path / "broken.parquet", path.read_bytes()[:-500])
    with pytest.raises(InputError, match="file is empty"):
        load(con, tmp_path / "broken.parquet", b"")


@pytest.mark.parametrize(
    ("rows", "kept"), [(60_000, [("kind", False), ("name", True)]), (2_000, [("kind", False), ("name", False)])]
)
def test_only_columns_of_a_large_parquet_file_that_hardly_repeat_are_kept_without_a_dictionary(tmp_path, rows, kept):
    path = tmp_path / "large.parquet"
    with duckdb.connect(str(tmp_path / "test.duckdb")) as con:
        con.execute(
            f"copy (select 'name ' || i as name, 'kind ' || i % 7 as kind from range({rows}) r(i)) to '{path}'"
        ).fetchall()
        assert read_file(con, path, "large").rows == rows
        con.execute("checkpoint").fetchall()
        compressed = con.execute(
            "select distinct column_name, compression = 'ZSTD' from pragma_storage_info('large')"
            " where segment_type = 'VARCHAR' and column_name in ('name', 'kind') order by all"
        ).fetchall()
        assert compressed == kept
        wrong = "name <> 'name ' || (_row - 1) or kind <> 'kind ' || (_row - 1) % 7"
        assert con.execute(f"select count(*) filter ({wrong}), max(_row) from large").fetchall() == [(0, rows)]


@pytest.fixture
def workbook(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Orders"
    for row in (
        [None, None],
        ["订单编号", "when", "day", "price", "count", "ok", None, "when"],
        ["007", dt.datetime(2024, 1, 31, 13, 5, 9), dt.date(2024, 2, 29), 0.1, 17850, True, None, "x"],
        [None] * 8,
        [12345678901234, dt.datetime(2024, 1, 31), dt.time(8, 30), 1e-7, -3.0, False, " a\nb ", "y"],
    ):
        sheet.append(row)
    book.create_sheet("Notes").append(["a", "b"])
    book.create_sheet("Blank")
    path = tmp_path / "orders.xlsx"
    book.save(path)
    return path


def test_excel(con, workbook):
    found = read_file(con, workbook, "t")
    assert found.columns == ("订单编号", "when", "day", "price", "count", "ok", "column_7", "when_2")
    assert (found.rows, found.unreadable) == (2, 0)
    assert any("sheet 'Orders' of Orders, Notes, Blank" in notice for notice in found.notices)
    assert [row[:9] for row in rows(con)] == [
        ("007", "2024-01-31T13:05:09", "2024-02-29", "0.1", "17850", "true", None, "x", 1),
        ("12345678901234", "2024-01-31", "08:30:00", "1e-07", "-3", "false", " a\nb ", "y", 2),
    ]


def test_a_title_above_the_header_of_a_sheet(con, tmp_path):
    book = openpyxl.Workbook()
    for row in (["Sales of June"], [], ["Date", "Item", "Pieces"], ["2024-06-18", "Mug", 2], [None, "Pot", 1]):
        book.active.append(row)
    book.save(tmp_path / "sales.xlsx")
    found = read_file(con, tmp_path / "sales.xlsx", "t")
    assert (found.columns, found.rows) == (("Date", "Item", "Pieces"), 2)
    assert found.notices == (
        "1 line above the header passed over ('Sales of June'); state options.skip_rows if not so",
    )
    assert read_file(con, tmp_path / "sales.xlsx", "t", options=ReadOptions(skip_rows=0)).columns[0] == "Sales of June"


def test_groups_of_columns_are_named_above_the_header_of_a_sheet(con, tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ["Item", None, None, "Prices", None, "Stock", None],
        ["SKU", "Name", "Kind", "Sale", "Cost", "Left", "Days"],
    ):
        book.active.append(row)
    for number in range(3):
        book.active.append([f"A{number}", f"Mug {number}", "Mugs", 12.5 + number, 5 + number, 7, 14])
    book.save(tmp_path / "items.xlsx")
    found = read_file(con, tmp_path / "items.xlsx", "t")
    assert (found.columns, found.rows) == (("SKU", "Name", "Kind", "Sale", "Cost", "Left", "Days"), 3)
    assert "1 line above the header passed over ('Item Prices Stock')" in found.notices[0]


def test_excel_sheets_and_damage(con, workbook, tmp_path):
    assert read_file(con, workbook, "t", options=ReadOptions(sheet="Notes")).columns == ("a", "b")
    assert read_file(con, workbook, "t", options=ReadOptions(sheet="Notes")).rows == 0
    with pytest.raises(InputError, match="a sheet among Orders, Notes, Blank, found 'Absent'"):
        read_file(con, workbook, "t", options=ReadOptions(sheet="Absent"))
    with pytest.raises(InputError, match="sheet 'Blank' is empty"):
        read_file(con, workbook, "t", options=ReadOptions(sheet="Blank"))
    with pytest.raises(InputError, match=r"complete workbook"):
        load(con, tmp_path / "cut.xlsx", workbook.read_bytes()[:-300])
    with pytest.raises(InputError, match=r"complete workbook"):
        load(con, tmp_path / "text.xlsx", b"id,name\n1,2\n")
