"""A judge's server on loopback that speaks the chat completions API, over real HTTP, and misbehaves on request."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PROMPT_TOKENS, COMPLETION_TOKENS = 1_000, 50
_FENCED = re.compile(r"\[BEGIN (?P<label>[A-Z ]+) (?P<mark>[0-9a-f]{8})\].*?\[END (?P=label) (?P=mark)\]", re.DOTALL)


def asked_query(body: dict[str, Any]) -> str:
    """The query of a grading request, which names it within the server."""
    found = re.search(r"^Query: (.*)$", body["messages"][1]["content"], re.MULTILINE)
    return found.group(1) if found else ""


def outside_fences(text: str) -> str:
    """What of a prompt is instruction and not data."""
    return _FENCED.sub("", text)


def graded(body: dict[str, Any], grade: Callable[[str], int] = lambda letter: 5 if letter == "A" else 2) -> str:
    """A well-formed answer to a grading request."""
    shown = re.findall(r"^Unit ([A-Z]): ", outside_fences(body["messages"][1]["content"]), re.MULTILINE)
    grades = [{"unit": unit, "reason": f"What unit {unit} does.", "grade": grade(unit)} for unit in shown]
    return json.dumps({"grades": grades})


class JudgeServer:
    """Counts what it is asked, and answers by a script.

    `script(number, body)` gives the answer to the `number`-th time (from 1) that this query is asked: a text (the
    content of a completion), or a dict with any of status, headers, body (the raw response body), delay_s, cut (close
    the connection after half of the body), finish_reason.
    """

    def __init__(self, script: Callable[[int, dict[str, Any]], str | dict[str, Any]]) -> None:
        self.script = script
        self.asked: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answered: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = 0
        self.lock = threading.Lock()
        self.base_url = ""

    def take(self, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, str | dict[str, Any]]:
        with self.lock:
            key = asked_query(body)
            self.asked[key] += 1
            self.bodies.append(body)
            self.headers.append(headers)
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            number = self.asked[key]
        return number, self.script(number, body)

    def completion(self, content: str, **choice: Any) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{time.monotonic_ns()}",
            "object": "chat.completion",
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop", **choice}
            ],
            "usage": {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": COMPLETION_TOKENS, "total_tokens": 1_050},
        }


@contextmanager
def running(script: Callable[[int, dict[str, Any]], str | dict[str, Any]]) -> Iterator[JudgeServer]:
    """A started server; its `base_url` is what an endpoint's settings want."""
    judge = JudgeServer(script)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            body = json.loads(raw)
            try:
                _, answer = judge.take(body, {name.lower(): value for name, value in self.headers.items()})
                self._answer(body, {"content": answer} if isinstance(answer, str) else answer)
            finally:
                with judge.lock:
                    judge.in_flight -= 1

        def _answer(self, body: dict[str, Any], answer: dict[str, Any]) -> None:
            time.sleep(answer.get("delay_s", 0))
            choice = {name: answer[name] for name in ("finish_reason", "logprobs") if name in answer}
            text = answer.get("body")
            if text is None:
                text = json.dumps(judge.completion(answer.get("content", ""), **choice))
            status, payload = answer.get("status", 200), text.encode()
            if answer.get("drop"):
                self.close_connection = True
                return
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                for name, value in answer.get("headers", {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(payload[: len(payload) // 2] if answer.get("cut") else payload)
                self.wfile.flush()
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True
                return
            if answer.get("cut"):
                self.close_connection = True
            elif status == 200:
                with judge.lock:
                    judge.answered[asked_query(body)] += 1

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    judge.base_url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield judge
    finally:
        server.shutdown()
        server.server_close()
