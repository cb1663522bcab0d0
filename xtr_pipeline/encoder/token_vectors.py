"""Vectors of the tokens of many texts, in one flat array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TokenVectors:
    """Token vectors in the order of the texts.

    Attributes:
        vectors: (total_tokens, dim) float16; a memory map where a file was asked for.
        offsets: (texts + 1,) int64; text i owns vectors[offsets[i]:offsets[i + 1]].
    """

    vectors: NDArray[np.float16]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> NDArray[np.float16]:
        return self.vectors[self.offsets[index] : self.offsets[index + 1]]


def mean_directions(texts: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The mean of each text's token vectors, (tokens, dim), at length 1: (texts, dim); a mean of zeros stays so."""
    means = np.stack([vectors.mean(axis=0) for vectors in texts])
    unit: NDArray[np.float32] = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)
    return unit
