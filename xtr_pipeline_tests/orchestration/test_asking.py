"""The graph asks the judge by itself where the project says so, and only then."""

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from xtr_pipeline.judge.asking.journal import Journal
from xtr_pipeline.judge.ledger import load_grades, load_queries
from xtr_pipeline.judge.prices import Usage
from xtr_pipeline_tests.judge.asking.judge_server import JudgeServer, asked_query, graded, running
from xtr_pipeline_tests.orchestration.conftest import Bench

_TEXTS = itertools.count()
_WORDS = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath")


def _answer(_: int, body: dict[str, Any]) -> str:
    if asked_query(body):
        return graded(body, lambda _: 4)
    number = next(_TEXTS)
    text = f"gently {_WORDS[number % 8]} {_WORDS[number // 8 % 8]} under moonlight"
    return json.dumps({"queries": [{"kind": "conceptual", "query": text}], "skip": None})


def _settings(bench: Bench, server: JudgeServer, *, ask: bool, budget: str = "") -> None:
    path = bench.project.files.judge_settings
    path.write_text(
        f'[endpoint]\nbase_url = "{server.base_url}"\nmodel = "tiny"\n'
        f"[budget]\n{budget}\n[graph]\nask = {str(ask).lower()}\n"
    )


def _labels(bench: Bench) -> tuple[pl.DataFrame, pl.DataFrame]:
    ledger = bench.project.files.ledger
    return load_queries(ledger, ["alpha"]), load_grades(ledger, ["alpha"])


def _metadata(bench: Bench, asset: str) -> dict[str, Any]:
    event = bench.instance.get_latest_materialization_event(dg.AssetKey(asset))
    assert event is not None and event.asset_materialization is not None
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def _stored(bench: Bench, name: str) -> pl.DataFrame:
    return pl.read_parquet(Path(bench.project.storage) / name)


@pytest.fixture
def cut(bench: Bench) -> Bench:
    """Sources fetched and cut, and the base encoder there."""
    assert bench.materialise("base_encoder").success
    assert bench.materialise("source_tree", "code_units", partition="alpha").success
    return bench


def test_where_the_project_does_not_say_so_nothing_is_asked(cut: Bench) -> None:
    with running(_answer) as server:
        _settings(cut, server, ask=False)
        assert cut.materialise("queries", "candidate_pool", "judgments", partition="alpha").success
        assert server.asked.total() == 0
    assert "asked" not in _metadata(cut, "queries")


def test_files_are_asked_about_too(cut: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xtr_pipeline.judge.file_requests.LEAST_LINES", 1)
    shown: list[str] = []

    def answer(_: int, body: dict[str, Any]) -> str:
        shown.append(body["messages"][1]["content"])
        return json.dumps({"queries": [], "skip": "Nothing to ask for."})

    with running(answer) as server:
        _settings(cut, server, ask=True)
        assert cut.materialise("queries", partition="alpha").success
    assert any("The file: net/client.py" in text for text in shown)
    assert any("File A: " in text and "net/client.py" in text for text in shown)


def test_new_units_get_queries_pools_grades_and_a_second_judging(cut: Bench) -> None:
    before = _labels(cut)
    with running(_answer) as server:
        _settings(cut, server, ask=True)
        assert cut.materialise("queries", "candidate_pool", "judgments", partition="alpha").success
        asked = server.asked.total()
        after = _labels(cut)
        written = after[0].filter(pl.col("writer") == "tiny")
        assert written.height >= 1
        assert set(after[1].filter(pl.col("judge") == "tiny", pl.col("judging") == 1)["query_id"]) == set(
            written["query_id"]
        )
        assert after[1].filter(pl.col("judging") == 2).height > 0
        # what was there before stands as it was
        assert before[1].join(after[1], on=["query_id", "unit_hash", "judge"], how="anti").is_empty()
        facts = _metadata(cut, "judgments")
        assert facts["answered"] == facts["asked"] == written.height
        assert facts["second judging, answered"] >= 1
        assert facts["tokens spent"] > 0
        # and nothing is asked twice
        assert cut.materialise("queries", "candidate_pool", "judgments", partition="alpha").success
        assert server.asked.total() == asked
    assert set(written["query_id"]) & set(_stored(cut, "judgments/alpha.parquet")["query_id"])


def test_a_spent_budget_ends_the_asking_and_not_the_run(cut: Bench) -> None:
    with running(_answer) as server:
        _settings(cut, server, ask=True, budget="tokens = 10")
        assert cut.materialise("queries", "candidate_pool", "judgments", partition="alpha").success
        assert server.asked.total() == 0
    assert _metadata(cut, "queries")["stopped"] == "budget"
    assert _stored(cut, "judgments/alpha.parquet").height == 2


@pytest.mark.parametrize(("ended", "stopped"), [("today", "budget"), ("2026-01-01", None)])
def test_a_day_has_one_budget_for_all_runs_of_the_graph(cut: Bench, ended: str, stopped: str | None) -> None:
    day = datetime.now(UTC).date().isoformat() if ended == "today" else ended
    with Journal(cut.project.files.home / "judge" / "tiny", day) as journal:
        journal.ended(journal.sent("another partition", Usage(900_000, 0)), Usage(900_000, 0))
        journal.finished()
    with running(_answer) as server:
        _settings(cut, server, ask=True, budget="tokens = 900_000")
        assert cut.materialise("queries", partition="alpha").success
        assert (server.asked.total() == 0) == (stopped == "budget")
    assert _metadata(cut, "queries").get("stopped") == stopped


def test_an_endpoint_that_cannot_be_used_fails_with_the_cure(cut: Bench) -> None:
    with running(lambda *_: {"status": 401, "body": "{}"}) as server:
        _settings(cut, server, ask=True)
        result = cut.materialise("queries", partition="alpha")
    assert not result.success
    failed = next(event for event in result.all_events if event.is_step_failure)
    assert "OPENAI_API_KEY" in str(failed.step_failure_data.error)
