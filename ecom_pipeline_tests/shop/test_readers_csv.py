"""Delimited text: the dialect is found, the text is untouched, and no line of a file is ever lost."""

from __future__ import annotations

import csv
import gzip
import re
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ecom_pipeline.shop.errors import InputError
from ecom_pipeline.shop.options import ReadOptions
from ecom_pipeline.shop.readers import FileRead, looks_partial, read_file
from ecom_pipeline.shop.readers import delimited as delimited_module
from ecom_pipeline.shop.readers.files import NO_TEXT
from ecom_pipeline_tests.database import in_memory


@pytest.fixture
def con():
    with in_memory() as connection:
        yield connection


def load(con, folder: Path, content: bytes, name: str = "orders.csv", **options) -> FileRead:
    path = folder / name
    path.write_bytes(content)
    return read_file(con, path, "t", options=ReadOptions(**options))


def rows(con, columns: str = "*") -> list[tuple]:
    return con.execute(f"select {columns} from t order by _row").fetchall()


HEAD = b"id,name,price\n"


def test_values_are_the_text_of_the_file_and_rows_are_numbered(con, tmp_path):
    found = load(con, tmp_path, HEAD + b'007, padded ,1.50\n8,"a ""b"", c",\n9,NULL,n/a\n')
    assert found.columns == ("id", "name", "price")
    assert (found.rows, found.unreadable, found.encoding) == (3, 0, "utf-8")
    assert rows(con) == [
        ("007", " padded ", "1.50", 1, None, None),
        ("8", 'a "b", c', None, 2, None, None),
        ("9", "NULL", "n/a", 3, None, None),
    ]
    assert [(name, kind) for name, kind, *_ in con.execute("describe t").fetchall()] == [
        *((name, "VARCHAR") for name in ("id", "name", "price")),
        ("_row", "BIGINT"),
        ("_problem", "VARCHAR"),
        ("_line", "VARCHAR"),
    ]


BELOW = HEAD + b"1,a,2.50\n2,b,3.50\n3,c,4.50\n"


@pytest.mark.parametrize(
    "above",
    [
        b"Orders of June\n",
        b'"a title\nof two lines"\n\n"1 June, 2024"\n',
        b"\xef\xbb\xbfOrders of June,,\n,,\n",
        b"# ----\n# All shops\n# ----\n\n",
    ],
    ids=["a title", "lines in quotes and a blank one", "padded by a spreadsheet", "comments"],
)
def test_what_stands_above_the_header_is_passed_over_and_told(con, tmp_path, above):
    found = load(con, tmp_path, above + BELOW)
    assert (found.columns, found.rows, found.unreadable) == (("id", "name", "price"), 3, 0)
    assert rows(con, "id, _row") == [("1", 1), ("2", 2), ("3", 3)]
    assert any("above the header passed over" in notice for notice in found.notices)


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        (b"key,value\nx,1\ny,2\n", ("key", "value")),
        (b"id,,\n1,a,2.50\n2,b,3.50\n", ("id", "column_2", "column_3")),
        (b"a,,\nb,c,d\nb,e,f\n", ("a", "column_2", "column_3")),
        (b"id,name\n1,a,2.50\n2,b,3.50\n3,c,4.50\n", ("id", "name")),
    ],
    ids=["two columns", "data below a poor header", "texts that repeat below it", "a header that is too short"],
)
def test_a_poor_header_is_no_title(con, tmp_path, content, columns):
    found = load(con, tmp_path, content)
    assert found.columns == columns
    assert not any("above the header" in notice for notice in found.notices)


def test_stated_options_are_not_overruled_by_a_title(con, tmp_path):
    assert load(con, tmp_path, b"Orders,,\n" + BELOW, skip_rows=0).columns == ("Orders", "column_2", "column_3")
    assert load(con, tmp_path, b"Orders,,\n" + BELOW, header=False).rows == 5


