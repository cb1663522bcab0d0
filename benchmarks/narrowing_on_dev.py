"""How many units of a large corpus need their MaxSim? Candidates by means and by BM25, on the dev repositories.

    python benchmarks/narrowing_on_dev.py [MODEL_FOLDER|base]

Run `xtr run` first: it makes the dev set. The dev repositories have 1,400 to 3,500 units; here all of them are
narrowed. Each row scores so many units by all their tokens: those whose mean vectors are nearest, and those that BM25
puts first. "same ten files" is the share of the ten best files that stay when not every unit is scored.
"""

import os
import sys

import polars as pl
from dev_repos import dev_repos

from xtr_pipeline.encoder.checkpoint import load_from
from xtr_pipeline.evaluation.evaluator import evaluate_searcher
from xtr_pipeline.project_files import project_files
from xtr_pipeline.retrieval.narrowing import Narrowing
from xtr_pipeline.retrieval.sources import searcher_for_units

BY_MEANS = (256, 512, 1_024)
BY_KEYWORDS = (0, 64, 128, 256)
ALL = "all units"


def settings() -> dict[str, Narrowing]:
    """By name, how many units are looked at."""
    narrowed = {
        f"{means} by means, {keywords} by BM25": Narrowing(exact_units=0, least=means, share=0.0, keywords=keywords)
        for means in BY_MEANS
        for keywords in BY_KEYWORDS
    }
    return {ALL: Narrowing(exact_units=sys.maxsize), **narrowed}


def main(model: str) -> None:
    """Print the table of one model."""
    files = project_files(os.environ)
    encoder = load_from(model, files.home)
    frames = []
    for name, units, asked in dev_repos(files):
        searcher = searcher_for_units(units, encoder, files.home / "index" / name)
        for way, searcher.model.narrowing in settings().items():
            frames.append(evaluate_searcher(searcher, asked, "semantic", way))
    scored = pl.concat(frames)
    whole = scored.filter(pl.col("model") == ALL).select("query_id", whole=pl.col("ranked"))
    kept = pl.col("ranked").list.set_intersection("whole").list.len() / pl.col("whole").list.len()
    asked_as = pl.when(pl.col("kind") == "keyword").then(pl.lit("keyword")).otherwise(pl.lit("semantic"))
    figures = (
        scored.join(whole, on="query_id")
        .with_columns(kept.alias("same ten files"), queries=asked_as)
        .group_by("queries", "model", maintain_order=True)
        .agg(pl.col("R@10", "P@1", "nDCG@10", "same ten files").mean().round(3))
    )
    with pl.Config(
        tbl_rows=-1, tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True, tbl_formatting="MARKDOWN"
    ):
        print(figures.sort("queries", descending=True, maintain_order=True))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "base")
