"""The run in progress: one open warehouse, one writer, one journal, handed to every step as the resource ``night``."""

import hashlib
import itertools
import logging
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd

from ecom_pipeline.contracts import Contract
from ecom_pipeline.defs.history import failed_steps
from ecom_pipeline.quality import judge
from ecom_pipeline.settings import Settings, backfill
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.shop.errors import InputError, ShopError
from ecom_pipeline.shop.mapping import sliced_select
from ecom_pipeline.sql import literal, quoted
from ecom_pipeline.warehouse.builds import code_fingerprint, forget_others
from ecom_pipeline.warehouse.candidate import Candidate, Judge, Outcome
from ecom_pipeline.warehouse.connection import WarehouseError, open_warehouse
from ecom_pipeline.warehouse.increment import Increment, Plan, looks_at_the_run, reads_of
from ecom_pipeline.warehouse.journal import close_steps, end_run, now, record, start_run
from ecom_pipeline.warehouse.names import columns_of
from ecom_pipeline.warehouse.release import ReleaseError
from ecom_pipeline.warehouse.space import require_space_for_a_night
from ecom_pipeline.warehouse.stage import stage_frame
from ecom_pipeline.warehouse.write import Writer

ROOM = "100MB"
"""What the database holds at least."""
Progress = Callable[[str, str, float], None]
"""Told the step, its status and its seconds when it ends."""


@contextmanager
def told() -> Iterator[None]:
    """Fail without a traceback and for good where the message of an error says all there is to say."""
    try:
        yield
    except (InputError, ShopError, WarehouseError, ReleaseError) as error:
        raise dg.Failure(str(error), allow_retries=False) from None


