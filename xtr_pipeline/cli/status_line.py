"""One line of progress on standard error: rewritten in place on a terminal, now and then a line in a log."""

from __future__ import annotations

import time
from types import TracebackType

from rich.console import Console

_TERMINAL_S = 0.2
_LOG_S = 10.0


class StatusLine:
    """Shows the latest text that it is given, as often as the place it goes to can bear."""

    def __init__(self, console: Console) -> None:
        """Nothing is shown before the first text."""
        self._console = console
        self._interval = _TERMINAL_S if console.is_terminal else _LOG_S
        self._last = float("-inf")
        self._text = ""

    def __enter__(self) -> StatusLine:
        return self

    def show(self, text: str) -> None:
        """Show a text, unless the last one is too young."""
        self._text = text
        if time.monotonic() - self._last >= self._interval:
            self._write(stay=False)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._text:
            self._write(stay=True)

    def _write(self, *, stay: bool) -> None:
        self._last = time.monotonic()
        # \x1b[K clears what a longer line left behind
        end = "\x1b[K\r" if self._console.is_terminal and not stay else "\n"
        self._console.file.write(self._text + end)
        self._console.file.flush()
