"""Progress of what a run encodes before its first step, a head's texts and its queries: minutes with a large base."""

from __future__ import annotations

import time
from collections.abc import Callable

from xtr_pipeline.pace import Pace, rate_text


class Spoken:
    """Hears how far encodes are, one after the other, and says tokens, rate and time left now and then."""

    def __init__(self, say: Callable[[str], None], every: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Says nothing of an encode that is over within `every` seconds.

        Args:
            say: Takes a line.
            every: Seconds between two lines, and before the first.
            clock: Gives seconds.
        """
        self._say, self._every, self._clock = say, every, clock
        self._begin(clock())
        self._done = 0

    def __call__(self, done: int, total: int) -> None:
        """Takes tokens done and tokens in total; fewer done than before are those of another encode."""
        now = self._clock()
        if done < self._done:
            self._begin(now)
        self._done = done
        if self._pace.due(now):
            rate = done / (now - self._began)
            self._say(f"{done:,}/{total:,} tokens, {rate_text(rate, (total - done) / rate)}")

    def _begin(self, now: float) -> None:
        self._began, self._pace = now, Pace(self._every, now)
