"""All steps of a run, laid out before the first one: the schedule needs to know how many there are."""

from __future__ import annotations

import math
from dataclasses import dataclass

from xtr_pipeline.training.batches import PlannedBatch, plan_epoch
from xtr_pipeline.training.recipe import Recipe
from xtr_pipeline.training.token_data import TokenData
from xtr_pipeline.training.topics import Topics


@dataclass(frozen=True)
class PlannedStep:
    """One optimizer step: its batch and the 0-based epoch that it belongs to."""

    epoch: int
    batch: PlannedBatch


def plan_steps(data: TokenData, recipe: Recipe, topics: Topics | None = None) -> list[PlannedStep]:
    """Steps of `recipe.epochs` passes over the queries, or the first `recipe.steps` of them.

    A part of an epoch is that part of its batches, rounded up. The same data and recipe give the same plan.
    """
    steps: list[PlannedStep] = []
    for epoch in range(math.ceil(recipe.epochs)):
        batches = plan_epoch(data, recipe, epoch, topics)
        share = min(1.0, recipe.epochs - epoch)
        steps += [PlannedStep(epoch, batch) for batch in batches[: math.ceil(share * len(batches))]]
        if len(steps) >= recipe.steps:
            break
    return steps[: recipe.steps]
