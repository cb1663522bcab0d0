"""How many floating-point operations the matrix products of a model take: what a machine's peak is compared with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.encoder.bert_config import BertConfig

BACKWARD = 2
"""Products of the backward pass for each of the forward pass: one for the inputs, one for the weights."""


def encode_flops(config: BertConfig, head_dim: int | None, lengths: Sequence[int] | NDArray[np.int64]) -> float:
    """Operations (2 a multiplication) of the matrix products that encoding takes, padding not counted.

    Args:
        config: Geometry.
        head_dim: Width of the head, None for none.
        lengths: Tokens of each text; attention's products grow with their square.
    """
    hidden, inner, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    counts = np.asarray(lengths, dtype=np.float64)
    projections = layers * (4 * hidden * hidden + 2 * hidden * inner) + hidden * (head_dim or 0)
    attention = layers * 2 * hidden * float((counts**2).sum())
    return 2 * (projections * float(counts.sum()) + attention)


def train_flops(config: BertConfig, head_dim: int | None, lengths: Sequence[int] | NDArray[np.int64]) -> float:
    """The same for one training step with every weight trainable: forward and backward pass, without the losses."""
    return (1 + BACKWARD) * encode_flops(config, head_dim, lengths)
