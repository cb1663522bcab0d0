"""What the card says of the ledger, counted by hand."""

import polars as pl

from xtr_pipeline.judge.ledger import GRADE_SCHEMA, QUERY_SCHEMA
from xtr_pipeline.release.label_facts import label_facts

QUERIES = pl.DataFrame(
    {"query_id": ["a", "b", "c"], "writer": ["claude"] * 3, "prompt_version": ["q2", "q1", "q1"]},
    schema_overrides={"query_id": pl.String()},
)
GRADES = pl.DataFrame(
    {
        "query_id": ["a", "a", "a", "b"],
        "unit_hash": ["u", "u", "v", "u"],
        "judging": [1, 2, 1, 1],
        "judge": ["claude"] * 4,
        "prompt_version": ["g1"] * 4,
        "rubric_version": ["r1"] * 4,
    }
)


def test_a_pair_that_was_judged_twice_counts_once_and_as_a_second_judging() -> None:
    facts = label_facts("train", QUERIES, GRADES)
    assert (facts.queries, facts.graded_queries, facts.only_written) == (3, 2, 1)
    assert (facts.graded_pairs, facts.second_judgings) == (3, 1)
    assert (facts.query_prompts, facts.grade_prompts, facts.rubrics) == (("q1", "q2"), ("g1",), ("r1",))
    assert (facts.writers, facts.judges) == (("claude",), ("claude",))


def test_an_empty_ledger_has_no_labels_and_no_judge() -> None:
    facts = label_facts("dev", QUERY_SCHEMA.to_frame(), GRADE_SCHEMA.to_frame())
    assert (facts.queries, facts.graded_queries, facts.graded_pairs, facts.judges) == (0, 0, 0, ())
