"""The elementwise arithmetic of an encoder's layers, in two makes: MLX's own, and fast on x86-64 CPUs."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from xtr_pipeline.encoder.compute import mx, nn, own_kernels_pay
from xtr_pipeline.encoder.fast_attention import fast_attention
from xtr_pipeline.encoder.fast_gelu import fast_gelu
from xtr_pipeline.encoder.fast_gelu_tanh import fast_gelu_tanh

Activation = Callable[[mx.array], mx.array]


@dataclass(frozen=True)
class Kernels:
    """One make of the kernels.

    Attributes:
        name: "fast" or "reference".
        gelu: GELU (with erf) of an array of any shape.
        gelu_tanh: GELU by its tanh approximation.
        attention: (query, key, value, bias, scale) -> output, shapes as in `fast_attention`.
    """

    name: str
    gelu: Activation
    gelu_tanh: Activation
    attention: Callable[[mx.array, mx.array, mx.array, mx.array, float], mx.array]

    def activation(self, name: str) -> Activation:
        """The activation that a config's `hidden_act` names."""
        named: dict[str, Activation] = {
            "gelu": self.gelu,
            "gelu_new": self.gelu_tanh,
            "gelu_pytorch_tanh": self.gelu_tanh,
            "relu": nn.relu,
        }
        return named[name]


def reference_attention(query: mx.array, key: mx.array, value: mx.array, bias: mx.array, scale: float) -> mx.array:
    """MLX's own attention; shapes as in `fast_attention`."""
    output: mx.array = mx.fast.scaled_dot_product_attention(query, key, value, scale=scale, mask=bias)
    return output


def reference_gelu(x: mx.array) -> mx.array:
    """GELU from MLX's own erf."""
    return x * (1 + mx.erf(x * math.sqrt(0.5))) * 0.5


def fast_kernels() -> Kernels:
    """Rational and polynomial arithmetic that vectorises; equal to the reference within 1e-5."""
    return Kernels("fast", fast_gelu, fast_gelu_tanh, fast_attention)


def reference_kernels() -> Kernels:
    """MLX's own functions."""
    return Kernels("reference", reference_gelu, nn.gelu_approx, reference_attention)


def default_kernels() -> Kernels:
    """The make that is faster on this machine."""
    return fast_kernels() if own_kernels_pay() else reference_kernels()
