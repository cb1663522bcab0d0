"""A judge's answers: read from files, matched to their requests, validated, and turned into ledger records.

Nothing is guessed: an answer that is malformed, truncated, out of range or of the wrong shape is quarantined with
its raw
text and the reason, and no part of it is stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtr_pipeline.judge.overlap import UnitWords, limit_problems, measure_overlap
from xtr_pipeline.judge.records import (
    JUDGINGS,
    QUERY_KINDS,
    Record,
    grade_problems,
    query_id,
    query_problems,
)
from xtr_pipeline.judge.requests import Task


@dataclass(frozen=True)
class Answer:
    """A well-formed line: which request it answers, and the JSON object that the judge wrote."""

    custom_id: str
    content: Mapping[str, Any]
    place: str
    raw: str


@dataclass(frozen=True)
class Refused:
    """Something that is not stored: its place, the request it answers (empty when unknown), why, and its text."""

    place: str
    custom_id: str
    reason: str
    raw: str


@dataclass(frozen=True)
class Read:
    """What answers gave: records for the ledger, what was refused, and how many units the judge declined."""

    records: tuple[Record, ...]
    refused: tuple[Refused, ...]
    skipped: int
    answers: int


class AnswerError(ValueError):
    """Why one answer cannot be stored."""


def read_answers(
    files: Iterable[Path], manifest: Mapping[str, Mapping[str, Any]], task: Task, judge: str, date: str
) -> Read:
    """All records in the files' answers to `task` requests. `judge` is a model family, `date` is YYYY-MM-DD."""
    records: list[Record] = []
    refused: list[Refused] = []
    skipped = answers = 0
    for line in _lines(files):
        if isinstance(line, Refused):
            refused.append(line)
            continue
        entry = manifest.get(line.custom_id)
        try:
            if entry is None:
                raise AnswerError("no manifest beside this file has this custom_id")
            if entry["task"] != task:
                raise AnswerError(f"this request asked for {entry['task']}, not {task}")
            if task == "grades":
                records += _grade_records(line.content, entry, judge, date)
            else:
                found, unfit = _query_records(line, entry, judge, date)
                skipped += not found and not unfit
                records += found
                refused += unfit
            answers += 1
        except AnswerError as error:
            refused.append(Refused(line.place, line.custom_id, str(error), line.raw))
    return Read(tuple(records), tuple(refused), skipped, answers)


def _lines(files: Iterable[Path]) -> Iterator[Answer | Refused]:
    for file in files:
        for number, raw in enumerate(file.read_text(encoding="utf-8", errors="replace").split("\n"), start=1):
            if not raw.strip():
                continue
            place = f"{file.name}:{number}"
            custom_id = ""
            try:
                line = json.loads(raw)
                if not isinstance(line, dict) or not isinstance(line.get("custom_id"), str):
                    raise AnswerError("the line is no JSON object with a custom_id")
                custom_id = line["custom_id"]
                yield Answer(custom_id, _content(line), place, raw)
            except json.JSONDecodeError as error:
                yield Refused(place, custom_id, f"not JSON: {error.msg} at character {error.pos}", raw)
            except AnswerError as error:
                yield Refused(place, custom_id, str(error), raw)


def _content(line: Mapping[str, Any]) -> Mapping[str, Any]:
    """The judge's JSON object, from a compact line or from the Batch API's output line."""
    content = line["content"] if "content" in line else _batch_content(line)
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


def _batch_content(line: Mapping[str, Any]) -> Any:
    response = line.get("response")
    if line.get("error") or not isinstance(response, dict):
        raise AnswerError(f"the batch reports an error: {json.dumps(line.get('error'))}")
    if response.get("status_code") != 200:
        raise AnswerError(f"status {response.get('status_code')}: {json.dumps(response.get('body'))[:300]}")
    try:
        choice = response["body"]["choices"][0]
        content = choice["message"]["content"]
    except (KeyError, IndexError, TypeError) as error:
        raise AnswerError(f"the response body has no choices[0].message.content ({error!r})") from error
    if choice.get("finish_reason") not in (None, "stop"):
        raise AnswerError(f"the answer was cut: finish_reason is {choice['finish_reason']}")
    return content


