"""Reading ``shop.yaml``: every mistake is named with its line, and nothing is guessed silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.errors import ShopError
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline_tests.shop.shops import CONTRACTS

GOOD = """\
name: online_retail
timezone: Europe/London
currency: GBP
country: GB
exchange_rates: {EUR: 0.86}
tolerances: {order_items: 0.1}
sources:
  lines:
    files: "*.csv.gz"
    options: {header: true}
    inputs:
      orders:
        where: "Quantity > 0"
        columns:
          order_id: InvoiceNo
          ordered_at: {column: InvoiceDate, format: "%Y-%m-%d %H:%M:%S", timezone: UTC}
          customer_id: {sql: "regexp_replace(CustomerID, '\\\\.0$', '')"}
          status: {column: State, values: {paid: completed}, otherwise: pending}
          currency: {value: EUR}
      order_items:
        columns: {order_id: InvoiceNo, product_id: StockCode, quantity: Quantity, unit_price: UnitPrice}
"""


def load(folder: Path, text: str, **environment: str) -> Shop:
    path = folder / "shop.yaml"
    path.write_text(text, "utf-8")
    return load_shop(path, environment, CONTRACTS)


def test_a_good_file(tmp_path: Path) -> None:
    shop = load(tmp_path, GOOD)
    orders = shop.sources["lines"].inputs["orders"]
    assert orders.columns["order_id"].column == "InvoiceNo"
    assert str(shop.rates["EUR"]) == "0.86"
    assert shop.rates["GBP"] == 1
    assert list(shop.used_columns("lines")) == [
        "Quantity",
        "InvoiceNo",
        "InvoiceDate",
        "CustomerID",
        "State",
        "StockCode",
        "UnitPrice",
    ]
    assert {"events", "products", "refunds", "calendar"} <= set(shop.missing_inputs())
    assert not {"orders", "order_items", "exchange_rates"} & set(shop.missing_inputs())
    assert shop.line(("sources", "lines", "inputs", "orders", "columns", "order_id")) == "shop.yaml:15"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        (
            "name: online_retail",
            "name: Online Retail",
            1,
            "small letters, digits and single _, such as my_shop, found 'Online Retail'",
        ),
        (
            "name: online_retail",
            "name: online__retail",
            1,
            "small letters, digits and single _, such as my_shop, found 'online__retail'",
        ),
        (
            "Europe/London",
            "Europe/Londn",
            2,
            "an IANA timezone such as Europe/London or Asia/Shanghai, found 'Europe/Londn'",
        ),
        ("currency: GBP", "currency: pounds", 3, "an ISO 4217 code such as GBP or CNY, found 'pounds'"),
        ("currency: GBP", "curency: GBP", 3, "curency: unknown key; did you mean 'currency'?"),
        ("currency: GBP\n", "", 1, "expected the key 'currency', which is missing"),
        ("country: GB", "country: England", 4, "an ISO 3166 code such as GB or CN, found 'England'"),
        ("0.86", "lots", 5, "exchange_rates.EUR: expected it to be a valid decimal, found 'lots'"),
        ("0.86", "-1", 5, "greater than 0, found '-1'"),
        ("EUR: 0.86", "GBP: 2", 5, "expected 1, since it is the reporting currency"),
        ("order_items: 0.1", "order_itms: 0.1", 6, "'order_itms' is not a table; did you mean 'order_items' or"),
        ("order_items: 0.1", "order_items: 10", 6, "less than or equal to 1, found '10'"),
        ("  lines:", "  Order Lines:", 8, "a name of small letters"),
        ("files:", "fils:", 9, "unknown key; did you mean 'files'?"),
        (
            '"*.csv.gz"',
            '"/etc/*.csv"',
            9,
            "below the landing folder, neither absolute nor with '..', found '/etc/*.csv'",
        ),
        ('"*.csv.gz"', '"a/../../*.csv"', 9, "neither absolute nor with '..'"),
        ('"*.csv.gz"', "'C:\\data\\*.csv'", 9, "neither absolute nor with '..'"),
        ('    files: "*.csv.gz"\n', "", 8, "expected one of files, database and query"),
        ('files: "*.csv.gz"', "query: select 1", 8, "expected query and tables, of which one without the other"),
        ('"*.csv.gz"', '"*.csv.gz"\n    tables: {a: a.csv}', 8, "expected query and tables, of which one without"),
        ('files: "*.csv.gz"', 'query: "select 1; select 2"\n    tables: {a: a.csv}', 9, "expected exactly one SELECT"),
        ("header: true", "headr: true", 10, "unknown key; did you mean 'header'?"),
        ("header: true", "header: perhaps", 10, "a valid boolean"),
        (
            "header: true",
            "columns: [InvoiceNum]",
            15,
            "the source has no column 'InvoiceNo'; did you mean 'InvoiceNum'?",
        ),
        ("      orders:\n", "      ordrs:\n", 12, "'ordrs' is not an input; did you mean 'orders'"),
        ("Quantity > 0", "Quantity >", 13, "expected one SQL expression"),
        ("Quantity > 0", "Quantity", 13, "a condition that is true or false, found one of type VARCHAR"),
        ("Quantity > 0", "exists (select 1)", 13, "found a subquery"),
        ("Quantity > 0", "glob('*') = 'a'", 13, "reads tables or files"),
        (
            "order_id: InvoiceNo\n",
            "ordr_id: InvoiceNo\n",
            15,
            "'ordr_id' is not a column of orders; did you mean 'order_id'?",
        ),
        (
            "order_id: InvoiceNo\n",
            "order_id: InvoiceNo\n          order_id: x\n",
            16,
            "every key once, found it in line 15 already",
        ),
        ("%H", "%Q", 16, "expected a format such as"),
        ("format:", "formt:", 16, "unknown key; did you mean 'format'?"),
        ("timezone: UTC", "timezone: Mars", 16, "an IANA timezone"),
        ("column: InvoiceDate,", "column: InvoiceDate, sql: x,", 16, "exactly one of column, sql and value"),
        ("timezone: UTC", "unit: s", 16, "either format or unit"),
        (
            "otherwise: pending",
            "otherwise: perhaps",
            18,
            "'perhaps' is not a value of status; expected one of completed",
        ),
        ("{paid: completed}", "{paid: complete}", 18, "'complete' is not a value of status; did you mean 'completed'?"),
        ("{paid: completed}", "{paid: completed, PAID: pending}", 18, "every word once, whatever its case"),
        ("values: {paid: completed}, ", "", 18, "expected values beside otherwise"),
        ("value: EUR", "value: USD", 19, "expected a rate for USD in exchange_rates"),
        (
            "quantity: Quantity",
            "quantity: {column: Quantity, unit: s}",
            21,
            "only for dates and times; quantity is DECIMAL(18,4)",
        ),
        ("quantity: Quantity", "quantity: {column: Quantity, values: {a: b}}", 21, "only for texts and booleans"),
        ("product_id: StockCode, ", "", 20, "order_items needs the column 'product_id', which is not mapped"),
        (", unit_price: UnitPrice", "", 20, "one of the columns unit_price and line_amount"),
        ("      order_items:\n", "      refunds:\n", 7, "expected sources for orders and order_items, or for events"),
        ("  lines:", "\t lines:", 8, "expected YAML: found character '\\t' that cannot start any token"),
        ("  lines:", "  lines: [", 10, "while parsing a flow sequence from line 8"),
    ],
)
def test_every_mistake_has_its_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    assert old in GOOD
    with pytest.raises(ShopError) as refused:
        load(tmp_path, GOOD.replace(old, new, 1))
    problems = [problem for problem in refused.value.problems if words in problem]
    assert problems, refused.value
    assert problems[0].startswith(f"{tmp_path / 'shop.yaml'}:{line}: ")
    assert all("\n" not in problem for problem in refused.value.problems)


RULES = """\
recommendations:
  exclude: {products: [A1], categories: [Gifts > Cards], brands: [Old]}
  minimum_stock: 2
  minimum_days_of_stock: 3.5
  repurchase_after_days: 14
  price_bands_apart: 2
  category_cap: 5
  brand_pins: {New: 1}
  new_products: 0
