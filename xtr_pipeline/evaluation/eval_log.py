"""The append-only log of runs over the evaluation specs.

A gate that was tuned on is no gate, so every look at the evaluation queries is written down.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from xtr_pipeline.retrieval.file_scores import ScoreWeights
from xtr_pipeline.retrieval.narrowing import Narrowing

USUAL = ScoreWeights()


@dataclass(frozen=True)
class EvalLogEntry:
    """One look at the evaluation queries."""

    date: str
    """ISO 8601 with time zone."""
    model: str
    fingerprint: str
    """Of the model's weights and settings; empty for bm25."""
    spec: str
    """Path of the spec inside the project; joined by + likewise."""
    spec_sha256: str
    """In hex; joined by + where one run covers several specs."""
    mode: str
    figures: Mapping[str, float]
    command: str
    """What was run, without machine paths where they do not matter."""
    outline_weight: float = USUAL.outline
    """Of files' outlines in the model's scores; entries without it are from before there were any."""
    size_weight: float = USUAL.size
    """Of files' sizes, taken off the model's scores; entries without it are from before that."""
    second_weight: float = USUAL.second
    """Of files' second best units; entries without it are from before that."""
    salience_weight: float = USUAL.salience
    """Power of the tokens' salience; entries without it are from before there was any."""
    tests_weight: float = USUAL.tests
    """What test files lose; entries without it are from before that."""
    narrowing: Mapping[str, float] = field(default_factory=lambda: asdict(Narrowing()))
    """Which units of a large corpus were scored; entries without it are from before BM25's best were scored too."""


def append_entry(log: Path, entry: EvalLogEntry) -> None:
    """Append one line; earlier lines are never touched.

    Raises:
        ValueError: the date has no time zone, the sha256 is none, or a figure is not finite.
        OSError: the log cannot be written.
    """
    _check(entry)
    line = json.dumps(asdict(entry), ensure_ascii=False, sort_keys=True, allow_nan=False) + "\n"
    log.parent.mkdir(parents=True, exist_ok=True)
    # one write in append mode: two evaluations that end together both keep their line
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def read_log(log: Path) -> list[dict[str, Any]]:
    """All entries, oldest first; an absent log has none."""
    if not log.is_file():
        return []
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line.strip()]


def file_sha256(path: Path) -> str:
    """The sha256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _check(entry: EvalLogEntry) -> None:
    problems = []
    try:
        if datetime.fromisoformat(entry.date).tzinfo is None:
            problems.append(f"date {entry.date!r} has no time zone")
    except ValueError:
        problems.append(f"date {entry.date!r} is not ISO 8601")
    if any(len(digest) != 64 or set(digest) - set("0123456789abcdef") for digest in entry.spec_sha256.split("+")):
        problems.append(f"spec_sha256 {entry.spec_sha256!r} is no sha256")
    if not entry.figures:
        problems.append("no figures")
    if problems:
        raise ValueError("log entry: " + "; ".join(problems))
