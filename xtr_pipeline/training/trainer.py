"""The training loop: planned steps, measurements on dev, a state that survives a kill."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import polars as pl
from mlx.utils import tree_flatten, tree_unflatten
from numpy.typing import NDArray

from xtr_pipeline.encoder.blas import single_threaded
from xtr_pipeline.encoder.compute import BLAS, mx
from xtr_pipeline.encoder.cpu_tuning import release_memory
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.encoding import OnTokens
from xtr_pipeline.encoder.lora import merged
from xtr_pipeline.training.averaging import averaged
from xtr_pipeline.training.batches import Batch, build_batch
from xtr_pipeline.training.examples import EXAMPLES_SCHEMA, check_examples
from xtr_pipeline.training.gradients import batch_arrays
from xtr_pipeline.training.optimiser import choose_trainable, make_optimiser, make_step
from xtr_pipeline.training.recipe import Recipe, RecipeError
from xtr_pipeline.training.reports import StepReport, TrainingReport, history_frame
from xtr_pipeline.training.run_state import RunState, load_state, save_state
from xtr_pipeline.training.schedule import learning_rate
from xtr_pipeline.training.step_plan import PlannedStep, as_arrays, from_arrays, plan_steps
from xtr_pipeline.training.token_data import TokenData, tokenise_as, tokenise_examples
from xtr_pipeline.training.topics import topics_for

__all__ = ["NonFiniteLossError", "StepReport", "TrainingReport", "train"]

LATEST = 20  # steps whose mean duration the expected time left is based on
SHOWN_QUERIES = 8

Dev = Callable[[Encoder], float]
OnStep = Callable[[StepReport], None]


class NonFiniteLossError(ArithmeticError):
    """Loss or gradient is not a finite number; the message names step and batch."""


def train(  # noqa: PLR0913, PLR0917 - the parts of a run
    recipe: Recipe,
    encoder: Encoder,
    examples: pl.DataFrame,
    dev: Dev | None,
    state_dir: Path,
    on_step: OnStep,
    on_encode: OnTokens | None = None,
) -> TrainingReport:
    """Train a copy of the encoder.

    Killed at any time and called again with the same arguments, it goes on from the last state that it wrote and ends
    with the weights of an uninterrupted run. A finished run returns its result again without a step.

    Args:
        recipe: All settings.
        encoder: The start; not changed.
        examples: Columns of `EXAMPLES_SCHEMA`, train repositories only.
        dev: Measures an encoder on the dev repositories, higher is better; must neither change nor keep it. Without it
            the last weights are delivered.
        state_dir: Folder of this run's state (up to 16 bytes a parameter); a state of another run there is replaced.
        on_step: Called after every step.
        on_encode: Hears how far the encode of the queries is that comes before the first step of batches by topic.

    Raises:
        ExamplesError: When the examples cannot be trained on.
        RecipeError: When the recipe does not fit the encoder, or chooses on dev and there is none.
        NonFiniteLossError: When loss or gradient stop being finite; nothing of that step is kept.
        ValueError: When dev gives no finite number, or the state file is damaged.
    """
    check_examples(examples, recipe.positive_grade)
    _check_lengths(recipe, encoder)
    if dev is None and recipe.chooses_on_dev:
        raise RecipeError(f"recipe {recipe.name!r} chooses weights on dev: train it with a measurement")
    identity = _identity(recipe, encoder, examples)
    state = load_state(state_dir, identity)
    resumed_from = state.step if state is not None else None
    state = state or RunState(identity=identity)
    run = _Run(recipe, encoder, dev, state_dir, state)
    if not state.finished:
        data = tokenise_examples(
            examples,
            tokenise_as(encoder, recipe.query_length, documents=False),
            tokenise_as(encoder, recipe.document_length, documents=True),
            recipe.negative_grade,
        )
        plan = run.planned(data, examples["query"].to_list(), on_encode)
        run.take_steps(data, plan, on_step)
        release_memory()
    return run.report(resumed_from)


class _Run:
    """One run in progress: the working copy, its optimizer, and the state that is written."""

    def __init__(self, recipe: Recipe, start: Encoder, dev: Dev | None, folder: Path, state: RunState) -> None:
        self.recipe, self.start, self.dev, self.folder, self.state = recipe, start, dev, folder, state
        self.working = start.copy()
        choose_trainable(self.working.model, recipe)
        if state.weights:
            self.working.model.load_weights([(name, mx.array(weight)) for name, weight in state.weights.items()])
        self.optimiser = make_optimiser(self.working.model, recipe)
        if state.optimiser:
            self.optimiser.state = tree_unflatten([(name, mx.array(array)) for name, array in state.optimiser.items()])

    def take_steps(self, data: TokenData, plan: list[PlannedStep], on_step: OnStep) -> None:
        """Take the steps that are left, measure, stop early, and write the final state."""
        step = make_step(self.working.model, self.optimiser, self.recipe)
        if self.state.step == 0 and self.recipe.start_may_win and self.state.start_dev is None:
            value = self.measure(0)  # first: it changes the state
            self.state = replace(self.state, start_dev=value)
            self.save()
        while self.state.step < len(plan) and not self.out_of_patience():
            number = self.state.step + 1
            report = self.take_one(step, data, plan, number)
            self.state = replace(self.state, step=number)
            due = number == len(plan) or (self.recipe.dev_every > 0 and number % self.recipe.dev_every == 0)
            report = replace(report, dev=self.measure(number)) if due else report
            self.state = replace(self.state, reports=(*self.state.reports, report))
            # a measurement takes minutes: never make it twice
            if due or number % self.recipe.save_every == 0:
                self.save()
            on_step(report)
        self.state = replace(self.state, finished=True, plan={}, weights={}, optimiser={})
        save_state(self.state, self.folder)

    def planned(self, data: TokenData, queries: list[str], on_encode: OnTokens | None) -> list[PlannedStep]:
        """All steps: those that the run began with, where it goes on."""
        if not self.state.plan:
            plan = plan_steps(data, self.recipe, topics_for(self.recipe, self.start, queries, on_encode))
            self.state = replace(self.state, plan=as_arrays(plan))
        return from_arrays(self.state.plan)

    def take_one(self, step: Any, data: TokenData, plan: list[PlannedStep], number: int) -> StepReport:
        """Take one optimizer step; the model has moved when this returns."""
        planned = plan[number - 1]
        started = time.perf_counter()
        batch = build_batch(data, planned.batch, self.recipe, pad_id=self.start.config.pad_token_id)
        rate = learning_rate(self.recipe, number, len(plan))
        # the tiles keep every core busy by themselves; several threads inside one product only wait for each other
        with single_threaded(BLAS):
            value, norm = step(batch_arrays(batch), rate)
        loss, gradient_norm = float(value.loss.item()), float(norm.item())
        if not (math.isfinite(loss) and math.isfinite(gradient_norm)):
            raise NonFiniteLossError(_non_finite(number, planned.epoch, loss, gradient_norm, batch))
        seconds = time.perf_counter() - started
        latest = [*(report.seconds for report in self.state.reports[-LATEST + 1 :]), seconds]
        return StepReport(
            step=number,
            steps=len(plan),
            epoch=planned.epoch,
            loss=loss,
            terms={name: float(term.item()) for name, term in value.terms.items()},
            learning_rate=rate,
            gradient_norm=gradient_norm,
            tokens=batch.tokens,
            seconds=seconds,
            tokens_per_second=batch.tokens / seconds,
            eta_seconds=mean(latest) * (len(plan) - number),
            dev=None,
        )

    def measure(self, step: int) -> float | None:
        """Measure what would be delivered now, and keep it when it is the best so far, or there is no measure."""
        weights = self.delivered()
        if self.dev is None:
            stopping = replace(self.state.stopping, best_step=step)
            self.state = replace(self.state, stopping=stopping, best=weights)
            return None
        value = float(self.dev(self.start.with_weights(weights)))
        stopping = self.state.stopping.after(step, value, self.recipe.least_gain)
        best = weights if stopping.best_step == step else self.state.best
        self.state = replace(self.state, stopping=stopping, best=best)
        mx.clear_cache()
        return value

    def delivered(self) -> dict[str, NDArray[np.float32]]:
        """The working weights with the recipe's share of the start worked in: what is measured is what is kept."""
        return averaged(merged(self.working.weights()), self.start, self.recipe.start_share)

    def out_of_patience(self) -> bool:
        """Whether dev has not improved for as many measurements as the recipe allows."""
        return self.state.stopping.waited >= self.recipe.patience

    def save(self) -> None:
        """Write the state of the last step that was taken."""
        optimiser = {name: np.array(array) for name, array in tree_flatten(self.optimiser.state)}
        self.state = replace(self.state, weights=self.working.weights(), optimiser=optimiser)
        save_state(self.state, self.folder)
        # the arrays live in the model; keeping the copies too would double the memory
        self.state = replace(self.state, weights={}, optimiser={})

    def report(self, resumed_from: int | None) -> TrainingReport:
        """The result of a finished run."""
        reports = list(self.state.reports)
        stopping = self.state.stopping
        if not self.state.best:
            raise RuntimeError(f"{self.folder}: a finished run without weights; delete its state and train again")
        return TrainingReport(
            encoder=self.start.with_weights(self.state.best),
            history=history_frame(reports),
            resumed_from=resumed_from,
            start_dev=self.state.start_dev,
            best_dev=stopping.best,
            best_step=stopping.best_step,
            stopped_early=bool(reports) and reports[-1].step < reports[-1].steps,
        )


