"""GELU by its tanh approximation (Hendrycks and Gimpel, arXiv 1606.08415), which T5 v1.1 uses, with the fast exp2.

0.5 (1 + tanh z) is the logistic function of 2z, so that gelu(x) = x / (1 + exp(-2z)) with
z = sqrt(2 / pi) (x + 0.044715 x^3). MLX's `tanh` is scalar on a CPU.
"""

from __future__ import annotations

import math
from typing import cast

from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.fast_exp import HALF_BIAS, LOG2E, exp2_from_half
from xtr_pipeline.encoder.stream_vjp import custom_function

_SLOPE = 2 * math.sqrt(2 / math.pi)
_CUBIC = 0.044715
# Beyond it the function is 0 or x to float32's last digit, and the exponent stays inside exp2_from_half's range.
_LIMIT = 7.0


def fast_gelu_tanh(x: mx.array) -> mx.array:
    """GELU (tanh) of a float32 array of any shape; absolute error below 2e-6 for |x| < 10."""
    return cast(mx.array, _gelu_tanh(x))


def _forward(x: mx.array) -> mx.array:
    return _divided(x, exp2_from_half(_half_exponent(_clip(x))))


def _backward(x: mx.array, cotangent: mx.array, _: mx.array) -> mx.array:
    """The cotangent times s + x s (1 - s) z', where s is the logistic function."""
    clipped = _clip(x)
    return _times_slope(x, clipped, exp2_from_half(_half_exponent(clipped)), cotangent)


@mx.compile
def _clip(x: mx.array) -> mx.array:
    return mx.minimum(mx.maximum(x, -_LIMIT), _LIMIT)


@mx.compile
def _half_exponent(x: mx.array) -> mx.array:
    """Half of the base-2 exponent of exp(-2z), with its bias."""
    return HALF_BIAS - (0.5 * LOG2E * _SLOPE) * (x + _CUBIC * (x * x * x))


@mx.compile
def _divided(x: mx.array, decay: mx.array) -> mx.array:
    return x / (1.0 + decay)


@mx.compile
def _times_slope(x: mx.array, clipped: mx.array, decay: mx.array, cotangent: mx.array) -> mx.array:
    s = 1.0 / (1.0 + decay)
    inner = _SLOPE * (1.0 + 3 * _CUBIC * (clipped * clipped))
    return cotangent * (s + (x * s) * ((1.0 - s) * inner))


_gelu_tanh = custom_function(_forward, _backward)