budget:
  per_day: 90
  least: {search: 20, mail: 50}
  most: {Search: 30}
support: {target_error: 0.01}
"""


def test_a_shop_says_what_its_lists_may_hold(tmp_path: Path) -> None:
    stated = load(tmp_path, GOOD + RULES).recommendations
    assert stated.exclude.products == ("A1",)
    assert stated.exclude.categories == ("Gifts > Cards",)
    assert (stated.minimum_stock, stated.minimum_days_of_stock, stated.repurchase_after_days) == (2, 3.5, 14)
    assert (stated.price_bands_apart, stated.category_cap, stated.new_products) == (2.0, 5, 0)
    assert stated.brand_pins == {"New": 1}
    budget = load(tmp_path, GOOD + RULES).budget
    assert (budget.per_day, budget.least, budget.most) == (90.0, {"search": 20.0, "mail": 50.0}, {"search": 30.0})
    assert load(tmp_path, GOOD + RULES).support.target_error == 0.01
    plain = load(tmp_path, GOOD)
    assert plain.support.target_error is None
    assert plain.recommendations.minimum_stock == 1
    assert plain.fingerprint != load(tmp_path, GOOD + RULES).fingerprint


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("minimum_stock:", "minimal_stock:", 24, "unknown key; did you mean 'minimum_stock' or"),
        ("brands: [Old]", "brand: [Old]", 23, "unknown key; did you mean 'brands'?"),
        ("minimum_stock: 2", "minimum_stock: -2", 24, "greater than or equal to 0, found '-2'"),
        ("repurchase_after_days: 14", "repurchase_after_days: two weeks", 26, "a valid integer"),
        ("price_bands_apart: 2", "price_bands_apart: 5", 27, "less than or equal to 4, found '5'"),
        ("category_cap: 5", "category_cap: 0", 28, "greater than or equal to 1, found '0'"),
        ("{New: 1}", "{New: 21}", 29, "less than or equal to 20, found '21'"),
        ("{New: 1}", "{Old: 1}", 29, "a brand that exclude.brands does not name"),
        ("[A1]", "A1", 23, "recommendations.exclude.products: "),
        ("per_day: 90", "per_day: 0", 32, "greater than 0, found '0'"),
        ("per_day: 90", "per_dy: 90", 32, "unknown key; did you mean 'per_day'?"),
        ("per_day: 90", "per_day: 50", 31, "per_day to hold what is least of all channels together, 70"),
        ("{Search: 30}", "{search: -1}", 34, "greater than or equal to 0, found '-1'"),
        ("{Search: 30}", "{Search: 10}", 31, "least of search not above its most, 10"),
    ],
)
def test_a_mistake_in_the_rules_has_its_line(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    assert old in RULES
    with pytest.raises(ShopError) as refused:
        load(tmp_path, GOOD + RULES.replace(old, new, 1))
    (problem,) = refused.value.problems
    assert problem.startswith(f"{tmp_path / 'shop.yaml'}:{line}: ")
    assert words in problem


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ShopError) as refused:
        load(tmp_path, GOOD.replace("order_id: InvoiceNo\n", "id: InvoiceNo\n").replace("quantity:", "qty:"))
    assert len(refused.value.problems) == 4


TWO = GOOD.replace(
    "sources:\n",
    "sources:\n  orders:\n    files: 'orders-*.csv'\n    inputs:\n      orders:\n        columns: {order_id: id, ordered_at: at}\n",
)


def test_a_source_says_how_long_its_rows_are_kept(tmp_path: Path) -> None:
    kept = load(tmp_path, GOOD.replace('    files: "*.csv.gz"', '    keep_days: 400\n    files: "*.csv.gz"'))
    assert kept.sources["lines"].keep_days == 400
    assert load(tmp_path, GOOD).sources["lines"].keep_days is None
    both = TWO.replace('    files: "*.csv.gz"', '    keep_days: 400\n    files: "*.csv.gz"')
    assert load(tmp_path, both.replace("    files: 'orders", "    keep_days: 400\n    files: 'orders"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            GOOD.replace('"*.csv.gz"', '"*.csv.gz"\n    keep_days: 0'),
            "expected it to be greater than or equal to 1|keep_days",
        ),
        (
            GOOD.replace('"*.csv.gz"', "lines.csv.gz\n    keep_days: 9"),
            r":10: .*keep_days: expected only beside files with \*",
        ),
        (
            TWO.replace('"*.csv.gz"', '"*.csv.gz"\n    keep_days: 9'),
            r"keep_days: expected the same .* orders for ever, lines 9",
        ),
        (
            TWO.replace('"*.csv.gz"', '"*.csv.gz"\n    keep_days: 9').replace("s-*.csv'", "s-*.csv'\n    keep_days: 8"),
            "found orders 8, lines 9",
        ),
    ],
)
def test_keeping_that_would_tear_orders_apart_or_empty_a_source_is_refused(
    tmp_path: Path, text: str, words: str
) -> None:
    with pytest.raises(ShopError, match=words):
        load(tmp_path, text)


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words", "a: &x [*x]\n", "? [a]\n: b\n", "\x00"])
def test_what_is_no_shop_at_all_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ShopError, match=r"shop\.yaml:\d+: "):
        load(tmp_path, text)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(ShopError, match=r"shop\.yaml: expected a file"):
        load_shop(tmp_path / "shop.yaml", {}, CONTRACTS)
    (tmp_path / "shop.yaml").write_bytes("name: x\nname: 店".encode("gb18030"))
    with pytest.raises(ShopError, match=r"shop\.yaml:2: expected UTF-8"):
        load_shop(tmp_path / "shop.yaml", {}, CONTRACTS)


def test_yaml_does_not_guess_types(tmp_path: Path) -> None:
    text = GOOD.replace("country: GB", "country: NO").replace("paid: completed", "yes: completed, 007: pending")
    shop = load(tmp_path, text)
    assert shop.country == "NO"
    assert shop.sources["lines"].inputs["orders"].columns["status"].values == {"yes": "completed", "007": "pending"}


DATABASE = GOOD.replace(
    'files: "*.csv.gz"', 'database: {url: "postgresql://reader:${PASSWORD}@db/shop", table: public.lines}'
)


def test_a_password_comes_from_the_environment_and_is_never_shown(tmp_path: Path) -> None:
    shop = load(tmp_path, DATABASE, PASSWORD="hunter2")
    database = shop.sources["lines"].database
    assert database is not None
    assert database.url.get_secret_value() == "postgresql://reader:hunter2@db/shop"
    assert database.location == "postgresql://reader@db/shop#public.lines"
    assert "hunter2" not in repr(shop) + shop.model_dump_json()
    assert shop.fingerprint == load(tmp_path, DATABASE, PASSWORD="changed").fingerprint
    assert shop.fingerprint != load(tmp_path, DATABASE.replace("@db", "@other"), PASSWORD="hunter2").fingerprint


def test_an_undefined_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(ShopError, match=r"shop\.yaml:9: .*the environment variable PASSWORD, which is not set"):
        load(tmp_path, DATABASE)


def test_a_wrong_url_does_not_leak_its_password(tmp_path: Path) -> None:
    with pytest.raises(ShopError, match=r":9: .*expected a url starting with") as refused:
        load(tmp_path, DATABASE.replace("postgresql:", "mysql:"), PASSWORD="hunter2")
    assert "hunter2" not in str(refused.value)


def test_the_fingerprint_is_that_of_the_meaning(tmp_path: Path) -> None:
    shop = load(tmp_path, GOOD)
    respelled = "# a comment\n" + GOOD.replace("{EUR: 0.86}", "\n  EUR: 0.86").replace(
        "InvoiceNo\n", "{column: InvoiceNo}\n"
    )
    assert load(tmp_path, respelled).fingerprint == shop.fingerprint
    assert load(tmp_path, GOOD.replace("Quantity > 0", "Quantity > 1")).fingerprint != shop.fingerprint


def test_an_alias_says_a_mapping_twice(tmp_path: Path) -> None:
    text = GOOD.replace("order_id: InvoiceNo\n", 'order_id: &id {sql: "upper(InvoiceNo)"}\n').replace(
        "{order_id: InvoiceNo,", "{order_id: *id,"
    )
    inputs = load(tmp_path, text).sources["lines"].inputs
    assert inputs["orders"].columns["order_id"] == inputs["order_items"].columns["order_id"]
