"""What was sent and what came back, on disk before anything is made of it: a killed run has lost no answer.

A judge's folder holds `answers.jsonl`, in the Batch API's output format, so that `xtr judge import` reads it like any
other, and `spent.jsonl`: what was held for an exchange before it was sent, and what it took. An exchange without an end
was under way when the run was killed; it may have been paid for, so it counts in full.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from xtr_pipeline.judge.prices import Usage

ANSWERS = "answers.jsonl"
SPENT = "spent.jsonl"
SYNC_EVERY_S = 1.0


class Journal:
    """The two files of a run's folder, open for appending."""

    def __init__(self, folder: Path, day: str = "") -> None:
        """Opens or makes the folder; a line that a kill cut off is ended, so that the next one stands by itself.

        With a `day`, what all runs of that day have spent counts before, and not what one that was interrupted has.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.spent_before = spent_in(folder, day)
        self._stamp = {"day": day} if day else {}
        self._earlier = _by_request(folder / ANSWERS)
        self._answers = _appending(folder / ANSWERS)
        self._spent = _appending(folder / SPENT)
        self._number = 0
        self._synced = time.monotonic()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for file in (self._answers, self._spent):
            file.flush()
            os.fsync(file.fileno())
            file.close()

    def earlier(self, custom_id: str) -> list[str]:
        """The lines that earlier runs kept of a request's answers, in their order."""
        return self._earlier.get(custom_id, [])

    def sent(self, custom_id: str, bound: Usage) -> str:
        """Note an exchange before it is sent; returns its name for `ended`."""
        self._number += 1
        exchange = f"{os.getpid()}-{self._number}-{custom_id}"
        self._write(
            self._spent, {"sent": exchange, "bound": [bound.prompt_tokens, bound.completion_tokens], **self._stamp}
        )
        return exchange

    def ended(self, exchange: str, used: Usage) -> None:
        """Note what an exchange took."""
        self._write(
            self._spent, {"ended": exchange, "used": [used.prompt_tokens, used.completion_tokens], **self._stamp}
        )

    def answered(self, line: Mapping[str, Any]) -> str:
        """Keep an answer's line; returns it as it stands in the file."""
        return self._write(self._answers, line)

    def finished(self) -> None:
        """Note that the run ended by itself: the next one has a budget of its own."""
        self._write(self._spent, {"finished": True})

    def _write(self, file: IO[str], line: Mapping[str, Any]) -> str:
        text = json.dumps(line, ensure_ascii=False)
        file.write(text + "\n")
        # flushed, a line outlives this process; synced now and then, it outlives the machine
        file.flush()
        if time.monotonic() - self._synced > SYNC_EVERY_S:
            os.fsync(self._answers.fileno())
            os.fsync(self._spent.fileno())
            self._synced = time.monotonic()
        return text


class SpentBefore:
    """What was spent before: exchanges that ended, and the bounds of those that did not."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.ended = Usage()
        self.open: dict[str, Usage] = {}

    @property
    def total(self) -> Usage:
        """Everything, exchanges without an end in full."""
        return sum(self.open.values(), self.ended)


def spent_in(folder: Path, day: str = "") -> SpentBefore:
    """What was spent in a folder since a run last ended there by itself, or by all runs that count by this day."""
    before = SpentBefore()
    for _, line in _lines(folder / SPENT):
        if day and line.get("day") != day:
            continue
        if "finished" in line:
            before = SpentBefore()
        elif "sent" in line:
            before.open[line["sent"]] = Usage(*line["bound"])
        elif "ended" in line:
            before.open.pop(line["ended"], None)
            before.ended += Usage(*line["used"])
    return before


def _by_request(path: Path) -> dict[str, list[str]]:
    kept: dict[str, list[str]] = {}
    for raw, line in _lines(path):
        kept.setdefault(str(line.get("custom_id")), []).append(raw)
    return kept


def _lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The file's JSON objects, each with its text."""
    if not path.exists():
        return
    for raw in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        # a line that a kill cut off says nothing
        with suppress(json.JSONDecodeError):
            line = json.loads(raw) if raw else None
            if isinstance(line, dict):
                yield raw, line


def _appending(path: Path) -> IO[str]:
    file = path.open("a", encoding="utf-8")
    if file.tell() and not _ends_with_newline(path):
        file.write("\n")
    return file


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
