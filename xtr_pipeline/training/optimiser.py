"""AdamW as a recipe asks for it, which weights it moves, and the step that applies a gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlx.utils import tree_flatten

from xtr_pipeline.encoder.compute import mx, nn
from xtr_pipeline.encoder.lora import add_lora
from xtr_pipeline.encoder.multi_vector import MultiVectorEncoder
from xtr_pipeline.training.gradients import LossValue, tiled_gradient, whole_gradient
from xtr_pipeline.training.recipe import Recipe, RecipeError

GRAPHS = 16
"""Steps after which compiled graphs are dropped.

MLX keeps one for every shape that it has seen, and hardly two batches have tiles of the same shapes: 20 MB a step, 6 GB
after 320.
"""

Step = Callable[[dict[str, Any], float], tuple[LossValue, mx.array]]
Run = Callable[[dict[str, Any]], tuple[mx.array, dict[str, mx.array], mx.array]]


def choose_trainable(model: MultiVectorEncoder, recipe: Recipe) -> None:
    """Freeze what the recipe leaves as it is: embedding tables and lowest layers, or all layers beside their adapters.

    Raises:
        RecipeError: When the model has fewer layers than the recipe freezes, or nothing would be left to train.
    """
    if recipe.lora_rank:
        add_lora(model, recipe.lora_rank, recipe.lora_alpha, recipe.seed)
        return
    layers = model.trunk.layers
    if recipe.freeze_layers > len(layers):
        frozen = f"recipe {recipe.name!r} freezes {recipe.freeze_layers} layers"
        raise RecipeError(f"{frozen}, the encoder has {len(layers)}")
    if recipe.freeze_embeddings:
        model.trunk.embeddings.freeze()
    for layer in layers[: recipe.freeze_layers]:
        layer.freeze()
    if not tree_flatten(model.trainable_parameters()):
        raise RecipeError(f"recipe {recipe.name!r} freezes every weight of the encoder: nothing would be learned")


def make_optimiser(model: nn.Module, recipe: Recipe) -> Any:
    """AdamW (Loshchilov and Hutter, arXiv 1711.05101) with bias correction, ready for the model's trainable weights.

    Decay acts on matrices only: pulling a layer norm's scale or a bias towards zero regularises nothing.
    """
    # only once compute has loaded the BLAS
    from mlx import optimizers

    def adamw(weight_decay: float) -> Any:
        rate = recipe.learning_rate
        return optimizers.AdamW(learning_rate=rate, weight_decay=weight_decay, bias_correction=True)

    optimiser = optimizers.MultiOptimizer([adamw(recipe.weight_decay), adamw(0.0)], [lambda _, weight: weight.ndim > 1])
    optimiser.init(model.trainable_parameters())
    mx.eval(optimiser.state)
    return optimiser


def make_step(model: nn.Module, optimiser: Any, recipe: Recipe) -> Step:
    """One optimizer step: gradient, clipping, update of the model in place.

    The step is compiled as a whole (measured on two CPU cores: 2.4 s instead of 6 s for 4k tokens); tile by tile, the
    pieces are.

    Returns:
        A function of `gradients.batch_arrays` and the learning rate that gives loss and gradient norm, both evaluated.
    """
    from mlx import optimizers

    state = [model.state, optimiser.state]

    def apply(gradients: dict[str, Any]) -> mx.array:
        clipped, norm = optimizers.clip_grad_norm(gradients, recipe.clip_norm)
        optimiser.update(model, clipped)
        total: mx.array = norm
        return total

    def made() -> Run:
        if recipe.accumulate:
            tiled = tiled_gradient(model, recipe)
            compiled_apply = mx.compile(apply, inputs=state, outputs=state)

            def in_tiles(arrays: dict[str, Any]) -> tuple[mx.array, dict[str, mx.array], mx.array]:
                value, gradients = tiled(arrays)
                return value.loss, value.terms, compiled_apply(gradients)

            return in_tiles
        whole = whole_gradient(model, recipe)

        def in_one(arrays: dict[str, Any]) -> tuple[mx.array, dict[str, mx.array], mx.array]:
            value, gradients = whole(arrays)
            return value.loss, value.terms, apply(gradients)

        compiled: Run = mx.compile(in_one, inputs=state, outputs=state)
        return compiled

    current, taken = made(), 0

    def step(arrays: dict[str, Any], rate: float) -> tuple[LossValue, mx.array]:
        nonlocal current, taken
        if taken == GRAPHS:
            current, taken = made(), 0  # the earlier one goes, and its graphs with it
        taken += 1
        optimiser.learning_rate = mx.array(rate)
        loss, terms, norm = current(arrays)
        mx.eval(loss, terms, norm, state)
        return LossValue(loss, terms), norm

    return step
