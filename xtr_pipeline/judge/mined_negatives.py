"""Negatives that nobody judged: units that share a written query's words and lie in another file than its answer.

Most queries have no graded pool, and the code of other queries of a batch, often from another project, is easily told
apart. Of what BM25 ranks first for a natural-language query, the judge grades 2-4% right and 86-91% wrong
(`xtr judge status`: grades by BM25's rank), so that its best are safe to learn against without a judge. That does not
hold for keyword queries (20-64% right), which are left out, nor for what an encoder ranks first (8%).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.judge.pools import UnitRanker

KEYWORD = "keyword"
MINED = 6

MINED_SCHEMA = pl.Schema(
    {
        "query_id": pl.String(),
        "unit_id": pl.String(),
        "text": pl.String(),
        "rank": pl.Int32(),  # BM25's, 1-based
    }
)


def mine_negatives(queries: pl.DataFrame, units: pl.DataFrame, ranker: UnitRanker, count: int = MINED) -> pl.DataFrame:
    """BM25's best units for each query, without those of the file that the query was written about.

    Args:
        queries: Written queries with their unit (`judge.written_queries`); those without a unit, and keyword queries,
            get nothing.
        units: Code units of the same repository.
        ranker: Searches these units.
        count: Units a query at most; a unit with the same text as one before, or as the answer, counts once.

    Returns:
        MINED_SCHEMA, by query id and rank.
    """
    asked = queries.filter(pl.col("kind") != KEYWORD).drop_nulls("unit_id").sort("query_id")
    path_of = dict(units.select("unit_id", "path").iter_rows())
    text_of = dict(zip(units["unit_id"].to_list(), render_units(units), strict=True))
    # as deep as a long file with the answer could be in the way
    ranked = ranker.rank_units_many(asked["query"].to_list(), "bm25", 10 * count) if asked.height else []
    rows = []
    for query, hits in zip(asked.iter_rows(named=True), ranked, strict=True):
        best = _others([hit.unit_id for hit in hits], query["unit_id"], path_of, text_of)
        rows += [(query["query_id"], unit, text_of[unit], rank) for rank, unit in best[:count]]
    return pl.DataFrame(rows, schema=MINED_SCHEMA, orient="row")


def _others(
    ranked: Sequence[str], answer: str, path_of: dict[str, str], text_of: dict[str, str]
) -> list[tuple[int, str]]:
    seen = {text_of[answer]}
    kept = []
    for rank, unit in enumerate(ranked, start=1):
        if path_of[unit] != path_of[answer] and text_of[unit] not in seen:
            seen.add(text_of[unit])
            kept.append((rank, unit))
    return kept
