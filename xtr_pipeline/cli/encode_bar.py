"""Progress of an encode on stderr: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from xtr_pipeline.pace import Pace
from xtr_pipeline.retrieval.progress import EncodeProgress, OnProgress

# Seconds between two lines where there is no terminal.
LINE_EVERY = 15.0


@contextmanager
def encode_bar(console: Console, label: str) -> Iterator[OnProgress]:
    """Gives a listener for `build_index`; nothing is shown until it is called for the first time."""
    if not console.is_terminal:
        yield _Lines(console, label)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=1.0, rate="", visible=False)

        def show(progress: EncodeProgress) -> None:
            rate = f"{progress.texts}/{progress.total_texts} texts, {progress.tokens_per_second:,.0f} tokens/s"
            bar.update(task, completed=progress.share, rate=rate, visible=True)

        yield show


class _Lines:
    """A listener that prints a line at most every `LINE_EVERY` seconds."""

    def __init__(self, console: Console, label: str) -> None:
        self._console = console
        self._label = label
        self._pace = Pace(LINE_EVERY, time.monotonic())

    def __call__(self, progress: EncodeProgress) -> None:
        if self._pace.due(time.monotonic()):
            self._console.print(f"{self._label}: {progress.line()}", markup=False, highlight=False, soft_wrap=True)
