"""A judge's answers: matched to their requests, validated, and turned into ledger records.

Nothing is guessed: an answer that is malformed, truncated, out of range or of the wrong shape is quarantined with its
raw text and the reason, and no part of it is stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtr_pipeline.judge.answer_lines import Answer, AnswerError, Refused, read_lines
from xtr_pipeline.judge.asked_records import Outcome, asked_record
from xtr_pipeline.judge.overlap import UnitWords, limit_problems, measure_overlap
from xtr_pipeline.judge.prices import Price
from xtr_pipeline.judge.records import (
    JUDGINGS,
    QUERY_KINDS,
    Record,
    encodes,
    grade_problems,
    query_id,
    query_problems,
)
from xtr_pipeline.judge.requests import Task


@dataclass(frozen=True)
class Source:
    """Where answers come from: what was asked for, the judge's model family, the day (YYYY-MM-DD), and its price."""

    task: Task
    judge: str
    date: str
    price: Price | None = None
    batch: bool = True

    def account(self, line: Answer | Refused, entry: Mapping[str, Any], outcome: Outcome) -> Record:
        """The account's record of one answer; without money where the price or the tokens are not known."""
        usage = line.usage
        money = None if usage is None or self.price is None else self.price.of(usage, batch=self.batch)
        return asked_record(
            line.custom_id, entry, line.raw, outcome, judge=self.judge, date=self.date, usage=usage, money=money
        )


@dataclass(frozen=True)
class Sound:
    """What one answer gave: records for the ledger, and single queries that break a limit, each with its reason.

    `outcome` is `declined` when the judge found nothing worth a query in what it was shown.
    """

    records: tuple[Record, ...]
    unfit: tuple[Refused, ...]
    outcome: Outcome


@dataclass(frozen=True)
class Read:
    """What answers gave: records for the ledger, the account, what was refused, and how many requests were declined."""

    records: tuple[Record, ...]
    asked: tuple[Record, ...]
    refused: tuple[Refused, ...]
    skipped: int
    answers: int


def read_answers(files: Iterable[Path], manifest: Mapping[str, Mapping[str, Any]], source: Source) -> Read:
    """All records in the files' answers to requests of the source's task."""
    records: list[Record] = []
    asked: list[Record] = []
    refused: list[Refused] = []
    skipped = answers = 0
    for line in read_lines(files):
        entry = manifest.get(line.custom_id)
        try:
            if isinstance(line, Refused):
                raise AnswerError(line.reason)
            sound = sound_records(line, entry, source)
        except AnswerError as error:
            refused.append(Refused(line.place, line.custom_id, str(error), line.raw))
            outcome: Outcome = "quarantined"
        else:
            answers += 1
            records += sound.records
            refused += sound.unfit
            outcome = sound.outcome
            skipped += outcome == "declined"
        if entry is not None and entry["task"] == source.task:
            asked.append(source.account(line, entry, outcome))
    return Read(tuple(records), tuple(asked), tuple(refused), skipped, answers)


def sound_records(answer: Answer, entry: Mapping[str, Any] | None, source: Source) -> Sound:
    """The ledger records in an answer to the request of a manifest entry.

    Raises:
        AnswerError: The answer as a whole cannot be stored, and why.
    """
    if entry is None:
        raise AnswerError("no manifest beside this file has this custom_id")
    if entry["task"] != source.task:
        raise AnswerError(f"this request asked for {entry['task']}, not {source.task}")
    if source.task == "grades":
        return Sound(tuple(_grade_records(answer, entry, source)), (), "answered")
    found, unfit = _query_records(answer, entry, source)
    # one of whose queries none is fit is no answer
    outcome: Outcome = "answered" if found else "quarantined" if unfit else "declined"
    return Sound(tuple(found), tuple(unfit), outcome)


