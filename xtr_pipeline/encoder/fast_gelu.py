"""GELU with a rational erf, and its derivative, as fused vectorised arithmetic for MLX on a CPU.

gelu(x) = x * Phi(x) (Hendrycks and Gimpel, arXiv 1606.08415). Phi(x) - 1/2 = erf(x / sqrt 2) / 2 is an odd polynomial
over an even one for |x| <= 4 sqrt 2, the approximation that Eigen and XLA use for float32 (absolute error of GELU
below 1e-6 for |x| < 10). MLX's `erf` is scalar on a CPU: 25 ns an element against 1.3 ns for this.
"""

from __future__ import annotations

import math
from typing import cast

from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.fast_exp import HALF_BIAS, LOG2E, exp2_from_half
from xtr_pipeline.encoder.stream_vjp import custom_function

_LIMIT = 4 * math.sqrt(2)

# Eigen's erf(t) = t * P(t^2) / Q(t^2); the substitution t = x / sqrt 2, the factor 1/2 and Q(0) = 1 are worked in
# below.
_ERF_P = (
    -1.60960333262415e-02,
    -2.95459980854025e-03,
    -7.34990630326855e-04,
    -5.69250639462346e-05,
    -2.10102402082508e-06,
    2.77068142495902e-08,
    -2.72614225801306e-10,
)
_ERF_Q = (
    -1.42647390514189e-02,
    -7.37332916720468e-03,
    -1.68282697438203e-03,
    -2.13374055278905e-04,
    -1.45660718464996e-05,
)
_P = tuple(c / _ERF_Q[0] * 0.5 * math.sqrt(0.5) * 0.5**power for power, c in enumerate(_ERF_P))
_Q = tuple(c / _ERF_Q[0] * 0.5**power for power, c in enumerate(_ERF_Q))


def fast_gelu(x: mx.array) -> mx.array:
    """GELU of a float32 array of any shape."""
    return cast(mx.array, _gelu(x))


def _forward(x: mx.array) -> mx.array:
    return _times_phi(x, _clip(x))


def _backward(x: mx.array, cotangent: mx.array, _: mx.array) -> mx.array:
    """The cotangent times Phi(x) + x * phi(x)."""
    density = exp2_from_half(_half_density_exponent(x))
    return _times_slope(x, _clip(x), density, cotangent)


@mx.compile
def _clip(x: mx.array) -> mx.array:
    return mx.minimum(mx.maximum(x, -_LIMIT), _LIMIT)


def _odd_part(clipped: mx.array) -> mx.array:
    """Phi - 1/2 as a tree of operations, shallow enough for one kernel."""
    u = clipped * clipped
    u2 = u * u
    u4 = u2 * u2
    p = ((_P[0] + _P[1] * u) + u2 * (_P[2] + _P[3] * u)) + u4 * ((_P[4] + _P[5] * u) + _P[6] * u2)
    q = ((1.0 + _Q[1] * u) + u2 * (_Q[2] + _Q[3] * u)) + _Q[4] * u4
    return clipped * p / q


@mx.compile
def _times_phi(x: mx.array, clipped: mx.array) -> mx.array:
    return x * (0.5 + _odd_part(clipped))


@mx.compile
def _half_density_exponent(x: mx.array) -> mx.array:
    return HALF_BIAS - (0.25 * LOG2E) * (x * x)


@mx.compile
def _times_slope(x: mx.array, clipped: mx.array, density: mx.array, cotangent: mx.array) -> mx.array:
    return cotangent * ((0.5 + _odd_part(clipped)) + (1 / math.sqrt(2 * math.pi)) * (x * density))


_gelu = custom_function(_forward, _backward)
