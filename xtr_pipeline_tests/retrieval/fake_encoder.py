"""A deterministic stand-in for the encoder: one vector a word, made from the word's digest."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class FakeVectors:
    vectors: NDArray[np.float16]
    offsets: NDArray[np.int64]


@dataclass
class FakeEncoder:
    """Words that are equal have cosine 1; `encoded` lists every document that was ever encoded."""

    fingerprint: str = "fake-model-fingerprint-one"
    dim: int = 16
    encoded: list[str] = field(default_factory=list)
    fail_after: int | None = None

    def encode_queries(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        return [self._vectors(text) for text in texts]

    def encode_documents(
        self, texts: Sequence[str], on_progress: Callable[[int, int], None] | None = None
    ) -> FakeVectors:
        if self.fail_after is not None and len(self.encoded) >= self.fail_after:
            raise KeyboardInterrupt
        self.encoded += texts
        rows = [self._vectors(text).astype(np.float16) for text in texts]
        if on_progress is not None:
            total = sum(len(row) for row in rows)
            on_progress(total // 2, total)
            on_progress(total, total)
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        return FakeVectors(np.concatenate(rows), offsets)

    def _vectors(self, text: str) -> NDArray[np.float32]:
        rows = [self._word(word) for word in ["[CLS]", *text.lower().split()]]
        return np.stack(rows)

    def _word(self, word: str) -> NDArray[np.float32]:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        vector = np.random.default_rng(seed).standard_normal(self.dim).astype(np.float32)
        return vector / np.linalg.norm(vector)
