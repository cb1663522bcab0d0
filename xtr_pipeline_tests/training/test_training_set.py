"""Which examples each recipe gets."""

import polars as pl
import pytest

from xtr_pipeline.training.examples import EXAMPLES_SCHEMA, UNJUDGED, check_examples
from xtr_pipeline.training.training_set import Labels, TrainingSetError, docstring_set_of, training_set_of

QUERIES = pl.DataFrame(
    {
        "query_id": ["q1", "q2", "q3"],
        "query": ["one", "two", "three"],
        "kind": ["conceptual", "question", "keyword"],
        "repo": ["toy"] * 3,
        "unit_id": ["u1", "u2", None],
        "text": ["first", "second", None],
        "source": ["written"] * 3,
        "outline_id": pl.Series([None] * 3, dtype=pl.String),
        "outline_text": pl.Series([None] * 3, dtype=pl.String),
    }
)
GRADED = [{"unit_id": "u2", "text": "second", "grade": 4}, {"unit_id": "u1", "text": "first", "grade": 1}]
JUDGED = pl.DataFrame(
    {"query_id": ["q2"], "query": ["two"], "kind": ["question"], "repo": ["toy"], "candidates": [GRADED]},
    schema=EXAMPLES_SCHEMA,
)
GRADED_IDS = frozenset({"q2"})
MINED = pl.DataFrame(
    {"query_id": ["q1", "q1", "q2"], "unit_id": ["u4", "u3", "u3"], "text": ["fourth", "third", "third"]}
).with_columns(rank=pl.Series([7, 2, 1], dtype=pl.Int32))
PAIRS = pl.DataFrame({"unit_id": ["u1"], "repo": ["toy"], "query": ["Says one."], "text": ["first"]})


def test_a_judged_query_counts_by_its_grades_and_an_unjudged_one_by_its_unit() -> None:
    examples = training_set_of({"toy": Labels(QUERIES, GRADED_IDS, JUDGED, MINED.clear())})
    assert examples.select("source", "query_id").rows() == [("judged", "q2"), ("written", "q1")]
    assert examples["candidates"].to_list() == [GRADED, [{"unit_id": "u1", "text": "first", "grade": 5}]]
    check_examples(examples.drop("source"), positive_grade=4)


def test_a_query_that_its_grades_show_to_be_bad_does_not_come_back_as_a_written_one() -> None:
    graded = frozenset({"q1", "q2"})
    assert training_set_of({"toy": Labels(QUERIES, graded, JUDGED, MINED)})["query_id"].to_list() == ["q2"]


def test_mined_negatives_stand_behind_a_written_query_and_never_among_grades() -> None:
    examples = training_set_of({"toy": Labels(QUERIES, GRADED_IDS, JUDGED, MINED)})
    judged, written = examples["candidates"].to_list()
    assert judged == GRADED
    assert [(c["text"], c["grade"]) for c in written] == [("first", 5), ("third", UNJUDGED), ("fourth", UNJUDGED)]
    check_examples(examples.drop("source"), positive_grade=4)


@pytest.mark.parametrize("source", ["file", "area"])
def test_the_outline_of_its_file_is_right_too_for_a_query_about_a_file(source: str) -> None:
    about_file = pl.col("query_id") == "q1"
    queries = QUERIES.with_columns(
        source=pl.when(about_file).then(pl.lit(source)).otherwise("source"),
        outline_id=pl.when(about_file).then(pl.lit("o1")),
        outline_text=pl.when(about_file).then(pl.lit("names")),
    )
    examples = training_set_of({"toy": Labels(queries, frozenset(), JUDGED.clear(), MINED.clear())})
    assert examples["source"].to_list() == [source, "written"]
    first, second = examples["candidates"].to_list()
    assert [(c["unit_id"], c["text"], c["grade"]) for c in first] == [("u1", "first", 5), ("o1", "names", 5)]
    assert [(c["unit_id"], c["grade"]) for c in second] == [("u2", 5)]
    check_examples(examples.drop("source"), positive_grade=4)


def test_a_query_about_a_file_keeps_its_outline_when_it_is_graded() -> None:
    about_file = pl.col("query_id") == "q2"
    queries = QUERIES.with_columns(
        outline_id=pl.when(about_file).then(pl.lit("o2")), outline_text=pl.when(about_file).then(pl.lit("names"))
    )
    examples = training_set_of({"toy": Labels(queries, GRADED_IDS, JUDGED, MINED.clear())})
    judged = examples.filter(source="judged")["candidates"].to_list()
    assert judged == [[*GRADED, {"unit_id": "o2", "text": "names", "grade": 5}]]


def test_docstring_pairs_are_examples_of_one_candidate() -> None:
    examples = docstring_set_of({"toy": PAIRS})
    assert examples.select("source", "query", "kind").rows() == [("docstring", "Says one.", "docstring")]
    check_examples(examples.drop("source"), positive_grade=4)


def test_nothing_to_train_on_is_an_error_that_names_what_was_seen() -> None:
    with pytest.raises(TrainingSetError, match="seen: toy"):
        docstring_set_of({"toy": PAIRS.clear()})