def test_ragged_lines_stay_at_their_place_with_what_is_wrong(con, tmp_path):
    found = load(con, tmp_path, HEAD + b"1,2\n1,a,2\n5\n3,b,c,d,e\n2,b,3\n1,2,3,\n")
    assert (found.rows, found.unreadable) == (3, 3)
    assert rows(con, "id, _row, _problem, _line") == [
        (None, 1, "expected 3 fields, found 2", "1,2"),
        ("1", 2, None, None),
        (None, 3, "expected 3 fields, found 1", "5"),
        (None, 4, "expected 3 fields, found 5", "3,b,c,d,e"),
        ("2", 5, None, None),
        ("1", 6, None, None),
    ]


def test_lines_of_nothing_but_delimiters_do_not_count(con, tmp_path):
    found = load(con, tmp_path, b"id,name,price\n1,a,2\n,,\n2,,\n" + b",,\n" * 400)
    assert (found.rows, found.unreadable, found.notices) == (
        2,
        0,
        ("401 lines of nothing but delimiters do not count",),
    )
    assert rows(con, "id, _row") == [("1", 1), ("2", 3)]


@pytest.mark.parametrize("by_line", [False, True], ids=["duckdb", "line by line"])
def test_empty_fields_after_the_last_column_are_no_values(con, tmp_path, monkeypatch, by_line):
    if by_line:
        monkeypatch.setattr(delimited_module, "_fast", lambda *_: None)
    found = load(con, tmp_path, HEAD + b'1,a,2,\n2,b,3,,\n3,c,4,""\n4,d,"5\n",\n5,e,6, \n')
    assert (found.rows, found.unreadable) == (4, 1)
    assert rows(con, "id, price, _problem") == [
        ("1", "2", None),
        ("2", "3", None),
        ("3", "4", None),
        ("4", "5\n", None),
        (None, None, "expected 3 fields, found 4"),
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
def test_line_ends(con, tmp_path, end):
    found = load(con, tmp_path, end.join([b"id,name,price", b"1,a,2", b"1,2", b'3,"x\ny",4', b"5,b,6"]))
    assert (found.rows, found.unreadable) == (3, 1)
    assert rows(con, "id, name, _row, _line") == [
        ("1", "a", 1, None),
        (None, None, 2, "1,2"),
        ("3", "x\ny", 3, None),
        ("5", "b", 4, None),
    ]


def test_mixed_line_ends(con, tmp_path):
    found = load(con, tmp_path, b"id,name,price\r\n1,a,2\r\n2,b,3\n3,c,4\r4,d,5")
    assert (found.rows, found.unreadable) == (4, 0)
    assert rows(con, "id, price, _row") == [("1", "2", 1), ("2", "3", 2), ("3", "4", 3), ("4", "5", 4)]


def test_a_quote_that_is_never_closed_spoils_only_its_line(con, tmp_path):
    found = load(con, tmp_path, HEAD + b'1,a,2\n2,"b,3\n3,c,4\n4,"d\ne",5\n5,f,6\n')
    assert (found.rows, found.unreadable) == (4, 1)
    assert rows(con, "id, name, _row, _problem, _line")[1] == (None, None, 2, "quote is not closed", '2,"b,3')
    assert rows(con, "id, name, _row")[3:] == [("4", "d\ne", 4), ("5", "f", 5)]


@pytest.mark.parametrize(
    ("sound", "torn"),
    [(b"1,2,3,4", rb'"=c",""51","n\"","?"'), (b'"1","2","3","4"', rb'"=c",""51","m","n\"","?"')],
)
def test_a_line_of_which_duckdb_shows_another_is_kept_as_it_is(con, tmp_path, sound, torn):
    load(con, tmp_path, b"a,b,c,d\n" + sound + b"\n" + torn + b"\n7,8,9,1\n")
    assert rows(con, "a, _row, _line") == [("1", 1, None), (None, 2, torn.decode()), ("7", 3, None)]


def test_a_long_field_at_the_beginning(con, tmp_path):
    """Python's parser, which finds the dialect, takes 131,072 characters unless told otherwise."""
    before = csv.field_size_limit(131_072)
    try:
        assert load(con, tmp_path, b'id,"text"\n1,"' + b"x" * 150_000 + b'"\n2,y\n').rows == 2
    finally:
        csv.field_size_limit(max(before, csv.field_size_limit()))


@pytest.mark.parametrize("name", ["rowid", "ROWID"])
def test_a_column_called_rowid(con, tmp_path, name):
    load(con, tmp_path, f"{name},b\n9,1\n8,2\n".encode())
    assert rows(con, f"{name}, b, _row") == [("9", "1", 1), ("8", "2", 2)]


@pytest.mark.parametrize("name", ["[1].csv", "*.csv", "?.csv", "**.csv", "{1,2}.csv", "[!a].csv", "a'b.csv"])
def test_a_name_is_no_pattern(con, tmp_path, name):
    (tmp_path / "1.csv").write_text("a,b\nanother file,1\n")
    load(con, tmp_path, b"a,b\nthis file,1\n", name)
    assert rows(con, "a") == [("this file",)]


def test_a_quote_inside_a_value(con, tmp_path):
    found = load(con, tmp_path, HEAD + b'1,24" screen,2\n2,"x"y,3\n3,c,4\n')
    assert (found.rows, found.unreadable) == (2, 1)
    assert rows(con, "name, _row") == [('24" screen', 1), (None, 2), ("c", 3)]


def test_blank_lines_are_no_rows(con, tmp_path):
    found = load(con, tmp_path, b"\n\n" + HEAD + b"\n1,a,2\n\n\n1,2\n\n3,c,4\n\n")
    assert (found.rows, found.unreadable) == (2, 1)
    assert rows(con, "id, _row, _line") == [("1", 1, None), (None, 2, "1,2"), ("3", 3, None)]


def test_a_line_of_10_megabytes_is_refused_and_the_rest_loads(con, tmp_path):
    huge = b"2," + b"x" * 10_000_000 + b",3"
    found = load(con, tmp_path, HEAD + b"1,a,2\n" + huge + b"\n3,c,4\n")
    assert (found.rows, found.unreadable) == (2, 1)
    assert rows(con, "id, _row, _problem, length(_line)") == [
        ("1", 1, None, None),
        (None, 2, "line longer than 2000000 bytes", len(huge)),
        ("3", 3, None, None),
    ]


def test_a_line_that_duckdb_drops_without_a_word_is_found_by_counting(con, tmp_path):
    found = load(con, tmp_path, HEAD + b"1,a,2\n2," + b"x" * 60_000_000 + b",3\n3,c,4\n")
    assert (found.rows, found.unreadable) == (2, 1)
    assert any("line by line" in notice for notice in found.notices)
    place, problem, kept = con.execute(
        "select _row, _problem, length(_line) from t where _problem is not null"
    ).fetchall()[0]
    assert (place, kept >= 1 << 24) == (2, True)
    assert problem.startswith("line longer than 2000000 bytes (its first ")


def test_null_bytes_are_kept(con, tmp_path):
    load(con, tmp_path, HEAD + b"1,a\0b,2\n")
    assert rows(con, "name") == [("a\0b",)]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiters(con, tmp_path, delimiter):
    content = "id,when,text\n1,2011-01-01,a b\n2,2011-01-02,x y z\n".replace(",", delimiter)
    assert load(con, tmp_path, content.encode()).columns == ("id", "when", "text")
    assert rows(con, "text") == [("a b",), ("x y z",)]


def test_decimal_commas_do_not_hide_the_semicolon(con, tmp_path):
    assert load(con, tmp_path, b"sku;price\nA;2,50\nB;3,75\n").columns == ("sku", "price")


def test_columns_aligned_with_spaces(con, tmp_path):
    found = load(con, tmp_path, b" id  date  n   value\r\n" + b" 01 19970101  1   11.77\r\n" * 99 + b" 02 19970112\r\n")
    assert (found.columns, found.rows, found.unreadable) == (("id", "date", "n", "value"), 99, 1)
    assert rows(con, "id, value, _problem, _line")[98:] == [
        ("01", "11.77", None, None),
        (None, None, "expected 4 fields, found 2", " 02 19970112"),
    ]


def test_double_colons(con, tmp_path):
    lines = [f'{n}::Cité {n}: the "one", II::Animation|Comedy' for n in range(9)]
    found = load(con, tmp_path, "\n".join([*lines, "9::torn"]).encode("latin-1"), name="movies.dat")
    assert (found.columns, found.rows, found.unreadable) == (("column_1", "column_2", "column_3"), 9, 1)
    assert rows(con, "column_2")[3] == ('Cité 3: the "one", II',)


def test_single_quotes_and_backslash_escapes(con, tmp_path):
    load(con, tmp_path, b"id,name\n1,'a,b'\n2,'c,d'\n")
    assert rows(con, "name") == [("a,b",), ("c,d",)]
    load(con, tmp_path, b'id,name\n1,"say \\"hi, you\\" now"\n2,"c,d"\n')
    assert rows(con, "name") == [('say "hi, you" now',), ("c,d",)]


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        (b"1,2,pv\n3,4,buy\n", ("column_1", "column_2", "column_3")),
        (b"u1,p1,view\nu2,p2,view\n", ("column_1", "column_2", "column_3")),
        (b"user,item,what\nu1,p1,view\nu2,p2,view\n", ("user", "item", "what")),
        (b" id ,,ID,_row,id\n1,2,3,4,5\n", ("id", "column_2", "ID_2", "_row_2", "id_3")),
    ],
)
def test_header_or_not(con, tmp_path, content, columns):
    assert load(con, tmp_path, content).columns == columns


