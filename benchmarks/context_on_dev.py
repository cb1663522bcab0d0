"""How much of a file should a unit hold? Windows of half, the usual and twice the size, on the dev repositories.

    python benchmarks/context_on_dev.py [MODEL_FOLDER|base [REPO ...]]

Run `xtr run` first: it makes the dev set. Each row cuts the dev repositories anew for a window and reads units and
outlines as far as that goes; queries and their right files stay. Fewer units a file change what its size takes off its
score, so that every window has a row with `ScoreWeights` as usual and one without sizes. Seconds are those of encoding.
Some dev repositories alone are quicker.
"""

import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import polars as pl

from xtr_pipeline.cli.judge_inputs import registry, units_of
from xtr_pipeline.corpus.parts import Window
from xtr_pipeline.encoder.checkpoint import load_from
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.evaluation.dev_probe import specified_queries
from xtr_pipeline.evaluation.evaluator import evaluate_searcher
from xtr_pipeline.evaluation.report import markdown_table, result_figures
from xtr_pipeline.project_files import project_files
from xtr_pipeline.retrieval.file_scores import ScoreWeights
from xtr_pipeline.retrieval.sources import searcher_for_units

# a window and how many tokens of a document are read
WINDOWS = ((Window(115, 20), 128), (Window(), 256), (Window(460, 80), 512))
WEIGHTS = {"": ScoreWeights(), ", no sizes": ScoreWeights(size=0.0)}


def measured(encoder: Encoder, queries: pl.DataFrame, window: Window, read: int) -> pl.DataFrame:
    """The metrics of every query with units of such a window."""
    encoder = replace(encoder, settings=replace(encoder.settings, document_length=read))
    frames, seconds, count = [], 0.0, 0
    for name in queries["repo"].unique().sort():
        units = units_of(registry().get(name), window)
        asked = specified_queries(queries.filter(pl.col("repo") == name))
        count += units.height
        with tempfile.TemporaryDirectory() as cache:
            began = time.monotonic()
            # the second finds the first one's index
            searchers = {
                way: searcher_for_units(units, encoder, Path(cache), weights=weights)
                for way, weights in WEIGHTS.items()
            }
            seconds += time.monotonic() - began
            frames += [
                evaluate_searcher(searcher, asked, "semantic", f"{window.tokens} tokens{way}")
                for way, searcher in searchers.items()
            ]
    print(f"{window.tokens} tokens: {count:,} units, encoded in {seconds:.0f} s", file=sys.stderr)
    return pl.concat(frames)


def main(model: str, *repos: str) -> None:
    """Print the table of one model, over all dev repositories or some."""
    files = project_files(os.environ)
    encoder = load_from(model, files.home)
    queries = pl.read_parquet(files.home / "storage" / "dev_set.parquet")
    known = queries["repo"].unique().sort().to_list()
    if unknown := sorted(set(repos) - set(known)):
        sys.exit(f"{', '.join(unknown)}: no dev repositories; there are {', '.join(known)}")
    asked = queries.filter(pl.col("repo").is_in(repos or known))
    print(markdown_table(result_figures(pl.concat(measured(encoder, asked, *window) for window in WINDOWS))))


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["base"]))
