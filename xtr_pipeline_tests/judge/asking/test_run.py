"""Asking a real HTTP server on loopback: nothing is lost, nothing is asked twice, the budget holds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from xtr_pipeline.judge.asking.asker import GIVE_UP_AFTER
from xtr_pipeline.judge.asking.budget import BudgetError
from xtr_pipeline.judge.asking.exchange import EndpointError
from xtr_pipeline.judge.asking.settings import Limits
from xtr_pipeline.judge.importing import ForbiddenRepoError
from xtr_pipeline.judge.ledger import load_asked, load_grades
from xtr_pipeline_tests.judge.asking.asking_project import (
    MODEL,
    graded_queries,
    grading_requests,
    ledger_bytes,
    run,
    settings,
)
from xtr_pipeline_tests.judge.asking.judge_server import (
    COMPLETION_TOKENS,
    PROMPT_TOKENS,
    asked_query,
    graded,
    running,
)
from xtr_pipeline_tests.judge.sample_units import three_units

KEY = "sk-test-0123456789abcdef"
EXCHANGE = PROMPT_TOKENS + COMPLETION_TOKENS


def test_every_request_is_asked_once_with_a_bounded_number_in_flight(tmp_path: Path) -> None:
    shown = []
    with running(lambda _, body: {"content": graded(body), "delay_s": 0.05}) as server:
        report = run(grading_requests(24), settings(server.base_url), tmp_path, shown.append)
    assert (report.requests, report.answered, report.quarantined, report.stopped) == (24, 24, 0, "")
    assert set(server.asked.values()) == {1}
    assert 2 <= server.most_in_flight <= 4
    stored = load_grades(tmp_path / "ledger")
    assert (stored.height, report.added) == (72, 72)
    assert set(stored["judge"]) == {MODEL}
    assert report.usage.tokens == 24 * EXCHANGE
    assert report.money == pytest.approx(24 * (PROMPT_TOKENS * 1e-6 + COMPLETION_TOKENS * 2e-6))
    assert shown[-1].done == shown[-1].total == 24
    assert shown[-1].tokens == 24 * EXCHANGE


def test_what_is_sent_is_the_prompt_at_temperature_0_with_its_schema(tmp_path: Path) -> None:
    request = grading_requests(1)[0]
    with running(lambda _, body: graded(body)) as server:
        run([request], settings(server.base_url), tmp_path, environ={"TEST_KEY": KEY})
    body = server.bodies[0]
    assert [message["content"] for message in body["messages"]] == [request.system, request.user]
    assert (body["temperature"], body["model"], body["logprobs"]) == (0.0, MODEL, True)
    assert body["response_format"]["json_schema"]["schema"] == request.schema
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


FAULTS: dict[str, dict[str, Any]] = {
    "rate limit with a wait": {
        "status": 429,
        "headers": {"Retry-After": "0.05"},
        "body": '{"error": {"message": "slow"}}',
    },
    "rate limit in milliseconds": {"status": 429, "headers": {"retry-after-ms": "40"}, "body": "{}"},
    "rate limit without a wait": {"status": 429, "body": "{}"},
    "server error": {"status": 500, "body": "oops"},
    "overload": {"status": 503, "body": ""},
    "no body in time": {"delay_s": 1.0, "content": "late"},
    "connection closed": {"drop": True},
    "body cut": {"cut": True, "content": "x" * 2_000},
    "body is no JSON": {"body": "<html>gateway</html>"},
    "body is no completion": {"body": '{"choices": []}'},
    "answer is no JSON": {"content": '{"grades": [{"unit": "A", "gra'},
    "answer was cut": {"content": "{", "finish_reason": "length"},
    "wrong schema": {"content": '{"score": 5}'},
    "grade out of range": {"content": '{"grades": [{"unit": "A", "reason": "x", "grade": 9}]}'},
    "empty answer": {"content": ""},
}


def test_a_server_with_every_fault_loses_nothing(tmp_path: Path) -> None:
    faults = list(FAULTS.values())
    order: dict[str, int] = {}

    def script(number: int, body: dict[str, Any]) -> str | dict[str, Any]:
        fault = faults[order.setdefault(asked_query(body), len(order)) % len(faults)]
        return fault if number == 1 else graded(body)

    with running(script) as server:
        known = settings(server.base_url, timeout_s=0.5, in_flight=6)
        report = run(grading_requests(2 * len(faults)), known, tmp_path)
    assert (report.answered, report.quarantined, dict(report.unanswered)) == (2 * len(faults), 0, {})
    assert graded_queries(tmp_path) == 2 * len(faults)
    assert set(server.asked.values()) == {2}


def test_a_rate_limit_holds_everybody_back(tmp_path: Path) -> None:
    times: list[float] = []

    def script(number: int, body: dict[str, Any]) -> str | dict[str, Any]:
        times.append(time.monotonic())
        limited = len(times) == 1
        return {"status": 429, "headers": {"Retry-After": "1"}, "body": "{}"} if limited else graded(body)

    with running(script) as server:
        report = run(grading_requests(6), settings(server.base_url, in_flight=1), tmp_path)
    assert report.answered == 6
    assert times[1] - times[0] >= 0.95


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_request_that_never_gets_an_answer_is_left_for_the_next_run(tmp_path: Path, attempts: int) -> None:
    lost = grading_requests(1)[0]
    name = lost.user.split("\n")[0].removeprefix("Query: ")
    with running(
        lambda _, body: {"status": 500, "body": "no"} if asked_query(body) == name else graded(body)
    ) as server:
        known = settings(server.base_url, attempts=attempts)
        report = run(grading_requests(5), known, tmp_path)
        assert report.answered == 4
        assert "status 500" in report.unanswered[lost.custom_id]
        assert server.asked[name] == attempts
        server.script = lambda _, body: graded(body)
        assert run([lost], known, tmp_path).answered == 1


def test_a_server_that_is_gone_ends_the_run_before_every_request_has_tried(tmp_path: Path) -> None:
    with running(lambda _, body: graded(body)) as server:
        gone = server.base_url
    report = run(grading_requests(40), settings(gone, attempts=2), tmp_path)
    assert "in a row got no answer" in report.stopped
    assert GIVE_UP_AFTER <= len(report.unanswered) < 40
    assert report.usage.tokens == 0


def test_a_server_that_asks_for_an_hour_ends_the_run(tmp_path: Path) -> None:
    with running(lambda *_: {"status": 429, "headers": {"Retry-After": "3600"}, "body": "{}"}) as server:
        report = run(grading_requests(3), settings(server.base_url), tmp_path)
    assert report.stopped == "the server asks to wait 60 minutes"


# --------------------------------------------------------------------------------------------- answers that are no use


def test_a_bad_answer_is_asked_again_with_what_was_wrong_then_quarantined_with_its_text(tmp_path: Path) -> None:
    requests = grading_requests(1)
    with running(lambda *_: '{"grades": [{"unit": "A", "reason": "nonsense", "grade": 7}]}') as server:
        report = run(requests, settings(server.base_url, corrections=2), tmp_path)
        assert (report.answered, report.quarantined, server.asked.total()) == (0, 1, 3)
        second = server.bodies[1]["messages"]
        assert [message["role"] for message in second] == ["system", "user", "assistant", "user"]
        assert '"grade": 7' in second[2]["content"]
        assert "unit B has no grade" in second[3]["content"]
        # money was spent on it: the next run does not ask again
        again = run(requests, settings(server.base_url, corrections=2), tmp_path)
        assert (again.quarantined, server.asked.total()) == (1, 3)
    kept = json.loads((tmp_path / "runs" / MODEL / "grades.quarantine.jsonl").read_text())
    assert "nonsense" in kept["raw"]
    assert "unit B has no grade" in kept["reason"]
    assert load_grades(tmp_path / "ledger").height == 0
    assert load_asked(tmp_path / "ledger")["outcome"].to_list() == ["quarantined"] * 3


def test_a_request_that_the_server_rejects_is_quarantined_at_once(tmp_path: Path) -> None:
    refusal = {"status": 400, "body": '{"error": {"message": "maximum context length exceeded"}}'}
    with running(lambda *_: refusal) as server:
        report = run(grading_requests(3), settings(server.base_url), tmp_path)
        assert (report.quarantined, report.stopped) == (3, "")
        assert set(server.asked.values()) == {1}
        run(grading_requests(3), settings(server.base_url), tmp_path)
        assert set(server.asked.values()) == {1}
    assert "maximum context length" in report.refused[0].reason


@pytest.mark.parametrize("status", [400, 422, 500])
@pytest.mark.parametrize(
    ("message", "field"), [("logprobs is not supported", "logprobs"), ("unknown response_format", "response_format")]
)
def test_what_a_server_does_not_know_is_left_out(tmp_path: Path, status: int, message: str, field: str) -> None:
    def script(_: int, body: dict[str, Any]) -> str | dict[str, Any]:
        refusal = {"status": status, "body": json.dumps({"error": {"message": message}})}
        return refusal if field in body else graded(body)

    with running(script) as server:
        report = run(grading_requests(6), settings(server.base_url, in_flight=1, attempts=4), tmp_path)
    assert report.answered == 6
    assert field not in server.bodies[-1]
    assert server.asked.total() <= 6 + 3


def test_many_refusals_of_one_form_step_down_by_one(tmp_path: Path) -> None:
    def script(_: int, body: dict[str, Any]) -> str | dict[str, Any]:
        refusal = {"status": 400, "delay_s": 0.05, "body": '{"error": {"message": "response_format: no json_schema"}}'}
        return refusal if body["response_format"]["type"] == "json_schema" else graded(body)

    with running(script) as server:
        assert run(grading_requests(8), settings(server.base_url, in_flight=4), tmp_path).answered == 8
    forms = [body["response_format"] for body in server.bodies]
    assert [form for form in forms if "json_schema" in form] == forms[:4]
    assert all(form["type"] == "json_object" and form["schema"]["required"] == ["grades"] for form in forms[4:])


def test_expected_grades_come_from_log_probabilities(tmp_path: Path) -> None:
    def script(_: int, body: dict[str, Any]) -> dict[str, Any]:
        content = graded(body)
        before, _, after = content.partition('"grade": 5')
        alternatives = [{"token": "5", "logprob": -0.6931}, {"token": "4", "logprob": -0.6931}]
        tokens = [
            {"token": before + '"grade": ', "logprob": 0.0, "top_logprobs": []},
            {"token": "5", "logprob": -0.6931, "top_logprobs": alternatives},
            *({"token": letter, "logprob": 0.0, "top_logprobs": []} for letter in after),
        ]
        return {"content": content, "logprobs": {"content": tokens}}

    with running(script) as server:
        run(grading_requests(1), settings(server.base_url), tmp_path)
    found = dict(load_grades(tmp_path / "ledger").select("grade", "expected_grade").iter_rows())
    assert found == {5: 4.5, 2: 2.0}


# -------------------------------------------------------------------------------------------------------------- budget


@pytest.mark.parametrize("answers", [0, 1, 5])
def test_the_budget_in_tokens_stops_before_it_is_exceeded_and_a_new_one_goes_on(tmp_path: Path, answers: int) -> None:
    requests = grading_requests(12)
    bound = max(len(json.dumps(request.system + request.user).encode()) for request in requests) + 8_000
    limit = answers * EXCHANGE + (bound if answers else 10)
    with running(lambda _, body: graded(body)) as server:
        report = run(requests, settings(server.base_url, Limits(tokens=limit)), tmp_path)
        assert report.stopped == "budget"
        assert server.answered.total() * EXCHANGE <= limit
        assert answers <= report.answered < 12
        assert graded_queries(tmp_path) == report.answered if answers else report.added == 0
        run(requests, settings(server.base_url), tmp_path)
    assert graded_queries(tmp_path) == 12
    assert set(server.asked.values()) == {1}


def test_the_budget_in_money_holds_with_failures_that_may_have_been_paid_for(tmp_path: Path) -> None:
    requests = grading_requests(30)
    with running(lambda number, body: {"drop": True} if number == 1 else graded(body)) as server:
        report = run(requests, settings(server.base_url, Limits(money=0.1)), tmp_path)
    assert report.stopped == "budget"
    assert report.money is not None and report.money <= 0.1
    # a lost answer counts as if it had been paid for in full
    assert report.usage.tokens > server.answered.total() * EXCHANGE


def test_money_without_a_price_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with running(lambda _, body: graded(body)) as server:
        known = settings(server.base_url, Limits(money=1.0), chat={"model": "unpriced"})
        with pytest.raises(BudgetError, match=r"\[\[price\]\]"):
            run(grading_requests(2), known, tmp_path)
    assert server.asked.total() == 0


# ----------------------------------------------------------------------------------------------------- kill and resume

_CHILD = """
import sys
from pathlib import Path
from xtr_pipeline_tests.judge.asking.asking_project import grading_requests, run, settings
from xtr_pipeline.judge.asking.settings import Limits
report = run(grading_requests(40), settings(sys.argv[1]), Path(sys.argv[2]))
print(report.stopped, report.answered)
"""


def _start(base_url: str, home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _CHILD, base_url, str(home)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))


def _wait_for(answered: int, server: Any, child: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while server.answered.total() < answered:
        assert child.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)


def test_killed_in_the_middle_and_resumed_gives_the_ledger_of_an_uninterrupted_run(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    with running(lambda _, body: graded(body)) as server:
        run(grading_requests(40), settings(server.base_url), whole)
    with running(lambda _, body: {"content": graded(body), "delay_s": 0.05}) as server:
        child = _start(server.base_url, killed)
        _wait_for(10, server, child)
        child.kill()
        child.wait()
        journal = (killed / "runs" / MODEL / "answers.jsonl").read_text()
        kept = [json.loads(line)["custom_id"] for line in journal.split("\n")[:-1]]
        assert 6 <= len(kept) < 40
        report = run(grading_requests(40), settings(server.base_url), killed)
    assert report.answered == 40
    assert ledger_bytes(killed) == ledger_bytes(whole)
    ids = {request.custom_id: request.user.split("\n")[0].removeprefix("Query: ") for request in grading_requests(40)}
    assert all(server.asked[ids[custom_id]] == 1 for custom_id in kept)
    # only what was under way at the kill can have been asked twice
    assert server.asked.total() <= 40 + 4


def test_a_resumed_run_counts_what_the_killed_one_spent(tmp_path: Path) -> None:
    with running(lambda _, body: {"content": graded(body), "delay_s": 0.05}) as server:
        child = _start(server.base_url, tmp_path)
        _wait_for(10, server, child)
        child.kill()
        child.wait()
        report = run(grading_requests(40), settings(server.base_url, Limits(tokens=10 * EXCHANGE)), tmp_path)
    assert report.stopped == "budget"
    assert report.usage.tokens == 0


def test_one_interrupt_waits_for_what_is_under_way(tmp_path: Path) -> None:
    with running(lambda _, body: {"content": graded(body), "delay_s": 0.1}) as server:
        child = _start(server.base_url, tmp_path)
        _wait_for(5, server, child)
        child.send_signal(signal.SIGINT)
        output, _ = child.communicate(timeout=60)
        stopped, answered = output.split()
        assert (stopped, child.returncode) == ("interrupted", 0)
        assert int(answered) == graded_queries(tmp_path) == server.answered.total() < 40


def test_a_line_that_a_kill_cut_off_does_not_stop_the_next_run(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / MODEL
    folder.mkdir(parents=True)
    (folder / "answers.jsonl").write_text('{"custom_id": "grade-1')
    (folder / "spent.jsonl").write_text('{"sent": "x", "bou')
    with running(lambda _, body: graded(body)) as server:
        assert run(grading_requests(2), settings(server.base_url), tmp_path).answered == 2
    assert len((folder / "answers.jsonl").read_text().splitlines()) == 3


# -------------------------------------------------------------------------------------------------------------- safety


@pytest.mark.parametrize("status", [401, 403, 404])
def test_an_endpoint_that_cannot_be_used_says_the_cure_and_never_the_key(tmp_path: Path, status: int) -> None:
    refusal = {"status": status, "body": json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}"}})}
    with (
        running(lambda *_: refusal) as server,
        pytest.raises(EndpointError, match="TEST_KEY" if status != 404 else "endpoint.model") as error,
    ):
        run(grading_requests(9), settings(server.base_url), tmp_path, environ={"TEST_KEY": KEY})
    assert KEY not in str(error.value)
    assert server.asked.total() <= 4


def test_the_key_is_in_no_file(tmp_path: Path) -> None:
    refusal = {"status": 400, "body": json.dumps({"error": {"message": f"bad request with {KEY}"}})}
    with running(lambda number, body: refusal if number == 1 and "3" in asked_query(body) else graded(body)) as server:
        run(grading_requests(5), settings(server.base_url), tmp_path, environ={"TEST_KEY": KEY})
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 4
    assert not [path for path in files if KEY in path.read_text()]


def test_a_repo_that_must_not_be_labelled_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with running(lambda _, body: graded(body)) as server:
        with pytest.raises(ForbiddenRepoError, match="click"):
            run(grading_requests(2, three_units("click")), settings(server.base_url), tmp_path)
        assert server.asked.total() == 0