def test_options_override_detection(con, tmp_path):
    content = b"exported by shop\nsecond\na;b\n1;2\n"
    assert load(con, tmp_path, content, skip_rows=2, delimiter=";").columns == ("a", "b")
    assert load(con, tmp_path, b"a,b\nc,d\n", header=False, columns=["x", "y"]).rows == 2
    assert rows(con, "x, y") == [("a", "b"), ("c", "d")]
    assert load(con, tmp_path, b"2010,2011\n1,2\n", header=True).columns == ("2010", "2011")
    with pytest.raises(InputError, match="2 names"):
        load(con, tmp_path, b"a,b\n1,2\n", columns=["x"])


CHINESE = "订单编号,买家昵称,金额\n1,王小明,12.50\n2,李雷,“八折”\n3,韩梅梅,¥9.90\n"
JAPANESE = "注文番号,商品名,単価\n1,ソファ表示 ﾊﾝｶｸ,1200\n2,マグカップ,900\n"
LATIN = "id,name,price\n1,Zoë Müller,£5\n2,café au lait,€7\n"


@pytest.mark.parametrize(
    ("text", "encoding", "reported"),
    [
        (CHINESE, "utf-8", "utf-8"),
        (CHINESE, "utf-8-sig", "utf-8"),
        (CHINESE, "gb18030", "gb18030"),
        (CHINESE, "utf-16", "utf-16"),
        (JAPANESE, "cp932", "cp932"),
        (LATIN, "utf-16-le", "utf-16-le"),
        (LATIN, "utf-16-be", "utf-16-be"),
        (LATIN, "cp1252", "cp1252"),
        ("Номер заказа,Клиент,Сумма\n1,Иванов Иван,100\n2,Мария,7\n", "cp1251", "cp1251"),
        ("Αριθμός παραγγελίας,Ποσότητα,Τιμή\n1,2,3\n", "cp1253", "cp1253"),
        ("رقم الطلب,تاريخ الطلب,الكمية\n1,2,السعر\n", "cp1256", "cp1256"),
        ("หมายเลขคำสั่งซื้อ,จำนวน,ราคาขาย\n1,2,3\n", "cp874", "cp874"),
        ("Sipariş Numarası,Ürün Adı,Adet\n1,İnce bardak,3\n", "cp1254", "cp1254"),
        ("Numer zamówienia,Ilość,Wartość\n1,2,Łódź\n", "cp1250", "cp1250"),
        ("Číslo objednávky,Množství,Příjmení\n1,2,Dvořák\n", "cp1250", "cp1250"),
        ("주문번호,상품명,결제금액\n1,머그컵,12000\n2,유리잔,900\n", "cp949", "cp949"),
        ("訂單編號,商品名稱,數量\n1,馬克杯,2\n2,臺北茶壺,1\n", "cp950", "cp950"),
        ("日期,计划,花费\n1,计划一,2\n2,计划二,3\n", "gb18030", "gb18030"),
        ("id,size,price\n1,½ kg,£5\n2,10 °C,£7\n", "cp1252", "cp1252"),
        ("id,nombre,precio\n1,Niño Peña,5\n2,São Tomé,7\n", "cp1252", "cp1252"),
    ],
)
def test_encodings(con, tmp_path, text, encoding, reported):
    found = load(con, tmp_path, text.encode(encoding))
    lines = [tuple(line.split(",")) for line in text.splitlines()]
    assert (found.encoding, found.columns) == (reported, lines[0])
    assert [row[: len(lines[0])] for row in rows(con)] == lines[1:]


