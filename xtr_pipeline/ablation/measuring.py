"""One arm with one seed: train it unless that is done, and rank the files of every dev repository with it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from xtr_pipeline.ablation.arms import RECIPES, Arm, ArmError
from xtr_pipeline.ablation.mean_vectors import MeanVectorSearcher
from xtr_pipeline.ablation.near_positives import without_near_positives
from xtr_pipeline.encoder.checkpoint import load_encoder, save_encoder
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.encoding import OnTokens
from xtr_pipeline.evaluation.dev_probe import dev_probe, specified_queries
from xtr_pipeline.evaluation.evaluator import evaluate_searcher
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.retrieval.index import drop_other_models
from xtr_pipeline.retrieval.modes import Mode
from xtr_pipeline.retrieval.progress import OnProgress
from xtr_pipeline.retrieval.settings import search_settings
from xtr_pipeline.retrieval.sources import searcher_for_units
from xtr_pipeline.training.averaging import averaged
from xtr_pipeline.training.reports import StepReport
from xtr_pipeline.training.start import starting_encoder
from xtr_pipeline.training.trainer import train

MODES: tuple[Mode, ...] = ("semantic", "hybrid", "xtr")
WARM_UP = Arm("docstring", "docstring")


@dataclass(frozen=True)
class Checkpoint:
    """A model that the main job trained from the bench's base, on its examples and dev set.

    Attributes:
        recipe: Its settings.
        folder: Where it lies.
    """

    recipe: Mapping[str, Any]
    folder: Path


@dataclass(frozen=True)
class Bench:
    """What all arms share.

    Attributes:
        base: Where training starts.
        examples: By recipe, what it is trained on (`training_set`).
        dev_queries: `evaluation.dev_probe.DEV_QUERY_SCHEMA`.
        dev_units: Code units by dev repository.
        head_dim: Dimensions of a token vector.
        probe_units: Units of a dev repository that early stopping looks at.
        folder: Where models are kept, so that nothing is trained twice.
        measured: Where measurements are, so that nothing is measured twice: one small file each, that another machine
            can go on from.
        trained: By recipe, the main job's checkpoint, where it has one of these very examples and dev set.
        asked: What arms are measured with in place of `dev_queries`, which early stopping looks at all the same.
        repos: Dev repositories that arms are measured on; none named: all that are asked about.
    """

    base: Encoder
    examples: Mapping[str, pl.DataFrame]
    dev_queries: pl.DataFrame
    dev_units: Mapping[str, pl.DataFrame]
    head_dim: int
    probe_units: int
    folder: Path
    measured: Path
    trained: Mapping[str, Checkpoint] = field(default_factory=dict)
    asked: tuple[EvalQuery, ...] = ()
    repos: tuple[str, ...] = ()

    def queries(self) -> dict[str, list[EvalQuery]]:
        """What arms are measured with, by repository."""
        asked = self.asked or specified_queries(self.dev_queries)
        repos = self.repos or sorted({query.repo for query in asked})
        return {repo: [query for query in asked if query.repo == repo] for repo in repos}


def on_repos(bench: Bench, repos: Sequence[str]) -> Bench:
    """The same bench, measured on these dev repositories alone; on all that are asked about, where none is named.

    Raises:
        ValueError: Nothing is asked about one of them.
    """
    known = bench.queries()
    strange = sorted(set(repos) - set(known))
    if strange:
        raise ValueError(f"no dev query is about {', '.join(strange)}; there are some about {', '.join(known)}")
    return replace(bench, repos=tuple(sorted(set(repos))))


def measure(  # noqa: PLR0913, PLR0917 - what is measured, and who hears how far it is
    bench: Bench,
    arm: Arm,
    seed: int,
    on_step: Callable[[StepReport], None],
    on_encode: OnProgress | None = None,
    on_start: OnTokens | None = None,
) -> pl.DataFrame:
    """The per-query metrics of an arm in every mode that it has.

    Interrupted, it goes on where it was; what is measured already is read.

    Args:
        bench: What all arms share.
        arm: What to measure.
        seed: Of the recipe; untrained arms have none.
        on_step: Hears of every training step.
        on_encode: Hears how far the encode of a dev repository is.
        on_start: Hears how far the encodes before the first step are.

    Returns:
        `evaluation.metrics.PER_QUERY_SCHEMA`, the arm's name as model.
    """
    key = _key(bench, arm, seed)
    done = bench.measured / f"{key}.parquet"
    if done.is_file():
        return pl.read_parquet(done).with_columns(model=pl.lit(arm.name))
    encoder = None if arm.start == "bm25" else _encoder(bench, arm, seed, on_step, on_start)
    # only the latest model's index stays: the arms that differ in how it is searched stand beside each other
    index = bench.folder / "index"
    for repo in bench.dev_units:
        drop_other_models(index / repo, set() if encoder is None else {encoder.fingerprint})
    frame = pl.concat(
        _on_repo(arm, encoder, bench.dev_units[repo], asked, index / repo, on_encode)
        for repo, asked in bench.queries().items()
    )
    bench.measured.mkdir(parents=True, exist_ok=True)
    partial = done.with_suffix(".partial")
    frame.write_parquet(partial)
    partial.replace(done)
    return frame


def share_of(examples: pl.DataFrame, share: float) -> pl.DataFrame:
    """A share of the queries, drawn by their ids: a smaller share is part of a larger one."""
    drawn = [hashlib.sha256(name.encode()).hexdigest() for name in examples["query_id"].to_list()]
    kept = sorted(drawn)[: max(1, round(share * len(drawn)))]
    return examples.filter(pl.Series(drawn).is_in(kept))


def _encoder(
    bench: Bench, arm: Arm, seed: int, on_step: Callable[[StepReport], None], on_start: OnTokens | None
) -> Encoder:
    if arm.start not in RECIPES:
        return bench.base
    recipe = arm.recipe(seed)
    known = bench.examples[arm.start]
    kept = known.filter(~pl.col("source").is_in(arm.without.split("+"))).drop("source")
    if kept.is_empty():
        raise ArmError(f"arm {arm.name!r}: without {arm.without} nothing is left to train on")
    examples = share_of(kept, arm.labels)
    if arm.head_dim and bench.base.model.head is not None:
        raise ArmError(f"arm {arm.name!r}: the base has a head of {bench.base.settings.dim} dimensions, which stays")
    folder = model_folder(bench, arm, seed)
    trained = (folder / "config.json").is_file()
    if trained and not arm.average:
        # making the start anew takes a minute, and it is not needed
        return _with_tokens_of(arm, load_encoder(folder))
    base = _encoder(bench, WARM_UP, seed, on_step, on_start) if arm.warm_up else bench.base
    # the start is that of the main job, whatever share of the queries is trained on
    start = starting_encoder(base, recipe, known.drop("source"), arm.head_dim or bench.head_dim, on_start)
    if not trained:
        state = folder.parent / "state"
        if arm.mined_ceiling:
            examples = without_near_positives(examples, start, arm.mined_ceiling, recipe.positive_grade, on_start)
        # a measurement takes minutes: none where it would decide nothing
        chooses = recipe.chooses_on_dev
        probe = dev_probe(bench.dev_units, bench.dev_queries, bench.probe_units, recipe.seed) if chooses else None
        save_encoder(train(recipe, start, examples, probe, state, on_step, on_start).encoder, folder)
        shutil.rmtree(state)
    return _with_tokens_of(arm, start.with_weights(averaged(load_encoder(folder).weights(), start, arm.average)))


def model_folder(bench: Bench, arm: Arm, seed: int) -> Path:
    """Where the model of a trained arm lies, or will: the main job's, where that is the same."""
    done = bench.trained.get(arm.start)
    if done is not None and done.recipe == asdict(arm.recipe(seed)) and _whole(arm):
        return done.folder
    return bench.folder / _key(bench, arm, seed, of="model") / "model"


