"""Which weights of salience, outlines, second units and sizes rank files best together, on the dev repositories?

    python benchmarks/weights_on_dev.py [MODEL_FOLDER|base [REPO ...]]

Run `xtr run` first: it makes the dev set. Every unit is scored. After the figures with the weights as they are come,
for semantic and for keyword queries, their differences from each way that has one other weight, or none at all. What is
best of many ways on some repositories is so by chance in part: the last tables choose among all ways on all
repositories but one, and measure on that one.
"""

import itertools
import os
import sys
from collections.abc import Iterator

import numpy as np
import polars as pl
from dev_repos import dev_repos

from xtr_pipeline.corpus.outlines import with_outlines
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.encoder.checkpoint import load_from
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.evaluation.gains import TESTED
from xtr_pipeline.evaluation.metrics import score_rankings
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.evaluation.report import frame_markdown, markdown_table, result_figures
from xtr_pipeline.evaluation.significance import compare_runs
from xtr_pipeline.project_files import project_files
from xtr_pipeline.retrieval.file_scores import ScoreWeights, size_handicaps
from xtr_pipeline.retrieval.maxsim import best_matches
from xtr_pipeline.retrieval.outlined import Outlined
from xtr_pipeline.retrieval.ranking import Ranker
from xtr_pipeline.retrieval.salience import salience_among

SALIENCES, OUTLINES, SECONDS = (0.0, 0.5, 1.0), (0.0, 0.1, 0.2), (0.0, 0.1, 0.2, 0.3)
SIZES = (0.0, 0.005, 0.0075, 0.01, 0.0125, 0.015)
WAY = ["salience", "outline", "second", "size"]
KEPT = 100
USUAL = tuple(getattr(ScoreWeights(), name) for name in WAY)


def measured(encoder: Encoder, units: pl.DataFrame, asked: list[EvalQuery]) -> Iterator[pl.DataFrame]:
    """Metrics of one repository's queries, a frame for each way of scoring its (units,)."""
    documents = with_outlines(units)
    encoded = encoder.encode_documents(render_units(documents))
    vectors = encoded.vectors.astype(np.float32)
    mixed = [Outlined.of(documents["unit_id"].to_list(), units, weight) for weight in OUTLINES]
    own = mixed[0].units
    ranker = Ranker(tuple(units["unit_id"]), tuple(units["path"]))
    everything, sizes = np.ones(units.height, dtype=np.bool_), size_handicaps(units["path"], 1.0)
    ranked: dict[tuple[float, ...], dict[str, list[str]]] = {
        way: {} for way in itertools.product(SALIENCES, OUTLINES, SECONDS, SIZES)
    }
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


def one_by_one(scored: pl.DataFrame) -> pl.DataFrame:
    """The weights as they are less those of each row, over the same queries: difference and two-sided p."""
    runs = scored.partition_by(WAY, as_dict=True)
    rows = []
    for way in sorted(runs):
        changed = sum(here != usual for here, usual in zip(way, USUAL, strict=True))
        if changed == 1 or not any(way):
            row: dict[str, object] = {name: f"{weight:g}" for name, weight in zip(WAY, way, strict=True)}
            for metric, test in compare_runs(runs[USUAL], runs[way], metrics=TESTED).items():
                row |= {metric: f"{test.difference:+.3f}", f"p ({metric})": test.p_different}
            rows.append(row)
    return pl.DataFrame(rows)


def held_out(scored: pl.DataFrame, metric: str) -> pl.DataFrame:
    """By repository, its mean with the weights as they are and with those that are best on the other repositories."""
    means = scored.group_by("repo", *WAY).agg(pl.col(metric).mean())
    is_usual = pl.all_horizontal(pl.col(name) == weight for name, weight in zip(WAY, USUAL, strict=True))
    rows = []
    for repo in means["repo"].unique().sort():
        others = means.filter(pl.col("repo") != repo).group_by(WAY).agg(pl.col(metric).mean())
        best = others.sort(metric, *WAY, descending=True).head(1).select(WAY)
        here = means.filter(pl.col("repo") == repo)
        rows.append(
            best.with_columns(
                pl.lit(repo).alias("repo"),
                pl.lit(f"{here.filter(is_usual)[metric].item():.3f}").alias("as it is"),
                pl.lit(f"{here.join(best, on=WAY)[metric].item():.3f}").alias("chosen on the others"),
            )
        )
    return pl.concat(rows).select(
        "repo", pl.col(WAY).map_elements("{:g}".format, pl.String), "as it is", "chosen on the others"
    )


def main(model: str, *repos: str) -> None:
    """Print the tables of one model, over all dev repositories or some."""
    files = project_files(os.environ)
    encoder = load_from(model, files.home)
    found = (measured(encoder, units, asked) for _, units, asked in dev_repos(files, repos))
    scored = pl.concat(itertools.chain.from_iterable(found))
    usual = pl.all_horizontal(pl.col(name) == weight for name, weight in zip(WAY, USUAL, strict=True))
    print(markdown_table(result_figures(scored.filter(usual))))
    for title, part in (("semantic", pl.col("kind") != "keyword"), ("keyword", pl.col("kind") == "keyword")):
        print(f"\nAs it is less each way, {title} queries\n\n{frame_markdown(one_by_one(scored.filter(part)))}")
    if scored["repo"].n_unique() > 1:
        for metric in ("R@10", "nDCG@10"):
            chosen = held_out(scored.filter(pl.col("kind") != "keyword"), metric)
            print(f"\nChosen on the other repositories, {metric} of semantic queries\n\n{frame_markdown(chosen)}")


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["base"]))
