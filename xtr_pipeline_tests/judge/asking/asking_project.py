"""Requests, settings and folders for tests that ask a judge's server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from xtr_pipeline.judge.asking.progress import AskProgress
from xtr_pipeline.judge.asking.run import JudgeFolders, RunReport, ask_and_store
from xtr_pipeline.judge.asking.settings import Endpoint, JudgeSettings, Limits
from xtr_pipeline.judge.chat_body import ChatSettings
from xtr_pipeline.judge.importing import LabelledRepos
from xtr_pipeline.judge.ledger import QUERY_SCHEMA, load_grades
from xtr_pipeline.judge.pools import build_pool, stacked
from xtr_pipeline.judge.prices import Price
from xtr_pipeline.judge.requests import Request, grade_requests
from xtr_pipeline_tests.judge.sample_units import query_record, three_units, unit_row

MODEL = "tiny-judge"
DATE = "2026-11-26"
REPOS = LabelledRepos(("toy",), frozenset({"click"}))
_WORDS = ("failure", "outage", "hiccup", "mishap", "fault", "error", "glitch", "setback", "trouble", "breakdown")


def grading_requests(count: int, units: pl.DataFrame | None = None) -> list[Request]:
    """`count` queries about one unit, each with a pool of three."""
    units = three_units() if units is None else units
    source = unit_row(units, "fetch_with_retry")
    texts = [f"waiting longer after {number} {_WORDS[number % len(_WORDS)]}s" for number in range(count)]
    queries = [query_record(source, text) for text in texts]
    pools = stacked(build_pool(query, units, {"bm25": units["unit_id"].to_list()}) for query in queries)
    frame = pl.DataFrame(queries, schema=QUERY_SCHEMA)
    return list(grade_requests(frame, pools, units, judging=1))


def settings(
    base_url: str, limits: Limits | None = None, chat: dict[str, Any] | None = None, **endpoint: Any
) -> JudgeSettings:
    """A quick endpoint with a price of 1 for a million prompt tokens and 2 for a million of the answer."""
    fields = {"in_flight": 4, "timeout_s": 5.0, "longest_wait_s": 0.05, "api_key_env": "TEST_KEY", **endpoint}
    return JudgeSettings(
        endpoint=Endpoint(base_url=base_url, chat=replace(ChatSettings(model=MODEL), **(chat or {})), **fields),
        limits=limits or Limits(),
        prices={MODEL: Price(1.0, 2.0)},
    )


def run(
    requests: list[Request],
    known: JudgeSettings,
    home: Path,
    show: Callable[[AskProgress], None] = lambda _: None,
    environ: dict[str, str] | None = None,
) -> RunReport:
    """Ask, into a ledger and a journal under `home`."""
    task = requests[0].task if requests else "grades"
    return ask_and_store(
        requests, task, settings=known, folders=folders(home), repos=REPOS, date=DATE, show=show, environ=environ or {}
    )


def folders(home: Path) -> JudgeFolders:
    """The ledger and the journals under `home`."""
    return JudgeFolders(home / "ledger", home / "runs")


def graded_queries(home: Path) -> int:
    """How many queries the ledger holds grades of."""
    return load_grades(home / "ledger")["query_id"].n_unique()


def ledger_bytes(home: Path) -> dict[str, bytes]:
    """The ledger's labels, file by file."""
    ledger = home / "ledger"
    return {str(path.relative_to(ledger)): path.read_bytes() for path in sorted(ledger.glob("[gq]*/*.jsonl"))}
