"""What retrieval needs of an encoder, so that ranking neither imports MLX nor needs it in bm25 mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class DocumentVectors(Protocol):
    """Token vectors of several texts, back to back."""

    @property
    def vectors(self) -> NDArray[np.float16]:
        """`(total_tokens, dim)` unit vectors."""

    @property
    def offsets(self) -> NDArray[np.int64]:
        """`(texts + 1,)`; text `i` owns rows `offsets[i]:offsets[i + 1]`."""


class TextEncoder(Protocol):
    """A multi-vector encoder with an identity; `encoder.checkpoint.Encoder` is one."""

    @property
    def fingerprint(self) -> str:
        """Digest of weights and settings: equal fingerprints give equal vectors."""

    def encode_queries(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Encodes queries, one `(q_tokens, dim)` array each; vectors are as long as their tokens count."""

    def encode_documents(
        self, texts: Sequence[str], on_progress: Callable[[int, int], None] | None = None
    ) -> DocumentVectors:
        """Encodes documents in input order; `on_progress` hears tokens done and tokens in all."""
