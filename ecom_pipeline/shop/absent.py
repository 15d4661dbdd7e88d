"""What a file lacks of the columns that ``shop.yaml`` names, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ecom_pipeline.contracts import Contract
from ecom_pipeline.shop.config import EITHER, Shop, feeds
from ecom_pipeline.shop.document import Place


@dataclass(frozen=True, kw_only=True)
class Absent:
    """A column that the mapping names and a file does not have.

    Attributes
    ----------
    place
        Where it is mapped; where it is needed, if it is.
    is_needed
        Whether rows without it would be rejected, routed wrongly, or taken for what they do not say.
    empty
        Input columns (``orders.channel``) that have no value then.
    computed
        Input columns of which the expression is computed as if it were null.
    merged
        Inputs of which rows are told apart by all their columns: such rows are not found again in another file.
    """

    column: str
    place: Place
    is_needed: bool
    empty: tuple[str, ...]
    computed: tuple[str, ...]
    merged: tuple[str, ...]

    @property
    def consequences(self) -> str:
        """What it leaves open where rows can do without it."""
        parts = [
            f"{', '.join(names)} {'are' if len(names) > 1 else 'is'} {what}"
            for names, what in ((self.empty, "empty in these rows"), (self.computed, "computed without it"))
            if names
        ]
        if self.merged:
            whose = ", ".join(self.merged)
            parts.append(
                f"the id of {whose} is made of all columns, so the same row in a file that has it counts twice"
            )
        return "; ".join(parts)


def absent_columns(shop: Shop, source: str, columns: Iterable[str]) -> list[Absent]:
    """What a file of a source with these columns lacks, needed columns first."""
    present = {column.lower() for column in columns}
    gone = {name: places for name, places in shop.places(source).items() if name.lower() not in present}
    lost = {(place[3], place[5]) for places in gone.values() for place in places if feeds(place)}
    found = []
    for name, places in gone.items():
        needed = [place for place in places if _is_needed(shop, place, lost)]
        fed = {f"{place[3]}.{place[5]}": place for place in places if feeds(place)}
        found.append(
            Absent(
                column=name,
                place=(needed or places)[0],
                is_needed=bool(needed),
                empty=tuple(fed_column for fed_column, place in fed.items() if place[-1] != "sql"),
                computed=tuple(fed_column for fed_column, place in fed.items() if place[-1] == "sql"),
                merged=tuple(dict.fromkeys(str(place[3]) for place in fed.values() if _is_fingerprinted(shop, place))),
            )
        )
    return sorted(found, key=lambda absent: not absent.is_needed)


def _is_needed(shop: Shop, place: Place, lost: Iterable[tuple[str | int, str | int]]) -> bool:
    """Whether what stands there cannot do without a column, given all input columns that lack one."""
    if not feeds(place):
        return True
    source, table, column = str(place[1]), str(place[3]), str(place[5])
    either = [name for name in EITHER.get(table, ()) if name in shop.sources[source].inputs[table].columns]
    return column in _needed(shop.contracts, table) or (
        column in either and all((table, name) in lost for name in either)
    )


def _needed(contracts: Mapping[str, Contract], table: str) -> set[str]:
    """Columns of an input of which a null rejects the row, or is taken for an answer that the row does not give.

    The latter are the reporting currency, a status, and whatever is true or false: a person who refused advertising
    must not become one who did not, because an export lost a column.
    """
    clean = {
        column.name
        for contract in contracts.values()
        if contract.input == table
        for column in contract.columns
        if column.required
    }
    return {
        column.name
        for column in contracts[f"input.{table}"].columns
        if column.required or column.name in clean or column.name == "currency" or column.type == "BOOLEAN"
    }


def _is_fingerprinted(shop: Shop, place: Place) -> bool:
    source, table = shop.sources[str(place[1])], str(place[3])
    first = shop.contracts[f"input.{table}"].columns[0].name
    return source.duplicates == "drop" and first.endswith("_id") and first not in source.inputs[table].columns