def test_an_encoding_that_shows_only_far_down_the_file(con, tmp_path):
    plain = b"".join(b"%d,plain,1\n" % number for number in range(500_000))
    found = load(con, tmp_path, b"id,name,price\n" + plain + "x,中文商品名称,1\n".encode("gb18030"))
    assert (found.encoding, found.rows, found.unreadable) == ("gb18030", 500_001, 0)
    assert con.execute("select name from t where id = 'x'").fetchall() == [("中文商品名称",)]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "with BOM"])
def test_a_few_bad_bytes_in_utf8_spoil_only_their_rows(con, tmp_path, mark):
    good = "".join(f"{number},王小明,1\n" for number in range(50)).encode()
    found = load(con, tmp_path, mark + HEAD + good + b"50,\xff\xfe,1\n" + b"51,ok,1\n")
    assert (found.encoding, found.rows, found.unreadable) == ("utf-8", 51, 1)
    assert rows(con, "_row, _problem, _line")[50] == (51, "not UTF-8", "50,\\xff\\xfe,1")


def test_a_bad_byte_in_gb18030_spoils_only_its_row(con, tmp_path):
    good = "".join(f"{number},王小明,1\n" for number in range(200)).encode("gb18030")
    found = load(con, tmp_path, HEAD + good + b"x,\xff,1\n", encoding="gb18030")
    assert (found.rows, found.unreadable) == (200, 1)


