"""Queries about files that nobody graded: the file that each was written about is known to be right.

Known-item retrieval needs no judge: no model took part in choosing what counts, where a graded pool only holds what
some models found. Other right files count as wrong, so that figures are lower than for graded queries, for every model
alike. With it a repository of written queries can measure on dev before anybody has graded for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from xtr_pipeline.evaluation.dev_probe import DEV_QUERY_SCHEMA


def known_items(
    written: Mapping[str, pl.DataFrame], units: Mapping[str, pl.DataFrame], graded: Collection[str]
) -> pl.DataFrame:
    """The ungraded queries about files of dev repositories, each with its file as the one that is right.

    Queries about units are left out: what they ask for is often found in several files, and they have corners that
    nobody searches for.

    Args:
        written: By repository, queries as `judge.written_queries` has them (those about a file have an `outline_id`).
        units: By repository, code units.
        graded: Ids of queries that have grades; what these say counts (`dev_queries`).

    Returns:
        DEV_QUERY_SCHEMA, by repository and id; queries whose file is gone are left out.
    """
    frames = [pl.DataFrame(schema=DEV_QUERY_SCHEMA)]
    for repo in sorted(set(written) & set(units)):
        ungraded = pl.col("outline_id").is_not_null() & ~pl.col("query_id").is_in(list(graded))
        there = pl.col("path").is_in(units[repo]["path"].unique().to_list())
        asked = written[repo].filter(ungraded & there).sort("query_id")
        frames.append(asked.select("query_id", "repo", "kind", "query", relevant=pl.concat_list("path")))
    return pl.concat(frames)
