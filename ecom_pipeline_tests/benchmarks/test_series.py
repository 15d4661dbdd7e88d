"""The files that forecasts are measured on say what the shop's exports say."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from benchmarks import series

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    days = pd.date_range("2011-01-01", "2011-06-30")
    rows = [("1", "11111A", "cup", 2, day, 1.5, 7, "France") for day in days[::2]]
    rows += [("2", "22222", "mat", 1, days[0], 4.0, 7, "Spain"), ("2", "22222", "mat", 1, days[0], 4.0, 7, "Spain")]
    rows += [("3", "33333", "late", 900, day, 9.0, 7, "Spain") for day in days[-60:]]
    rows += [("C4", "11111A", "cup", -2, days[9], 1.5, 7, "France"), ("5", "POST", "post", 1, days[9], 9.0, 7, "Spain")]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for day, part in table.groupby(table["InvoiceDate"].dt.date):
        part.to_csv(tmp_path / f"{day}.csv.gz", index=False)
    return tmp_path


def test_products_are_chosen_before_the_days_that_are_held_back(exports: Path, tmp_path: Path) -> None:
    groups, products = (pd.read_parquet(path) for path in series.write("online_retail", exports, tmp_path / "out"))
    assert set(products["series_id"]) == {"11111A", "22222"}
    cup, mat = (products[products["series_id"] == name] for name in ("11111A", "22222"))
    assert (cup["value"].sum(), set(cup["value"])) == (2 * 90, {0.0, 2.0})
    assert cup["price"].dropna().unique().tolist() == [1.5]
    assert (mat["value"].sum(), len(mat)) == (1, 180)
    total = groups[groups["series_id"] == "total"]
    assert str(total["date"].max())[:10] == "2011-06-29"
    assert total["value"].sum() == pytest.approx(90 * 3 + 4 + 59 * 8100)
    assert set(groups["series_id"]) == {
        "total", "category France", "category Spain", "product 11111A", "product 22222"
    }  # fmt: skip


def test_a_folder_without_the_exports_of_the_shop_is_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="expected the exports of journey: IO Error: No files found"):
        series.main(["journey", str(tmp_path / "out"), "--exports", str(tmp_path)])
    (tmp_path / "day.csv.gz").write_text("a,b\n1,2\n")
    with pytest.raises(SystemExit, match="expected the exports of online_retail: "):
        series.main(["online_retail", str(tmp_path / "out"), "--exports", str(tmp_path)])