@pytest.mark.parametrize("stated", ["utf-8", "ascii", "utf_8"])
def test_a_wrong_stated_encoding_names_line_and_byte(con, tmp_path, stated):
    with pytest.raises(InputError, match=f"text in {stated}.*found '0xb6'") as caught:
        load(con, tmp_path, HEAD + b"1,a,2\n" + "2,订单,3\n".encode("gb18030"), encoding=stated)
    assert caught.value.row == 3
    assert con.execute("select count(*) from duckdb_tables() where table_name = 't'").fetchall() == [(0,)]


def test_an_unknown_encoding(con, tmp_path):
    with pytest.raises(InputError, match="name of an encoding, found 'klingon'"):
        load(con, tmp_path, HEAD, encoding="klingon")


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(("suffix", "pack"), [(".gz", gzip.compress), (".zst", zstd)])
def test_compressed_files(con, tmp_path, suffix, pack):
    content = HEAD + b"".join(b"%d,abcdef%d,1\n" % (number, number * 7919) for number in range(20_000))
    assert load(con, tmp_path, pack(content), f"orders.csv{suffix}").rows == 20_000
    with pytest.raises(InputError, match="expected a complete"):
        load(con, tmp_path, pack(content)[:-200], f"orders.csv{suffix}")
    with pytest.raises(InputError, match="file is empty"):
        load(con, tmp_path, pack(b""), f"orders.csv{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == [f"orders.csv{suffix}"]


def test_files_without_data(con, tmp_path):
    assert load(con, tmp_path, b"id,name,price").columns == ("id", "name", "price")
    assert con.execute("select count(*) from t").fetchall() == [(0,)]
    with pytest.raises(InputError, match="file is empty"):
        load(con, tmp_path, b"")
    with pytest.raises(InputError, match="only blank lines"):
        load(con, tmp_path, b"\r\n\n  \n")
    with pytest.raises(InputError, match="an existing file"):
        read_file(con, tmp_path / "absent.csv", "t")
    with pytest.raises(InputError, match="a file ending in"):
        load(con, tmp_path, b"x", "orders.docx")


def test_one_column(con, tmp_path):
    assert load(con, tmp_path, b"sku\nA\n\nB\n").rows == 2
    assert rows(con, "sku, _row") == [("A", 1), ("B", 2)]


def test_the_table_may_carry_a_schema_and_needs_quotes(con, tmp_path):
    con.execute("create schema raw").fetchall()
    path = tmp_path / "it's.csv"
    path.write_bytes(b"a,b\n1,2\n")
    read_file(con, path, "raw.select")
    read_file(con, path, '"raw"."or""der"')
    assert con.execute('select count(*) from raw."select", raw."or""der"').fetchall() == [(1,)]
    with pytest.raises(ValueError, match="not the name of a table"):
        read_file(con, path, 'raw."a; drop')


def test_only_columns_of_a_large_file_that_hardly_repeat_are_kept_without_a_dictionary(tmp_path):
    text = "".join(f"e{number:08},{number % 7},2024-01-01 {number}\n" for number in range(20_000))
    (tmp_path / "large.csv").write_text(HEAD.decode() + text, "utf-8")
    with duckdb.connect(str(tmp_path / "test.duckdb")) as con:
        read = read_file(con, tmp_path / "large.csv", "large")
        con.execute("checkpoint").fetchall()
        compressed = con.execute(
            "select distinct column_name, compression = 'ZSTD' from pragma_storage_info('large')"
            " where segment_type = 'VARCHAR' and column_name not in ('_problem', '_line') order by all"
        ).fetchall()
        first, second, third = read.columns
        assert compressed == sorted([(first, True), (second, False), (third, True)])
        told = con.execute(f'select "{first}" || \',\' || "{second}" || \',\' || "{third}" from large order by _row')
        assert "".join(f"{line}\n" for (line,) in told.fetchall()) == text


def test_the_settings_of_the_connection_survive(tmp_path):
    with duckdb.connect() as con:
        con.execute("set preserve_insertion_order = false").fetchall()
        load(con, tmp_path, HEAD + b"1,a,2\n")
        assert con.execute("select current_setting('preserve_insertion_order')").fetchall() == [(False,)]
        assert con.execute("select count(*) from duckdb_tables()").fetchall() == [(1,)]


@pytest.mark.slow
def test_places_are_right_when_duckdb_reads_in_parallel(con, tmp_path):
    lines = [b"%d,bad\n" % n if n % 1013 == 7 else b'%d,"a\nb",%d\n' % (n, n) for n in range(1_500_000)]
    found = load(con, tmp_path, HEAD + b"".join(lines))
    assert not found.notices
    assert found.rows + found.unreadable == len(lines)
    wrong = "select count(*) from t where coalesce(id, split_part(_line, ',', 1))::bigint <> _row - 1"
    assert con.execute(wrong).fetchall() == [(0,)]
    assert con.execute("select count(distinct _row) from t").fetchall() == [(len(lines),)]


field = st.text(st.sampled_from("ab\",;\n\r'\\ é中0"), max_size=5)


one_line = field.map(lambda value: value.translate({10: None, 13: None}))


@pytest.mark.slow
@example(lines=[["", "", "\r"], ["", "", "", "", ""]], quoted=True, end="\n")
@example(lines=[["", "'", "''"], ["", "'", "0'"]], quoted=False, end="\n")
@given(
    lines=st.lists(
        st.one_of(st.lists(field, min_size=3, max_size=3), st.lists(one_line, max_size=5)), min_size=1, max_size=12
    ),
    quoted=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_readers_lose_nothing(con, tmp_path, lines, quoted, end):
    """Well-formed rows come back whole; with raw quotes and line ends inside, every line that holds anything is accounted for."""
    if quoted:
        text = end.join(",".join('"' + value.replace('"', '""') + '"' for value in line) for line in lines)
        data = [line for line in lines if line]
    else:
        text = end.join(
            ",".join(value.replace("\n", "").replace("\r", "").replace('"', "") for value in line) for line in lines
        )
        data = [line.split(",") for line in text.split(end) if line]
    told = [place for place, line in enumerate(data, 1) if any(line) or len(line) < 3]
    found = load(con, tmp_path, ("h1,h2,h3" + end + text).encode(), header=True, delimiter=",", encoding="utf-8")
    assert found.rows + found.unreadable == len(told)
    assert con.execute("select coalesce(list(_row order by _row), []) from t").fetchall()[0][0] == told
    if quoted:
        three = [line for line in data if len(line) >= 3 and any(line) and not any(line[3:])]
        whole = [tuple(value or None for value in line[:3]) for line in three]
        kept = [row for row in rows(con, "h1, h2, h3, _problem") if row[3] is None]
        assert [row[:3] for row in kept if row[:3] in whole] == whole


def test_a_backslash_before_the_last_quote_is_a_backslash(con, tmp_path):
    load(con, tmp_path, HEAD + b'"1","a","\\"')
    assert rows(con, "id, name, price, _problem") == [("1", "a", "\\", None)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"x" * 10_000_000, "the first 262,144 bytes hold no end of one"),
        (b"ab," * 5_000 + b"c\n1,2\n", "at most 4,096 columns"),
    ],
    ids=["one line of 10 MB", "5,001 columns"],
)
def test_what_is_no_table_is_refused_at_once(con, tmp_path, content, words):
    with pytest.raises(InputError, match=words):
        load(con, tmp_path, content)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
