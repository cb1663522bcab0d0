"""The learning rate of every step: a linear warm-up, then a linear or cosine fall."""

from __future__ import annotations

import math

from xtr_pipeline.training.recipe import Recipe


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """Learning rate of one step.

    Args:
        recipe: Gives the peak, the share of warm-up steps, the shape of the fall and the last step's share of the peak.
        step: 1-based step.
        steps: Steps of the whole run.

    Returns:
        `peak * step / warmup` during the warm-up, then a fall from the peak that would reach `peak * final_rate` one
        step after the last: no step is taken at a rate of zero.
    """
    warmup = min(steps - 1, round(recipe.warmup_share * steps))
    if step <= warmup:
        return recipe.learning_rate * step / warmup
    # the first step after the warm-up runs at the peak, also where there is no warm-up
    progress = (step - warmup - 1) / (steps - warmup)
    fallen = progress if recipe.decay == "linear" else (1 - math.cos(math.pi * progress)) / 2
    return recipe.learning_rate * (1 - (1 - recipe.final_rate) * fallen)
