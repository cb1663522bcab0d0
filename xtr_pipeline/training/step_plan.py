"""All steps of a run, laid out before the first one: the schedule needs to know how many there are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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

    A part of an epoch is that part of its batches, rounded up. The same data, recipe and topics give the same plan, on
    one kind of processor: a run that goes on keeps the plan that it began with (`as_arrays`).
    """
    steps: list[PlannedStep] = []
    for epoch in range(math.ceil(recipe.epochs)):
        batches = plan_epoch(data, recipe, epoch, topics)
        share = min(1.0, recipe.epochs - epoch)
        steps += [PlannedStep(epoch, batch) for batch in batches[: math.ceil(share * len(batches))]]
        if len(steps) >= recipe.steps:
            break
    return steps[: recipe.steps]


def as_arrays(plan: Sequence[PlannedStep]) -> dict[str, NDArray[np.int64]]:
    """A plan as arrays: of each step its epoch and where its queries and documents end, and all of these."""
    return {
        "epochs": np.array([step.epoch for step in plan], dtype=np.int64),
        "query_ends": np.cumsum([len(step.batch.queries) for step in plan], dtype=np.int64),
        "document_ends": np.cumsum([len(step.batch.documents) for step in plan], dtype=np.int64),
        "queries": np.array([query for step in plan for query in step.batch.queries], dtype=np.int64),
        "documents": np.array([document for step in plan for document in step.batch.documents], dtype=np.int64),
    }


def from_arrays(arrays: Mapping[str, NDArray[np.int64]]) -> list[PlannedStep]:
    """The plan that `as_arrays` was given."""
    parts = [
        [tuple(part.tolist()) for part in np.split(arrays[name], ends[:-1])]
        for name, ends in (("queries", arrays["query_ends"]), ("documents", arrays["document_ends"]))
    ]
    return [
        PlannedStep(epoch, PlannedBatch(queries, documents))
        for epoch, queries, documents in zip(arrays["epochs"].tolist(), *parts, strict=True)
    ]
