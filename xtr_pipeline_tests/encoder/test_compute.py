"""The BLAS in front of MLX, streams and the backend report."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from xtr_pipeline.encoder.blas import _built_for_cuda, load_blas, set_threads, single_threaded
from xtr_pipeline.encoder.compute import BLAS, available_cores, backend_report, runs_on_cpu, worker_streams
from xtr_pipeline.encoder.fortran_runtime import SONAME, with_soname

on_linux_x86 = pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="OpenBLAS is loaded on Linux x86-64 only"
)


def _python(code: str, **environment: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=True
    )
    return run.stdout.strip()


@on_linux_x86
def test_the_report_names_openblas():
    report = backend_report()
    assert report.blas.startswith("OpenBLAS")
    assert report.threads == available_cores()
    assert report.device == "cpu"


@on_linux_x86
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


def test_without_the_openblas_package_everything_still_works(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("xtr_pipeline.encoder.blas._openblas_path", lambda: None)
    monkeypatch.delitem(sys.modules, "mlx.core")
    blas = load_blas()
    if sys.platform == "linux" and platform.machine() == "x86_64":
        assert "pip install cmeel-openblas" in blas.note
    assert blas.library is None
    with single_threaded(blas):
        set_threads(blas, 2)


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
def test_another_processor_uses_the_openblas_of_its_system(monkeypatch: pytest.MonkeyPatch, name: str):
    library = _Library(*OPENBLAS)
    _on(monkeypatch, "aarch64", {name: library}, "mlx-cpu")
    blas = load_blas()
    assert (blas.name, blas.note) == ("OpenBLAS 0.3.26", "")
    assert blas.library is library


@pytest.mark.parametrize("libraries", [{}, {"libopenblas.so.0": _Library("cblas_sgemm")}])
def test_another_processor_without_openblas_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, libraries: dict[str, object]
):
    _on(monkeypatch, "aarch64", libraries)
    blas = load_blas()
    assert blas.library is None
    assert "aarch64" in blas.note
    assert "bundled reference BLAS may be in use" in blas.note
    assert "install OpenBLAS" in blas.note


@on_linux_x86
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


def test_there_is_a_stream_for_every_core_on_a_cpu():
    assert len(worker_streams()) == (available_cores() if runs_on_cpu() else 1)
    assert worker_streams() is worker_streams()


def test_only_an_elf_library_gets_another_name():
    with pytest.raises(OSError, match="not a 64-bit"):
        with_soname(b"MZ" + bytes(100), SONAME)


@on_linux_x86
def test_a_library_gets_another_name_in_place():
    from importlib.metadata import files

    bundled = [Path(str(entry.locate())) for entry in files("numpy") or [] if entry.name.startswith("libgfortran")]
    if not bundled:
        pytest.skip("this numpy bundles no Fortran runtime")
    library = bundled[0].read_bytes()
    renamed = with_soname(library, SONAME)
    assert len(renamed) == len(library)
    assert renamed.count(SONAME + b"\0") == library.count(SONAME + b"\0") + 1
    with pytest.raises(OSError, match="shorter"):
        with_soname(library, b"x" * 200)
