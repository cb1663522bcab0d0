"""One frame of examples for both recipes: docstring pairs and judged queries, marked train or dev."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from xtr_pipeline.training.examples import EXAMPLES_SCHEMA


class TrainingSetError(ValueError):
    """Repositories that must not be in a training set."""


def training_set_of(
    roles: Mapping[str, str], pairs: Mapping[str, pl.DataFrame], judged: Mapping[str, pl.DataFrame]
) -> pl.DataFrame:
    """Put the examples of all repositories together.

    Args:
        roles: role of each repository; only train and dev are allowed.
        pairs: docstring pairs by repository (unit_id, repo, query, text).
        judged: examples frames by repository, from the ledger.

    Returns:
        Columns recipe ("docstring" or "judged"), split ("train" or "dev") and those of `EXAMPLES_SCHEMA`, sorted.

    Raises:
        TrainingSetError: a repository with another role, or without one.
    """
    wrong = sorted(repo for repo in {*pairs, *judged} if roles.get(repo) not in ("train", "dev"))
    if wrong:
        raise TrainingSetError(f"only train and dev repositories may be trained on, not {', '.join(wrong)}")
    frames = [_marked(pair_examples(frame), "docstring", roles[repo]) for repo, frame in pairs.items()]
    frames += [_marked(frame, "judged", roles[repo]) for repo, frame in judged.items()]
    empty = pl.DataFrame(schema={"recipe": pl.String, "split": pl.String, **EXAMPLES_SCHEMA})
    return pl.concat([empty, *frames]).sort("recipe", "split", "repo", "query_id")


def pair_examples(pairs: pl.DataFrame) -> pl.DataFrame:
    """Docstring pairs as examples: one candidate each, graded 5; the negatives come from the other pairs of a batch."""
    candidate = pl.struct(pl.col("unit_id"), pl.col("text"), grade=pl.lit(5, dtype=pl.Int8))
    return pairs.select(
        query_id=pl.col("unit_id"),
        query="query",
        kind=pl.lit("docstring"),
        repo="repo",
        candidates=pl.concat_list(candidate),
    ).cast(pl.Schema(EXAMPLES_SCHEMA))


def _marked(examples: pl.DataFrame, recipe: str, split: str) -> pl.DataFrame:
    marks = (pl.lit(recipe).alias("recipe"), pl.lit(split).alias("split"))
    return examples.select(*marks, *EXAMPLES_SCHEMA)
