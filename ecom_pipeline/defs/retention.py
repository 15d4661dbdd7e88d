"""The job that lets go of what need not be kept any longer, by hand or once a week; nothing leaves in any other way.

A shop's sources say how long their rows are kept (``keep_days``), the settings how long the history of runs is. The job
works on the same files as a night, so it takes the same lock.
"""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
from sqlalchemy.exc import OperationalError

from ecom_pipeline.defs.night import told
from ecom_pipeline.settings import Settings
from ecom_pipeline.shop.config import Shop
from ecom_pipeline.warehouse.connection import WarehouseError, open_warehouse
from ecom_pipeline.warehouse.journal import now
from ecom_pipeline.warehouse.retention import Retired, compact, forget_runs, retire, runs_to_keep, trusted_now
from ecom_pipeline.warehouse.space import files_in

FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


@dataclass(frozen=True, kw_only=True)
class Retention:
    """What the job did.

    Attributes
    ----------
    counted_to
        The day to which age was counted.
    ahead_days
        By how much the clock is ahead of it, where it was not believed.
    retired
        Loads whose rows were deleted.
    journal_runs, dagster_runs
        Runs whose history was deleted, in the warehouse and in Dagster.
    bytes_before, bytes_after
        Size of the working file and of Dagster's folder together.
    """

    counted_to: date
    ahead_days: int
    retired: list[Retired]
    journal_runs: int
    dagster_runs: int
    bytes_before: int
    bytes_after: int


def let_go(settings: Settings, shop: Shop, instance: dg.DagsterInstance) -> Retention:
    """Retire old loads, delete the history of old runs, give unused space back to the disk.

    Raises
    ------
    WarehouseBusyError
        Another run holds the warehouse.
    WarehouseError
        The working file or the history of runs cannot be opened or written.
    """
    work, history = settings.work_dir(shop.name), Path(instance.root_directory)
    before = _bytes_in(work, history)
    journal_runs = dagster_runs = 0
    try:
        with open_warehouse(work, **settings.bounds(shop.name)) as connection:
            keep_days = {name: source.keep_days for name, source in shop.sources.items() if source.keep_days}
            moment = trusted_now(connection)
            retired = retire(connection, keep_days, moment)
            if settings.keep_history_days:
                since, kept = moment - timedelta(days=settings.keep_history_days), runs_to_keep(connection)
                journal_runs = forget_runs(connection, since, kept)
                dagster_runs = _forget_dagster_runs(instance, since.replace(tzinfo=UTC), kept)
        _compact_history(history)
    except (OperationalError, sqlite3.Error) as error:
        raise WarehouseError(f"{history}: the history of runs cannot be written: {error}") from error
    compact(work, **settings.bounds(shop.name))
    return Retention(
        counted_to=moment.date(),
        ahead_days=(now() - moment).days,
        retired=retired,
        journal_runs=journal_runs,
        dagster_runs=dagster_runs,
        bytes_before=before,
        bytes_after=_bytes_in(work, history),
    )


def _bytes_in(*folders: Path) -> int:
    return sum(seen.st_size for folder in folders for seen in files_in(folder))


def _forget_dagster_runs(instance: dg.DagsterInstance, before: datetime, kept: Collection[str]) -> int:
    """Delete finished runs with their events, logs and files, and ticks of schedules and sensors.

    Dagster empties the SQLite file of a run but leaves it, and leaves the results of its checks in the common one.
    """
    events = Path(instance.root_directory) / "history" / "runs"
    records = instance.get_run_records(dg.RunsFilter(statuses=FINISHED, created_before=before))
    old = [record.dagster_run.run_id for record in records if record.dagster_run.run_id not in kept]
    for run_id in old:
        instance.delete_run(run_id)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
        for file in events.glob(f"{run_id}.db*"):
            file.unlink()
    if (events / "index.db").exists():
        with closing(sqlite3.connect(events / "index.db", timeout=60)) as connection, connection:
            these = [(run_id,) for run_id in old]
            connection.executemany("delete from asset_check_executions where run_id = ?", these)
    for state in instance.all_instigator_state():
        instance.purge_ticks(state.instigator_origin_id, state.selector_id, before.timestamp())
    return len(old)


def _compact_history(folder: Path) -> None:
    """Rewrite those of Dagster's SQLite files of which more than half is unused."""
    for file in folder.rglob("*.db"):
        with closing(sqlite3.connect(file, timeout=60)) as connection:
            pages, free = (
                connection.execute(f"pragma {name}").fetchone()[0] for name in ("page_count", "freelist_count")
            )
            if 2 * free > pages:
                connection.execute("vacuum")
                connection.execute("pragma wal_checkpoint(truncate)")


def retention_job(settings: Settings, shop: Shop) -> dg.JobDefinition:
    """The job of a shop."""

    @dg.op(out=dg.Out(dg.Nothing), description="Deletes what is older than shop.yaml and the settings keep.")
    def let_go_of_the_old(context: dg.OpExecutionContext) -> None:
        with told():
            done = let_go(settings, shop, context.instance)
        retired = dg.MetadataValue.json(asdict(done)["retired"])
        context.add_output_metadata(asdict(done) | {"counted_to": done.counted_to.isoformat(), "retired": retired})

    @dg.job(
        name="retention",
        description="Retires loads and deletes history that are older than they are kept, and frees their space.",
        executor_def=dg.in_process_executor,
    )
    def job() -> None:
        let_go_of_the_old()

    return job


def weekly(settings: Settings, job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Its schedule."""
    return dg.ScheduleDefinition(
        name="every_week",
        job=job,
        cron_schedule="0 12 * * 0",
        execution_timezone=settings.schedule_timezone,
        description="Retention, on Sundays at noon; off until it is turned on.",
    )
