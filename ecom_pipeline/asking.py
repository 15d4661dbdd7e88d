"""Questions answered from a published release alone: opens it, sets up the desk, closes it.

What does not belong here: how questions are answered (``ml.support.ask``).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from ecom_pipeline.ml.support.ask import Answer, OpenDesk
from ecom_pipeline.ml.support.desk import SELECTS, Desk
from ecom_pipeline.ml.support.examples import PUBLISHED_COLUMNS
from ecom_pipeline.warehouse.release import ReleaseError, current_id

_SELECTS = {
    "examples": f"select {', '.join(PUBLISHED_COLUMNS)} from models.support_examples order by example_id",
    "target_error": "select cast(parameters ->> 'target_error' as double) as target_error from models.support_card"
    " where target_error is not null",
    **{name: select.format(customers="select unnest(?)") for name, select in SELECTS.items()},
}


class Asking:
    """The current release of a shop, ready to answer.

    Parameters
    ----------
    folder
        The releases of the shop.
    currency
        Its reporting currency.
    customers
        Whose orders and recommendations may be told.

    Raises
    ------
    ReleaseError
        Nothing has been published, nothing that questions can be answered from, or a file that cannot be read.
    """

    def __init__(self, folder: Path, currency: str, customers: list[str]) -> None:
        if current_id(folder) is None:
            raise ReleaseError(f"{folder}: nothing has been published yet")
        file = folder / "current" / "release.duckdb"
        try:
            with duckdb.connect(str(file), read_only=True) as connection:
                frames = {name: _frame(connection, name, query, customers) for name, query in _SELECTS.items()}
        except duckdb.Error as error:
            raise ReleaseError(f"{file}: cannot be read: {str(error).splitlines()[0]}") from error
        examples, targets = frames.pop("examples"), frames.pop("target_error")["target_error"].tolist()
        if examples["intent"].nunique() < 2:
            raise ReleaseError(
                f"{file}: holds examples of {examples['intent'].nunique()} intents, two are needed to answer: bring a FAQ"
            )
        if not targets:
            raise ReleaseError(_lacks("target_error"))
        self._desk = OpenDesk(examples, Desk(**frames, currency=currency), target_error=targets[0])

    def ask(self, question: str, customer: str | None, asked_on: date) -> Answer:
        """Answer one question."""
        return self._desk.ask(question, customer_id=customer, asked_on=asked_on)


def _frame(connection: duckdb.DuckDBPyConnection, name: str, query: str, customers: list[str]) -> pd.DataFrame:
    try:
        return connection.execute(query, [customers] if "?" in query else []).df()
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise ReleaseError(f"{_lacks(name)}: {str(error).splitlines()[0]}") from error


def _lacks(name: str) -> str:
    return f"the current release has no {name} as this version reads them; run a night first"
