"""How many floating-point operations the matrix products of a model take: what a machine's peak is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.encoder.t5_config import T5Config
from xtr_pipeline.encoder.trunks import TrunkConfig

BACKWARD = 2
"""Products of the backward pass for each of the forward pass: one for the inputs, one for the weights."""


def encode_flops(config: TrunkConfig, head_dim: int | None, lengths: Sequence[int] | NDArray[np.int64]) -> float:
    """Operations (2 a multiplication) of the matrix products that encoding takes, padding not counted.

    Args:
        config: Geometry.
        head_dim: Width of the head, None for none.
        lengths: Tokens of each text; attention's products grow with their square.
    """
    counts = np.asarray(lengths, dtype=np.float64)
    layers, width, projections = _layers(config)
    a_token = layers * projections + config.hidden_size * (head_dim or 0)
    attention = layers * 2 * width * float((counts**2).sum())
    return 2 * (a_token * float(counts.sum()) + attention)


def train_flops(config: TrunkConfig, head_dim: int | None, lengths: Sequence[int] | NDArray[np.int64]) -> float:
    """The same for one training step with every weight trainable: forward and backward pass, without the losses."""
    return (1 + BACKWARD) * encode_flops(config, head_dim, lengths)


def _layers(config: TrunkConfig) -> tuple[int, int, int]:
    """How many layers there are, how wide attention is, and the multiplications of a layer's projections a token."""
    if isinstance(config, T5Config):
        width = config.num_heads * config.d_kv
        # the gated perceptron has two projections up
        return config.num_layers, width, config.d_model * (4 * width + 3 * config.d_ff)
    hidden = config.hidden_size
    return config.num_hidden_layers, hidden, hidden * (4 * hidden + 2 * config.intermediate_size)
