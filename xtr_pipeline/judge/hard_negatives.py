"""High for BM25 and low for the judge: the labels that teach meaning over words."""

from __future__ import annotations

import polars as pl

from xtr_pipeline.judge.records import GRADES, NEGATIVE_GRADE

TOP = 5
_RANKS = ((1, 1), (2, 5), (6, 10), (11, 40))


def bm25_table(grades: pl.DataFrame) -> pl.DataFrame:
    """First judgings by BM25's rank: pairs, and how many got each grade. Units that BM25 did not propose stand last."""
    ranked = _with_rank(grades)
    rows = []
    for low, high in _RANKS:
        inside = ranked.filter(pl.col("bm25").is_between(low, high))
        rows.append({"BM25 rank": f"{low}" if low == high else f"{low}-{high}", **_counts(inside)})
    rows.append({"BM25 rank": "not proposed", **_counts(ranked.filter(pl.col("bm25").is_null()))})
    return pl.DataFrame(rows)


def hard_negative_share(grades: pl.DataFrame) -> float | None:
    """Share of graded queries with at least one unit among BM25's first five that is graded 2 or less."""
    ranked = _with_rank(grades)
    if ranked.is_empty():
        return None
    hard = ranked.filter((pl.col("bm25") <= TOP) & (pl.col("grade") <= NEGATIVE_GRADE))
    return hard["query_id"].n_unique() / ranked["query_id"].n_unique()


def _with_rank(grades: pl.DataFrame) -> pl.DataFrame:
    """First judgings with BM25's rank of the unit, null where BM25 did not propose it."""
    of_bm25 = pl.element().filter(pl.element().struct.field("proposer") == "bm25").struct.field("rank")
    return grades.filter(pl.col("judging") == 1).select(
        "query_id", "grade", bm25=pl.col("proposed_by").list.eval(of_bm25).list.first()
    )


def _counts(pairs: pl.DataFrame) -> dict[str, int]:
    counts = {f"grade {grade}": int((pairs["grade"] == grade).sum()) for grade in GRADES}
    return {"pairs": pairs.height, **counts}
