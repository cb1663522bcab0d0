"""Progress of a long encode, with rate and time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self

from xtr_pipeline.pace import rate_text


@dataclass(frozen=True)
class EncodeProgress:
    """One report while an index is being built.

    Attributes:
        texts: Texts (units, outlines of files) encoded so far in this build.
        total_texts: Texts that this build has to encode; what the cache holds is not among them.
        cached_texts: Texts whose vectors were already there.
        tokens: Tokens encoded so far.
        share: Done part of the work, 0 to 1, by length of text.
        seconds: Since the first encode began.
    """

    texts: int
    total_texts: int
    cached_texts: int
    tokens: int
    share: float
    seconds: float

    @property
    def tokens_per_second(self) -> float:
        """Mean rate so far; 0 before anything is done."""
        return self.tokens / self.seconds if self.seconds > 0 else 0.0

    @property
    def eta_seconds(self) -> float | None:
        """Time left at the rate so far; None before anything is done."""
        return self.seconds * (1 - self.share) / self.share if self.share > 0 else None

    def line(self) -> str:
        """In one line: texts, rate and time left."""
        done = f"{self.texts:,}/{self.total_texts:,} texts"
        return f"{done}, {rate_text(self.tokens_per_second, self.eta_seconds)}"


OnProgress = Callable[[EncodeProgress], None]


@dataclass
class ProgressTracker:
    """Counts what has been encoded and tells a listener, who may be nobody."""

    listener: OnProgress | None
    total_texts: int
    cached_texts: int
    total_length: int
    clock: Callable[[], float] = time.perf_counter
    texts: int = 0
    tokens: int = 0
    length: int = 0
    _began: float = field(default=0.0, init=False)

    @classmethod
    def over(cls, texts: Mapping[str, str], cached_texts: int, listener: OnProgress | None) -> Self:
        """A tracker for the encode of these texts (by hash)."""
        return cls(listener, len(texts), cached_texts, sum(len(text) for text in texts.values()))

    def __post_init__(self) -> None:
        self._began = self.clock()

    def within(self, texts: int, length: int, tokens: int, part: float) -> None:
        """Reports from inside a slab of `texts` texts of `length` in all, of which `part` (0 to 1) is done."""
        self._report(self.texts + int(texts * part), self.tokens + tokens, self.length + length * part)

    def finished(self, texts: int, length: int, tokens: int) -> None:
        """Reports a slab that is done and stored."""
        self.texts += texts
        self.length += length
        self.tokens += tokens
        self._report(self.texts, self.tokens, self.length)

    def _report(self, texts: int, tokens: int, length: float) -> None:
        if self.listener is not None:
            share = min(length / self.total_length, 1.0) if self.total_length else 1.0
            seconds = self.clock() - self._began
            self.listener(EncodeProgress(texts, self.total_texts, self.cached_texts, tokens, share, seconds))
