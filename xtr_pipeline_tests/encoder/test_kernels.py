"""Fast kernels against exact values and against MLX's own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.fast_exp import HALF_BIAS, LOG2E, exp2_from_half
from xtr_pipeline.encoder.kernels import fast_kernels, reference_kernels

FAST, REFERENCE = fast_kernels(), reference_kernels()


def test_exp2_is_within_1e5_of_the_exact_value_over_its_whole_range():
    x = np.linspace(-87, 0, 400_001).astype(np.float32)
    found = np.array(exp2_from_half(mx.array(x) * (0.5 * LOG2E) + HALF_BIAS), dtype=np.float64)
    np.testing.assert_allclose(found, np.exp(x.astype(np.float64)), rtol=1e-5)


@pytest.mark.parametrize("h", [0.0, -1.0, -1e9, -3e38])
def test_exp2_is_exactly_zero_below_its_range(h: float):
    assert exp2_from_half(mx.array([h])).item() == 0.0


def test_gelu_is_within_1e5_of_the_exact_value():
    x = np.linspace(-30, 30, 600_001).astype(np.float32)
    exact = 0.5 * x.astype(np.float64) * (1 + erf(x.astype(np.float64) / np.sqrt(2)))
    np.testing.assert_allclose(np.array(FAST.gelu(mx.array(x))), exact, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("x", [0.0, -0.0, 1e-30, -1e-30, 1e30, -1e30, np.inf, np.nan])
def test_gelu_of_extremes_is_that_of_the_reference(x: float):
    value = mx.array([x], dtype=mx.float32)
    np.testing.assert_equal(np.array(FAST.gelu(value)), np.array(REFERENCE.gelu(value)))


def test_the_slope_of_gelu_is_within_1e5_of_the_exact_one():
    x = np.linspace(-30, 30, 600_001).astype(np.float32)
    slope = mx.grad(lambda values: FAST.gelu(values).sum())(mx.array(x))
    wide = x.astype(np.float64)
    exact = 0.5 * (1 + erf(wide / np.sqrt(2))) + wide * np.exp(-(wide**2) / 2) / np.sqrt(2 * np.pi)
    np.testing.assert_allclose(np.array(slope), exact, rtol=1e-5, atol=2e-6)


def test_the_slope_of_gelu_scales_with_what_comes_from_above():
    x = mx.array([[-1.0, 0.5], [2.0, np.nan]])
    weights = mx.array([[3.0, -2.0], [0.5, 1.0]])
    found, reference = (mx.grad(lambda v, k=k: (k.gelu(v) * weights).sum())(x) for k in (FAST, REFERENCE))
    np.testing.assert_allclose(np.array(found), np.array(reference), rtol=1e-5)


def _gelu_tanh(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Exact values and slopes."""
    z = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    tanh, inner = np.tanh(z), np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
    return 0.5 * x * (1 + tanh), 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh**2) * inner


def test_gelu_by_tanh_and_its_slope_are_within_1e5_of_the_exact_ones():
    x = np.linspace(-30, 30, 600_001).astype(np.float32)
    values, slopes = _gelu_tanh(x.astype(np.float64))
    np.testing.assert_allclose(np.array(FAST.gelu_tanh(mx.array(x))), values, rtol=1e-5, atol=2e-6)
    slope = mx.grad(lambda values: FAST.gelu_tanh(values).sum())(mx.array(x))
    np.testing.assert_allclose(np.array(slope), slopes, rtol=1e-5, atol=5e-6)


@pytest.mark.parametrize("x", [0.0, -0.0, 1e-30, 1e30, np.inf, np.nan])
def test_gelu_by_tanh_of_extremes_is_exact(x: float):
    found = np.array(FAST.gelu_tanh(mx.array([x], dtype=mx.float32)))
    np.testing.assert_equal(found, np.array([x * (0.5 if abs(x) < 1 else 1.0)], dtype=np.float32))


@pytest.mark.parametrize("x", [-1e3, -1e30])
def test_gelu_by_tanh_vanishes_far_below_zero(x: float):
    assert abs(FAST.gelu_tanh(mx.array([x])).item()) <= 1e-15 * abs(x)


