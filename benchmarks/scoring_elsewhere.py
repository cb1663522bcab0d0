"""Do the weights of salience, sizes and second units hold on repositories that they were not chosen on?

    python benchmarks/scoring_elsewhere.py REPO ...

Run `xtr run` first: it cuts the repositories. Train repositories, searched with the untrained base encoder, which has
seen none of their queries: the ledger's queries about whole files, where the one file counts that each was written
about. Other right files are not known, so that the figures are low; all ways of scoring are alike in that, and no
model took part in choosing what counts.
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
from xtr_pipeline.evaluation.known_items import known_items
from xtr_pipeline.evaluation.metrics import score_rankings
from xtr_pipeline.judge.ledger import load_queries
from xtr_pipeline.judge.written_queries import written_about
from xtr_pipeline.project_files import ProjectFiles, project_files
from xtr_pipeline.retrieval.file_scores import ScoreWeights, size_handicaps
from xtr_pipeline.retrieval.maxsim import best_matches
from xtr_pipeline.retrieval.outlined import Outlined
from xtr_pipeline.retrieval.ranking import Ranker
from xtr_pipeline.retrieval.salience import salience_among

POWERS, SECONDS, SIZES = (0.0, 0.5, 1.0), (0.0, 0.2), (0.0, 0.005, 0.0075, 0.01, 0.0125, 0.015)
KEPT = 100


def rankings(files: ProjectFiles, encoder: Encoder, name: str) -> Iterator[pl.DataFrame]:
    """Metrics of a repository's queries about files, one frame for each way of scoring."""
    units = pl.read_parquet(files.home / "storage" / "code_units" / f"{name}.parquet").sort("unit_id")
    documents = with_outlines(units)
    encoded = encoder.encode_documents(render_units(documents))
    vectors = encoded.vectors.astype(np.float32)
    outlined = Outlined.of(documents["unit_id"].to_list(), units, ScoreWeights().outline)
    written = written_about(load_queries(files.ledger, [name]), units)
    asked = specified_queries(known_items({name: written}, {name: units}, ()))
    ranker = Ranker(tuple(units["unit_id"]), tuple(units["path"]))
    everything, sizes = np.ones(units.height, dtype=np.bool_), size_handicaps(units["path"], 1.0)
    ways = list(itertools.product(POWERS, SECONDS, SIZES))
    ranked: dict[tuple[float, ...], dict[str, list[str]]] = {way: {} for way in ways}
    for query, tokens in zip(asked, encoder.encode_queries([query.query for query in asked]), strict=True):
        (matches,) = best_matches([tokens], vectors, encoded.offsets)
        for power in POWERS:
            weights = salience_among(tokens, matches[:, outlined.units], power)
            (scores,) = outlined.mixed((weights @ matches / len(tokens))[None])
            for second, size in itertools.product(SECONDS, SIZES):
                hits = ranker.files(scores - np.float32(size) * sizes, everything, KEPT, second)
                ranked[power, second, size][query.id] = [hit.path for hit in hits]
    for power, second, size in ways:
        found = score_rankings(asked, ranked[power, second, size], model="base", mode="semantic")
        yield found.with_columns(salience=pl.lit(power), second=pl.lit(second), size=pl.lit(size))


def main(*repos: str) -> None:
    """Print the table over all repositories."""
    files = project_files(os.environ)
    encoder = load_from("base", files.home)
    scored = pl.concat(itertools.chain.from_iterable(rankings(files, encoder, name) for name in repos))
    figures = (
        scored.group_by("salience", "second", "size")
        .agg(
            pl.col("query_id").n_unique().alias("queries"),
            pl.col("R@10", "P@1", "MRR", "nDCG@10").mean().round(3),
        )
        .sort("salience", "second", "size")
    )
    with pl.Config(
        tbl_rows=-1, tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True, tbl_formatting="MARKDOWN"
    ):
        print(figures)


if __name__ == "__main__":
    main(*(sys.argv[1:] or sys.exit(__doc__)))
