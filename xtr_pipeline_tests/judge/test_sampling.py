"""Sampled units are substantial, spread out, and drawn by the seed."""

import polars as pl

from xtr_pipeline.corpus.units import CodeUnit, units_frame
from xtr_pipeline.judge.sampling import Sampling, sample_units, shuffled, wanted_kinds
from xtr_pipeline_tests.judge.sample_units import CLEAN, code_unit, three_units


def _body(name: str, lines: int = 8) -> str:
    return "\n".join([f"def {name}(x):", *(f"    if x: step_{name}_{number}(x)" for number in range(lines))])


def _units(*units: CodeUnit) -> pl.DataFrame:
    return units_frame(units, "toy", "1.0")


def _chosen(units: pl.DataFrame, sampling: Sampling | None = None) -> set[str]:
    return set(sample_units(units, sampling or Sampling())["symbol"])


def test_substantial_units_are_all_taken_when_there_is_room() -> None:
    assert _chosen(three_units()) == {"fetch_with_retry", "parse_header", "drop_old_entries"}


def test_units_that_nobody_searches_for_are_left_out() -> None:
    units = _units(
        code_unit("a.py", "good", _body("good")),
        code_unit("a.py", "tiny", "def tiny(): ...", start=100),
        code_unit("a.py", "Box.__init__", "def __init__(self):\n" + "    self.x = x\n" * 9, start=200),
        code_unit("a.py", "test_good", _body("test_good"), start=300),
        code_unit("a.py", "get_a, get_b, +2", _body("merged"), start=400),
        code_unit("a.py", "later", _body("later"), start=500, part=1),
        code_unit("a.py", "imports", "import a\nfrom b import c\n# note\n" * 9, start=600),
        code_unit("a.py", "tests::suffix", "#[test]\n" + _body("suffix"), start=700),
    )
    assert _chosen(units) == {"good"}


def test_a_constructor_that_decides_something_is_kept() -> None:
    units = _units(
        code_unit("a.py", "Box.__init__", "def __init__(self, x):\n    if not x:\n" + "    self.x = x\n" * 9)
    )
    assert _chosen(units) == {"Box.__init__"}


def test_a_text_that_occurs_twice_has_no_one_right_answer() -> None:
    units = _units(code_unit("a.py", "drop", CLEAN), code_unit("b.py", "drop", CLEAN))
    assert _chosen(units) == set()


def test_units_that_are_taken_are_not_drawn_again() -> None:
    units = three_units()
    first = sample_units(units, Sampling(per_repo=1))
    second = sample_units(units, Sampling(per_repo=3), taken=first["content_hash"].to_list())
    assert set(first["symbol"]).isdisjoint(second["symbol"])
    assert second.height == 2


def test_files_take_turns() -> None:
    many = [code_unit("big.py", f"f{number}", _body(f"f{number}"), start=1 + 20 * number) for number in range(30)]
    few = [code_unit(f"small{number}.py", f"g{number}", _body(f"g{number}")) for number in range(4)]
    chosen = sample_units(_units(*many, *few), Sampling(per_repo=6, per_file=5, max_share={}))
    assert chosen["path"].n_unique() == 5
    assert chosen.filter(pl.col("path") == "big.py").height == 2


def test_a_file_gives_no_more_than_its_share() -> None:
    many = [code_unit("big.py", f"f{number}", _body(f"f{number}"), start=1 + 20 * number) for number in range(30)]
    assert sample_units(_units(*many), Sampling(per_repo=20, per_file=3)).height == 3


def test_kinds_that_had_their_share_wait_until_nothing_else_is_left() -> None:
    types = [code_unit(f"t{n}.py", f"T{n}", _body(f"T{n}", 14), kind="type") for n in range(10)]
    functions = [code_unit(f"f{n}.py", f"f{n}", _body(f"f{n}", 14)) for n in range(10)]
    sampling = Sampling(per_repo=10, max_share={"type": 0.2})
    chosen = sample_units(_units(*types, *functions), sampling)
    assert chosen.filter(pl.col("kind") == "type").height == 2
    assert sample_units(_units(*types), sampling).height == 10


def test_the_seed_decides_and_row_order_does_not() -> None:
    units = _units(*(code_unit(f"f{n}.py", f"f{n}", _body(f"f{n}")) for n in range(30)))
    one = _chosen(units, Sampling(per_repo=8, seed=1))
    assert _chosen(units.reverse(), Sampling(per_repo=8, seed=1)) == one
    assert _chosen(units, Sampling(per_repo=8, seed=2)) != one


def test_wanted_kinds_meet_their_means() -> None:
    sampling = Sampling()
    wanted = [wanted_kinds(f"hash{number}", sampling) for number in range(2_000)]
    means = {kind: sum(each[kind] for each in wanted) / len(wanted) for kind in ("conceptual", "question", "keyword")}
    assert abs(means["conceptual"] - 2.3) < 0.05
    assert means["question"] == 1.0
    assert abs(means["keyword"] - 0.65) < 0.05


def test_a_shuffle_ignores_the_order_it_was_given() -> None:
    keys = [f"k{number}" for number in range(20)]
    assert shuffled(keys, 3, "x") == shuffled(keys[::-1], 3, "x")
    assert shuffled(keys, 3, "x") != shuffled(keys, 4, "x")
    assert sorted(shuffled(keys, 3, "x")) == sorted(keys)
