"""Progress of encoding several repositories."""

import io
from pathlib import Path

from rich.console import Console

from xtr_pipeline.cli.eval_progress import EncodingReporter
from xtr_pipeline.evaluation.corpora import RepoCorpus
from xtr_pipeline.retrieval.progress import EncodeProgress
from xtr_pipeline_tests.retrieval.conftest import make_units

CORPORA = [
    RepoCorpus("first", make_units([(f"{n}.py", "f", "x") for n in range(100)], "first"), Path("first")),
    RepoCorpus("second", make_units([(f"{n}.py", "f", "x") for n in range(300)], "second"), Path("second")),
]


def report(reports: list[tuple[float, EncodeProgress]], *, terminal: bool, position: int = 0) -> str:
    stream = io.StringIO()
    now = 0.0
    reporter = EncodingReporter(Console(file=stream, force_terminal=terminal), CORPORA, clock=lambda: now)
    listener = reporter(CORPORA[position])
    for at, progress in reports:
        now = at
        listener(progress)
    return stream.getvalue()


def progress(units: int, seconds: float, total: int = 100) -> EncodeProgress:
    return EncodeProgress(units, total, 0, units * 50, units / total, seconds)


def test_a_line_has_rate_time_left_and_time_left_over_all_repos():
    text = report([(0, progress(50, 30))], terminal=False)
    # 30 s for half of 100 units: 30 s left here, and 300 units to come at 0.6 s each
    assert text == "encoding first (1/2): 50/100 texts, 83 tokens/s, ETA 0:30, all repos at most 3:30\n"


def test_the_last_repo_has_nothing_behind_it():
    assert "all repos" not in report([(0, progress(50, 30))], terminal=False, position=1)


def test_a_log_gets_a_line_every_ten_seconds_and_the_last_one():
    seconds = [0, 3, 9, 11, 12]
    reports = [(at, progress(units, at)) for at, units in zip(seconds, [1, 20, 40, 60, 100], strict=True)]
    lines = report([(float(at), p) for at, p in reports], terminal=False).splitlines()
    assert [line.split(": ")[1].split(" texts")[0] for line in lines] == ["1/100", "60/100", "100/100"]


def test_a_terminal_line_is_rewritten_until_the_repo_is_done():
    # the last batch and the end of the slab both report that all is done
    text = report([(0.0, progress(10, 1)), (1.0, progress(100, 2)), (1.1, progress(100, 2))], terminal=True)
    assert text.count("\n") == 1
    assert "\x1b[K\r" in text


def test_no_rate_yet_is_a_question_mark():
    assert "0 tokens/s, ETA ?" in report([(0, progress(0, 0))], terminal=False)
