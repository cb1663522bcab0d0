"""The loop over requests: a bounded number in flight, every answer checked, none lost and none paid for twice."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from xtr_pipeline.judge.answer_lines import Refused
from xtr_pipeline.judge.answers import Source
from xtr_pipeline.judge.asking.backoff import Pacer, asked_wait_s, backoff_s
from xtr_pipeline.judge.asking.budget import Budget, usage_bound
from xtr_pipeline.judge.asking.exchange import JudgeClient, Rejected, Reply, TryAgain
from xtr_pipeline.judge.asking.journal import Journal
from xtr_pipeline.judge.asking.progress import AskProgress
from xtr_pipeline.judge.asking.turns import Turns
from xtr_pipeline.judge.chat_body import Message
from xtr_pipeline.judge.prices import Usage, usage_of
from xtr_pipeline.judge.records import Record
from xtr_pipeline.judge.requests import Request

# so many requests in a row without any answer, and the server is taken to be gone
GIVE_UP_AFTER = 8
# so many refusals for the rate of one request; each is waited out as the server asks
MOST_PAUSES = 30
# a server that asks for a longer wait has no more to give today
LONGEST_ASKED_WAIT_S = 15 * 60.0


@dataclass
class Asked:
    """What became of the requests.

    Attributes:
        answered: Requests with a sound answer, or whose unit was declined.
        refused: Answers and parts of answers that stay out of the ledger, after every correction.
        quarantined: Requests that got nothing but those.
        unanswered: Requests that got no answer, with the last reason; the next run asks them again.
        stopped: Why the run ended before its requests did: empty, "budget", "interrupted", or in words.
    """

    answered: int = 0
    refused: list[Refused] = field(default_factory=list)
    quarantined: int = 0
    unanswered: dict[str, str] = field(default_factory=dict)
    stopped: str = ""


@dataclass(frozen=True)
class Stored:
    """What one request gave for the ledger: labels, and the account of its answers."""

    labels: tuple[Record, ...]
    asked: tuple[Record, ...]


class _OutOfBudgetError(Exception):
    """The next exchange could exceed a limit."""


class Asker:
    """Asks the requests of one run. `store` gets what every finished request gave; `show` gets the progress.

    Answers that the journal already holds are taken from there: they were paid for by a run that was killed, or turned
    out unusable in an earlier one.
    """

    def __init__(
        self,
        client: JudgeClient,
        budget: Budget,
        journal: Journal,
        store: Callable[[Stored], None],
        show: Callable[[AskProgress], None],
    ) -> None:
        """Nothing is sent before `ask`."""
        self._client, self._budget, self._journal = client, budget, journal
        self._store, self._show = store, show
        self._stopping = asyncio.Event()
        self._pacer = Pacer(self._stopping)
        self._chance = random.Random()
        self._freed = asyncio.Condition()
        self._failures_in_a_row = 0
        self._corrections = 0
        self.asked = Asked()

    def stop(self, why: str = "interrupted") -> None:
        """Send nothing new; what is under way is waited for."""
        self.asked.stopped = self.asked.stopped or why
        self._stopping.set()

    async def ask(self, requests: Sequence[Request], source: Source) -> Asked:
        """Ask every request, at most `endpoint.in_flight` at once.

        Raises:
            EndpointError: Nothing can be asked there; what was answered before is stored.
        """
        waiting = iter(requests)
        self._total, self._began = len(requests), time.monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._client.endpoint.in_flight, len(requests))):
                    group.create_task(self._work(waiting, source))
        except* Exception as errors:
            raise errors.exceptions[0] from None
        return self.asked

    async def _work(self, waiting: Iterator[Request], source: Source) -> None:
        for request in waiting:
            try:
                await self._settle_request(request, source)
            except _OutOfBudgetError:
                self.stop("budget")
            if self._stopping.is_set():
                return
            self._show(self._progress())

    async def _settle_request(self, request: Request, source: Source) -> None:
        """One request with its corrections, up to what goes into the ledger."""
        turns = Turns(request, source)
        try:
            for raw in self._journal.earlier(request.custom_id):
                turns.take(raw)
            while turns.open(self._client.endpoint.corrections):
                found = await self._answer(request, turns.messages)
                if isinstance(found, str):
                    self._gave_nothing(request, found)
                    return
                self._corrections += bool(turns.account)
                turns.take(self._journal.answered(_line(request, found)))
            self._failures_in_a_row = 0
            self.asked.refused += turns.refused
            self.asked.answered += turns.answered
            self.asked.quarantined += not turns.answered
        finally:
            # also what an earlier turn brought before the budget was spent
            self._store(Stored(tuple(turns.labels), tuple(turns.account)))

    async def _answer(self, request: Request, messages: Sequence[Message]) -> Reply | Rejected | str:
        """An answer, or why there is none; sends again as long as that may help."""
        endpoint = self._client.endpoint
        attempt = pauses = 0
        reason = ""
        while attempt < endpoint.attempts and pauses < MOST_PAUSES:
            await self._pacer.wait()
            if self._stopping.is_set():
                return reason or "the run was stopped before"
            found = await self._exchange(request, messages)
            if not isinstance(found, TryAgain):
                return found
            reason = found.reason
            attempt += not found.paused
            pauses += found.paused
            await self._pause(found, attempt + pauses)
        return f"{reason} ({attempt + pauses} attempts)"

    async def _exchange(self, request: Request, messages: Sequence[Message]) -> Reply | TryAgain | Rejected:
        """Send once, within the budget."""
        body = self._client.body(request, messages)
        bound = usage_bound(body, self._client.chat.answer_tokens)
        await self._held(bound)
        exchange = self._journal.sent(request.custom_id, bound)
        # a failure that nobody foresaw, or a cancelled exchange, counts in full
        used = bound
        try:
            found = await self._client.ask(body)
            used = _used(found, bound)
        finally:
            self._journal.ended(exchange, used)
            async with self._freed:
                self._budget.settle(bound, used)
                self._freed.notify_all()
        return found

    async def _held(self, bound: Usage) -> None:
        """Wait until what is under way leaves room for this exchange; when nothing is, there is none."""
        async with self._freed:
            while not self._budget.hold(bound):
                if self._budget.holds_nothing or self.asked.stopped == "budget":
                    raise _OutOfBudgetError
                await self._freed.wait()

    async def _pause(self, failure: TryAgain, attempt: int) -> None:
        wanted = asked_wait_s(failure.headers, time.time())
        if wanted is not None and wanted > LONGEST_ASKED_WAIT_S:
            self.stop(f"the server asks to wait {wanted / 60:.0f} minutes")
            return
        seconds = (
            wanted if wanted is not None else backoff_s(attempt, self._client.endpoint.longest_wait_s, self._chance)
        )
        # a rate limit is the account's: everybody waits; any other failure is one request's
        pacer = self._pacer if failure.paused else Pacer(self._stopping)
        pacer.pause(seconds)
        await pacer.wait()

    def _gave_nothing(self, request: Request, reason: str) -> None:
        self.asked.unanswered[request.custom_id] = reason
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= GIVE_UP_AFTER:
            self.stop(f"{GIVE_UP_AFTER} requests in a row got no answer: {reason}")

    def _progress(self) -> AskProgress:
        asked = self.asked
        return AskProgress(
            done=asked.answered + asked.quarantined + len(asked.unanswered),
            total=self._total,
            quarantined=asked.quarantined,
            unanswered=len(asked.unanswered),
            corrections=self._corrections,
            tokens=self._budget.spent.tokens,
            money=self._budget.money,
            seconds=time.monotonic() - self._began,
        )


def _line(request: Request, found: Reply | Rejected) -> dict[str, object]:
    """What came back as a line of the Batch API's output."""
    if isinstance(found, Rejected):
        response: dict[str, object] = {"status_code": found.status, "body": {"error": {"message": found.reason}}}
        return {"id": "", "custom_id": request.custom_id, "response": response, "error": None}
    response = {"status_code": 200, "body": found.body}
    return {"id": str(found.body.get("id", "")), "custom_id": request.custom_id, "response": response, "error": None}


def _used(found: Reply | TryAgain | Rejected, bound: Usage) -> Usage:
    """What an exchange took; in full where an answer does not say, or was lost and may have been paid for."""
    if isinstance(found, Reply):
        return usage_of(found.body) or bound
    return bound if isinstance(found, TryAgain) and found.perhaps_paid else Usage()
