"""What does fusing with BM25 give, and cost? Modes and fusion weights on the dev repositories.

    python benchmarks/modes_on_dev.py [MODEL_FOLDER|base]

Run `xtr run` first: it makes the dev set. One row a mode; hybrid mode has one for each way and weight of BM25.
"""

import os
import sys

import polars as pl
from dev_repos import dev_repos

from xtr_pipeline.encoder.checkpoint import load_from
from xtr_pipeline.evaluation.evaluator import evaluate_searcher
from xtr_pipeline.evaluation.report import markdown_table, result_figures
from xtr_pipeline.project_files import project_files
from xtr_pipeline.retrieval.fusion import FusionSettings
from xtr_pipeline.retrieval.sources import searcher_for_units

SETTINGS = [FusionSettings("score", weight) for weight in (0.5, 1.0, 2.0, 4.0)]
SETTINGS += [FusionSettings("rrf", weight) for weight in (0.25, 0.5, 1.0)]


def main(model: str) -> None:
    """Print the table of one model."""
    files = project_files(os.environ)
    encoder = load_from(model, files.home)
    frames = []
    for name, units, asked in dev_repos(files):
        searcher = searcher_for_units(units, encoder, files.home / "index" / name)
        frames += [evaluate_searcher(searcher, asked, mode, mode) for mode in ("bm25", "semantic")]
        for searcher.fusion in SETTINGS:
            way = f"{searcher.fusion.method} {searcher.fusion.bm25_weight:g}"
            frames.append(evaluate_searcher(searcher, asked, "hybrid", way))
    order = list(dict.fromkeys(frame["model"][0] for frame in frames))
    scored = pl.concat(frames).sort(pl.col("model").cast(pl.Enum(order)), maintain_order=True)
    print(markdown_table(result_figures(scored)))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "base")
