"""How far a run has come: rate, what it has cost so far, and when it will be done."""

from __future__ import annotations

from dataclasses import dataclass

from xtr_pipeline.pace import clock_text


@dataclass(frozen=True)
class AskProgress:
    """A moment of a run; `money` is None without a price, `tokens` are those spent."""

    done: int
    total: int
    quarantined: int
    unanswered: int
    corrections: int
    tokens: int
    money: float | None
    seconds: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def eta_seconds(self) -> float | None:
        """Seconds left at this rate; None before the first request is done."""
        return (self.total - self.done) / self.rate if self.done and self.rate else None

    def line(self) -> str:
        """In one line."""
        cost = f"{self.tokens:,} tokens" + ("" if self.money is None else f", {self.money:.4f} spent")
        trouble = f", {self.quarantined} quarantined" if self.quarantined else ""
        trouble += f", {self.unanswered} unanswered" if self.unanswered else ""
        left = clock_text(self.eta_seconds)
        return f"{self.done:,}/{self.total:,} requests, {self.rate:.1f}/s, {cost}{trouble}, ETA {left}"
