"""The pools hold what teaches meaning over words: BM25's best that a judge grades low."""

import polars as pl

from xtr_pipeline.judge.hard_negatives import bm25_table, hard_negative_share
from xtr_pipeline.judge.ledger import GRADE_SCHEMA
from xtr_pipeline_tests.judge.sample_units import grade_record, three_units, unit_row
from xtr_pipeline_tests.judge.test_attachment import ledger_frame

UNITS = three_units()
FETCH, PARSE, CLEAN = (unit_row(UNITS, name) for name in ("fetch_with_retry", "parse_header", "drop_old_entries"))
GRADES = ledger_frame(
    grade_record(PARSE, "one", 1, proposed_by={"bm25": 1, "base": 4}),
    grade_record(FETCH, "one", 5, proposed_by={"source": 1, "bm25": 7}),
    grade_record(CLEAN, "one", 2, proposed_by={"base": 1}),
    grade_record(FETCH, "two", 4, proposed_by={"source": 1, "bm25": 1}),
    grade_record(PARSE, "two", 2, proposed_by={"bm25": 30}),
    grade_record(FETCH, "two", 1, judging=2, proposed_by={"bm25": 1}),
)


def test_pairs_are_counted_by_the_rank_that_bm25_gave_them() -> None:
    rows = {row["BM25 rank"]: row for row in bm25_table(GRADES).to_dicts()}
    assert [rows[rank]["pairs"] for rank in ("1", "2-5", "6-10", "11-40", "not proposed")] == [2, 0, 1, 1, 1]
    assert (rows["1"]["grade 1"], rows["1"]["grade 4"], rows["6-10"]["grade 5"]) == (1, 1, 1)


def test_a_query_counts_when_a_top_hit_is_graded_low() -> None:
    assert hard_negative_share(GRADES) == 0.5
    assert hard_negative_share(pl.DataFrame(schema=GRADE_SCHEMA)) is None
