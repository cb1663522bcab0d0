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
from dev_repos import dev_repos

from xtr_pipeline.cli.judge_inputs import registry, units_of
from xtr_pipeline.corpus.parts import Window
from xtr_pipeline.encoder.checkpoint import load_from
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.evaluation.evaluator import evaluate_searcher
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.evaluation.report import markdown_table, result_figures
from xtr_pipeline.project_files import project_files
from xtr_pipeline.retrieval.file_scores import ScoreWeights
from xtr_pipeline.retrieval.sources import searcher_for_units

# a window and how many tokens of a document are read
WINDOWS = ((Window(115, 20), 128), (Window(), 256), (Window(460, 80), 512))
WEIGHTS = {"": ScoreWeights(), ", no sizes": ScoreWeights(size=0.0)}


def measured(encoder: Encoder, asked: dict[str, list[EvalQuery]], window: Window, read: int) -> pl.DataFrame:
    """The metrics of every query with units of such a window."""
    encoder = replace(encoder, settings=replace(encoder.settings, document_length=read))
    frames, seconds, count = [], 0.0, 0
    for name, queries in asked.items():
        units = units_of(registry().get(name), window)
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
                evaluate_searcher(searcher, queries, "semantic", f"{window.tokens} tokens{way}")
                for way, searcher in searchers.items()
            ]
    print(f"{window.tokens} tokens: {count:,} units, encoded in {seconds:.0f} s", file=sys.stderr)
    return pl.concat(frames)


def main(model: str, *repos: str) -> None:
    """Print the table of one model, over all dev repositories or some."""
    files = project_files(os.environ)
    encoder = load_from(model, files.home)
    asked = {name: queries for name, _, queries in dev_repos(files, repos)}
    print(markdown_table(result_figures(pl.concat(measured(encoder, asked, *window) for window in WINDOWS))))


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["base"]))
