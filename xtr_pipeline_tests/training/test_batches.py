"""Tiles, sampling and batches: budgets kept, nothing lost, grades where they belong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from xtr_pipeline.training.batches import Batch, build_batch, plan_epoch
from xtr_pipeline.training.examples import EXAMPLES_SCHEMA, UNJUDGED
from xtr_pipeline.training.losses import IGNORED
from xtr_pipeline.training.recipe import Recipe
from xtr_pipeline.training.sampling import draw_candidates
from xtr_pipeline.training.step_plan import as_arrays, from_arrays, plan_steps
from xtr_pipeline.training.tiles import (
    PlannedTile,
    Tile,
    TileShape,
    build_tile,
    plan_tiles,
    rounded_up,
)
from xtr_pipeline.training.token_data import Candidate, TokenData, TokenSequence, tokenise_as, tokenise_examples
from xtr_pipeline.training.topics import nearest_first, topics_for
from xtr_pipeline_tests.training.tiny import RECIPE, tiny_encoder, tiny_examples


def data_of(examples: pl.DataFrame, recipe: Recipe = RECIPE) -> TokenData:
    encoder = tiny_encoder()
    return tokenise_examples(
        examples,
        tokenise_as(encoder, recipe.query_length, documents=False),
        tokenise_as(encoder, recipe.document_length, documents=True),
        recipe.negative_grade,
    )


def examples_of(*rows: tuple[str, str, dict[str, int]]) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "query_id": name,
                "query": query,
                "kind": "question",
                "repo": "toy",
                "candidates": [
                    {"unit_id": f"{name}/{text}", "text": text, "grade": grade} for text, grade in row.items()
                ],
            }
            for name, query, row in rows
        ],
        schema=EXAMPLES_SCHEMA,
    )


def only_batch(examples: pl.DataFrame) -> tuple[Batch, dict[tuple[str, str], int]]:
    """The one batch of an epoch, and its grades by (query id, document text)."""
    recipe = replace(RECIPE, batch_tokens=1024, tile_tokens=512)
    data = data_of(examples, recipe)
    (plan,) = plan_epoch(data, recipe, epoch=0)
    batch = build_batch(data, plan, recipe, pad_id=0)
    texts = list(dict.fromkeys(text for row in examples["candidates"].to_list() for text in (c["text"] for c in row)))
    rows = names_of(batch.queries, data.queries, examples["query_id"].to_list())
    columns = names_of(batch.documents, data.documents, texts)
    assert batch.grades.shape == (len(rows), len(columns))
    found: dict[tuple[str, str], int] = {}
    for row, query_id in enumerate(rows):
        for column, text in enumerate(columns):
            if query_id is None or text is None:
                assert batch.grades[row, column] == IGNORED
            else:
                found[query_id, text] = int(batch.grades[row, column])
    return batch, found


def names_of(tiles: Sequence[Tile], sequences: Sequence[TokenSequence], names: Sequence[str]) -> list[str | None]:
    """What the rows of the tiles really hold, by their token ids; None for a row that only fills the shape."""
    by_ids = {tuple(sequence.ids.tolist()): name for sequence, name in zip(sequences, names, strict=True)}
    held = [(tile.input_ids[row], tile.counted[row]) for tile in tiles for row in range(len(tile.input_ids))]
    return [by_ids[tuple(ids[counted == 1].tolist())] if counted.any() else None for ids, counted in held]


def test_tiles_hold_every_sequence_once_and_keep_the_token_bound():
    lengths = np.random.default_rng(0).integers(1, 200, 57).tolist()
    tiles = plan_tiles(lengths, TileShape(limit=180, step=32, tokens=1024))
    assert sorted(position for tile in tiles for position in tile.held) == list(range(57))
    for tile in tiles:
        assert tile.size <= 1024
        assert len(tile.held) <= tile.rows
        assert all(min(180, lengths[position]) <= tile.length for position in tile.held)
    assert [tile.rows for tile in tiles[:-1]] == [len(tile.held) for tile in tiles[:-1]]


def test_lengths_and_rows_take_few_values():
    assert [rounded_up(length, 180, 32) for length in (0, 1, 32, 33, 170, 300)] == [32, 32, 32, 64, 180, 180]
    lengths = np.random.default_rng(0).integers(1, 200, 999).tolist()
    shape = TileShape(limit=192, step=32, tokens=1024)
    shapes = {(tile.rows, tile.length) for count in range(1, 300) for tile in plan_tiles(lengths[:count], shape)}
    assert len(shapes) <= 6 * 4


def test_a_tile_masks_padding_and_gives_filling_rows_one_token_that_is_not_scored():
    sequences = [
        TokenSequence(np.array([2, 7, 3], dtype=np.int32), np.array([True, False, True])),
        TokenSequence(np.array([2, 8, 9, 9, 3], dtype=np.int32), np.ones(5, dtype=bool)),
    ]
    tile = build_tile(sequences, PlannedTile(held=(1, 0), rows=4, length=4), pad_id=0)
    assert tile.input_ids.tolist() == [[2, 8, 9, 9], [2, 7, 3, 0], [0] * 4, [0] * 4]
    assert tile.mask.tolist() == [[1] * 4, [1, 1, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0]]
    assert tile.counted.tolist() == [[1] * 4, [1, 0, 1, 0], [0] * 4, [0] * 4]


def test_positives_take_at_most_half_the_places_then_come_negatives_then_the_undecided():
    recipe = replace(RECIPE, candidates_per_query=6)
    pool = [Candidate(number, grade) for number, grade in enumerate([4, 5, 4, 4, 5, 3, 3, 1, 2])]
    drawn = [candidate.grade for candidate in draw_candidates(pool, recipe, np.random.default_rng(0))]
    assert Counter(drawn) == Counter([5, 5, 4, 1, 2, 3])
    assert draw_candidates(pool[:6], recipe, np.random.default_rng(0)) == tuple(pool[:6])


def test_the_drawn_negatives_change_with_the_epoch():
    recipe = replace(RECIPE, candidates_per_query=4)
    pool = [Candidate(0, 5), *(Candidate(number, 1) for number in range(1, 12))]
    drawn = {draw_candidates(pool, recipe, np.random.default_rng([13, epoch])) for epoch in range(5)}
    assert len(drawn) == 5
    assert all(row[0] == Candidate(0, 5) for row in drawn)


def test_a_batch_shows_as_many_mined_negatives_as_the_recipe_allows():
    pool = [Candidate(0, 5), *(Candidate(number, UNJUDGED) for number in range(1, 7))]
    assert draw_candidates(pool, RECIPE, np.random.default_rng(0)) == (Candidate(0, 5),)
    two = replace(RECIPE, mined_negatives=2)
    drawn = [draw_candidates(pool, two, np.random.default_rng([13, epoch])) for epoch in range(9)]
    assert all(row[0] == Candidate(0, 5) and [c.grade for c in row[1:]] == [UNJUDGED] * 2 for row in drawn)
    assert {candidate.document for row in drawn for candidate in row} == set(range(7))


def test_that_a_document_was_mined_says_less_than_the_answer_of_a_query_with_the_same_words():
    _, found = only_batch(examples_of(("q1", "w1  W2", {"w3": 5, "w5": UNJUDGED}), ("q2", "w1 w2", {"w5": 5})))
    assert (found["q1", "w5"], found["q2", "w5"]) == (IGNORED, 5)


def test_an_epoch_holds_every_query_once_within_the_budget_and_depends_on_seed_and_epoch_alone():
    data = data_of(tiny_examples(40))
    plans = plan_epoch(data, RECIPE, epoch=0)
    assert sorted(query for plan in plans for query in plan.queries) == list(range(40))
    for plan in plans:
        batch = build_batch(data, plan, RECIPE, pad_id=0)
        assert sum(tile.input_ids.size for tile in (*batch.queries, *batch.documents)) <= RECIPE.batch_tokens
    assert plan_epoch(data, RECIPE, epoch=0) == plans
    assert plan_epoch(data, RECIPE, epoch=1) != plans
    assert plan_epoch(data, replace(RECIPE, seed=14), epoch=0) != plans


def test_candidates_of_other_queries_are_in_batch_negatives_and_own_grades_stay():
    _, found = only_batch(examples_of(("q1", "w1", {"w2": 5, "w3": 1}), ("q2", "w4", {"w5": 4, "w6": 3})))
    assert [found["q1", text] for text in ("w2", "w3", "w5", "w6")] == [5, 1, UNJUDGED, UNJUDGED]
    assert [found["q2", text] for text in ("w2", "w3", "w5", "w6")] == [UNJUDGED, UNJUDGED, 4, 3]


def test_a_shared_document_is_encoded_once_and_has_each_querys_own_grade():
    batch, found = only_batch(examples_of(("q1", "w1", {"w2": 5}), ("q2", "w4", {"w2": 1, "w5": 5})))
    assert sum(len(tile.sequences) for tile in batch.documents) == 2
    assert (found["q1", "w2"], found["q2", "w2"]) == (5, 1)


def test_a_positive_that_was_not_drawn_is_no_negative_when_another_query_brings_it():
    recipe = replace(RECIPE, candidates_per_query=2, batch_tokens=1024, tile_tokens=512)
    data = data_of(examples_of(("q1", "w1", {"w2": 5, "w3": 4, "w7": 1}), ("q2", "w4", {"w3": 2, "w5": 5})), recipe)
    (plan,) = plan_epoch(data, recipe, epoch=0)
    batch = build_batch(data, plan, recipe, pad_id=0)
    rows = names_of(batch.queries, data.queries, ["q1", "q2"])
    columns = names_of(batch.documents, data.documents, ["w2", "w3", "w7", "w5"])
    assert len(data.candidates[0]) == 3
    assert batch.grades[rows.index("q1"), columns.index("w3")] == 4


def test_the_answer_of_a_query_with_the_same_words_is_ignored_and_not_a_negative():
    _, found = only_batch(
        examples_of(("q1", "w1  W2", {"w3": 5}), ("q2", "w1 w2", {"w5": 5, "w6": 1}), ("q3", "w9", {"w7": 5}))
    )
    assert found["q1", "w5"] == IGNORED
    assert found["q2", "w3"] == IGNORED
    assert found["q1", "w6"] == UNJUDGED
    assert found["q3", "w3"] == UNJUDGED


def test_the_same_text_under_two_names_is_one_document_with_the_better_grade():
    examples = pl.concat([examples_of(("q1", "w1", {"w2": 2})), examples_of(("q2", "w4", {"w2": 5}))])
    doubled = examples.with_columns(candidates=pl.concat_list(pl.col("candidates"), pl.col("candidates")))
    data = data_of(doubled)
    assert len(data.documents) == 1
    assert data.candidates == ((Candidate(0, 2),), (Candidate(0, 5),))


@pytest.mark.parametrize(("epochs", "steps", "share"), [(1.0, 999, 1.0), (1.5, 999, 1.5), (3.0, 4, None)])
def test_the_plan_ends_at_the_epochs_or_at_the_steps(epochs: float, steps: int, share: float | None):
    data = data_of(tiny_examples(40))
    plan = plan_steps(data, replace(RECIPE, epochs=epochs, steps=steps))
    per_epoch = [len(plan_epoch(data, RECIPE, epoch)) for epoch in range(2)]
    expected = {1.0: per_epoch[0], 1.5: per_epoch[0] + -(-per_epoch[1] // 2), None: 4}[share]
    assert len(plan) == expected
    assert [step.epoch for step in plan] == sorted(step.epoch for step in plan)


def test_tokens_that_give_no_vector_at_search_time_are_not_counted_in_training():
    tiny = tiny_encoder()
    encoder = replace(tiny, settings=replace(tiny.settings, keep_special_tokens=False))
    (sequence,) = tokenise_as(encoder, 8, documents=True)(["w1 w2"])
    assert sequence.ids.tolist() == [2, 5, 6, 3]
    assert sequence.counted.tolist() == [False, True, True, False]
    assert int(sequence.counted.sum()) == len(encoder.encode_documents(["w1 w2"]).vectors)


def test_training_reads_code_as_search_does():
    encoder = tiny_encoder()
    code = ["w1(w2) { return w3.w4; }", "w5 = w6;"]
    shown = tokenise_as(encoder, 16, documents=True)(code)
    searched = encoder.tokenise(code, 16)
    assert [sequence.ids.tolist() for sequence in shown] == [searched[0].tolist(), searched[1].tolist()]
    assert sum(int(sequence.counted.sum()) for sequence in shown) == len(encoder.encode_documents(code).vectors)


def test_batches_of_one_repository_hold_every_query_once_and_come_in_mixed_order():
    examples = pl.concat(
        tiny_examples(20, seed).with_columns(
            query_id=pl.concat_str(pl.lit(repo), "query_id"),
            repo=pl.lit(repo),
        )
        for seed, repo in enumerate(("one", "two"))
    )
    mixed = replace(RECIPE, batch_tokens=256)
    data, recipe = data_of(examples), replace(mixed, batching="repo")
    plans = plan_epoch(data, recipe, epoch=0)
    repos = [{data.repos[query] for query in plan.queries} for plan in plans]
    assert sorted(query for plan in plans for query in plan.queries) == list(range(40))
    assert all(len(names) == 1 for names in repos)
    assert repos != sorted(repos, key=min)
    assert any(len({data.repos[query] for query in plan.queries}) == 2 for plan in plan_epoch(data, mixed, epoch=0))


def test_batches_by_topic_hold_every_query_once_with_its_like():
    # two topics in turn, in each of two repositories; the words of one topic never occur in the other
    rows = [
        (f"q{number:02}", f"{word} {word}", {f"{word} d{number}": 5}) for number, word in enumerate(["w1", "w9"] * 24)
    ]
    examples = examples_of(*rows).with_columns(
        repo=pl.when(pl.col("query_id") < "q24").then(pl.lit("one")).otherwise(pl.lit("two"))
    )
    recipe = replace(RECIPE, batching="topic", batch_tokens=96)
    data = data_of(examples, recipe)
    topics = topics_for(recipe, tiny_encoder(), examples["query"].to_list())
    plans = plan_epoch(data, recipe, 0, topics)
    assert sorted(query for plan in plans for query in plan.queries) == list(range(48))
    assert len(plans) > 4
    assert all(len({data.repos[query] for query in plan.queries}) == 1 for plan in plans)
    mixed = [plan for plan in plans if len({query % 2 for query in plan.queries}) == 2]
    assert len(mixed) <= 2  # where the first topic of a repository runs out
    assert plan_epoch(data, recipe, 0, topics) == plans
    assert plan_epoch(data, recipe, 1, topics) != plans
    with pytest.raises(ValueError, match="topics belong to batches by topic"):
        plan_epoch(data, recipe, 0)


def test_a_topic_is_the_mean_of_a_querys_vectors_at_length_one():
    recipe, encoder = replace(RECIPE, batching="topic"), tiny_encoder()
    topics = topics_for(recipe, encoder, ["w1 w9", "w2"])
    means = np.stack([vectors.mean(axis=0) for vectors in encoder.encode_queries(["w1 w9", "w2"])])
    np.testing.assert_allclose(topics, means / np.linalg.norm(means, axis=1, keepdims=True), rtol=1e-5)
    assert topics_for(replace(recipe, batching="repo"), encoder, ["w1"]) is None


def test_a_plan_is_the_same_after_a_stay_in_arrays():
    data = data_of(tiny_examples(30))
    plan = plan_steps(data, replace(RECIPE, epochs=1.5, steps=99))
    assert len(plan) > 3
    assert from_arrays(as_arrays(plan)) == plan
    assert from_arrays(as_arrays(plan[:1])) == plan[:1]


def test_the_first_of_the_waiting_leads_and_the_nearest_follow():
    topics = np.array([[1, 0], [0, 1], [0.6, 0.8], [1, 0], [0, 1]], dtype=np.float32)
    assert nearest_first(topics, [4, 0, 1, 2, 3]) == [4, 1, 2, 0, 3]
    assert nearest_first(topics, [2]) == [2]


def test_other_pieces_of_a_file_that_answers_are_no_negatives():
    rows = [
        ("q0", "w1", {"toy/a.py#f@1-2": ("w1 w2", 5)}),
        ("q1", "w2", {"toy/a.py#g@3-4": ("w2 w3", 5), "toy/b.py#h@1-2": ("w3 w4", 1)}),
        ("q2", "w3", {"toy/b.py#i@3-4": ("w4 w5", 5)}),
    ]
    examples = pl.DataFrame(
        [
            {
                "query_id": name,
                "query": query,
                "kind": "question",
                "repo": "toy",
                "candidates": [{"unit_id": unit, "text": text, "grade": grade} for unit, (text, grade) in row.items()],
            }
            for name, query, row in rows
        ],
        schema=EXAMPLES_SCHEMA,
    )
    _, grades = only_batch(examples)
    assert grades["q0", "w2 w3"] == IGNORED  # a.py answers q0
    assert grades["q2", "w3 w4"] == IGNORED  # b.py answers q2
    assert grades["q0", "w3 w4"] == grades["q0", "w4 w5"] == grades["q2", "w1 w2"] == UNJUDGED
    assert grades["q1", "w3 w4"] == 1  # a grade of its own counts
    assert grades["q1", "w4 w5"] == UNJUDGED  # b.py answers q2, not q1
