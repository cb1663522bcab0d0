"""Backoff, budget, journal and settings, each by itself."""

from __future__ import annotations

import asyncio
import random
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtr_pipeline.judge.asking.backoff import Pacer, asked_wait_s, backoff_s
from xtr_pipeline.judge.asking.budget import Budget, usage_bound
from xtr_pipeline.judge.asking.journal import Journal, spent_in
from xtr_pipeline.judge.asking.progress import AskProgress
from xtr_pipeline.judge.asking.settings import JudgeSettings, JudgeSettingsError, Limits, load_judge_settings
from xtr_pipeline.judge.prices import Price, Usage

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30.0),
        ({"retry-after": formatdate(NOW - 30, usegmt=True)}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
    ],
)
def test_a_server_asks_for_a_wait_in_several_ways(headers: dict[str, str], seconds: float | None) -> None:
    assert asked_wait_s(headers, NOW) == seconds


def test_backoff_grows_has_jitter_and_a_bound() -> None:
    chance = random.Random(1)
    means = [sum(backoff_s(attempt, 60.0, chance) for _ in range(300)) / 300 for attempt in range(1, 6)]
    assert means == sorted(means)
    assert len({backoff_s(3, 60.0, chance) for _ in range(20)}) == 20
    assert max(backoff_s(50, 2.0, chance) for _ in range(200)) <= 2.0


def test_a_pause_holds_back_until_it_is_over_or_the_run_stops() -> None:
    async def measured(stop: bool) -> float:
        stopping = asyncio.Event()
        pacer = Pacer(stopping)
        pacer.pause(0.2)
        pacer.pause(0.05)
        if stop:
            stopping.set()
        began = time.monotonic()
        await pacer.wait()
        return time.monotonic() - began

    assert asyncio.run(measured(stop=False)) >= 0.19
    assert asyncio.run(measured(stop=True)) < 0.19


@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50), st.integers(0, 100)), max_size=60), st.integers(0, 400)
)
def test_no_order_of_exchanges_exceeds_a_budget(exchanges: list[tuple[int, int, int]], limit: int) -> None:
    budget = Budget(Limits(tokens=limit, money=limit * 1e-6), Price(1.0, 1.0))
    open_: list[tuple[Usage, Usage]] = []
    for prompt, completion, share in exchanges:
        bound = Usage(prompt, completion)
        if budget.hold(bound):
            open_.append((bound, Usage(prompt * share // 100, completion * share // 100)))
        elif open_:
            budget.settle(*open_.pop(0))
    for bound, used in open_:
        budget.settle(bound, used)
    assert budget.spent.tokens <= limit
    assert budget.money is not None and budget.money <= limit * 1e-6 + 1e-12
    assert budget.holds_nothing


@pytest.mark.parametrize("text", ["plain words", "def f(x): return x", "日本語のコメント", "🦀" * 50, "a" * 3_000])
def test_no_tokeniser_makes_more_tokens_than_the_bound(text: str) -> None:
    body = {"messages": [{"role": "user", "content": text}]}
    assert usage_bound(body, 100).prompt_tokens >= len(text.encode())
    assert usage_bound(body, 100).completion_tokens == 100


def test_a_journal_counts_what_ended_and_in_full_what_did_not(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        first = journal.sent("a", Usage(100, 10))
        journal.sent("b", Usage(200, 20))
        journal.ended(first, Usage(40, 4))
        journal.answered({"custom_id": "a", "n": 1})
    assert spent_in(tmp_path).total == Usage(240, 24)
    with Journal(tmp_path) as journal:
        assert journal.earlier("a") == ['{"custom_id": "a", "n": 1}']
        assert journal.earlier("b") == []
        journal.finished()
    assert spent_in(tmp_path).total == Usage()


def test_a_journal_of_a_day_counts_all_runs_of_that_day_and_no_others(tmp_path: Path) -> None:
    for day in ("2026-11-26", "2026-11-27", "2026-11-27", ""):
        with Journal(tmp_path, day) as journal:
            journal.ended(journal.sent("a", Usage(100, 10)), Usage(40, 4))
            journal.finished()
    assert [spent_in(tmp_path, day).total.tokens for day in ("2026-11-26", "2026-11-27", "2026-11-28")] == [44, 88, 0]
    with Journal(tmp_path, "2026-11-27") as journal:
        journal.sent("b", Usage(100, 10))
        assert journal.spent_before.total == Usage(80, 8)
    # what was under way when a run was killed counts in full
    assert spent_in(tmp_path, "2026-11-27").total == Usage(180, 18)


def test_progress_shows_rate_cost_and_time_left() -> None:
    at = AskProgress(30, 90, 1, 2, 0, tokens=12_345, money=0.5, seconds=15.0)
    assert at.line() == "30/90 requests, 2.0/s, 12,345 tokens, 0.5000 spent, 1 quarantined, 2 unanswered, ETA 0:30"
    assert AskProgress(0, 9, 0, 0, 0, 0, None, 0.0).line() == "0/9 requests, 0.0/s, 0 tokens, ETA ?"


# ------------------------------------------------------------------------------------------------------------ settings


def _load(tmp_path: Path, text: str) -> JudgeSettings:
    (tmp_path / "judge.toml").write_text(text)
    return load_judge_settings(tmp_path / "judge.toml")


def test_without_a_file_nothing_is_asked_by_itself(tmp_path: Path) -> None:
    known = load_judge_settings(tmp_path / "judge.toml")
    assert (known.ask_in_graph, known.prices, known.limits) == (False, {}, Limits())


def test_the_file_names_endpoint_budget_and_prices(tmp_path: Path) -> None:
    known = _load(
        tmp_path,
        """
[endpoint]
base_url = "http://127.0.0.1:8080/v1"
model = "qwen"
structured = "json_object"
in_flight = 3

[budget]
tokens = 1_000
money = 2.5

[graph]
ask = true

[[price]]
model = "qwen"
prompt = 0.1
completion = 0.4
batch_share = 0.5
""",
    )
    assert (known.endpoint.chat.model, known.endpoint.chat.structured, known.endpoint.in_flight) == (
        "qwen",
        "json_object",
        3,
    )
    assert (known.endpoint.judge, known.limits, known.ask_in_graph) == ("qwen", Limits(1_000, 2.5), True)
    assert known.price_of("qwen") == Price(0.1, 0.4, 0.5)
    assert Price(0.1, 0.4, 0.5).of(Usage(1_000_000, 500_000), batch=True) == pytest.approx(0.15)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(JudgeSettingsError) as error:
        _load(
            tmp_path,
            """
colour = "red"
[endpoint]
base_url = "https://user:secret@host/v1"
api_key = "sk-1"
in_flight = 0
structured = "xml"
[budget]
money = -1
[[price]]
model = "a"
prompt = "cheap"
[[price]]
prompt = 1
""",
        )
    text = str(error.value)
    for part in ("'colour'", "endpoint.api_key is not known", "in_flight is 0", "'xml'", "budget.money is -1"):
        assert part in text
    assert "price of a: prompt, completion" in text
    assert "price 2 names no model" in text
    assert "without a key, user or query" in text


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(JudgeSettingsError, match=r"judge\.toml"):
        _load(tmp_path, "[endpoint")


def test_the_projects_own_file_is_sound() -> None:
    known = load_judge_settings(Path(__file__).parents[3] / "data" / "judge.toml")
    assert known.price_of(known.endpoint.chat.model) is not None
    assert known.limits.money is not None
    assert not known.ask_in_graph
