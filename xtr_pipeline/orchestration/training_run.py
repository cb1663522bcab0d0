"""One training run as the checkpoint assets need it: start, examples, dev probe, progress, and the saved folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import polars as pl

from xtr_pipeline.encoder.checkpoint import load_encoder, save_encoder
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.evaluation.dev_probe import dev_probe, dev_queries
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.training.head_init import pca_head
from xtr_pipeline.training.recipe import Recipe
from xtr_pipeline.training.trainer import StepReport, TrainingReport, train

PROBE_UNITS = 600
"""Units of a dev repository that a measurement encodes: three repositories take about a minute on two cores."""


@dataclass(frozen=True)
class Trained:
    """A finished run: the saved checkpoint and how it came about."""

    recipe: Recipe
    report: TrainingReport
    encoder: Encoder
    folder: Path
