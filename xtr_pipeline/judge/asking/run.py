"""A run: requests to a judge over HTTP, their answers into the ledger, within a budget, resumable at any moment."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from xtr_pipeline.judge.answer_lines import Refused
from xtr_pipeline.judge.answers import Source
from xtr_pipeline.judge.asked_records import repo_of
from xtr_pipeline.judge.asking.asker import Asked, Asker, Stored
from xtr_pipeline.judge.asking.budget import Budget
from xtr_pipeline.judge.asking.exchange import JudgeClient
from xtr_pipeline.judge.asking.journal import Journal
from xtr_pipeline.judge.asking.progress import AskProgress
from xtr_pipeline.judge.asking.settings import JudgeSettings
from xtr_pipeline.judge.batches import add_to_manifest
from xtr_pipeline.judge.importing import LabelledRepos, refuse_forbidden
from xtr_pipeline.judge.ledger import append_asked, append_grades, append_queries
from xtr_pipeline.judge.prices import Usage
from xtr_pipeline.judge.quarantine import write_quarantine
from xtr_pipeline.judge.records import Record
from xtr_pipeline.judge.requests import Request, Task

STORE_EVERY_S = 5.0


@dataclass(frozen=True)
class JudgeFolders:
    """Where a run writes: the ledger, and the folder that holds every judge's journal."""

    ledger: Path
    runs: Path

    def journal(self, judge: str) -> Path:
        """The folder of one judge's journal."""
        return self.runs / "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in judge)


@dataclass(frozen=True)
class RunReport:
    """What a run did. `money` is None without a price; `refused` stays out of the ledger."""

    requests: int
    answered: int
    quarantined: int
    unanswered: Mapping[str, str]
    refused: tuple[Refused, ...]
    added: int
    usage: Usage
    money: float | None
    stopped: str


def ask_and_store(  # noqa: PLR0913 - each is its own concern, and all are needed
    requests: Sequence[Request],
    task: Task,
    *,
    settings: JudgeSettings,
    folders: JudgeFolders,
    repos: LabelledRepos,
    date: str,
    show: Callable[[AskProgress], None],
    environ: Mapping[str, str] = os.environ,
    daily: bool = False,
) -> RunReport:
    """Ask the requests of one task, and append what is sound to the ledger while it comes in.

    Ctrl-C sends nothing new and waits for what is under way; a second one gives that up. Either way, and also after a
    kill, the next run goes on from the journal. The budget is one run's, or, `daily`, that of all such runs with this
    `date`.

    Raises:
        EndpointError: The endpoint cannot be used; what came before is stored.
        BudgetError: A budget in money without a price.
        ForbiddenRepoError: A request is about a repo that must not be labelled; nothing was sent.
        LedgerError: The ledger is damaged.
    """
    refuse_forbidden(
        [{"repo": repo} for repo in {repo_of(request.entry) for request in requests}],
        repos,
    )
    endpoint = settings.endpoint
    price = settings.price_of(endpoint.chat.model)
    source = Source(task, endpoint.judge, date, price, batch=False)
    folder = folders.journal(endpoint.judge)
    with Journal(folder, date if daily else "") as journal:
        add_to_manifest(requests, folder)
        budget = Budget(settings.limits, price, journal.spent_before.total)
        already = budget.spent
        store = _Store(task, folders.ledger)
        try:
            client = JudgeClient(endpoint, environ.get(endpoint.api_key_env))
            asked = asyncio.run(_asked(client, requests, source, budget, journal, store, show))
        finally:
            store.flush()
        # units, files and areas are asked about one after the other, and are one task
        ids = {request.custom_id for request in requests}
        write_quarantine(folder / f"{task}.quarantine.jsonl", asked.refused, ids)
        if asked.stopped != "interrupted":
            journal.finished()
    used = Usage(
        budget.spent.prompt_tokens - already.prompt_tokens, budget.spent.completion_tokens - already.completion_tokens
    )
    return RunReport(
        requests=len(requests),
        answered=asked.answered,
        quarantined=asked.quarantined,
        unanswered=dict(asked.unanswered),
        refused=tuple(asked.refused),
        added=store.added,
        usage=used,
        money=None if price is None else price.of(used),
        stopped=asked.stopped,
    )


async def _asked(  # noqa: PLR0913, PLR0917 - the parts of one run
    client: JudgeClient,
    requests: Sequence[Request],
    source: Source,
    budget: Budget,
    journal: Journal,
    store: _Store,
    show: Callable[[AskProgress], None],
) -> Asked:
    async with client:
        asker = Asker(client, budget, journal, store.take, show)
        with _stopping_softly(asker):
            return await asker.ask(requests, source)


@contextmanager
def _stopping_softly(asker: Asker) -> Iterator[None]:
    """The first Ctrl-C lets what is under way come back; the second interrupts as usual."""
    if threading.current_thread() is not threading.main_thread():
        # Python takes signals in the main thread only
        yield
        return
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)

    def softly(number: int, _: FrameType | None) -> None:
        signal.signal(number, before)
        loop.call_soon_threadsafe(asker.stop)

    signal.signal(signal.SIGINT, softly)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Store:
    """Gathers what requests gave and appends it to the ledger every few seconds, in a thread: shards are rewritten."""

    def __init__(self, task: Task, ledger: Path) -> None:
        self._append = append_grades if task == "grades" else append_queries
        self._ledger = ledger
        self._labels: list[Record] = []
        self._asked: list[Record] = []
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._writing: Future[int] | None = None
        self._last = time.monotonic()
        self.added = 0

    def take(self, stored: Stored) -> None:
        self._labels += stored.labels
        self._asked += stored.asked
        if time.monotonic() - self._last > STORE_EVERY_S and (self._writing is None or self._writing.done()):
            self._start()

    def flush(self) -> None:
        """Write what is left, and wait until everything is written."""
        self._start()
        self._settle()
        self._thread.shutdown()

    def _start(self) -> None:
        self._settle()
        self._writing = self._thread.submit(self._write, self._labels, self._asked)
        self._labels, self._asked = [], []
        self._last = time.monotonic()

    def _settle(self) -> None:
        if self._writing is not None:
            writing, self._writing = self._writing, None
            self.added += writing.result()

    def _write(self, labels: list[Record], asked: list[Record]) -> int:
        added = self._append(self._ledger, labels).added
        append_asked(self._ledger, asked)
        return added
