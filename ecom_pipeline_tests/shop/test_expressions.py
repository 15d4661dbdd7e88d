"""What a shop may write as SQL, what it may not, and what becomes of a row it cannot be computed for."""

from __future__ import annotations

import duckdb
import pytest

from ecom_pipeline.shop.expressions import ExpressionError, check_format, parse_expression

CON = duckdb.connect()


def computed(text: str, row: dict[str, str | None], **kind: bool) -> object:
    columns = ", ".join(f'cast(? as varchar) as "{name}"' for name in row)
    answer = CON.execute(f"select {parse_expression(text, **kind).sql} from (select {columns})", list(row.values()))
    return answer.fetchall()[0][0]


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("Quantity > 0", {"Quantity": "6"}, True),
        ("Quantity > 0", {"Quantity": "0.30"}, True),
        ("Quantity > 0", {"Quantity": "-1"}, False),
        ("0 < Quantity", {"Quantity": "1,200"}, True),
        ("Quantity between 1 and 5", {"Quantity": "5.0"}, True),
        ("Quantity in (1, 2)", {"Quantity": "2.00"}, True),
        ("Quantity > 0", {"Quantity": "many"}, None),
        ("Quantity > 0", {"Quantity": None}, None),
        ("code > '0'", {"code": "10"}, True),
        ("code = '010'", {"code": "10"}, False),
        ("code ~ '^C' -- cancelled", {"code": "C1"}, True),
        ("regexp_replace(id, '\\.0$', '')", {"id": "17850.0"}, "17850"),
        ("cast(code as integer)", {"code": "x"}, None),
        ('"Unit Price" * 2 > 1', {"Unit Price": "$0.60"}, True),
        ("数量 > 0", {"数量": "3"}, True),
        ("json_extract_string(product, '$.sku')", {"product": '{"sku": "A1"}'}, "A1"),
        ("list_filter(string_split(a, ','), lambda a: a > '1')[1]", {"a": "1,2"}, "2"),
    ],
)
def test_is_computed_over_text_or_null(text: str, row: dict[str, str | None], expected: object) -> None:
    assert computed(text, row) == expected


def test_a_product_of_columns_is_exact() -> None:
    assert str(computed("-Quantity * UnitPrice", {"Quantity": "-3", "UnitPrice": "0.1"})) == "0.300000000000"


def test_numbers_are_read_in_the_spelling_of_the_source() -> None:
    assert computed("amount > 1000", {"amount": "1.234,50"}, decimal_comma=True) is True
    assert computed("amount > 1000", {"amount": "1.234,50"}) is None


def test_tells_the_columns_it_uses() -> None:
    assert parse_expression('a || "B c" || a || _file').columns == ("a", "B c")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a, b", "exactly one"),
        ("a; drop table raw.rows", "exactly one"),
        ("a as b", "without a name"),
        ("a from raw.other", "without further clauses"),
        ("a where b", "without further clauses"),
        ("select 1", "one SQL expression"),
        ("a >", "one SQL expression"),
        ("a) or (b", "one SQL expression"),
        ("(select max(a) from raw.other)", "a subquery"),
        ("exists (select 1)", "a subquery"),
        ("read_csv('x.csv')", "reads tables or files"),
        ("read_text('/etc/hostname')", "reads tables or files"),
        ("glob('*')", "reads tables or files"),
        ("getenv('HOME')", "not the same every time"),
        ("current_setting('home_directory')", "not the same every time"),
        ("now()", "not the same every time"),
        ("current_date", "not the same every time"),
        ("random()", "not the same every time"),
        ("nextval('s')", "not the same every time"),
        ("count(a)", "looks at other rows"),
        ("bit_or(a)", "bit_or, which looks at other rows"),
        ("quantile_cont(a, 0.5)", "quantile_cont, which looks at other rows"),
        ("row_number() over ()", "a window function"),
        ("other.a", "plain column names"),
        ("*", "a star"),
        ("columns('.*')", "columns()"),
        ("?", "a parameter"),
        ("nosuch(a)", "does not exist"),
        ("sqrt(a)", "type"),
    ],
)
def test_refuses_what_is_not_an_expression_over_one_row(text: str, words: str) -> None:
    with pytest.raises(ExpressionError, match="expected") as refused:
        parse_expression(text)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_condition_is_true_or_false() -> None:
    with pytest.raises(ExpressionError, match="true or false, found one of type VARCHAR"):
        parse_expression("a", condition=True)


@pytest.mark.parametrize("form", ["%Q", "yyyy-mm-dd"])
def test_refuses_a_format_nobody_can_read(form: str) -> None:
    with pytest.raises(ExpressionError, match="expected a format such as"):
        check_format(form)
