"""What a kill costs: whole nights of the mini shop, each ended by ``kill -9`` at a random moment.

``python -m benchmarks.kills [KILLS] [SEED]`` says, last, as JSON how many runs were killed, after how many of their steps,
and that the release was whole after each of them. Every fifth run starts from an empty work folder, so that loading is
met as well. Then a run completes by itself: its content is that of a night that was never killed. The floor is the
undisturbed night, measured first.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import dagster as dg

from ecom_pipeline.warehouse import release as releases
from ecom_pipeline_tests.e2e.conftest import House, settings_for, write_instance
from ecom_pipeline_tests.e2e.mini import write_mini
from ecom_pipeline_tests.wholeness import assert_loaded_once, assert_nothing_left, assert_whole


def complete(house: House) -> tuple[float, str]:
    """Seconds of a run that nobody disturbs, and the digest of what it published."""
    started = time.perf_counter()
    with house.start("run") as night:
        out, err = night.communicate()
    assert night.returncode == 0, out + err
    return time.perf_counter() - started, releases.show(house.releases).digest


def main(kills: int = 100, seed: int = 20240601) -> None:
    draws = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder, dg.DagsterInstance.ephemeral() as instance:
        write_mini(Path(folder) / "shop")
        settings = settings_for(Path(folder))
        write_instance(settings.dagster_dir("mini"))
        house, work = House(settings, instance), settings.work_dir("mini")
        length, expected = complete(house)
        steps: list[int] = []
        for number in range(kills):
            if number % 5 == 0:
                shutil.rmtree(work)
            moment = draws.uniform(0, length)
            with house.start("run", "--full") as night:
                time.sleep(moment)
                night.kill()
            assert_whole(house.releases)
            done = "select count(*) from journal.steps where run_id = (select arg_max(run_id, started_at) from journal.runs)"
            steps += [count for (count,) in house.query(done)] if house.warehouse.exists() else []
            print(f"{number + 1:>4} killed after {moment:5.1f} s", file=sys.stderr)
        seconds, digest = complete(house)
        assert digest == expected
        assert_whole(house.releases)
        assert_nothing_left(work, house.releases)
        assert_loaded_once(work)
    figures = {
        "kills": kills,
        "night_seconds": round(length, 1),
        "steps_done_when_killed": [min(steps), median(steps), max(steps)],
        "seconds_of_the_run_after": round(seconds, 1),
        "content": digest,
    }
    for name, figure in figures.items():
        print(f"{name:<26}{figure!s:>18}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
