"""A new shop: a folder with a commented ``shop.yaml`` to start from.

The template is valid as it stands, once the exports it names exist. Proposals made from real exports belong to
``doctor``.
"""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from ecom_pipeline.shop.errors import ShopError

SHOP_FILE = "shop.yaml"


def name_of(folder: Path) -> str:
    """The name that a folder gives a shop.

    Examples
    --------
    >>> [name_of(Path(folder)) for folder in ("My Shop", "2024-exports", "店铺")]
    ['my_shop', 'shop_2024_exports', 'shop']
    """
    words = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
    return words if re.match("[a-z]", words) else f"shop_{words}".rstrip("_")


def init_shop(folder: Path) -> Path:
    """Write the ``shop.yaml`` of a new shop, which is called after its folder.

    Parameters
    ----------
    folder
        Where the shop's exports will lie; made if absent.

    Returns
    -------
    Path
        The new file.

    Raises
    ------
    ShopError
        There is a ``shop.yaml`` already, or the folder cannot be written to.
    """
    template = (files("ecom_pipeline.shop") / "template.yaml").read_text("utf-8")
    path = folder / SHOP_FILE
    if path.exists():
        raise ShopError(f"{path}: expected no {SHOP_FILE} yet; nothing was written")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(template.replace("__NAME__", name_of(folder).ljust(len("__NAME__"))))
    except OSError as error:
        raise ShopError(f"{path}: expected a folder that can be written to: {error.strerror}") from error
    return path
