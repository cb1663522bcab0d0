"""What a training run tells: one report a step while it runs, one at the end."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import polars as pl

from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.pace import rate_text
from xtr_pipeline.training.recipe import TERMS

HISTORY_SCHEMA: dict[str, type[pl.DataType]] = {
    "step": pl.Int32,
    "epoch": pl.Int32,
    "loss": pl.Float64,
    **dict.fromkeys(TERMS, pl.Float64),
    "learning_rate": pl.Float64,
    "gradient_norm": pl.Float64,
    "tokens": pl.Int32,
    "seconds": pl.Float64,
    "tokens_per_second": pl.Float64,
    "dev": pl.Float64,
}


@dataclass(frozen=True)
class StepReport:
    """One optimizer step.

    Attributes:
        step: 1-based.
        steps: Steps that the run takes unless it stops early.
        epoch: 0-based pass over the queries.
        loss: Weighted sum of the terms.
        terms: The recipe's terms before weighting, by name.
        learning_rate: Of this step.
        gradient_norm: Global norm before clipping.
        tokens: Real tokens of the batch, padding not counted.
        seconds: Wall-clock time of the step, measurement on dev not counted.
        tokens_per_second: Real tokens a second.
        eta_seconds: Expected time to the last step, from the latest steps; measurements on dev not counted.
        dev: Measured after this step, None at most steps.
    """

    step: int
    steps: int
    epoch: int
    loss: float
    terms: dict[str, float]
    learning_rate: float
    gradient_norm: float
    tokens: int
    seconds: float
    tokens_per_second: float
    eta_seconds: float
    dev: float | None

    def line(self) -> str:
        """In one line: step, loss, what was measured after it, rate and time left."""
        dev = "" if self.dev is None else f", dev {self.dev:.4f}"
        rate = rate_text(self.tokens_per_second, self.eta_seconds)
        return f"step {self.step}/{self.steps}, loss {self.loss:.4f}{dev}, {rate}"


@dataclass(frozen=True)
class TrainingReport:
    """A finished run.

    Attributes:
        encoder: The best weights, the last ones when nothing was measured; the recipe's share of the start is in them.
        history: One row a step, `HISTORY_SCHEMA`; steps of an earlier, killed process included.
        resumed_from: Step that this process resumed from, None when it began at the start.
        start_dev: Dev value of the start, None when the recipe does not measure it.
        best_dev: Dev value of `encoder`, None when nothing was measured.
        best_step: Step of the best weights; 0 is the start.
        stopped_early: Whether patience ran out before the last step.
    """

    encoder: Encoder
    history: pl.DataFrame
    resumed_from: int | None
    start_dev: float | None
    best_dev: float | None
    best_step: int
    stopped_early: bool


def history_frame(reports: list[StepReport]) -> pl.DataFrame:
    """The reports as a frame of `HISTORY_SCHEMA`."""
    named = [asdict(report) | report.terms for report in reports]
    rows = [{name: value for name, value in row.items() if name in HISTORY_SCHEMA} for row in named]
    return pl.DataFrame(rows, schema=HISTORY_SCHEMA)
