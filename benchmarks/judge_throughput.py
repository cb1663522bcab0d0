"""How close does `xtr judge run` come to what a server could answer? A loopback server takes 200 ms for each answer.

    python benchmarks/judge_throughput.py [--json OUT]

With 32 requests in flight such a server gives 160 answers a second at most. The requests are real grading prompts with
pools of ten units, 50 for each of 32 repositories; journal, validation and ledger are part of what is timed. Three
rounds, the median counts; each also times the bare HTTP exchange with the same client library, so that the machine's
own limit is visible.
"""

import argparse
import asyncio
import json
import multiprocessing
import platform
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import polars as pl
import uvicorn
from openai import AsyncOpenAI
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

from xtr_pipeline.corpus.units import CodeUnit, units_frame
from xtr_pipeline.judge.asking.run import JudgeFolders, ask_and_store
from xtr_pipeline.judge.asking.settings import Endpoint, JudgeSettings
from xtr_pipeline.judge.chat_body import ChatSettings, chat_body, opening
from xtr_pipeline.judge.importing import LabelledRepos
from xtr_pipeline.judge.ledger import QUERY_SCHEMA
from xtr_pipeline.judge.pools import build_pool, stacked
from xtr_pipeline.judge.records import query_id
from xtr_pipeline.judge.requests import Request, grade_requests

LATENCY_S, IN_FLIGHT, UNITS, ROUNDS = 0.2, 32, 10, 3
REPOS, REQUESTS = tuple(f"toy-{number:02d}" for number in range(32)), 50  # requests of each repository
CHAT = ChatSettings(model="benchmark", logprobs=False)


async def answer(_: HttpRequest) -> JSONResponse:
    """A well-formed answer for ten units, after the latency."""
    await asyncio.sleep(LATENCY_S)
    grades = [{"unit": unit, "reason": f"What unit {unit} does.", "grade": 2} for unit in "ABCDEFGHIJ"]
    message = {"role": "assistant", "content": json.dumps({"grades": grades})}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3_500, "completion_tokens": 300, "total_tokens": 3_800}
    return JSONResponse({"id": "b", "object": "chat.completion", "choices": [choice], "usage": usage})


def serve(port: int) -> None:
    """The server, in a process of its own."""
    app = Starlette(routes=[Route("/v1/chat/completions", answer, methods=["POST"])])
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


def grading_requests(repo: str, count: int) -> list[Request]:
    """Queries about one made-up repository, each with a pool of ten functions of 25 lines."""
    lines = "\n".join(f"    value_{line} = compute(value_{line - 1}, weight={line})" for line in range(1, 26))
    bodies = {f"step_{number}": f"def step_{number}(value_0):\n{lines}\n    return {number}\n" for number in range(40)}
    units = units_frame(
        [CodeUnit(f"src/{name}.py", name, "function", "python", 1, 28, 0, "", body) for name, body in bodies.items()],
        repo,
        "1.0",
    )
    source = units.row(0, named=True)
    place = {name: source[name] for name in ("repo", "version", "path", "symbol", "start_line", "end_line")}
    queries = [
        {
            "query_id": query_id(repo, text := f"adding up the weights of batch {number}"),
            **place,
            "unit_hash": source["content_hash"],
            "kind": "conceptual",
            "query": text,
            "writer": "benchmark",
            "prompt_version": "q1",
            "date": "2026-11-26",
            "overlap": {"path": 0.0, "names": 0.0, "body": 0.0},
        }
        for number in range(count)
    ]
    pools = stacked(build_pool(query, units, {"bm25": units["unit_id"].to_list()}, UNITS) for query in queries)
    return list(grade_requests(pl.DataFrame(queries, schema=QUERY_SCHEMA), pools, units, judging=1))


def timed_run(requests: list[Request], base_url: str) -> float:
    """Answers a second of a whole run, ledger included."""
    settings = JudgeSettings(endpoint=Endpoint(base_url=base_url, chat=CHAT, in_flight=IN_FLIGHT))
    with tempfile.TemporaryDirectory() as home:
        folders = JudgeFolders(Path(home, "ledger"), Path(home, "runs"))
        start = time.perf_counter()
        report = ask_and_store(
            requests,
            "grades",
            settings=settings,
            folders=folders,
            repos=LabelledRepos(REPOS, frozenset()),
            date="2026-11-26",
            show=lambda _: None,
        )
        seconds = time.perf_counter() - start
    assert report.answered == len(requests), report
    return len(requests) / seconds


def timed_bare(requests: list[Request], base_url: str) -> float:
    """Answers a second of the client library alone, with as many in flight."""

    async def everything() -> None:
        async with AsyncOpenAI(api_key="none", base_url=base_url, max_retries=0) as client:
            waiting = iter(requests)

            async def work() -> None:
                for request in waiting:
                    body: dict[str, Any] = chat_body(request, opening(request), CHAT)
                    await client.chat.completions.with_raw_response.create(**body)

            await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))

    start = time.perf_counter()
    asyncio.run(everything())
    return len(requests) / (time.perf_counter() - start)


def main() -> None:
    """Print the table, and write it where --json says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    out = parser.parse_args().json
    port = 18_573
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(port,), daemon=True)
    server.start()
    base_url = f"http://127.0.0.1:{port}/v1"
    requests = [request for repo in REPOS for request in grading_requests(repo, REQUESTS)]
    time.sleep(4)
    ceiling = IN_FLIGHT / LATENCY_S
    rounds = [(timed_run(requests, base_url), timed_bare(requests, base_url)) for _ in range(ROUNDS)]
    server.terminate()
    figures = {
        "answers_per_s": statistics.median(run for run, _ in rounds),
        "ceiling_per_s": ceiling,
        "share_of_ceiling": statistics.median(run for run, _ in rounds) / ceiling,
        "bare_client_per_s": statistics.median(bare for _, bare in rounds),
        "rounds": [run for run, _ in rounds],
        "machine": f"{platform.machine()}, {multiprocessing.cpu_count()} cores, Python {platform.python_version()}",
    }
    for name, value in figures.items():
        print(f"{name:20} {value}")
    if out is not None:
        out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
