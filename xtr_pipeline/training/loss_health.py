"""Whether a training run learned anything: its loss is finite and fell."""

from __future__ import annotations

import math
from collections.abc import Sequence

ENDS = 0.2
"""Share of the steps at either end whose mean losses are compared: single steps are noise."""


def loss_problems(losses: Sequence[float]) -> list[str]:
    """Problems of a loss curve; empty when it is finite and its last fifth lies below its first."""
    if not losses:
        return ["no step was taken"]
    broken = [step for step, loss in enumerate(losses, start=1) if not math.isfinite(loss)]
    if broken:
        return [f"the loss is not finite at step {broken[0]} (and {len(broken) - 1} others)"]
    first, last = end_means(losses)
    if last >= first:
        return [f"the loss did not fall: {first:.4f} over the first fifth of the steps, {last:.4f} over the last"]
    return []


def end_means(losses: Sequence[float]) -> tuple[float, float]:
    """Mean loss over the first and over the last fifth of the steps (at least one step each)."""
    width = max(1, int(len(losses) * ENDS))
    return sum(losses[:width]) / width, sum(losses[-width:]) / width
