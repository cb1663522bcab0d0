"""Batches by length under a token budget."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xtr_pipeline.encoder.batching import BUCKET, plan_batches


def test_similar_lengths_share_a_batch_and_longest_come_first():
    plans = plan_batches([3, 16, 4, 15, 1], token_budget=32, bucket=8)
    assert [(plan.indices, plan.width) for plan in plans] == [((1, 3), 16), ((2, 0, 4), 8)]


def test_a_text_longer_than_the_budget_is_a_batch_of_its_own():
    plans = plan_batches([100, 90, 8], token_budget=64, bucket=8)
    assert [plan.indices for plan in plans] == [(0,), (1,), (2,)]


def test_nothing_to_encode_is_no_batch():
    assert plan_batches([]) == []


@given(st.lists(st.integers(0, 256), max_size=60), st.sampled_from([256, 1024]))
def test_every_text_is_in_exactly_one_batch_that_is_wide_enough(lengths: list[int], budget: int):
    plans = plan_batches(lengths, budget)
    assert sorted(index for plan in plans for index in plan.indices) == list(range(len(lengths)))
    for plan in plans:
        assert plan.width % BUCKET == 0
        assert max(lengths[index] for index in plan.indices) <= plan.width
        assert len(plan.indices) * plan.width <= budget


def test_widths_are_few_however_many_lengths_occur():
    plans = plan_batches(np.arange(1, 257))
    assert len({plan.width for plan in plans}) <= 256 // BUCKET
