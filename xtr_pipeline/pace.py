"""How far something long is: when the next line is due, and how rate and time left are spelled."""

from __future__ import annotations


class Pace:
    """At most one line every so many seconds."""

    def __init__(self, every: float, since: float = float("-inf")) -> None:
        """Takes no clock: whoever asks says what time it is.

        Args:
            every: Seconds between two lines.
            since: When the wait for the first line began; by default that is due at once.
        """
        self._every, self._last = every, since

    def due(self, now: float, *, surely: bool = False) -> bool:
        """Whether a line is due at this time, in seconds; `surely` where it must not be missed, as the last one."""
        if not surely and now - self._last < self._every:
            return False
        self._last = now
        return True


def clock_text(seconds: float | None) -> str:
    """Seconds as m:ss, or a question mark where nobody knows yet (None, or without end)."""
    if seconds is None or seconds == float("inf"):
        return "?"
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def rate_text(tokens_per_second: float, eta_seconds: float | None) -> str:
    """Rate and time left: `5,177 tokens/s, ETA 0:15`."""
    return f"{tokens_per_second:,.0f} tokens/s, ETA {clock_text(eta_seconds)}"
