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
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
from rich.console import Console

from xtr_pipeline.ablation.measuring import mean_over_seeds
from xtr_pipeline.cli.eval_progress import EncodingReporter
from xtr_pipeline.corpus.registry import load_registry
from xtr_pipeline.corpus.reserved import load_reserved
from xtr_pipeline.encoder.checkpoint import load_encoder
from xtr_pipeline.evaluation.benchmark import System, evaluate_corpora
from xtr_pipeline.evaluation.corpora import registry_corpora
from xtr_pipeline.evaluation.eval_log import EvalLogEntry, append_entry, file_sha256
from xtr_pipeline.evaluation.gains import gains
from xtr_pipeline.evaluation.queries import load_spec
from xtr_pipeline.evaluation.report import frame_markdown, markdown_table, result_figures
from xtr_pipeline.project_files import ProjectFiles, project_files
from xtr_pipeline.retrieval.modes import DEFAULT_MODE

CANDIDATE = "judged"


def measured(files: ProjectFiles, folders: list[Path]) -> Iterator[pl.DataFrame]:
    """Per-query metrics of each checkpoint under the candidate's name, each look logged as soon as it is over."""
    queries = tuple(itertools.chain.from_iterable(map(load_spec, files.specs)))
    registry = load_registry(files.registry, load_reserved(files.reserved))
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    corpora = registry_corpora(queries, registry, files.home, files.downloads, console.print)
    for folder in folders:
        encoder = load_encoder(folder)
        console.print(f"{folder}: {encoder.fingerprint[:12]}", markup=False)
        system = System(CANDIDATE, DEFAULT_MODE, encoder)
        found = evaluate_corpora(queries, corpora, system, EncodingReporter(console, corpora))
        is_keyword = pl.col("kind") == "keyword"
        parts = {"semantic": found.filter(~is_keyword), "keyword": found.filter(is_keyword)}
        entry = EvalLogEntry(
            date=datetime.now(UTC).isoformat(timespec="seconds"),
            model=CANDIDATE,
            fingerprint=encoder.fingerprint,
            spec="+".join(f"eval/{path.name}" for path in files.specs),
            spec_sha256="+".join(map(file_sha256, files.specs)),
            mode=DEFAULT_MODE,
            figures={
                f"{name} {metric}": float(part[metric].to_numpy().mean())
                for name, part in parts.items()
                for metric in ("R@10", "P@1")
            },
            command="python benchmarks/seeds_on_eval.py",
        )
        append_entry(files.eval_log, entry)
        yield found


def main(*folders: str) -> None:
    """Print figures of every seed, and of the mean over seeds with tests against the main job's other models."""
    files = project_files(os.environ)
    stored = sorted((files.home / "storage" / "retrieval_metrics").glob("*.parquet"))
    report = pl.concat(pl.read_parquet(part) for part in stored).filter(pl.col("mode") == DEFAULT_MODE)
    candidate, others = report.filter(pl.col("model") == CANDIDATE), report.filter(pl.col("model") != CANDIDATE)
    columns = [name for name in report.columns if name != "fingerprint"]
    seeds = [candidate.select(columns), *(part.select(columns) for part in measured(files, [*map(Path, folders)]))]
    named = [seed.with_columns(model=pl.lit(f"seed {number}")) for number, seed in enumerate(seeds, start=1)]
    mean = mean_over_seeds(seeds)
    print(markdown_table(result_figures(pl.concat([*named, mean, others.select(columns)]))))
    print("\nMean over seeds less the other model, with one-sided p (paired bootstrap over queries)\n")
    print(frame_markdown(gains(pl.concat([mean, others.select(columns)]), CANDIDATE, DEFAULT_MODE), limit=100))


if __name__ == "__main__":
    main(*(sys.argv[1:] or sys.exit(__doc__)))
