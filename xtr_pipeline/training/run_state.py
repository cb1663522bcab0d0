"""The state of a run on disk: written atomically, so that a killed run goes on as if nothing had happened."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from xtr_pipeline.training.early_stopping import EarlyStopping
from xtr_pipeline.training.reports import StepReport

STATE_FILE = "state.safetensors"
GROUPS = ("plan", "weights", "optimiser", "best")

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class RunState:
    """Everything that the next step depends on.

    Attributes:
        identity: sha256 of recipe, examples and starting weights; a state of another run is of no use.
        step: Steps taken.
        finished: Whether the run is over; then only `best` is kept.
        stopping: Best dev value so far and how long it has stood.
        start_dev: Dev value of the start, None when it is not measured.
        reports: One per step.
        plan: All steps as integers (`step_plan.as_arrays`): planned anew on another processor, whose products are
            rounded otherwise, batches by topic could leave queries out and show others twice.
        weights: The model's weights by name.
        optimiser: The optimizer's state by flattened name.
        best: Weights with the best dev value, empty before the first measurement.
    """

    identity: str
    step: int = 0
    finished: bool = False
    stopping: EarlyStopping = field(default_factory=EarlyStopping)
    start_dev: float | None = None
    reports: tuple[StepReport, ...] = ()
    plan: Arrays = field(default_factory=dict)
    weights: Arrays = field(default_factory=dict)
    optimiser: Arrays = field(default_factory=dict)
    best: Arrays = field(default_factory=dict)


def save_state(state: RunState, folder: Path) -> None:
    """Write the state beside the old one and put it in its place in one rename.

    A reader, after a kill at any instant, finds the old state or the new one and never a part.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{group}/{name}": np.ascontiguousarray(array)
        for group in GROUPS
        for name, array in getattr(state, group).items()
    }
    # safetensors refuses a file without a tensor
    arrays["step"] = np.array([state.step], dtype=np.int64)
    partial = folder / f".{STATE_FILE}.{os.getpid()}"
    try:
        save_file(arrays, partial, metadata={"run": json.dumps(_facts(state))})
        with partial.open("rb") as handle:
            os.fsync(handle.fileno())
        partial.replace(folder / STATE_FILE)
    finally:
        partial.unlink(missing_ok=True)


def load_state(folder: Path, identity: str) -> RunState | None:
    """Read the state of a run.

    Args:
        folder: Where `save_state` wrote.
        identity: Of the run that wants to go on.

    Returns:
        The state, or None when there is none or it belongs to another run (which the next write replaces).

    Raises:
        ValueError: When the file is damaged; the message names it and the cure.
    """
    path = folder / STATE_FILE
    for abandoned in folder.glob(f".{STATE_FILE}.*"):
        abandoned.unlink(missing_ok=True)
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            facts = json.loads((file.metadata() or {})["run"])
            if facts["identity"] != identity:
                return None
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise ValueError(f"{path} cannot be read ({error}); delete it to start this training run anew") from error
    groups = {
        group: {name.removeprefix(f"{group}/"): array for name, array in arrays.items() if name.startswith(f"{group}/")}
        for group in GROUPS
    }
    return RunState(
        identity=identity,
        step=facts["step"],
        finished=facts["finished"],
        stopping=EarlyStopping(**facts["stopping"]),
        start_dev=facts["start_dev"],
        reports=tuple(StepReport(**report) for report in facts["reports"]),
        plan=groups["plan"],
        weights=groups["weights"],
        optimiser=groups["optimiser"],
        best=groups["best"],
    )


def _facts(state: RunState) -> dict[str, Any]:
    return {
        "identity": state.identity,
        "step": state.step,
        "finished": state.finished,
        "stopping": asdict(state.stopping),
        "start_dev": state.start_dev,
        "reports": [asdict(report) for report in state.reports],
    }
