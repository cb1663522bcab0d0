"""Vectors of the tokens of many texts, in one flat array."""

from __future__ import annotations

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
