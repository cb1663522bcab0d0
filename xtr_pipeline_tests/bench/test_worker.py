"""A side in a process of its own: timed there, with its own peak, and its errors told here."""

import pickle
import time
from pathlib import Path

import numpy as np
import pytest

from xtr_pipeline.bench.worker import Worker


class Sleeper:
    """A side that only takes time and memory."""

    def __init__(self, folder: Path, workload: float) -> None:
        self.name = f"sleeper in {folder.name}"
        self._seconds = workload
        if workload < 0:
            raise ValueError("no time below zero")

    def encode(self) -> str:
        time.sleep(self._seconds)
        return "encoded"

    def fill(self, megabytes: int) -> int:
        return int(np.ones(megabytes * 2**17).sum())

    def train_step(self, number: int) -> float:
        raise ArithmeticError(f"step {number}")


@pytest.fixture
def workload(tmp_path: Path) -> Path:
    (tmp_path / "workload").write_bytes(pickle.dumps(0.1))
    return tmp_path / "workload"


def test_a_call_is_timed_in_the_worker_and_its_memory_is_its_own(workload: Path) -> None:
    with Worker(Sleeper, workload.parent, workload) as worker:
        assert worker.name == f"sleeper in {workload.parent.name}"
        timed = worker.call("encode")
        assert timed.result == "encoded"
        assert 0.1 <= timed.seconds < 5
        before = worker.peak_bytes()
        worker.call("fill", 200)
        assert worker.peak_bytes() - before > 150 * 2**20


def test_an_error_in_the_worker_is_told_here(workload: Path) -> None:
    with (
        Worker(Sleeper, workload.parent, workload) as worker,
        pytest.raises(RuntimeError, match="ArithmeticError: step 7"),
    ):
        worker.call("train_step", 7)


def test_a_side_that_cannot_start_says_why(workload: Path) -> None:
    workload.write_bytes(pickle.dumps(-1.0))
    with pytest.raises(RuntimeError, match="no time below zero"):
        Worker(Sleeper, workload.parent, workload)
