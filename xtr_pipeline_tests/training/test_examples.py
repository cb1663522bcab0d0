"""The examples frame: what may be trained on and what is refused, all at once."""

from __future__ import annotations

import polars as pl
import pytest

from xtr_pipeline.training.examples import EXAMPLES_SCHEMA, ExamplesError, check_examples
from xtr_pipeline_tests.training.tiny import tiny_examples


def frame(*rows: tuple[str, str, list[tuple[str, int | None]]]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "query_id": name,
                "query": query,
                "kind": "question",
                "repo": "toy",
                "candidates": [{"unit_id": text, "text": text, "grade": grade} for text, grade in candidates],
            }
            for name, query, candidates in rows
        ],
        schema=EXAMPLES_SCHEMA,
    )


def test_a_good_frame_passes():
    check_examples(tiny_examples(), positive_grade=4)


def test_everything_wrong_with_the_rows_is_in_one_message():
    broken = frame(
        ("q1", "sort", [("a", 3), ("b", 7)]),
        ("q1", "find", [("a", None)]),
        ("q2", "  ", [(" ", 1)]),
        ("q3", "merge", []),
    )
    with pytest.raises(ExamplesError) as error:
        check_examples(broken, positive_grade=8)
    for part in (
        "repeated: q1",
        "query is empty: q2",
        "no candidates: q3",
        "has no text: q2",
        "not in 1-5 (0: unjudged): q1",
        "graded 8",
    ):
        assert part in str(error.value)


def test_missing_and_mistyped_columns_are_named():
    broken = tiny_examples().drop("kind").with_columns(query=pl.lit(3))
    with pytest.raises(ExamplesError, match=r"'query' is Int32.*'kind' is missing"):
        check_examples(broken, positive_grade=4)


def test_an_empty_frame_and_one_without_positives_are_refused():
    with pytest.raises(ExamplesError, match="no queries"):
        check_examples(frame(), positive_grade=4)
    with pytest.raises(ExamplesError, match="graded 4 or better"):
        check_examples(frame(("q1", "sort", [("a", 3)])), positive_grade=4)
