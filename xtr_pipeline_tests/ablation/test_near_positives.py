"""Mined negatives that score nearly as high as a right answer are left out."""

import polars as pl
import pytest

from xtr_pipeline.ablation.near_positives import without_near_positives
from xtr_pipeline.training.examples import EXAMPLES_SCHEMA
from xtr_pipeline_tests.training.tiny import tiny_encoder


def _example(name: str, query: str, candidates: list[tuple[str, int]]) -> dict[str, object]:
    listed = [{"unit_id": f"r/{text}.py#1", "text": text, "grade": grade} for text, grade in candidates]
    return {"query_id": name, "query": query, "kind": "conceptual", "repo": "r", "candidates": listed}


def _kept(examples: pl.DataFrame) -> dict[str, list[tuple[str, int]]]:
    return {
        row["query_id"]: [(candidate["text"], candidate["grade"]) for candidate in row["candidates"]]
        for row in examples.iter_rows(named=True)
    }


def _score(query: str, text: str) -> float:
    encoder = tiny_encoder()
    ours = encoder.encode_queries([query])[0]
    return float((ours @ encoder.encode_documents([text])[0].T.astype("float32")).max(axis=1).mean())


def test_unjudged_candidates_at_the_ceiling_or_above_go_and_all_others_stay():
    texts = ["w5 w6", "w7 w8 w9", "w1 w9", "w2 w3", "w11"]
    scores = {text: _score("w1 w2", text) for text in texts}
    right, *others = sorted(texts, key=lambda text: scores[text])[::-1][1:]  # one scores higher, three lower
    higher = max(texts, key=lambda text: scores[text])
    ceiling = (scores[others[0]] + scores[others[1]]) / 2 / scores[right]
    rows = [
        _example("a", "w1 w2", [(right, 5), (higher, 0), *((text, 0) for text in others)]),
        _example("judged", "w1 w2", [(right, 4), (higher, 1)]),
        _example("no answer", "w1 w2", [(right, 3), (higher, 0)]),
    ]
    examples = pl.DataFrame(rows, schema=EXAMPLES_SCHEMA)
    found = without_near_positives(examples, tiny_encoder(), ceiling, 4)
    assert found.schema == examples.schema
    assert found["query_id"].to_list() == ["a", "judged", "no answer"]
    assert _kept(found) == {
        "a": [(right, 5), (others[1], 0), (others[2], 0)],
        "judged": [(right, 4), (higher, 1)],
        "no answer": [(right, 3), (higher, 0)],
    }


def test_the_lowest_of_several_right_ones_counts():
    texts = sorted(["w5 w6", "w7 w8 w9", "w1 w9"], key=lambda text: _score("w1 w2", text))
    low, middle, high = texts
    examples = pl.DataFrame([_example("a", "w1 w2", [(high, 5), (middle, 0), (low, 4)])], schema=EXAMPLES_SCHEMA)
    assert _kept(without_near_positives(examples, tiny_encoder(), 1.0, 4)) == {"a": [(high, 5), (low, 4)]}


@pytest.mark.parametrize("ceiling", [0.5, 1.0])
def test_nothing_mined_is_nothing_to_do(ceiling: float):
    examples = pl.DataFrame([_example("a", "w1", [("w1 w2", 5), ("w3", 1)])], schema=EXAMPLES_SCHEMA)
    assert without_near_positives(examples, tiny_encoder(), ceiling, 4).equals(examples)
