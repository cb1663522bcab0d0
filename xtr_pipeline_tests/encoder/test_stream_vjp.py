"""Custom gradients are right on every stream, and their backward pass stays on the stream of the forward pass."""

import numpy as np

from xtr_pipeline.encoder.compute import mx
from xtr_pipeline.encoder.stream_vjp import custom_function


def test_the_backward_pass_runs_where_the_forward_pass_ran() -> None:
    seen: list[str] = []

    def backward(primals: mx.array, cotangents: mx.array, _: mx.array) -> mx.array:
        seen.append(repr(mx.default_stream(mx.default_device())))
        return 3 * primals**2 * cotangents

    cube = custom_function(lambda x: x * x * x, backward)
    streams = [mx.new_stream(mx.default_device()) for _ in range(2)]

    def loss(x: mx.array) -> mx.array:
        parts = []
        for stream in streams:
            with mx.stream(stream):
                parts.append(cube(x).sum())
        return parts[0] + 2 * parts[1]

    x = mx.array([1.0, -2.0, 0.5])
    gradient = mx.grad(loss)(x)
    np.testing.assert_allclose(np.array(gradient), 9 * np.array(x) ** 2, rtol=1e-6)
    # one of each stream, although differentiating happens outside of both
    assert set(seen) == {repr(stream) for stream in streams}


def test_a_stream_is_differentiated_again_without_being_made_again() -> None:
    made: list[int] = []

    def forward(x: mx.array) -> mx.array:
        made.append(1)
        return 2 * x

    double = custom_function(forward, lambda _primals, cotangents, _outputs: 2 * cotangents)
    for _ in range(3):
        assert mx.grad(lambda x: double(x).sum())(mx.array([1.0])).item() == 2.0
    assert len(made) == 3
