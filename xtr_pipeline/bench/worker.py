"""One side in a process of its own: libraries do not share threads or memory there, and a peak is one side's alone."""

from __future__ import annotations

import multiprocessing
import pickle
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

from xtr_pipeline.bench.sides import Side

MakeSide = Callable[[Path, Any], Side]


@dataclass(frozen=True)
class Timed:
    """What a call gave, and how long it took in the worker, in seconds."""

    result: Any
    seconds: float


class Worker:
    """A process that holds one side and times its calls, one at a time, when it is told to."""

    def __init__(self, make: MakeSide, folder: Path, workload_file: Path) -> None:
        """Start the process and wait until the side is ready. `make` must be importable by name."""
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, make, folder, workload_file), daemon=True)
        self._process.start()
        theirs.close()
        self.name: str = self._receive().result

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.join()

    def call(self, method: str, *arguments: Any) -> Timed:
        """Call a method of the side.

        Raises:
            RuntimeError: It failed there; the message holds the error.
        """
        self._pipe.send((method, arguments))
        return self._receive()

    def peak_bytes(self) -> int:
        """The most memory that the process has had so far."""
        return int(self.call("peak").result)

    def _receive(self) -> Timed:
        try:
            answer = self._pipe.recv()
        except EOFError as error:
            raise RuntimeError(
                "the worker process ended; run the benchmark with more memory, or see its error"
            ) from error
        if isinstance(answer, str):
            raise RuntimeError(answer)
        assert isinstance(answer, Timed)
        return answer


def _serve(pipe: Connection, make: MakeSide, folder: Path, workload_file: Path) -> None:
    try:
        side = make(folder, pickle.loads(workload_file.read_bytes()))
        pipe.send(Timed(side.name, 0.0))
        while True:
            method, arguments = pipe.recv()
            if method == "peak":
                pipe.send(Timed(_peak_bytes(), 0.0))
                continue
            start = time.perf_counter()
            result = getattr(side, method)(*arguments)
            pipe.send(Timed(result, time.perf_counter() - start))
    except EOFError:
        return
    except Exception as error:  # whatever it is, the parent tells it
        pipe.send(f"{type(error).__name__}: {error}")


def _peak_bytes() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        # getrusage would count what the parent had when it started this process
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) * 1024
    peak_rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # bytes on a Mac, kilobytes elsewhere
    return int(peak_rss if sys.platform == "darwin" else peak_rss * 1024)
