"""Which weights of salience, outlines, second units and sizes rank files best together, on the dev repositories?

    python benchmarks/weights_on_dev.py [MODEL_FOLDER|base [KIND]]

Run `xtr run` first: it makes the dev set. KIND is `all` (default), `graded` or `known` (queries that nobody graded, for
which the one file counts that each was written about: no model took part in choosing what is right). Every unit is
scored. Means are over repositories, of semantic queries; the keyword columns, too. What is best of many ways on some
repositories is so by chance in part: the last table chooses on all repositories but one, and measures on that one.
"""

import itertools
import os
import sys
from collections.abc import Iterator

import numpy as np
import polars as pl

from xtr_pipeline.corpus.outlines import with_outlines
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.encoder.checkpoint import load_from
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.evaluation.dev_probe import specified_queries
from xtr_pipeline.evaluation.metrics import score_rankings
from xtr_pipeline.judge.ledger import load_grades
from xtr_pipeline.project_files import ProjectFiles, project_files
from xtr_pipeline.retrieval.file_scores import ScoreWeights, size_handicaps
from xtr_pipeline.retrieval.maxsim import best_matches
from xtr_pipeline.retrieval.outlined import Outlined
from xtr_pipeline.retrieval.ranking import Ranker
from xtr_pipeline.retrieval.salience import salience_among

SALIENCES, OUTLINES, SECONDS = (0.0, 0.5, 1.0), (0.0, 0.1, 0.2), (0.0, 0.1, 0.2, 0.3)
SIZES = (0.0, 0.005, 0.0075, 0.01, 0.0125, 0.015)
WAY = ["salience", "outline", "second", "size"]
METRICS = ["R@10", "P@1", "MRR", "nDCG@10"]
KEPT = 100


def measured(files: ProjectFiles, encoder: Encoder, queries: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Metrics of one repository's queries, a frame for each way of scoring."""
    (name,) = queries["repo"].unique()
    units = pl.read_parquet(files.home / "storage" / "code_units" / f"{name}.parquet").sort("unit_id")
    documents = with_outlines(units)
    encoded = encoder.encode_documents(render_units(documents))
    vectors = encoded.vectors.astype(np.float32)
    mixed = [Outlined.of(documents["unit_id"].to_list(), units, weight) for weight in OUTLINES]
    own = Outlined.of(documents["unit_id"].to_list(), units, 1.0).units
    ranker = Ranker(tuple(units["unit_id"]), tuple(units["path"]))
    everything, sizes = np.ones(units.height, dtype=np.bool_), size_handicaps(units["path"], 1.0)
    ranked: dict[tuple[float, ...], dict[str, list[str]]] = {
        way: {} for way in itertools.product(SALIENCES, OUTLINES, SECONDS, SIZES)
    }
    asked = specified_queries(queries)
    for query, tokens in zip(asked, encoder.encode_queries([query.query for query in asked]), strict=True):
        (matches,) = best_matches([tokens], vectors, encoded.offsets)
        for power in SALIENCES:
            scores = (salience_among(tokens, matches[:, own], power) @ matches / len(tokens))[None]
            for outlined in mixed:
                (of_units,) = outlined.mixed(scores)
                for second, size in itertools.product(SECONDS, SIZES):
                    hits = ranker.files(of_units - np.float32(size) * sizes, everything, KEPT, second)
                    ranked[power, outlined.weight, second, size][query.id] = [hit.path for hit in hits]
    for way, rankings in ranked.items():
        scored = score_rankings(asked, rankings, model="weights", mode="semantic")
        yield scored.with_columns(pl.lit(weight).alias(name) for name, weight in zip(WAY, way, strict=True))


def held_out(means: pl.DataFrame, metric: str) -> pl.DataFrame:
    """By repository, its mean with the weights as they are and with those that are best on the other repositories."""
    usual = ScoreWeights()
    rows = []
    for repo in means["repo"].unique().sort():
        others = means.filter(pl.col("repo") != repo).group_by(WAY).agg(pl.col(metric).mean())
        best = others.sort(metric, *WAY, descending=True).head(1).select(WAY)
        here = means.filter(pl.col("repo") == repo)
        is_usual = pl.all_horizontal(pl.col(name) == getattr(usual, name) for name in WAY)
        rows.append(
            best.with_columns(
                pl.lit(repo).alias("repo"),
                pl.lit(here.filter(is_usual)[metric].item()).alias("as it is"),
                here.join(best, on=WAY)[metric].alias("chosen on the others"),
            )
        )
    return pl.concat(rows).select("repo", *WAY, "as it is", "chosen on the others")


def main(model: str, kind: str) -> None:
    """Print the tables of one model."""
    files = project_files(os.environ)
    encoder = load_from(model, files.home)
    queries = pl.read_parquet(files.home / "storage" / "dev_set.parquet")
    is_graded = pl.col("query_id").is_in(load_grades(files.ledger)["query_id"].unique().to_list())
    chosen = {"all": pl.lit(value=True), "graded": is_graded, "known": ~is_graded}
    if kind not in chosen:
        sys.exit(f"{kind}: no such queries; there are {', '.join(chosen)}")
    repos = queries.filter(chosen[kind]).partition_by("repo")
    scored = pl.concat(itertools.chain.from_iterable(measured(files, encoder, asked) for asked in repos))
    if kept := os.environ.get("KEEP"):
        scored.write_parquet(kept)
    is_keyword = pl.col("kind") == "keyword"
    semantic = scored.filter(~is_keyword).group_by("repo", *WAY).agg(pl.col(METRICS).mean())
    keyword = scored.filter(is_keyword).group_by("repo", *WAY).agg(pl.col("R@10", "P@1").mean().name.prefix("keyword "))
    means = semantic.join(keyword, on=["repo", *WAY], how="left")
    columns = [*METRICS, "keyword R@10", "keyword P@1"]
    table = means.group_by(WAY).agg(pl.col(columns).mean()).sort("nDCG@10", descending=True)
    with pl.Config(
        tbl_rows=-1, tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True, tbl_formatting="MARKDOWN"
    ):
        print(f"{len(repos)} repositories\n\n{table.with_columns(pl.col(columns).round(3))}")
        for metric in ("R@10", "nDCG@10"):
            print(f"\n{metric}\n\n{held_out(means, metric).with_columns(pl.col(pl.Float64).round(4))}")


if __name__ == "__main__":
    main(*(sys.argv[1:] + ["base", "all"][len(sys.argv) - 1 :]))