def _attention_inputs(scale: float = 2.0) -> tuple[list[mx.array], mx.array]:
    mx.random.seed(7)
    arrays = [mx.random.normal((3, 2, tokens, 8)) * scale for tokens in (5, 11, 11)]
    mask = np.zeros((3, 1, 1, 11), dtype=np.float32)
    mask[1, ..., 6:] = -1e4
    return arrays, mx.array(mask)


@pytest.mark.parametrize("scale", [0.1, 2.0, 8.0])
def test_attention_equals_the_reference_with_padding(scale: float):
    arrays, mask = _attention_inputs(scale)
    found, reference = (np.array(k.attention(*arrays, mask, 0.35)) for k in (FAST, REFERENCE))
    np.testing.assert_allclose(found, reference, rtol=1e-4, atol=1e-5 * scale)


def test_attention_of_a_fully_padded_row_is_finite() -> None:
    arrays, mask = _attention_inputs()
    assert np.isfinite(np.array(FAST.attention(*arrays, mask - 1e4, 0.35))).all()


def test_attention_of_masked_keys_equals_attention_without_them():
    (query, key, value), mask = _attention_inputs()
    masked = FAST.attention(query[1:2], key[1:2], value[1:2], mask[1:2], 0.35)
    dropped = FAST.attention(query[1:2], key[1:2, :, :6], value[1:2, :, :6], mask[1:2, ..., :6], 0.35)
    np.testing.assert_allclose(np.array(masked), np.array(dropped), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("argument", [0, 1, 2], ids=["query", "key", "value"])
def test_gradients_of_attention_equal_those_of_the_reference(argument: int):
    arrays, mask = _attention_inputs()
    weights = mx.random.normal((3, 2, 5, 8))
    found, reference = (
        mx.grad(lambda q, k, v, kernels=kernels: (kernels.attention(q, k, v, mask, 0.35) * weights).sum(), argument)(
            *arrays
        )
        for kernels in (FAST, REFERENCE)
    )
    np.testing.assert_allclose(np.array(found), np.array(reference), rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("scale", [1.0, 0.35], ids=["as in T5", "as in MPNet"])
@pytest.mark.parametrize("argument", [0, 1, 2, 3], ids=["query", "key", "value", "bias"])
def test_attention_with_a_bias_and_its_gradients_equal_those_of_the_reference(argument: int, scale: float):
    arrays, mask = _attention_inputs()
    arrays.append(mx.random.normal((3, 2, 5, 11)) + mask)
    weights = mx.random.normal((3, 2, 5, 8))
    outputs = [np.array(kernels.attention(*arrays, scale)) for kernels in (FAST, REFERENCE)]
    np.testing.assert_allclose(outputs[0], outputs[1], rtol=1e-4, atol=2e-5)
    found, reference = (
        mx.grad(lambda *given, kernels=kernels: (kernels.attention(*given, scale) * weights).sum(), argument)(*arrays)
        for kernels in (FAST, REFERENCE)
    )
    assert float(mx.abs(reference).max()) > 0.05
    np.testing.assert_allclose(np.array(found), np.array(reference), rtol=1e-4, atol=5e-5)


def test_a_score_that_is_not_a_number_spoils_its_row_and_no_other():
    (query, key, value), mask = _attention_inputs()
    spoiled = np.array(query)
    spoiled[0, 1, 3, 0] = np.nan
    output = np.array(FAST.attention(mx.array(spoiled), key, value, mask, 0.35))
    assert np.isnan(output[0, 1, 3]).all()
    assert np.isnan(output).sum() == output.shape[-1]


def test_scores_of_hundreds_do_not_overflow():
    value = mx.array([[[[1.0], [2.0]]]])
    query, key = mx.array([[[[30.0]]]]), mx.array([[[[30.0], [-30.0]]]])
    assert FAST.attention(query, key, value, mx.zeros((1, 1, 1, 2)), 1.0).item() == pytest.approx(1.0)


def test_kernels_work_inside_a_compiled_training_step():
    arrays, mask = _attention_inputs()

    def loss(query: mx.array) -> mx.array:
        return FAST.gelu(FAST.attention(query, *arrays[1:], mask, 0.35)).sum()

    plain, compiled = mx.grad(loss)(arrays[0]), mx.compile(mx.grad(loss))(arrays[0])
    np.testing.assert_allclose(np.array(compiled), np.array(plain), rtol=1e-5, atol=1e-6)
