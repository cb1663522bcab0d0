"""What does chance in training do to the result? The candidate and further seeds of its recipe, on the evaluation.

    xtr ablate judged --seeds 14,15             # trains them as the main job trained its own, and prints their folders
    python benchmarks/seeds_on_eval.py FOLDER ...

Run `xtr run` first: its candidate is the first seed, and its report has the base and the docstring model. Every model
is searched in the default mode. Each folder is a look at the evaluation, and is written into eval/log.jsonl as one.
"""

import itertools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
from rich.console import Console

from xtr_pipeline.ablation.measuring import mean_over_seeds
from xtr_pipeline.cli.eval_progress import EncodingReporter
from xtr_pipeline.encoder.checkpoint import load_encoder
from xtr_pipeline.evaluation.benchmark import System, evaluate_corpora
from xtr_pipeline.evaluation.corpora import registry_corpora
from xtr_pipeline.evaluation.gains import gains
from xtr_pipeline.evaluation.queries import load_spec
from xtr_pipeline.evaluation.report import frame_markdown, markdown_table, result_figures
from xtr_pipeline.orchestration.eval_logging import log_evaluation
from xtr_pipeline.orchestration.project import Project, locate_project
from xtr_pipeline.retrieval.modes import DEFAULT_MODE

CANDIDATE = "judged"


def measured(project: Project, folders: list[Path]) -> Iterator[pl.DataFrame]:
    """Per-query metrics of each checkpoint under the candidate's name, each look logged as soon as it is over."""
    files = project.files
    queries = tuple(itertools.chain.from_iterable(map(load_spec, files.specs)))
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    corpora = registry_corpora(queries, project.registry(), files.home, files.downloads, console.print)
    for folder in folders:
        encoder = load_encoder(folder)
        console.print(f"{folder}: {encoder.fingerprint[:12]}", markup=False)
        system = System(CANDIDATE, DEFAULT_MODE, encoder)
        found = evaluate_corpora(queries, corpora, system, EncodingReporter(console, corpora))
        found = found.with_columns(fingerprint=pl.lit(encoder.fingerprint))
        log_evaluation(project, found, "python benchmarks/seeds_on_eval.py")
        yield found


def main(*folders: str) -> None:
    """Print figures of every seed, and of the mean over seeds with tests against the main job's other models."""
    project = locate_project(os.environ)
    stored = sorted((project.files.home / "storage" / "retrieval_metrics").glob("*.parquet"))
    report = pl.concat(pl.read_parquet(part) for part in stored).filter(pl.col("mode") == DEFAULT_MODE)
    candidate, others = report.filter(pl.col("model") == CANDIDATE), report.filter(pl.col("model") != CANDIDATE)
    seeds = [candidate, *(part.select(candidate.columns) for part in measured(project, [*map(Path, folders)]))]
    named = [seed.with_columns(model=pl.lit(f"seed {number}")) for number, seed in enumerate(seeds, start=1)]
    mean = mean_over_seeds(seeds)
    print(markdown_table(result_figures(pl.concat([*named, mean, others]))))
    print("\nMean over seeds less the other model, with one-sided p (paired bootstrap over queries)\n")
    print(frame_markdown(gains(pl.concat([mean, others]), CANDIDATE, DEFAULT_MODE), limit=100))


if __name__ == "__main__":
    main(*(sys.argv[1:] or sys.exit(__doc__)))
