"""The two sides as the worker sees them."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Side(Protocol):
    """One library at work: both do the same, with the same weights."""

    @property
    def name(self) -> str:
        """Library, version and what it computes with."""

    def train_step(self, number: int) -> float:
        """Take one optimizer step on batch `number` (in turn); returns the loss, which is known when this returns."""

    def encode(self) -> NDArray[np.float32]:
        """Encode all documents; returns their token vectors, back to back in the documents' order."""

    def gemm(self, size: int) -> None:
        """Multiply two square float32 matrices of that size."""
