"""One driver at a time, and cleaning up after one that was killed."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

DRIVER_TAG = "xtr/driver"
UNFINISHED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.NOT_STARTED]


@contextmanager
def only_driver(home: Path) -> Iterator[None]:
    """Hold the lock of a run storage.

    Raises:
        RuntimeError: when another job holds it.
    """
    home.mkdir(parents=True, exist_ok=True)
    with (home / "driver.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = f"another job is at work on {home}: wait for it, or stop it first"
            raise RuntimeError(msg) from error
        yield


def bury_dead_runs(instance: dg.DagsterInstance) -> int:
    """Mark runs of a killed driver as failed and free their pool slots; call with the lock held.

    A killed process leaves its run "started" and its slot in the `mlx` pool claimed: without this, the next training
    step would wait for that slot for ever.
    """
    filters = dg.RunsFilter(statuses=UNFINISHED, tags={DRIVER_TAG: "1"})
    dead = instance.get_runs(filters)
    for run in dead:
        instance.report_run_failed(run, "the process that drove this run was killed; run the job again to resume")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return len(dead)
