"""How a model becomes a step, and what every model asks the night.

A model that is worse than the live one by more than the margin comes back ``kept``: its live tables are written again,
and the card says so; lists of recommendations go through tonight's rules again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

import dagster as dg
import pandas as pd

from ecom_pipeline.contracts import Contract
from ecom_pipeline.defs.night import Night
from ecom_pipeline.defs.tables import step
from ecom_pipeline.ml.card import ModelCard
from ecom_pipeline.warehouse.builds import is_of_this_version
from ecom_pipeline.warehouse.candidate import Candidate
from ecom_pipeline.warehouse.names import rows_of


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What a model step gives: its card, if anything was learned that could be refused, and a frame per table."""

    frames: Mapping[str, pd.DataFrame]
    card: ModelCard | None = None
    learned: Mapping[str, str | None] = field(default_factory=dict)
    """The tables that stay when the live model is kept, with the column that says what a row is about, if what is new since
    is to be answered all the same."""
    staged: frozenset[str] = frozenset()
    """The tables without a frame, whose rows `Night.stage` took."""


class Model(NamedTuple):
    """A model by name: the tables it writes without its card ``models.<name>_card``, those it reads, how it learns."""

    name: str
    tables: Sequence[str]
    reads: Sequence[str]
    learn: Callable[[Night], Learned]


def model_step(model: Model, contracts: Mapping[str, Contract]) -> dg.AssetsDefinition:
    """The step of a model."""
    name, tables, reads, learn = model
    card_table = f"models.{name}_card"
    written = [contracts[table] for table in (*tables, card_table) if table in contracts]

    def compute(night: Night) -> list[Candidate]:
        plans = {contract.name: night.plan(contract, reads) for contract in written}
        missing = any(night.missing(contract) for contract in written)
        if missing or all(plan.mode == "unchanged" for plan in plans.values()):
            return [night.candidate(contract, "", plans[contract.name]) for contract in written]
        result = learn(night)
        card = {card_table: pd.DataFrame([result.card.row()])} if result.card else {}
        frames = {**result.frames, **card}
        kept = result.card is not None and result.card.decision == "kept"

        def candidate(contract: Contract) -> Candidate:
            plan = replace(plans[contract.name], mode="replace")
            if contract.name in result.staged:
                return Candidate(contract=contract, plan=plan, is_staged=True)
            rows = _live(night, contract.name, frames, result.learned) if kept else frames[contract.name]
            return night.candidate(contract, rows, plan)

        return [candidate(contract) for contract in written]

    deps = {contract.name: reads for contract in written}
    return step(name, written, deps, compute, kinds={"python", "duckdb"}, source=learn)


def _live(
    night: Night, table: str, frames: Mapping[str, pd.DataFrame], learned: Mapping[str, str | None]
) -> str | pd.DataFrame:
    """What is live, less what it was about and is gone, and tonight's rows about what it does not know."""
    about = learned.get(table)
    if about is None:
        return f"select * from {table}" if table in learned else frames[table]
    live, tonight = night.frame(f"select {', '.join(frames[table].columns)} from {table}"), frames[table]
    return pd.concat([live[live[about].isin(tonight[about])], tonight[~tonight[about].isin(live[about])]])


def previous_card(night: Night, name: str) -> ModelCard | None:
    """The card of the live model, or None before the first of this version: what another one measured is not comparable."""
    table = f"models.{name}_card"
    if not is_of_this_version(night.connection, table):
        return None
    cards = rows_of(night.connection, f"from {table}")
    return ModelCard.from_row(cards[0]) if cards else None


def as_of(night: Night) -> date:
    """The last business date in the data: what every model looks back from."""
    found: date = night.connection.execute("select as_of_date from features.as_of").fetchall()[0][0]
    return found
