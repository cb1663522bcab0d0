"""The trainer: it learns, it stops, it fails loudly, and a killed run ends like one that was left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.training.recipe import TERMS, Recipe, RecipeError
from xtr_pipeline.training.run_state import STATE_FILE
from xtr_pipeline.training.trainer import NonFiniteLossError, StepReport, TrainingReport, train
from xtr_pipeline_tests.training.tiny import RECIPE, tiny_encoder, tiny_examples

CHILD = """
import os, signal, sys
from pathlib import Path
from typing import Any
from xtr_pipeline_tests.training.test_trainer import run_tiny
kill_at = int(sys.argv[2])
def on_step(report):
    if report.step == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)
run_tiny(Path(sys.argv[1]), on_step=on_step)
"""


def constant_dev(encoder: Encoder) -> float:
    return 0.5


def embedding_dev(encoder: Encoder) -> float:
    """Depends on the weights, so that which of them are best depends on the whole history."""
    return float(encoder.encode_queries(["w1 w2 w3"])[0].sum())


def quiet(report: StepReport) -> None:
    """Say nothing."""


def run_tiny(
    folder: Path,
    dev: Callable[[Encoder], float] | None = embedding_dev,
    on_step: Callable[[StepReport], None] = quiet,
    recipe: Recipe = RECIPE,
    encoder: Encoder | None = None,
) -> TrainingReport:
    return train(recipe, encoder or tiny_encoder(), tiny_examples(), dev, folder, on_step)


def same_weights(one: Encoder, other: Encoder) -> bool:
    ours, theirs = one.weights(), other.weights()
    return ours.keys() == theirs.keys() and all(np.array_equal(ours[name], theirs[name]) for name in ours)


def test_training_lowers_the_loss_and_reports_every_step(tmp_path: Path):
    seen: list[StepReport] = []
    report = run_tiny(tmp_path, on_step=seen.append, recipe=replace(RECIPE, steps=30, epochs=30))
    losses = report.history["loss"].to_list()
    assert [step.step for step in seen] == list(range(1, 31))
    assert report.history.height == 30
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])
    assert seen[-1].eta_seconds == 0
    assert all(step.eta_seconds > 0 and step.tokens_per_second > 0 for step in seen[:-1])


def test_the_start_is_not_changed_and_the_same_seed_gives_the_same_weights(tmp_path: Path):
    start = tiny_encoder()
    first = run_tiny(tmp_path / "one", encoder=start)
    second = run_tiny(tmp_path / "two")
    other = run_tiny(tmp_path / "three", recipe=replace(RECIPE, seed=14))
    assert same_weights(start, tiny_encoder())
    assert same_weights(first.encoder, second.encoder)
    assert not same_weights(first.encoder, start)
    assert not same_weights(first.encoder, other.encoder)


@pytest.mark.parametrize("kill_at", [1, 5, 10])
def test_a_run_killed_with_sigkill_ends_with_the_weights_of_an_uninterrupted_one(tmp_path: Path, kill_at: int):
    untouched = run_tiny(tmp_path / "untouched")
    killed = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "killed"), str(kill_at)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    resumed_steps: list[int] = []
    resumed = run_tiny(tmp_path / "killed", on_step=lambda report: resumed_steps.append(report.step))
    assert resumed.resumed_from == {1: None, 5: 4, 10: 10}[kill_at]
    assert resumed_steps == list(range((resumed.resumed_from or 0) + 1, 11))
    assert same_weights(resumed.encoder, untouched.encoder)
    assert (resumed.best_step, resumed.best_dev) == (untouched.best_step, untouched.best_dev)
    timeless = ["step", "epoch", "loss", *TERMS, "learning_rate", "gradient_norm", "dev"]
    assert resumed.history.select(timeless).equals(untouched.history.select(timeless))


def test_a_run_that_goes_on_keeps_the_plan_that_it_began_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    recipe = replace(RECIPE, batching="topic", save_every=1)
    untouched = run_tiny(tmp_path / "untouched", recipe=recipe)

    def stop_at_4(report: StepReport) -> None:
        if report.step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_tiny(tmp_path / "stopped", recipe=recipe, on_step=stop_at_4)
    # another processor, whose products are rounded otherwise, would find other queries alike
    monkeypatch.setattr("xtr_pipeline.training.batches.nearest_first", lambda _, waiting: list(reversed(waiting)))
    resumed = run_tiny(tmp_path / "stopped", recipe=recipe)
    assert resumed.resumed_from == 4
    assert same_weights(resumed.encoder, untouched.encoder)
    assert not same_weights(run_tiny(tmp_path / "elsewhere", recipe=recipe).encoder, untouched.encoder)


def test_a_finished_run_is_returned_without_a_step_or_a_measurement(tmp_path: Path):
    first = run_tiny(tmp_path)

    def never(encoder: Encoder) -> float:
        raise AssertionError("measured again")

    steps: list[StepReport] = []
    again = run_tiny(tmp_path, dev=never, on_step=steps.append)
    assert steps == []
    assert again.resumed_from == 10
    assert same_weights(again.encoder, first.encoder)


def test_the_state_of_another_recipe_is_not_resumed(tmp_path: Path):
    run_tiny(tmp_path)
    other = run_tiny(tmp_path, recipe=replace(RECIPE, temperature=0.1))
    assert other.resumed_from is None
    assert other.history.height == 10


def test_a_damaged_state_names_the_file_and_the_cure(tmp_path: Path):
    (tmp_path / STATE_FILE).write_bytes(b"half a fi")
    with pytest.raises(ValueError, match=r"state\.safetensors cannot be read .*delete it"):
        run_tiny(tmp_path)


def test_the_run_stops_when_dev_has_not_improved_and_keeps_the_best_weights(tmp_path: Path):
    values = iter([0.1, 0.9, 0.5, 0.6, 0.7])
    at_best: list[Encoder] = []

    def dev(encoder: Encoder) -> float:
        value = next(values)
        if value == 0.9:
            at_best.append(encoder)
        return value

    recipe = replace(RECIPE, steps=40, epochs=40, dev_every=2, patience=2)
    report = run_tiny(tmp_path, dev=dev, recipe=recipe)
    assert report.stopped_early
    assert report.history.height == 8
    assert (report.best_step, report.best_dev) == (4, 0.9)
    assert same_weights(report.encoder, at_best[0])
    assert report.history["dev"].drop_nulls().to_list() == [0.1, 0.9, 0.5, 0.6]


def test_the_start_wins_when_no_step_beats_it_and_the_recipe_allows_it(tmp_path: Path):
    allowed = run_tiny(tmp_path / "allowed", dev=constant_dev, recipe=replace(RECIPE, start_may_win=True))
    refused = run_tiny(tmp_path / "refused", dev=constant_dev)
    assert (allowed.best_step, allowed.start_dev) == (0, 0.5)
    assert same_weights(allowed.encoder, tiny_encoder())
    assert (refused.best_step, refused.start_dev) == (3, None)


def test_without_a_measurement_the_last_weights_are_delivered(tmp_path: Path):
    recipe = replace(RECIPE, dev_every=0)
    measured = run_tiny(tmp_path / "measured", recipe=recipe)
    report = run_tiny(tmp_path / "unmeasured", dev=None, recipe=recipe)
    assert same_weights(report.encoder, measured.encoder)
    assert (report.best_step, report.best_dev) == (10, None)
    assert report.history["dev"].drop_nulls().is_empty()
    assert same_weights(run_tiny(tmp_path / "unmeasured", dev=None, recipe=recipe).encoder, measured.encoder)


@pytest.mark.parametrize("changes", [{"dev_every": 3}, {"dev_every": 0, "start_may_win": True}])
def test_a_recipe_that_chooses_on_dev_needs_a_measurement(tmp_path: Path, changes: dict[str, Any]):
    with pytest.raises(RecipeError, match="chooses weights on dev"):
        run_tiny(tmp_path, dev=None, recipe=replace(RECIPE, **changes))


def test_the_share_of_the_start_is_in_what_is_measured_and_kept(tmp_path: Path):
    recipe = replace(RECIPE, dev_every=0)
    plain = run_tiny(tmp_path / "plain", recipe=recipe).encoder.weights()
    seen: list[Encoder] = []

    def dev(encoder: Encoder) -> float:
        seen.append(encoder)
        return 0.5

    averaged = run_tiny(tmp_path / "averaged", dev=dev, recipe=replace(recipe, start_share=0.25)).encoder
    start = tiny_encoder().weights()
    for name, weight in averaged.weights().items():
        np.testing.assert_allclose(weight, 0.75 * plain[name] + 0.25 * start[name], atol=1e-6)
    assert same_weights(seen[-1], averaged)


def test_a_loss_that_is_not_finite_stops_the_run_and_names_step_and_batch(tmp_path: Path):
    weights = tiny_encoder().weights()
    weights["head.weight"][0, 0] = np.nan
    with pytest.raises(NonFiniteLossError, match=r"step 1 \(epoch 0\): loss nan.*batch of queries q\d\d"):
        run_tiny(tmp_path, encoder=tiny_encoder().with_weights(weights))


def test_a_dev_measurement_that_is_not_finite_stops_the_run(tmp_path: Path):
    with pytest.raises(ValueError, match="dev gave nan at step 3"):
        run_tiny(tmp_path, dev=lambda _: float("nan"))


def test_frozen_embeddings_and_layers_stay_and_the_rest_moves(tmp_path: Path):
    recipe = replace(RECIPE, freeze_embeddings=True, freeze_layers=1)
    trained = run_tiny(tmp_path, recipe=recipe).encoder.weights()
    start = tiny_encoder().weights()
    moved = {name for name in start if not np.array_equal(start[name], trained[name])}
    assert not any("embeddings" in name or "layers.0." in name for name in moved)
    assert {"head.weight", "trunk.layers.1.up.weight"} <= moved


LORA = replace(RECIPE, lora_rank=2, lora_alpha=4.0, steps=6)


def test_adapters_train_beside_frozen_layers_and_leave_an_ordinary_encoder(tmp_path: Path):
    report = run_tiny(tmp_path, recipe=replace(LORA, steps=30, epochs=30))
    losses = report.history["loss"].to_list()
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    start, trained = tiny_encoder().weights(), report.encoder.weights()
    assert trained.keys() == start.keys()
    moved = {name for name in start if not np.array_equal(start[name], trained[name])}
    assert {"head.weight", "trunk.layers.0.query.weight", "trunk.layers.1.down.weight"} <= moved
    assert not any("embeddings" in name or "norm" in name or name.endswith("bias") for name in moved)


def test_a_run_with_adapters_goes_on_where_it_was(tmp_path: Path):
    class StoppedError(Exception):
        pass

    def stop(report: StepReport) -> None:
        if report.step == 4:
            raise StoppedError

    untouched = run_tiny(tmp_path / "untouched", recipe=LORA)
    with pytest.raises(StoppedError):
        run_tiny(tmp_path / "stopped", on_step=stop, recipe=LORA)
    resumed = run_tiny(tmp_path / "stopped", recipe=LORA)
    assert resumed.resumed_from == 4
    assert same_weights(resumed.encoder, untouched.encoder)


def test_a_recipe_that_does_not_fit_the_encoder_is_refused(tmp_path: Path):
    with pytest.raises(RecipeError, match="freezes 3 layers, the encoder has 2"):
        run_tiny(tmp_path, recipe=replace(RECIPE, freeze_layers=3))
    with pytest.raises(RecipeError, match="64 tokens, the encoder reads 32 at most"):
        run_tiny(tmp_path, recipe=replace(RECIPE, document_length=64, batch_tokens=512))


def test_a_killed_process_leaves_no_partial_file_behind(tmp_path: Path):
    (tmp_path / f".{STATE_FILE}.{os.getpid() + 1}").write_bytes(b"half")
    run_tiny(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [STATE_FILE]
