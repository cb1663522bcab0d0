"""Softmax attention for MLX on a CPU, forward and backward, with the fast exp2.

Scores are kept with keys before queries, (batch, heads, keys, queries): reductions over the second-last axis are
vectorised, over the last one they are not (0.7 ms against 2.6 ms for 3 million scores). Rows are divided by their sum
after the product with the values, when they are 32 wide and not as wide as the text is long (FlashAttention, arXiv
2205.14135, section 3.1).
"""

from __future__ import annotations

from typing import cast

from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.fast_exp import HALF_BIAS, LOG2E, exp2_from_half
from xtr_pipeline.encoder.stream_vjp import custom_function

Triple = tuple[mx.array, mx.array, mx.array]


def fast_attention(query: mx.array, key: mx.array, value: mx.array, bias: mx.array, scale: float) -> mx.array:
    """softmax(scale * query key^T + bias) value.

    Args:
        query: (batch, heads, queries, size) float32.
        key: (batch, heads, keys, size).
        value: (batch, heads, keys, size).
        bias: (batch, 1, 1, keys), 0 or a large negative finite number for padding, into which no gradient flows; or
            (batch, heads, queries, keys), where every pair of places has one of its own, into which it does.
        scale: Factor of the scores: 1 / sqrt(size), or 1 for T5.

    Returns:
        (batch, heads, queries, size).
    """
    halved = 0.5 * LOG2E
    output, _, _ = cast(Triple, _attention(query * (halved * scale), key, value, bias.swapaxes(-1, -2) * halved))
    return output


def _forward(query: mx.array, key: mx.array, value: mx.array, mask: mx.array) -> Triple:
    """Attention with halved scores in base 2; the unnormalised weights and their sums are for the backward pass."""
    scores = key @ query.swapaxes(-1, -2) + mask
    highest = scores.max(axis=-2, keepdims=True)
    weights = exp2_from_half(scores - (highest - HALF_BIAS))
    # 0 * highest carries a NaN or an infinity of the scores into the result, which exp2_from_half does not.
    totals = (weights.sum(axis=-2, keepdims=True) + 0.0 * highest).swapaxes(-1, -2)
    return (weights.swapaxes(-1, -2) @ value) / totals, weights, totals


def _backward(
    primals: tuple[mx.array, ...], cotangents: tuple[mx.array, ...], outputs: tuple[mx.array, ...]
) -> tuple[mx.array, ...]:
    """Gradients; by sum_j P_ij dP_ij = dO_i . O_i (FlashAttention) no (keys, queries) array has to be reduced."""
    query, key, value, mask = primals
    output, weights, totals = outputs
    d_output = cotangents[0] / totals
    d_value = weights @ d_output
    inner = (d_output * output).sum(axis=-1, keepdims=True).swapaxes(-1, -2)
    # d 2^(2h) / dh = 2 ln 2 * 2^(2h)
    d_scores = weights * ((value @ d_output.swapaxes(-1, -2)) - inner) * (2 / LOG2E)
    # a mask of the keys alone only says what is padding
    d_mask = d_scores if mask.shape == d_scores.shape else mx.zeros_like(mask)
    return d_scores.swapaxes(-1, -2) @ key, d_scores @ query, d_value, d_mask


_attention = custom_function(_forward, _backward)
