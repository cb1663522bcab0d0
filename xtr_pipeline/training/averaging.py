"""Averaging trained weights with those that training started from, against regressions (WiSE-FT, arXiv 2109.01903)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.encoder.encoder import Encoder

Weights = Mapping[str, NDArray[np.float32]]


def averaged(trained: Weights, start: Encoder, share: float) -> dict[str, NDArray[np.float32]]:
    """The trained weights, by our names, with a `share` (0 to 1) of the starting encoder's worked in."""
    if share == 0:
        return dict(trained)
    part, first = np.float32(share), start.weights()
    return {name: (1 - part) * weight + part * first[name] for name, weight in trained.items()}
