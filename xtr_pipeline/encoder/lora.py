"""Low-rank adapters (LoRA, Hu et al. 2021, arXiv 2106.09685): train two thin matrices beside each frozen projection.

An adapter lives inside the projection that it adapts, under the names `lora_a` and `lora_b`, so that merging is a sum
over names and a merged model is an ordinary checkpoint again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray

from xtr_pipeline.encoder.compute import mx, nn

Weights = Mapping[str, NDArray[np.float32]]

DOWN, UP, SCALE = "lora_a", "lora_b", "lora_scale"


class LoraLinear(nn.Module):  # type: ignore[misc]
    """x W^T + b + scale * (x A^T) B^T, with W and b frozen; B starts at zero, so that nothing changes at first."""

    def __init__(self, linear: nn.Linear, rank: int, alpha: float, key: mx.array) -> None:
        """Take over a projection's weights. A is drawn as Kaiming's uniform, as in the paper's code."""
        super().__init__()
        outputs, inputs = linear.weight.shape
        bound = 1 / math.sqrt(inputs)
        self.weight = linear.weight
        if "bias" in linear:
            self.bias = linear.bias
        self.lora_a = mx.random.uniform(-bound, bound, (rank, inputs), key=key)
        self.lora_b = mx.zeros((outputs, rank))
        # an array, so that it is stored with the weights and a merge needs nothing else
        self.lora_scale = mx.array([alpha / rank])
        self.freeze()
        self.unfreeze(keys=[DOWN, UP], strict=True)

    def __call__(self, x: mx.array) -> mx.array:
        """(rows, inputs) -> (rows, outputs)."""
        base = mx.addmm(self.bias, x, self.weight.T) if "bias" in self else x @ self.weight.T
        adapted: mx.array = base + self.lora_scale * ((x @ self.lora_a.T) @ self.lora_b.T)
        return adapted


def add_lora(model: nn.Module, rank: int, alpha: float, seed: int) -> int:
    """Freeze a trunk's layers and give every projection in them an adapter; the head stays trainable.

    Args:
        model: `MultiVectorEncoder`; changed in place.
        rank: Width of the adapters.
        alpha: Their output is scaled by alpha / rank.
        seed: Draws the adapters.

    Returns:
        How many projections were adapted.
    """
    model.trunk.freeze()
    key = mx.random.key(seed)
    adapted = 0
    for layer in model.trunk.layers:
        for name, part in list(layer.children().items()):
            if isinstance(part, nn.Linear):
                key, own = cast(tuple[mx.array, mx.array], mx.random.split(key))
                setattr(layer, name, LoraLinear(part, rank, alpha, own))
                adapted += 1
    mx.eval(model.parameters())
    return adapted


def merged(weights: Weights) -> dict[str, NDArray[np.float32]]:
    """Ordinary weights from those of an adapted model: every adapter is added to its projection.

    Without adapters the weights come back as they are.
    """
    plain = {name: weight for name, weight in weights.items() if name.rpartition(".")[2] not in (DOWN, UP, SCALE)}
    for name, down in weights.items():
        place, _, last = name.rpartition(".")
        if last == DOWN:
            update = weights[f"{place}.{UP}"] @ down * weights[f"{place}.{SCALE}"]
            plain[f"{place}.weight"] = (plain[f"{place}.weight"] + update).astype(np.float32)
    return plain
