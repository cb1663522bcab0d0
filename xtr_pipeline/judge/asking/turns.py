"""The answers to one request: read one by one, and corrected as often as it is worth it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from xtr_pipeline.judge.answer_lines import AnswerError, Refused, parse_line
from xtr_pipeline.judge.answers import Source, sound_records
from xtr_pipeline.judge.asked_records import Outcome
from xtr_pipeline.judge.chat_body import Message, opening
from xtr_pipeline.judge.records import Record
from xtr_pipeline.judge.requests import Request


class Turns:
    """The answers to one request so far, and the conversation that asks for what they lack."""

    def __init__(self, request: Request, source: Source) -> None:
        """Nothing was answered yet."""
        self._request, self._source = request, source
        self._entry = request.entry
        self.messages: list[Message] = opening(request)
        self.labels: list[Record] = []
        self.account: list[Record] = []
        self.refused: list[Refused] = []
        self._declined = self._rejected = False

    @property
    def answered(self) -> bool:
        """Whether there is anything sound, or the judge declined."""
        return bool(self.labels) or self._declined

    def open(self, corrections: int) -> bool:
        """Whether an answer is still to be asked for."""
        if not self.account:
            return True
        # a query too many was refused, and yet none is missing
        complete = self._request.task == "queries" and not any(self._left()["wanted"].values())
        return bool(self.refused) and not complete and not self._rejected and len(self.account) <= corrections

    def take(self, raw: str) -> None:
        """Read one more answer, as the journal holds it."""
        found = parse_line(raw, "answer")
        self._rejected = json.loads(raw)["response"]["status_code"] != 200
        outcome: Outcome = "quarantined"
        try:
            if isinstance(found, Refused):
                raise AnswerError(found.reason)
            sound = sound_records(found, self._left(), self._source)
        except AnswerError as error:
            self.refused = [Refused("answer", self._request.custom_id, str(error), raw)]
        else:
            outcome, self.refused = sound.outcome, list(sound.unfit)
            self._declined = self._declined or outcome == "declined"
            self.labels += sound.records
        self.account.append(self._source.account(found, self._entry, outcome))
        if self.refused:
            self.messages = [*opening(self._request), *_correction(raw, self.refused, self._left())]

    def _left(self) -> dict[str, Any]:
        """The manifest entry, asking only for the queries that are not there yet."""
        if self._request.task == "grades":
            return self._entry
        got = Counter(record["kind"] for record in self.labels)
        wanted = {kind: max(0, count - got[kind]) for kind, count in self._entry["wanted"].items()}
        return {**self._entry, "wanted": wanted}


def _correction(raw: str, refused: Sequence[Refused], entry: Mapping[str, Any]) -> list[Message]:
    """The refused answer, what was wrong with it, and what is asked for now."""
    try:
        content = json.loads(raw)["response"]["body"]["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        content = ""
    problems = "\n".join(f"- {each.reason}" for each in refused)
    if entry["task"] == "queries":
        missing = ", ".join(f"{count} {kind}" for kind, count in entry["wanted"].items() if count)
        wanted = f"Write only what is still missing, new queries in the same format: {missing}."
    else:
        wanted = (
            "Answer again in the format asked for and with nothing else: every unit once, each with reason and grade."
        )
    return [
        {"role": "assistant", "content": str(content or "")},
        {"role": "user", "content": f"Your answer cannot be used as it is:\n{problems}\n{wanted}"},
    ]
