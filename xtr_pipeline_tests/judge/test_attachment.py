"""Grades find their unit by content, else by place, else are counted as orphans."""

import polars as pl

from xtr_pipeline.corpus.units import units_frame
from xtr_pipeline.judge.attachment import attach_grades
from xtr_pipeline.judge.ledger import GRADE_SCHEMA
from xtr_pipeline_tests.judge.sample_units import CLEAN, FETCH, PARSE, code_unit, grade_record, three_units, unit_row


def ledger_frame(*records: dict) -> pl.DataFrame:
    rows = [
        {**each, "proposed_by": [{"proposer": name, "rank": rank} for name, rank in each["proposed_by"].items()]}
        for each in records
    ]
    return pl.DataFrame(rows, schema=GRADE_SCHEMA)


UNITS = three_units()
GRADES = ledger_frame(grade_record(unit_row(UNITS, "fetch_with_retry"), "q", 5))


def test_unchanged_units_keep_their_grades() -> None:
    attached = attach_grades(GRADES, UNITS)
    assert attached.share == 1.0
    assert attached.grades["unit_id"].to_list() == [unit_row(UNITS, "fetch_with_retry")["unit_id"]]
    assert attached.grades["attached_by"].to_list() == ["content"]


def test_a_unit_that_moved_is_found_by_its_content() -> None:
    moved = units_frame([code_unit("new/place.py", "fetch_with_retry", FETCH, start=300)], "toy", "2.0")
    assert attach_grades(GRADES, moved).grades["unit_id"].to_list() == moved["unit_id"].to_list()


def test_of_several_copies_the_one_at_the_judged_place_is_taken() -> None:
    copies = units_frame(
        [
            code_unit("a/copy.py", "fetch_with_retry", FETCH),
            code_unit("net/client.py", "fetch_with_retry", FETCH, start=400),
            code_unit("net/client.py", "fetch_with_retry", FETCH, start=5),
        ],
        "toy",
        "1.0",
    )
    assert attach_grades(GRADES, copies).grades["unit_id"].to_list() == ["toy/net/client.py#fetch_with_retry@5-13"]


def test_a_unit_that_was_cut_anew_is_found_by_its_lines() -> None:
    recut = units_frame(
        [
            code_unit("net/client.py", "fetch_with_retry", FETCH + "# more\n"),
            code_unit("net/client.py", "p", PARSE, 20),
        ],
        "toy",
        "1.0",
    )
    attached = attach_grades(GRADES, recut)
    assert attached.grades["unit_id"].to_list() == ["toy/net/client.py#fetch_with_retry@1-10"]
    assert attached.grades["attached_by"].to_list() == ["span"]


def test_a_unit_of_other_lines_or_another_repo_is_no_home() -> None:
    elsewhere = units_frame([code_unit("net/client.py", "other", CLEAN, start=8)], "toy", "1.0")
    stranger = units_frame([code_unit("net/client.py", "fetch_with_retry", FETCH)], "other-repo", "1.0")
    for units in (elsewhere, stranger):
        attached = attach_grades(GRADES, units)
        assert (attached.share, attached.grades.height, attached.orphans.height) == (0.0, 0, 1)


def test_the_share_counts_records() -> None:
    gone = ledger_frame(
        *(grade_record(unit_row(UNITS, "fetch_with_retry"), query, 5) for query in "abc"),
        grade_record(unit_row(UNITS, "drop_old_entries"), "a", 2),
    )
    attached = attach_grades(gone, UNITS.filter(pl.col("symbol") == "fetch_with_retry"))
    assert attached.share == 0.75
    assert attached.orphans["symbol"].to_list() == ["drop_old_entries"]


def test_no_grades_are_no_loss() -> None:
    attached = attach_grades(GRADES.clear(), UNITS)
    assert (attached.share, attached.grades.height) == (1.0, 0)
