"""What went wrong: every missed query with the rank of the right file and what won instead."""

from collections.abc import Sequence

import polars as pl

from xtr_pipeline.evaluation.queries import EvalQuery


def missed_queries(per_query: pl.DataFrame, queries: Sequence[EvalQuery], *, winners: int = 3) -> pl.DataFrame:
    """The queries that found no relevant file in the top 10, worst first.

    Args:
        per_query: frame of metrics.PER_QUERY_SCHEMA; several models and modes are fine.
        queries: the spec, for the query texts and the right files.
        winners: how many of the files that won are shown.

    Returns:
        Columns model, mode, kind, repo, query_id, query, relevant (list), first_rank (null: not found at all) and
        won (list).

    Raises:
        ValueError: the frame holds queries that the spec does not.
    """
    texts = pl.DataFrame(
        {
            "query_id": [query.id for query in queries],
            "query": [query.query for query in queries],
            "relevant": [list(query.relevant) for query in queries],
        },
        schema={"query_id": pl.String, "query": pl.String, "relevant": pl.List(pl.String)},
    )
    unknown = sorted(set(per_query["query_id"]) - set(texts["query_id"]))
    if unknown:
        raise ValueError(f"queries that the spec does not hold: {', '.join(unknown[:10])}; give the spec that was run")
    return (
        per_query.filter(pl.col("Success@10") == 0)
        .join(texts, on="query_id", how="left", maintain_order="left")
        .with_columns(won=pl.col("ranked").list.head(winners))
        .sort("model", "mode", "kind", "first_rank", "query_id", descending=[False, False, False, True, False])
        .select("model", "mode", "kind", "repo", "query_id", "query", "relevant", "first_rank", "won")
    )