@pytest.mark.parametrize(("magic", "words"), NO_TEXT.items(), ids=range(len(NO_TEXT)))
def test_what_is_named_like_text_and_holds_none_is_told(con, tmp_path, magic, words, suffix, pack):
    path = tmp_path / f"orders.{suffix}"
    path.write_bytes(pack(magic + b"id,name\n1,a\n"))
    with pytest.raises(InputError, match=f"expected text.*{re.escape(words)}"):
        read_file(con, path, "t")


@given(st.binary(max_size=400))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_rows_or_a_clear_refusal(con, tmp_path, content):
    try:
        found = load(con, tmp_path, b"a,b\n1,2\n" + content)
    except InputError:
        assert con.execute("select count(*) from duckdb_tables() where table_name = 't'").fetchall() == [(0,)]
    else:
        assert con.execute("select count(*), count(distinct _row) from t").fetchall() == [
            (found.rows + found.unreadable,) * 2
        ]


def test_the_two_readers_agree(con, tmp_path, monkeypatch):
    content = HEAD + b'1,"a\nb",2\n\n2,b\n3,"x ""y""",4\n5,,6\n1,2,3,4,5\n'.replace(b"\n\n", b"\n")
    load(con, tmp_path, content)
    fast = rows(con)
    monkeypatch.setattr(delimited_module, "_fast", lambda *_: None)
    load(con, tmp_path, content)
    assert rows(con) == fast


def test_partial_files():
    partial = ["a.csv.tmp", "a.csv.part", "b.crdownload", "~$a.xlsx", ".hidden.csv", "a.csv~", "A.CSV.PART"]
    assert all(looks_partial(Path("x") / name) for name in partial)
    assert not any(looks_partial(Path(".x") / name) for name in ["a.csv", "part.csv", "a.tmp.csv", "a.json.gz"])
