"""Exports in languages and encodings of their own: headers, states, months, the shop's place, and every cent."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ecom_pipeline_tests.shop.doctor.exports import examined, loaded, rows, write_csv

SOLD = """
    select orders.status, count(*), sum(coalesce(line_amount, quantity * unit_price - coalesce(discount_amount, 0)))::decimal(18, 2)
    from input.order_items as lines
    join (select distinct on (order_id) order_id, status from input.orders) as orders using (order_id)
    where lines._reasons is null group by all order by all
"""
STATES = {
    "Russian": ("Выполнен", "Новый", "Отменён", "Возврат"),
    "Turkish": ("Teslim Edildi", "Yeni", "İptal Edildi", "İade Edildi"),
    "Korean": ("배송완료", "결제대기", "취소", "반품"),
    "Arabic": ("تم التوصيل", "قيد التنفيذ", "ملغي", "مسترجع"),
    "Hindi": ("वितरित", "लंबित", "रद्द", "वापस"),
    "Polish": ("Zrealizowane", "Oczekujące", "Anulowane", "Zwrócone"),
    "Portuguese": ("Entregue", "Pendente", "Cancelado", "Devolvido"),
}
"""Done, waiting, cancelled and given back."""
HEADERS = {
    "Russian": ("Номер заказа", "Дата заказа", "Клиент", "Артикул", "Количество", "Цена", "Скидка", "Статус"),
    "Turkish": ("Sipariş No", "Sipariş Tarihi", "Müşteri No", "Barkod", "Adet", "Birim Fiyatı", "İndirim", "Durum"),
    "Korean": ("주문번호", "주문일시", "구매자ID", "상품번호", "수량", "판매단가", "할인금액", "주문상태"),
    "Arabic": ("رقم الطلب", "تاريخ الطلب", "رقم العميل", "رمز المنتج", "الكمية", "السعر", "الخصم", "حالة الطلب"),
    "Hindi": ("ऑर्डर संख्या", "ऑर्डर तिथि", "ग्राहक आईडी", "उत्पाद कोड", "मात्रा", "मूल्य", "छूट", "स्थिति"),
    "Polish": ("Numer zamówienia", "Data zamówienia", "ID klienta", "Kod produktu", "Ilość", "Cena", "Rabat", "Status"),
    "Portuguese": (
        "Nº do pedido",
        "Data da venda",
        "Comprador",
        "SKU",
        "Unidades",
        "Preço unitário",
        "Desconto",
        "Estado",
    ),
}
PLACES = {
    "Russian": ("cp1251", "RUB", "Europe/Moscow"),
    "Turkish": ("cp1254", "TRY", "Europe/Istanbul"),
    "Korean": ("cp949", "KRW", "Asia/Seoul"),
    "Arabic": ("cp1256", "USD", "UTC"),
    "Hindi": ("utf-8", "INR", "Asia/Kolkata"),
    "Polish": ("cp1250", "PLN", "Europe/Warsaw"),
    "Portuguese": ("cp1252", "USD", "UTC"),
}


@pytest.mark.parametrize("language", HEADERS)
def test_orders_in_a_language(tmp_path: Path, language: str) -> None:
    """Forty orders of 3 x 2,50 less 0,50, of which three states have one tenth each."""
    encoding, currency, timezone = PLACES[language]
    done, *others = STATES[language]
    lines = [
        [
            f"7{n:03}",
            f"{n % 28 + 1:02}.03.2024 10:{n:02}",
            f"u{n % 9}",
            f"p{n % 5}",
            "3",
            "2,50",
            "0,50",
            (*others, *[done] * 7)[n % 10],
        ]
        for n in range(40)
    ]
    write_csv(tmp_path / "in" / "export.csv", HEADERS[language], lines, encoding, ";")
    found = examined(tmp_path / "in")
    assert (found.currency.value, found.timezone.value) == (currency, timezone)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        each = Decimal("28.00")
        assert rows(con, SOLD) == [
            ("cancelled", 4, each),
            ("completed", 28, 7 * each),
            ("pending", 4, each),
            ("returned", 4, each),
        ]
        assert rows(con, "select count(*), sum(amount) from input.refunds where _reasons is null") == [(4, each)]
        assert rows(con, "select count(distinct customer_id), count(_reasons) from input.orders") == [(9, 0)]


@pytest.mark.parametrize(
    ("months", "form"),
    [
        ("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre", "{} de {} de 2024 09:05 hs."),
        ("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.", "{} {} 2024 à 09:05"),
        ("Januar Februar März April Mai Juni Juli August September Oktober November Dezember", "{}. {} 2024, 09:05"),
        ("января февраля марта апреля мая июня июля августа сентября октября ноября декабря", "{} {} 2024 г., 09:05"),
    ],
)  # fmt: skip
def test_months_in_words_of_another_language(tmp_path: Path, months: str, form: str) -> None:
    told = [form.format(n % 28 + 1, months.split()[n % 12]) for n in range(48)]
    lines = [[f"o{n}", at, "c1", "p1", "1", "2.50"] for n, at in enumerate(told)]
    write_csv(
        tmp_path / "in" / "lines.csv", ("order_id", "order_date", "customer_id", "sku", "quantity", "price"), lines
    )
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        found = "select ordered_date::varchar, any_value(ordered_hour), count(_reasons) from input.orders group by 1 order by 1"
        assert rows(con, found) == sorted({(f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}", 9, 0) for n in range(48)})


def test_headers_that_nobody_knows_are_read_by_their_values(tmp_path: Path) -> None:
    header = ("Tilausnumero", "Päivämäärä", "Asiakas", "Tuotekoodi", "Tuotteen nimi", "Määrä", "Hinta")
    lines = []
    for n in range(120):
        order, product = n // 2, n % 7
        at = f"2024-03-{order % 28 + 1:02} 10:00:00"
        lines.append([f"R{order}", at, f"a{order % 15}", f"T{product}", f"Sininen muki {product}"])
        lines[-1] += [f"{n % 2 + 1}", f"{product + 2}.50"]
    write_csv(tmp_path / "in" / "vienti.csv", header, lines)
    with loaded(tmp_path / "in", tmp_path / "shop.yaml") as (con, _):
        total = sum(int(line[5]) * Decimal(line[6]) for line in lines)
        assert rows(con, SOLD) == [("completed", 120, total)]
        assert rows(con, "select count(distinct name), count(distinct product_id) from input.products") == [(7, 7)]


def test_what_is_measured_is_not_sold(tmp_path: Path) -> None:
    """A station, a day and two measures look like a customer, a day and prices."""
    weather = [[f"S{n % 9}", f"2024-03-{n % 28 + 1:02}", f"{n % 30}.5", f"{n % 7}.25"] for n in range(300)]
    write_csv(tmp_path / "weather.csv", ("station", "day", "temperature", "rain"), weather)
    sold = [[f"o{n}", "2024-03-01", "p1", "1", "2.50"] for n in range(30)]
    write_csv(tmp_path / "orders.csv", ("order_id", "order_date", "sku", "quantity", "price"), sold)
    assert [source.name for source in examined(tmp_path).sources] == ["orders"]


@pytest.mark.parametrize(
    ("name", "phone", "expected"),
    [("Pakistan Orders", "555", "PK"), ("orders", "+966 55 123 4567", "SA"), ("orders", "+1 555 123 4567", None)],
)
def test_where_a_shop_is(tmp_path: Path, name: str, phone: str, expected: str | None) -> None:
    header = ("order_id", "order_date", "phone", "sku", "quantity", "price")
    write_csv(tmp_path / f"{name}.csv", header, [[f"o{n}", "2024-03-01", phone, "p1", "1", "2.50"] for n in range(30)])
    country = examined(tmp_path).country
    assert (country and country.value) == expected
