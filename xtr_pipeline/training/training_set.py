"""One frame of examples for both recipes, each marked with where it comes from and whether it is for training or dev."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from xtr_pipeline.training.examples import EXAMPLES_SCHEMA

SOURCES: Mapping[str, tuple[str, ...]] = {"docstring": ("docstring",), "judged": ("judged", "written")}
"""Which examples each recipe learns from."""


class TrainingSetError(ValueError):
    """Repositories that must not be in a training set, or a training set without examples."""


@dataclass(frozen=True)
class Labels:
    """What is known about one repository.

    Attributes:
        role: Of the repository; only train and dev are allowed.
        pairs: Docstring pairs (unit_id, repo, query, text).
        queries: Written queries with the unit they are about (`judge.written_queries`).
        pools: Candidate pools; a query with a graded pool counts by its grades alone, also where they show it to be bad.
        judged: Examples of queries with grades.
    """

    role: str
    pairs: pl.DataFrame
    queries: pl.DataFrame
    pools: pl.DataFrame
    judged: pl.DataFrame


def training_set_of(labels: Mapping[str, Labels]) -> pl.DataFrame:
    """Put the examples of all repositories together.

    Returns:
        Columns source ("docstring", "written" or "judged"), split ("train" or "dev") and those of `EXAMPLES_SCHEMA`, sorted.
        A docstring is an example with its code as the one candidate, a written query one with the unit that it was written
        about; both stand with grade 5, which no judge gave: `source` says so.

    Raises:
        TrainingSetError: A repository with another role than train or dev, or nothing to train on.
    """
    wrong = sorted(f"{repo} ({known.role})" for repo, known in labels.items() if known.role not in ("train", "dev"))
    if wrong:
        raise TrainingSetError(f"only train and dev repositories may be trained on, not {', '.join(wrong)}")
    frames = [pl.DataFrame(schema={"source": pl.String, "split": pl.String, **EXAMPLES_SCHEMA})]
    for known in labels.values():
        graded = known.pools["query_id"].unique().to_list()
        unjudged = known.queries.filter(~pl.col("query_id").is_in(graded)).drop_nulls("unit_id")
        docstrings = known.pairs.with_columns(query_id="unit_id", kind=pl.lit("docstring"))
        frames += [
            _marked(_single(docstrings), "docstring", known.role),
            _marked(_single(unjudged), "written", known.role),
            _marked(known.judged, "judged", known.role),
        ]
    examples = pl.concat(frames).sort("source", "split", "repo", "query_id")
    if examples.filter(pl.col("split") == "train").is_empty():
        raise TrainingSetError(f"no example in any train repository (seen: {', '.join(labels) or 'none'})")
    return examples


def _single(rows: pl.DataFrame) -> pl.DataFrame:
    """Examples with one candidate each; the negatives come from the other examples of a batch."""
    candidate = pl.struct(pl.col("unit_id"), pl.col("text"), grade=pl.lit(5, dtype=pl.Int8))
    return rows.select("query_id", "query", "kind", "repo", candidates=pl.concat_list(candidate))


def _marked(examples: pl.DataFrame, source: str, split: str) -> pl.DataFrame:
    marks = (pl.lit(source).alias("source"), pl.lit(split).alias("split"))
    return examples.select(*marks, *EXAMPLES_SCHEMA).cast(dict(EXAMPLES_SCHEMA))  # type: ignore[arg-type]