def _grade_records(content: Mapping[str, Any], entry: Mapping[str, Any], judge: str, date: str) -> list[Record]:
    grades = content.get("grades")
    if not isinstance(grades, list) or not all(isinstance(item, dict) for item in grades):
        raise AnswerError('expected {"grades": [{"unit", "reason", "grade"}, ...]}')
    given = [item.get("unit") for item in grades]
    shown = {unit["letter"]: unit for unit in entry["units"]}
    problems = [f"unit {letter} has no grade" for letter in shown if letter not in given]
    problems += [f"unit {letter!r} was not shown" for letter in given if letter not in shown]
    problems += [f"unit {letter} is graded {given.count(letter)} times" for letter in shown if given.count(letter) > 1]
    if problems:
        raise AnswerError("; ".join(problems))
    assert entry["judging"] in JUDGINGS
    records = []
    for item in grades:
        unit = shown[item["unit"]]
        record = {
            "query_id": entry["query_id"],
            **{
                name: unit[name]
                for name in ("unit_hash", "repo", "version", "path", "symbol", "start_line", "end_line")
            },
            "grade": item.get("grade"),
            "expected_grade": None,
            "reason": _tidy(item.get("reason")),
            "judge": judge,
            "judging": entry["judging"],
            "rubric_version": entry["rubric_version"],
            "prompt_version": entry["prompt_version"],
            "position": unit["position"],
            "proposed_by": unit["proposed_by"],
            "date": date,
        }
        problems += [f"unit {item['unit']}: {problem}" for problem in grade_problems(record)]
        records.append(record)
    if problems:
        raise AnswerError("; ".join(problems))
    return records


def _query_records(
    answer: Answer, entry: Mapping[str, Any], writer: str, date: str
) -> tuple[list[Record], list[Refused]]:
    """The queries that keep to their kind's limits, and those that do not, each refused by itself."""
    written = answer.content.get("queries")
    if not isinstance(written, list) or not all(isinstance(item, dict) for item in written):
        raise AnswerError('expected {"queries": [{"kind", "query"}, ...], "skip": null or a reason}')
    if not written and not _tidy(answer.content.get("skip")):
        raise AnswerError("no queries, and no reason to skip the unit")
    words = UnitWords(*(frozenset(entry["words"][part]) for part in ("path", "names", "body")))
    left = dict(entry["wanted"])
    records: list[Record] = []
    refused: list[Refused] = []
    for item in written:
        kind, query = item.get("kind"), _tidy(item.get("query"))
        if kind not in QUERY_KINDS or not query:
            problems = ["each query needs a kind (conceptual, question or keyword) and a text"]
        elif left.get(kind, 0) == 0:
            problems = [f"more {kind} queries than were asked for"]
        else:
            problems = limit_problems(kind, query, words)
        if not problems:
            record = {**_query_record(kind, query, words, entry), "writer": writer, "date": date}
            problems = query_problems(record)
        if problems:
            refused.append(
                Refused(answer.place, answer.custom_id, "; ".join(problems), json.dumps(item, ensure_ascii=False))
            )
            continue
        left[kind] -= 1
        records.append(record)
    return records, refused


def _query_record(kind: str, query: str, words: UnitWords, entry: Mapping[str, Any]) -> Record:
    overlap = measure_overlap(query, words)
    return {
        "query_id": query_id(entry["repo"], query),
        "repo": entry["repo"],
        "version": entry["version"],
        "kind": kind,
        "query": query,
        **{name: entry[name] for name in ("unit_hash", "path", "symbol", "start_line", "end_line")},
        "prompt_version": entry["prompt_version"],
        "overlap": {"path": overlap.path, "names": overlap.names, "body": overlap.body},
    }


def _tidy(text: Any) -> Any:
    """Runs of white space as one space: the only change ever made to what a judge wrote."""
    return " ".join(text.split()) if isinstance(text, str) else text
