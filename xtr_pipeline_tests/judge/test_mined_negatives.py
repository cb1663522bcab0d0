"""Mined negatives share words with a query and lie outside the file of its answer."""

import polars as pl

from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.corpus.units import units_frame
from xtr_pipeline.judge.mined_negatives import MINED_SCHEMA, mine_negatives
from xtr_pipeline.retrieval.sources import searcher_for_units
from xtr_pipeline_tests.judge.sample_units import code_unit

UNITS = units_frame(
    [
        code_unit("a.py", "wait", "def wait(seconds): pause(seconds)"),
        code_unit("a.py", "retry", "def retry(): wait again then retry retry", start=5),
        code_unit("b.py", "waiter", "def waiter(table): wait for the guest"),
        code_unit("c.py", "again", "def again(): once more and again"),
        code_unit("d.py", "twin", "def wait(seconds): pause(seconds)"),
        code_unit("e.py", "other", "def other(): nothing in common"),
    ],
    "toy",
    "1.0",
)
RANKER = searcher_for_units(UNITS, None, None)
ID = dict(UNITS.select("symbol", "unit_id").iter_rows())


def written(query: str, kind: str = "conceptual", unit: str | None = "wait") -> pl.DataFrame:
    unit_id = None if unit is None else ID[unit]
    row = {"query_id": "q", "query": query, "kind": kind, "repo": "toy", "unit_id": unit_id}
    return pl.DataFrame([row], schema_overrides={"unit_id": pl.String})


def test_words_in_other_files_are_negatives_and_the_rest_of_the_answers_file_is_not() -> None:
    mined = mine_negatives(written("wait again"), UNITS, RANKER)
    assert mined.schema == MINED_SCHEMA
    assert {ID["waiter"], ID["again"]} <= set(mined["unit_id"])
    assert not {ID["wait"], ID["retry"], ID["other"]} & set(mined["unit_id"])
    texts = dict(zip(UNITS["unit_id"], render_units(UNITS), strict=True))
    assert all(texts[unit] == text for unit, text in mined.select("unit_id", "text").iter_rows())
    assert mined["rank"].is_sorted()


def test_as_many_as_asked_for_and_the_best_first() -> None:
    everything = mine_negatives(written("wait again"), UNITS, RANKER)
    assert mine_negatives(written("wait again"), UNITS, RANKER, count=1).equals(everything.head(1))


def test_keyword_queries_and_queries_without_a_unit_get_none() -> None:
    assert mine_negatives(written("wait again", kind="keyword"), UNITS, RANKER).is_empty()
    assert mine_negatives(written("wait again", unit=None), UNITS, RANKER).is_empty()
