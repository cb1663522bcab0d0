"""Ranks and ties."""

from __future__ import annotations

import numpy as np

from xtr_pipeline.retrieval.ranking import FileHit, Ranker, UnitHit

RANKER = Ranker(("r/a#1", "r/a#2", "r/b#1", "r/c#1"), ("a", "a", "b", "c"))
ALL = np.ones(4, dtype=np.bool_)


def scores(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def test_a_file_ranks_by_its_best_unit() -> None:
    hits = RANKER.files(scores(0.25, 0.75, 0.5, 0.125), ALL, k=10)
    assert hits == [FileHit("a", 0.75, "r/a#2"), FileHit("b", 0.5, "r/b#1"), FileHit("c", 0.125, "r/c#1")]


def test_a_second_best_unit_counts_for_its_file_and_a_lone_one_for_both() -> None:
    hits = RANKER.files(scores(0.25, 0.75, 0.6875, 0.125), ALL, k=10, second_weight=0.25)
    # a: 0.75 * 0.75 + 0.25 * 0.25
    assert hits == [FileHit("b", 0.6875, "r/b#1"), FileHit("a", 0.625, "r/a#2"), FileHit("c", 0.125, "r/c#1")]


def test_a_second_unit_that_is_no_result_does_not_count() -> None:
    eligible = np.array([False, True, True, True])
    assert RANKER.files(scores(0.25, 0.75, 0.5, 0.125), eligible, k=1, second_weight=0.25)[0].score == 0.75


def test_equal_units_are_ordered_by_id() -> None:
    assert [hit.unit_id for hit in RANKER.units(scores(0.5, 0.5, 0.5, 0.5), ALL, k=3)] == ["r/a#1", "r/a#2", "r/b#1"]


def test_equal_files_are_ordered_by_path_even_at_the_cut() -> None:
    # the unit ids are in another order than the paths
    ranker = Ranker(("r/1", "r/2", "r/3"), ("z", "y", "a"))
    assert [hit.path for hit in ranker.files(scores(0.5, 0.5, 0.5), np.ones(3, np.bool_), k=2)] == ["a", "y"]


def test_the_best_unit_of_a_file_is_the_first_of_equals() -> None:
    assert RANKER.files(scores(0.5, 0.5, 0.1, 0.1), ALL, k=1)[0].unit_id == "r/a#1"


def test_differences_below_the_rounding_do_not_decide() -> None:
    assert [hit.path for hit in RANKER.files(scores(0, 0.3, 0.30000004, 0), ALL, k=2)] == ["a", "b"]


def test_what_is_not_eligible_is_no_result() -> None:
    eligible = np.array([False, False, True, False])
    assert RANKER.units(scores(0.9, 0.9, 0.125, 0.9), eligible, k=5) == [UnitHit("r/b#1", "b", 0.125)]
    assert RANKER.files(scores(0.9, 0.9, 0.125, 0.9), np.zeros(4, np.bool_), k=5) == []


def test_the_top_files_equal_a_full_sort() -> None:
    rng = np.random.default_rng(3)
    paths = tuple(f"f{number}" for number in rng.integers(0, 40, 300))
    ranker = Ranker(tuple(f"u{number:03}" for number in range(300)), paths)
    values = rng.integers(0, 20, 300).astype(np.float32)
    for weight in (0.0, 0.25):
        own = {
            path: sorted(-value for value, other in zip(values, paths, strict=True) if other == path) for path in paths
        }
        total = {path: -(1 - weight) * best[0] - weight * best[:2][-1] for path, best in own.items()}
        expected = sorted(total, key=lambda path, total=total: (-total[path], path))
        for k in (1, 7, 40, 100):
            assert [hit.path for hit in ranker.files(values, np.ones(300, np.bool_), k, weight)] == expected[:k]