@dataclass(kw_only=True)
class Night:
    """What a step needs and nothing else.

    ``dates`` are those of a backfill: tables merged on a date build these business dates too. ``full`` builds every table
    whole, whatever has changed.
    """

    connection: duckdb.DuckDBPyConnection
    settings: Settings
    shop: Shop
    contracts: Mapping[str, Contract]
    run_id: str
    full: bool = False
    dates: tuple[date, date] | None = None
    progress: Progress | None = None
    judge: Judge = judge

    def frame(self, query: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """The result of a query as a frame."""
        found = self.connection.execute(query, list(parameters)).df()
        self._make_room()
        return found

    def coded_frame(self, query: str) -> pd.DataFrame:
        """The same with text as categories: of millions of rows each text is there once."""
        table: Any = self.connection.sql(query).to_arrow_table()
        self._make_room()
        return table.to_pandas(strings_to_categorical=True, date_as_object=False)

    def _make_room(self) -> None:
        """Have the database give back what it held to answer, as far as it can: what learns from the answer needs the room."""
        for limit in (ROOM, self.settings.memory_limit):
            with suppress(duckdb.OutOfMemoryException):
                self.connection.execute(f"set memory_limit = {literal(limit)}")

    def stage(self, table: str) -> Callable[[pd.DataFrame], None]:
        """Takes the rows of a table to be, a frame after the other: of more than fit in memory together."""
        frames = itertools.count()

        def take(frame: pd.DataFrame) -> None:
            try:
                stage_frame(self.connection, self.contracts[table], frame, more=next(frames) > 0)
            except duckdb.Error as error:
                raise WarehouseError(f"{table}: {error}") from error

        return take

    def remembers(self, table: str) -> bool:
        """Whether an earlier night left the table as it is promised now: one of another version may have other columns."""
        return self.contracts[table].types.items() <= columns_of(self.connection, table).items()

    def missing(self, contract: Contract) -> str | None:
        """Why the table cannot be filled: the inputs that the shop does not bring."""
        absent = self.shop.missing_inputs()
        lacking = [name for name in contract.requires if name in absent]
        if lacking:
            return f"shop.yaml maps no source to {', '.join(lacking)}"
        if contract.requires_any and all(name in absent for name in contract.requires_any):
            return f"shop.yaml maps no source to any of {', '.join(contract.requires_any)}"
        return None

    def plan(self, contract: Contract, reads: Iterable[str], beside: str = "") -> Plan:
        """What of a table that reads others has to be written tonight; ``beside`` is what else it is built from."""
        increment = Increment(
            connection=self.connection,
            contracts=self.contracts,
            sliced_input=self._sliced_input,
            full=self.full,
            dates=self.dates,
        )
        return increment.plan(contract, reads, self.fingerprint(contract) + beside)

    def fingerprint(self, contract: Contract) -> str:
        """Of all that decides about a table beside the tables it reads."""
        deciding = (contract.model_dump_json(), contract.select or "", code_fingerprint(), self.shop.fingerprint)
        return hashlib.sha256("\n".join((*deciding, str(self.settings.seed))).encode()).hexdigest()

    def _sliced_input(self, table: str, rows: str) -> str:
        return sliced_select(self.shop, self.contracts, self.raw_columns, table, rows)

    @property
    def raw_columns(self) -> dict[str, list[str]]:
        """The columns of every source that was ever loaded."""
        held = {source: columns_of(self.connection, f"raw.{quoted(source)}") for source in self.shop.sources}
        return {source: list(columns) for source, columns in held.items() if columns}

    def candidate(self, contract: Contract, content: str | pd.DataFrame, plan: Plan) -> Candidate:
        """The table as this run would write it: empty where an input is missing."""
        skipped = self.missing(contract)
        if skipped:
            empty = plan if plan.mode == "unchanged" else replace(plan, mode="replace", select=None)
            return Candidate(contract=contract, skipped=skipped, plan=empty)
        return Candidate(contract=contract, content=content, plan=plan)

    def candidate_in_sql(self, contract: Contract) -> Candidate:
        """The table that its SELECT keeps; one that tells about the run itself is never left alone."""
        plan = Plan() if looks_at_the_run(contract) else self.plan(contract, reads_of(contract))
        return self.candidate(contract, str(contract.select), plan)

    def write(self, candidates: list[Candidate]) -> list[Outcome]:
        """Judge and swap, as the one mechanism does."""
        writer = Writer(
            connection=self.connection,
            judge=self.judge,
            run_id=self.run_id,
            tolerances=self.shop.tolerances,
            watched=frozenset(table for contract in self.contracts.values() for table in contract.slices),
        )
        return writer.write(candidates)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Measure a step and write down how it ended; :func:`told` how it fails."""
        started, clock = now(), time.perf_counter()
        reset_peak_memory()

        def end(status: str, message: str) -> None:
            seconds = time.perf_counter() - clock
            if self.progress:
                self.progress(name, status, seconds)
            try:
                row = (self.run_id, name, started, seconds, peak_memory(), status, message)
                record(self.connection, "steps", [row])
            except duckdb.Error as error:
                raise WarehouseError(f"{name} {status}, which could not be written down: {error}") from error

        try:
            with told():
                yield
        except BaseException as error:
            said = error.description or "" if isinstance(error, dg.Failure) else f"{type(error).__name__}: {error}"
            try:
                end("failed", said)
            except WarehouseError as unwritten:
                logging.getLogger(__name__).error(unwritten)
            raise
        with told():
            end("succeeded", "")


def night_resource(
    settings: Settings, shop: Shop, contracts: Mapping[str, Contract], progress: Progress | None
) -> dg.ResourceDefinition:
    """Open the warehouse for the length of a run; the launchpad shows the two dates of a backfill."""
    optional_date = dg.Field(str, is_required=False, description="ISO date; with the other one: a backfill")
    whole = dg.Field(bool, default_value=False, description="Build every table whole, whatever has changed")

    @dg.resource(config_schema={"start_date": optional_date, "end_date": optional_date, "full": whole})
    def night(context: dg.InitResourceContext) -> Iterator[Night]:
        dates = _dates(context.resource_config)
        run_id = context.run.run_id if context.run else "adhoc"
        work = settings.work_dir(shop.name)
        require_space_for_a_night(work, settings.releases_dir(shop.name), settings.landing_dir)
        with open_warehouse(work, **settings.bounds(shop.name)) as connection:
            current = Night(
                connection=connection,
                settings=settings,
                shop=shop,
                contracts=contracts,
                run_id=run_id,
                progress=progress,
                full=context.resource_config["full"],
                dates=dates,
            )
            start_run(connection, run_id, shop.name, shop.fingerprint)
            forget_others(connection, contracts)
            yield current
            failures = failed_steps(context.instance, run_id) if context.instance else {}
            close_steps(connection, run_id, failures)
            end_run(connection, run_id, "failed" if failures else "succeeded")

    return night


def _dates(configured: Mapping[str, Any]) -> tuple[date, date] | None:
    """Those of a backfill, as the launchpad or the command line gave them."""
    given = (configured.get(name) for name in ("start_date", "end_date"))
    try:
        return backfill(*(date.fromisoformat(day) if day else None for day in given))
    except ValueError as error:
        raise dg.Failure(f"start_date, end_date: {error}", allow_retries=False) from None


_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def reset_peak_memory() -> None:
    """Start a new peak, where the kernel lets a process do so."""
    with suppress(OSError):
        _CLEAR.write_text("5")


def peak_memory() -> int:
    """Largest resident memory since the last reset, in bytes; since the start where it cannot be reset."""
    try:
        line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration):
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