def _whole(arm: Arm) -> bool:
    """Whether the arm is trained on all examples, into vectors as long as the main job's."""
    return arm.labels == 1 and not (arm.without or arm.head_dim or arm.warm_up or arm.mined_ceiling)


def _with_tokens_of(arm: Arm, encoder: Encoder) -> Encoder:
    """A model whose queries' tokens count as the arm has it."""
    return encoder if arm.weighted_tokens else encoder.with_token_weights(None)


def _on_repo(  # noqa: PLR0913, PLR0917 - what an arm is measured with
    arm: Arm,
    encoder: Encoder | None,
    units: pl.DataFrame,
    asked: list[EvalQuery],
    index: Path,
    on_encode: OnProgress | None,
) -> pl.DataFrame:
    searcher = searcher_for_units(units, encoder, index, on_encode, weights=arm.weights)
    if arm.start == "bm25":
        return evaluate_searcher(searcher, asked, "bm25", arm.name)
    if arm.start == "mean-vector":
        return evaluate_searcher(MeanVectorSearcher(searcher), asked, "semantic", arm.name)
    return pl.concat(evaluate_searcher(searcher, asked, mode, arm.name) for mode in MODES)


def _key(bench: Bench, arm: Arm, seed: int, of: str = "measurement") -> str:
    """Identity of an arm's model, or of its measurement: what it is made of."""
    parts: list[object] = [of, arm.start, bench.base.fingerprint]
    search = search_settings()
    recipe = arm.recipe(seed) if arm.start in RECIPES else None
    if recipe is not None:
        parts += [asdict(recipe), arm.labels, arm.without, arm.head_dim or bench.head_dim, bench.probe_units]
        parts += [_digest(bench.examples[arm.start])]
        if arm.warm_up:
            parts += ["warm-up", _key(bench, WARM_UP, seed, of="model")]
        if arm.mined_ceiling:
            parts += ["mined-ceiling", arm.mined_ceiling]
    if of == "measurement":
        parts += [arm.average, arm.weighted_tokens, *astuple(arm.weights)]
        # what is the same for all arms of one table, and may not be for those of an older one
        parts += [search["narrowing"], search["fusion"]]
        parts += [[astuple(query) for query in bench.asked]] if bench.asked else []
        parts += [["repos", *bench.repos]] if bench.repos else []
    chosen_on_dev = recipe is not None and recipe.chooses_on_dev
    if chosen_on_dev:
        parts += ["probe", search["weights"]["salience"]]
    # further grades on dev leave a model as it is where none of them chose it
    if of == "measurement" or chosen_on_dev:
        parts += [_digest(bench.dev_queries), *(_digest(units) for _, units in sorted(bench.dev_units.items()))]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def _digest(frame: pl.DataFrame) -> str:
    return hashlib.sha256(frame.write_ndjson().encode()).hexdigest()


def mean_over_seeds(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """One row a query and mode: the metrics' means over the seeds; ranks are those of the first seed."""
    if len(frames) == 1:
        return frames[0]
    first = frames[0]
    keys = ["model", "mode", "query_id"]
    metrics = [name for name, kind in first.schema.items() if kind == pl.Float64]
    means = pl.concat(frames).group_by(keys).agg(pl.col(metrics).mean())
    return first.drop(metrics).join(means, on=keys, maintain_order="left").select(first.columns)