def _grade_records(answer: Answer, entry: Mapping[str, Any], source: Source) -> list[Record]:
    grades = answer.content.get("grades")
    if not isinstance(grades, list) or not all(isinstance(item, dict) for item in grades):
        raise AnswerError('expected {"grades": [{"unit", "reason", "grade"}, ...]}')
    given = [item.get("unit") for item in grades]
    if not all(isinstance(letter, str) for letter in given):
        raise AnswerError("each grade needs the letter of its unit")
    shown = {unit["letter"]: unit for unit in entry["units"]}
    problems = [f"unit {letter} has no grade" for letter in shown if letter not in given]
    problems += [f"unit {letter!r} was not shown" for letter in given if letter not in shown]
    problems += [f"unit {letter} is graded {given.count(letter)} times" for letter in shown if given.count(letter) > 1]
    if problems:
        raise AnswerError("; ".join(problems))
    assert entry["judging"] in JUDGINGS
    # expectations that cannot be told apart are none
    expected: Sequence[float | None] = answer.expected if len(answer.expected) == len(grades) else [None] * len(grades)
    records = []
    for item, expectation in zip(grades, expected, strict=True):
        unit = shown[item["unit"]]
        record = {
            "query_id": entry["query_id"],
            **{
                name: unit[name]
                for name in ("unit_hash", "repo", "version", "path", "symbol", "start_line", "end_line")
            },
            "grade": item.get("grade"),
            "expected_grade": expectation,
            "reason": _tidy(item.get("reason")),
            "judge": source.judge,
            "judging": entry["judging"],
            "rubric_version": entry["rubric_version"],
            "prompt_version": entry["prompt_version"],
            "position": unit["position"],
            "proposed_by": unit["proposed_by"],
            "date": source.date,
        }
        problems += [f"unit {item['unit']}: {problem}" for problem in grade_problems(record)]
        records.append(record)
    if problems:
        raise AnswerError("; ".join(problems))
    return records


def _query_records(answer: Answer, entry: Mapping[str, Any], source: Source) -> tuple[list[Record], list[Refused]]:
    """The queries that keep to their kind's limits, and those that do not, each refused by itself."""
    written = answer.content.get("queries")
    if not isinstance(written, list) or not all(isinstance(item, dict) for item in written):
        expected = '"kind", "query", "unit"' if "units" in entry else '"kind", "query"'
        raise AnswerError(f'expected {{"queries": [{{{expected}}}, ...], "skip": null or a reason}}')
    if not written and not _tidy(answer.content.get("skip")):
        raise AnswerError("no queries, and no reason to skip what was shown")
    left = dict(entry["wanted"])
    # queries about files name the unit that answers them; those about a unit need not
    places = {unit["letter"]: unit for unit in entry.get("units", ())}
    records: list[Record] = []
    refused: list[Refused] = []
    for item in written:
        kind, query = item.get("kind"), _tidy(item.get("query"))
        place = places.get(str(item.get("unit"))) if places else entry
        if kind not in QUERY_KINDS or not isinstance(query, str) or not query:
            problems = ["each query needs a kind (conceptual, question or keyword) and a text"]
        elif not encodes(query):
            problems = ["the query holds half of a surrogate pair, which no file can hold"]
        elif left.get(kind, 0) == 0:
            problems = [f"more {kind} queries than were asked for"]
        elif place is None:
            problems = [f"unit {item.get('unit')!r} was not shown"]
        else:
            words = _words(entry, place)
            problems = limit_problems(kind, query, words, any_body="files" in entry)
            if not problems:
                query_record = _query_record(kind, query, words, entry, place)
                record = {**query_record, "writer": source.judge, "date": source.date}
                problems = query_problems(record)
        if problems:
            refused.append(
                Refused(answer.place, answer.custom_id, "; ".join(problems), json.dumps(item, ensure_ascii=False))
            )
            continue
        left[kind] -= 1
        records.append(record)
    return records, refused


def _words(entry: Mapping[str, Any], place: Mapping[str, Any]) -> UnitWords:
    """The words that a query about the unit at `place` is held against."""
    words = entry["files"][place["file"]] if "files" in entry else entry["words"]
    known = {**words, **({"body": place["body"]} if "body" in place else {})}
    return UnitWords(*(frozenset(known[part]) for part in ("path", "names", "body")))


def _query_record(
    kind: str, query: str, words: UnitWords, entry: Mapping[str, Any], place: Mapping[str, Any]
) -> Record:
    overlap = measure_overlap(query, words)
    return {
        "query_id": query_id(entry["repo"], query),
        "repo": entry["repo"],
        "version": entry["version"],
        "kind": kind,
        "query": query,
        **{name: place[name] for name in ("unit_hash", "path", "symbol", "start_line", "end_line")},
        "prompt_version": entry["prompt_version"],
        "overlap": {"path": overlap.path, "names": overlap.names, "body": overlap.body},
    }


def _tidy(text: Any) -> Any:
    """Runs of white space as one space: the only change ever made to what a judge wrote."""
    return " ".join(text.split()) if isinstance(text, str) else text
