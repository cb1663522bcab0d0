"""When to send again: what a server asks for, else exponential backoff with full jitter.

Full jitter (a wait drawn evenly between 0 and the exponential bound) is what spreads out many clients that failed
together (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
"""

from __future__ import annotations

import asyncio
import email.utils
import math
import random
import time
from collections.abc import Mapping
from contextlib import suppress

FIRST_WAIT_S = 0.5


def asked_wait_s(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that a response's `retry-after-ms` or `retry-after` asks for (RFC 9110, 10.2.3); None without one.

    `now` is the time in seconds since the epoch, which a date in the header is compared with.
    """
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) / scale
        except ValueError:
            date = email.utils.parsedate_tz(value)
            if date is None:
                continue
            seconds = email.utils.mktime_tz(date) - now
        if math.isfinite(seconds):
            return max(0.0, seconds)
    return None


def backoff_s(attempt: int, longest_s: float, chance: random.Random) -> float:
    """Seconds before attempt number `attempt` + 1 (from 1), at most `longest_s`."""
    return chance.uniform(0.0, min(longest_s, FIRST_WAIT_S * 2.0 ** min(attempt, 30)))


class Pacer:
    """Holds back everybody who waits on it while a pause lasts; `stopping` ends every pause."""

    def __init__(self, stopping: asyncio.Event) -> None:
        """Nothing is held back at first."""
        self._stopping = stopping
        self._until = 0.0

    def pause(self, seconds: float) -> None:
        """Send nothing for so long from now; a longer pause that is under way stays."""
        self._until = max(self._until, time.monotonic() + seconds)

    async def wait(self) -> None:
        """Return once nothing holds requests back any more, or the run is stopping."""
        while (left := self._until - time.monotonic()) > 0 and not self._stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), left)
