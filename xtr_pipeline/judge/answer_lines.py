"""One line of a judge's answers: which request it answers, and the JSON object in it, or why there is none.

Two forms are read: the output lines of OpenAI's Batch API, which our own journal keeps too, and the compact
`{"custom_id", "content"}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtr_pipeline.judge.expected_grade import expected_grades
from xtr_pipeline.judge.prices import Usage, usage_of


@dataclass(frozen=True)
class Answer:
    """A well-formed line: which request it answers, and the JSON object that the judge wrote.

    `expected` holds the expected grades in the order written, and is empty without log-probabilities.
    """

    custom_id: str
    content: Mapping[str, Any]
    place: str
    raw: str
    usage: Usage | None = None
    expected: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Refused:
    """Something that is not stored: its place, the request it answers (empty when unknown), why, and its text."""

    place: str
    custom_id: str
    reason: str
    raw: str
    usage: Usage | None = None


class AnswerError(ValueError):
    """Why one answer cannot be stored."""


def parse_line(raw: str, place: str) -> Answer | Refused:
    """One line of answers: the Batch API's output, or `{"custom_id", "content"}`."""
    custom_id, usage = "", None
    try:
        line = json.loads(raw)
        if not isinstance(line, dict) or not isinstance(line.get("custom_id"), str):
            raise AnswerError("the line is no JSON object with a custom_id")
        custom_id = line["custom_id"]
        if "content" in line:
            return Answer(custom_id, _json_object(line["content"]), place, raw)
        body = _batch_body(line)
        usage = usage_of(body)
        choice = _choice(body)
        return Answer(custom_id, _json_object(choice["message"]["content"]), place, raw, usage, _expected(choice))
    except json.JSONDecodeError as error:
        return Refused(place, custom_id, f"not JSON: {error.msg} at character {error.pos}", raw, usage)
    except AnswerError as error:
        return Refused(place, custom_id, str(error), raw, usage)


def read_lines(files: Iterable[Path]) -> Iterator[Answer | Refused]:
    """All lines of answer files that are not blank."""
    for file in files:
        for number, raw in enumerate(file.read_text(encoding="utf-8", errors="replace").split("\n"), start=1):
            if raw.strip():
                yield parse_line(raw, f"{file.name}:{number}")


def _json_object(content: Any) -> Mapping[str, Any]:
    """The JSON object that the judge wrote."""
    if isinstance(content, str):
        text = content.strip()
        if text.startswith("```"):
            text = text.split("\n", 1)[-1].rsplit("```", 1)[0]
        try:
            content = json.loads(text)
        except json.JSONDecodeError as error:
            raise AnswerError(f"the answer is not JSON: {error.msg} at character {error.pos}") from error
    if not isinstance(content, dict):
        raise AnswerError("the answer is no JSON object")
    return content


def _batch_body(line: Mapping[str, Any]) -> Mapping[str, Any]:
    response = line.get("response")
    if line.get("error") or not isinstance(response, dict):
        raise AnswerError(f"the batch reports an error: {json.dumps(line.get('error'))}")
    if response.get("status_code") != 200:
        raise AnswerError(f"status {response.get('status_code')}: {json.dumps(response.get('body'))[:300]}")
    body = response.get("body")
    if not isinstance(body, dict):
        raise AnswerError("the response has no body")
    return body


def _choice(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first choice of a chat completion that was not cut, with a message in it."""
    try:
        choice: Mapping[str, Any] = body["choices"][0]
        _ = choice["message"]["content"]
    except (KeyError, IndexError, TypeError) as error:
        raise AnswerError(f"the response body has no choices[0].message.content ({error!r})") from error
    if choice.get("finish_reason") not in (None, "stop"):
        raise AnswerError(f"the answer was cut: finish_reason is {choice['finish_reason']}")
    return choice


def _expected(choice: Mapping[str, Any]) -> tuple[float | None, ...]:
    logprobs = choice.get("logprobs")
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(tokens, list) or not all(isinstance(token, dict) for token in tokens):
        return ()
    return tuple(expected_grades(tokens))
