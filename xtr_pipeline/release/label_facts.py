"""What the ledger holds for one role of repositories, as the model card states it."""

from dataclasses import dataclass
from typing import Literal

import polars as pl

LabelledRole = Literal["train", "dev"]


@dataclass(frozen=True)
class LabelFacts:
    """Counts and provenance of the labels of all repositories of one role.

    Attributes:
        role: Of the repositories.
        queries: Queries written.
        graded_queries: Those of them with at least one grade.
        graded_pairs: Different (query, unit) pairs with a grade.
        second_judgings: Grades of an independent second judging.
        writers: Who wrote the queries.
        query_prompts: Versions of the prompt that asked for queries.
        judges: Who gave the grades.
        grade_prompts: Versions of the prompt that asked for grades.
        rubrics: Versions of the scale from 1 to 5.
    """

    role: LabelledRole
    queries: int
    graded_queries: int
    graded_pairs: int
    second_judgings: int
    writers: tuple[str, ...]
    query_prompts: tuple[str, ...]
    judges: tuple[str, ...]
    grade_prompts: tuple[str, ...]
    rubrics: tuple[str, ...]

    @property
    def only_written(self) -> int:
        """Queries that nobody graded."""
        return self.queries - self.graded_queries


def label_facts(role: LabelledRole, queries: pl.DataFrame, grades: pl.DataFrame) -> LabelFacts:
    """The facts of one role.

    Args:
        role: Of the repositories that both frames were restricted to.
        queries: Ledger rows (QUERY_SCHEMA).
        grades: Ledger rows (GRADE_SCHEMA).
    """
    return LabelFacts(
        role=role,
        queries=queries.height,
        graded_queries=queries.filter(pl.col("query_id").is_in(grades["query_id"].unique().to_list())).height,
        graded_pairs=grades.select("query_id", "unit_hash").n_unique(),
        second_judgings=grades.filter(pl.col("judging") > 1).height,
        writers=_values(queries["writer"]),
        query_prompts=_values(queries["prompt_version"]),
        judges=_values(grades["judge"]),
        grade_prompts=_values(grades["prompt_version"]),
        rubrics=_values(grades["rubric_version"]),
    )


def _values(column: pl.Series) -> tuple[str, ...]:
    return tuple(sorted(set(column.to_list())))
