"""The one door to MLX: loads the BLAS first, then hands out `mx` and `nn`, and says what the arithmetic runs on.

Everything in `encoder/` and `training/` imports MLX from here, because the order matters: a BLAS that is loaded after
`mlx.core` is never called. That order is the one thing that must happen at import.
"""

from __future__ import annotations

import os
import platform
import shutil
import threading
from dataclasses import dataclass
from importlib.metadata import version

from xtr_pipeline.encoder.blas import load_blas
from xtr_pipeline.encoder.cpu_tuning import tune_cpu

BLAS = load_blas()
tune_cpu()

import mlx.core as mx  # noqa: E402
from mlx import nn  # noqa: E402

__all__ = [
    "BLAS",
    "Backend",
    "available_cores",
    "backend_report",
    "mx",
    "nn",
    "own_kernels_pay",
    "runs_on_cpu",
    "worker_streams",
]

# MLX knows a stream only in the Python thread that made it, and a stream owns a worker thread, so each is made once.
_OF_THREAD = threading.local()


@dataclass(frozen=True)
class Backend:
    """What the arithmetic runs on, for the metadata of an asset.

    Attributes:
        device: "cpu", "metal" or "cuda".
        blas: Name of the BLAS behind matrix products.
        threads: CPU cores that the encoder may use.
        mlx_version: Version of the installed MLX.
        notes: What is slower than it needs to be, and the cure; empty when nothing is.
    """

    device: str
    blas: str
    threads: int
    mlx_version: str
    notes: tuple[str, ...]


def runs_on_cpu() -> bool:
    """Whether MLX's default device is the CPU."""
    return bool(mx.default_device().type == mx.DeviceType.cpu)


def own_kernels_pay() -> bool:
    """Whether MLX's transcendental functions are scalar here (x86-64 CPU), so that ours are 10 to 20 times faster."""
    return runs_on_cpu() and platform.machine() in ("x86_64", "AMD64")


def worker_streams() -> list[mx.Stream]:
    """Streams for independent work: one a core on a CPU, where a stream is one thread; elsewhere the default one."""
    if not runs_on_cpu():
        return [mx.default_stream(mx.default_device())]
    if not hasattr(_OF_THREAD, "streams"):
        _OF_THREAD.streams = [mx.new_stream(mx.cpu) for _ in range(available_cores())]
    streams: list[mx.Stream] = _OF_THREAD.streams
    return streams


def available_cores() -> int:
    """CPU cores that this process may run on (at least 1)."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def backend_report() -> Backend:
    """Describe the device and the BLAS that are in use."""
    if runs_on_cpu():
        device, blas = "cpu", BLAS.name
    else:
        device, blas = ("metal" if mx.metal.is_available() else "cuda"), "the device's own"
    return Backend(
        device=device, blas=blas, threads=available_cores(), mlx_version=version("mlx"), notes=_notes(device)
    )


def _notes(device: str) -> tuple[str, ...]:
    if device != "cpu":
        return ()
    notes = [BLAS.note] if BLAS.note else []
    if platform.system() == "Linux" and shutil.which("g++") is None:
        notes.append("no g++ on the PATH: MLX cannot fuse kernels, encoding is slower (cure: install g++)")
    return tuple(notes)
