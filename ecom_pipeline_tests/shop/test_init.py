"""The file that a new shop starts from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ecom_pipeline.shop.errors import ShopError
from ecom_pipeline.shop.init import init_shop
from ecom_pipeline.shop.reading import load_shop
from ecom_pipeline_tests.shop.shops import CONTRACTS


def test_the_new_file_is_a_valid_shop(tmp_path: Path) -> None:
    path = init_shop(tmp_path / "new" / "My  Shop")
    assert path == tmp_path / "new" / "My  Shop" / "shop.yaml"
    shop = load_shop(path, {}, CONTRACTS)
    assert shop.name == "my_shop"
    assert set(shop.sources) == {"orders", "order_items"}


def test_what_is_commented_out_is_valid_too(tmp_path: Path) -> None:
    path = init_shop(tmp_path)
    text = path.read_text("utf-8")
    optional = re.compile(r"^( *)# (?=( *)[a-z_]+: *(#|$|[\"'{\w]))", re.MULTILINE)
    path.write_text(optional.sub(r"\1", text), "utf-8")
    shop = load_shop(path, {"SHOP_PASSWORD": "x"}, CONTRACTS)
    assert set(shop.sources) == {"orders", "order_items", "events", "orders_of_people", "products"}
    assert shop.sources["orders"].decimal_comma
    assert shop.sources["orders"].inputs["orders"].where is not None


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = init_shop(tmp_path)
    path.write_text("mine", "utf-8")
    with pytest.raises(ShopError, match="nothing was written"):
        init_shop(tmp_path)
    assert path.read_text("utf-8") == "mine"


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "shop").write_text("x")
    with pytest.raises(ShopError, match="a folder that can be written to"):
        init_shop(tmp_path / "shop")


def test_what_to_do_without_a_shop_is_said(tmp_path: Path) -> None:
    for make, words in (
        (lambda: None, "no folder .*ecom init"),
        (lambda: (tmp_path / "new").mkdir(), "ecom doctor .*new` proposes"),
        (lambda: (tmp_path / "new" / "shop.proposed.yaml").touch(), "shop.proposed.yaml is beside it: rename it"),
    ):
        make()
        with pytest.raises(ShopError, match=words):
            load_shop(tmp_path / "new" / "shop.yaml", {}, CONTRACTS)
