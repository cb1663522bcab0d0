"""Queries that break their kind's limit are asked for again, and only those; then dropped and counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from xtr_pipeline.judge.ledger import load_asked, load_queries
from xtr_pipeline.judge.requests import Request, query_requests
from xtr_pipeline.judge.sampling import Sampling
from xtr_pipeline_tests.judge.asking.asking_project import run, settings
from xtr_pipeline_tests.judge.asking.judge_server import running
from xtr_pipeline_tests.judge.sample_units import three_units

GOOD = [
    ("conceptual", "waiting longer after every failure"),
    ("question", "how long do we pause between tries when a site is slow?"),
]
NAMES_IT = ("conceptual", "retrying what went wrong before")
BETTER = ("conceptual", "giving up once patience runs out")


def _requests() -> list[Request]:
    units = three_units()
    sampling = Sampling(per_unit={"conceptual": 2.0, "question": 1.0, "keyword": 0.0})
    return list(query_requests(units, units.filter(pl.col("symbol") == "fetch_with_retry"), sampling))


def _answer(*queries: tuple[str, str], skip: str | None = None) -> str:
    return json.dumps({"queries": [{"kind": kind, "query": query} for kind, query in queries], "skip": skip})


def _run(tmp_path: Path, *answers: str, corrections: int = 2) -> tuple[Any, list[dict[str, Any]]]:
    script: Callable[[int, dict[str, Any]], str] = lambda number, _: answers[min(number, len(answers)) - 1]  # noqa: E731
    with running(script) as server:
        report = run(_requests(), settings(server.base_url, corrections=corrections), tmp_path)
    return report, server.bodies


def _kept(tmp_path: Path) -> set[str]:
    return set(load_queries(tmp_path / "ledger")["query"])


def test_only_the_query_that_breaks_its_limit_is_asked_for_again(tmp_path: Path) -> None:
    report, bodies = _run(tmp_path, _answer(*GOOD, NAMES_IT), _answer(BETTER))
    assert (report.answered, report.quarantined, report.refused, len(bodies)) == (1, 0, (), 2)
    assert _kept(tmp_path) == {text for _, text in (*GOOD, BETTER)}
    asked = bodies[1]["messages"][3]["content"]
    assert "it uses: retrying" in asked
    assert "new queries in the same format: 1 conceptual." in asked
    assert bodies[0]["temperature"] > 0


def test_one_that_breaks_it_again_is_dropped_and_counted_and_the_others_stay(tmp_path: Path) -> None:
    report, bodies = _run(tmp_path, _answer(*GOOD, NAMES_IT), _answer(NAMES_IT), corrections=1)
    assert (report.answered, report.quarantined, len(report.refused), len(bodies)) == (1, 0, 1, 2)
    assert _kept(tmp_path) == {text for _, text in GOOD}
    assert "retrying" in report.refused[0].reason


def test_more_than_is_missing_is_not_taken(tmp_path: Path) -> None:
    _run(
        tmp_path, _answer(*GOOD, NAMES_IT), _answer(BETTER, ("conceptual", "patience with a shaky line")), corrections=1
    )
    assert _kept(tmp_path) == {text for _, text in (*GOOD, BETTER)}


def test_one_too_many_is_refused_and_nothing_more_is_asked(tmp_path: Path) -> None:
    report, bodies = _run(tmp_path, _answer(*GOOD, BETTER, ("conceptual", "patience with a shaky line")))
    assert (report.answered, len(report.refused), len(bodies)) == (1, 1, 1)
    assert _kept(tmp_path) == {text for _, text in (*GOOD, BETTER)}


def test_a_declined_unit_is_an_answer(tmp_path: Path) -> None:
    report, bodies = _run(tmp_path, _answer(skip="It is boilerplate."))
    assert (report.answered, report.quarantined, len(bodies)) == (1, 0, 1)
    assert load_asked(tmp_path / "ledger")["outcome"].to_list() == ["declined"]