def _check_lengths(recipe: Recipe, encoder: Encoder) -> None:
    most = encoder.config.longest_text
    longest = max(recipe.query_length, recipe.document_length)
    if longest > most:
        raise RecipeError(f"recipe {recipe.name!r} asks for {longest} tokens, the encoder reads {most} at most")


def _identity(recipe: Recipe, encoder: Encoder, examples: pl.DataFrame) -> str:
    rows = examples.select(*EXAMPLES_SCHEMA).write_ndjson()
    parts: Mapping[str, str] = {
        "recipe": recipe.fingerprint(),
        "encoder": encoder.fingerprint,
        "examples": hashlib.sha256(rows.encode()).hexdigest(),
    }
    return hashlib.sha256("\n".join(f"{name} {value}" for name, value in parts.items()).encode()).hexdigest()


def _non_finite(step: int, epoch: int, loss: float, gradient_norm: float, batch: Batch) -> str:
    shown = ", ".join(batch.query_ids[:SHOWN_QUERIES])
    more = f" and {len(batch.query_ids) - SHOWN_QUERIES} more" if len(batch.query_ids) > SHOWN_QUERIES else ""
    return (
        f"step {step} (epoch {epoch}): loss {loss}, gradient norm {gradient_norm}; batch of queries {shown}{more}. "
        "Lower learning_rate or raise temperature, and check the starting weights; the last written state is still good"
    )
