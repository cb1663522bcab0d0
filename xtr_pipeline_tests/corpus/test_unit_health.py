"""What must hold of units, each rule passing and failing."""

import polars as pl

from xtr_pipeline.corpus.unit_health import emptiness_problems, uniqueness_problems

SOUND = pl.DataFrame(
    {
        "unit_id": ["r/a.py#f@1-2", "r/a.py#g@4-5"],
        "kind": ["function", "function"],
        "docstring": ["", "Says g."],
        "body": ["def f(): ...", ""],
        "start_line": [1, 4],
        "end_line": [2, 5],
    }
)


def test_sound_units_have_no_problem() -> None:
    assert emptiness_problems(SOUND) == []
    assert uniqueness_problems(SOUND) == []


def test_an_empty_corpus_is_a_problem() -> None:
    assert "roots and excludes" in emptiness_problems(SOUND.clear())[0]


def test_a_corpus_of_line_windows_was_not_parsed() -> None:
    assert "only 0%" in emptiness_problems(SOUND.with_columns(kind=pl.lit("window")))[0]


def test_repeated_ids_blank_texts_and_impossible_spans_are_all_named() -> None:
    broken = SOUND.with_columns(unit_id=pl.lit("same"), body=pl.lit(" "), docstring=pl.lit(""), end_line=pl.lit(0))
    problems = " ".join(uniqueness_problems(broken))
    assert "1 unit ids occur more than once, first same" in problems
    assert "2 units hold no text" in problems
    assert "2 units have no valid span" in problems
