"""What does chance in training do to the result? Models of several seeds on the evaluation, with tests over them.

    xtr ablate docstring judged --seeds 13,14,15     # trains them as the main job does, and prints their folders
    python benchmarks/seeds_on_eval.py base=FOLDER docstring=FOLDER judged=FOLDER ...
    python benchmarks/seeds_on_eval.py               # the tables of what was measured, without a look

Run `xtr run` first, or stop it when it has made the sets: it fetches what is searched. Models are searched in the
default mode, a quarter of an hour each on two cores. Each is a look at the evaluation, and is written into
eval/log.jsonl as one. Metrics of every query are kept in results/eval/, so that none is looked at twice, and that
seeds may come from several machines. Those of another scoring, of other queries or of other versions of the
repositories are left out.
"""

import hashlib
import itertools
import json
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
from xtr_pipeline.evaluation.eval_log import file_sha256
from xtr_pipeline.evaluation.gains import gains
from xtr_pipeline.evaluation.queries import load_spec
from xtr_pipeline.evaluation.report import frame_markdown, markdown_table, result_figures
from xtr_pipeline.orchestration.eval_logging import log_evaluation
from xtr_pipeline.orchestration.project import Project, locate_project
from xtr_pipeline.retrieval.modes import DEFAULT_MODE
from xtr_pipeline.retrieval.settings import search_settings

KEPT = Path(__file__).parent / "results" / "eval"
CANDIDATE = "judged"


def conditions(project: Project) -> str:
    """Identity of all that a measurement depends on besides the model."""
    registry = project.registry()
    searched = [registry.get(name).fingerprint() for name in registry.names("eval")]
    specs = [file_sha256(path) for path in project.files.specs]
    search = search_settings()
    # models are searched in the default mode, in which fusion has no say
    parts = [searched, specs, search["weights"], search["narrowing"], search["mode"]]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def kept(project: Project) -> pl.DataFrame:
    """Per-query metrics of all models that were measured under today's conditions, with their fingerprints."""
    frames = [pl.read_parquet(path) for path in sorted(KEPT.glob("*.parquet"))]
    now = conditions(project)
    usable = [frame for frame in frames if frame["conditions"][0] == now]
    if len(usable) < len(frames):
        print(f"{len(frames) - len(usable)} measurements are of other conditions and left out", file=sys.stderr)
    return pl.concat(usable) if usable else sys.exit(f"{KEPT} holds no measurement under today's conditions\n{__doc__}")


def measure(project: Project, models: Iterator[tuple[str, Path]]) -> None:
    """Keep the metrics of each model that has none yet, each look logged as soon as it is over."""
    files = project.files
    queries = tuple(itertools.chain.from_iterable(map(load_spec, files.specs)))
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    corpora, now = None, conditions(project)
    for name, folder in models:
        encoder = load_encoder(folder)
        path = KEPT / f"{name}-{encoder.fingerprint[:16]}-{now}.parquet"
        console.print(f"{name}, {encoder.fingerprint[:16]}: {'measured before' if path.is_file() else 'looked at now'}")
        if path.is_file():
            continue
        corpora = corpora or registry_corpora(queries, project.registry(), files.home, files.downloads, console.print)
        found = evaluate_corpora(
            queries, corpora, System(name, DEFAULT_MODE, encoder), EncodingReporter(console, corpora)
        )
        found = found.with_columns(fingerprint=pl.lit(encoder.fingerprint), conditions=pl.lit(now))
        log_evaluation(project, found, "python benchmarks/seeds_on_eval.py")
        KEPT.mkdir(parents=True, exist_ok=True)
        # the hits are not needed, and are most of it
        found.drop("ranked").write_parquet(path)


def main(*named: str) -> None:
    """Measure the models and print the figures of all that are kept: of each, and means with tests."""
    project = locate_project(os.environ)
    pairs = [argument.partition("=") for argument in named]
    if any(not folder for _, _, folder in pairs):
        sys.exit(__doc__)
    measure(project, ((name, Path(folder)) for name, _, folder in pairs))
    report = kept(project)
    each = report.with_columns(model=pl.format("{} {}", "model", pl.col("fingerprint").str.head(8)))
    of_models = [frame.partition_by("fingerprint") for frame in report.partition_by("model", maintain_order=True)]
    means = pl.concat(mean_over_seeds(frames) for frames in of_models)
    several = [frames[0]["model"][0] for frames in of_models if len(frames) > 1]
    print(markdown_table(result_figures(pl.concat([each, means.filter(pl.col("model").is_in(several))]))))
    print("\nMean over seeds less the other model's, with one-sided p (paired bootstrap over queries)\n")
    print(frame_markdown(gains(means, CANDIDATE, DEFAULT_MODE), limit=len(means)))


if __name__ == "__main__":
    main(*sys.argv[1:])
