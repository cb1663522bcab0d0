"""What the ledger holds, in figures."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import polars as pl

from xtr_pipeline.judge.agreement import measure_agreement
from xtr_pipeline.judge.asked_records import file_subject
from xtr_pipeline.judge.hard_negatives import hard_negative_share
from xtr_pipeline.judge.query_subjects import about_file, from_area, from_file
from xtr_pipeline.judge.records import GRADES, POSITIVE_GRADE


def ledger_status(queries: pl.DataFrame, grades: pl.DataFrame, asked: pl.DataFrame) -> dict[str, Any]:
    """Counts, histogram, account and agreement of a ledger; every figure is computed from its records alone.

    `pairs` are distinct (query, unit) pairs, `judgments` are grade records. `bad_queries` are graded queries whose own
    source unit, or any unit of the file that they are about, is not graded 4 or better by their first judging.
    `hard_negative_share` is the share of graded queries with a unit among BM25's first five that is graded 2 or less.
    `files` are those that queries were written about as a whole, each shown alone; `files_in_areas` those that queries
    lead to whose writer saw them among their neighbours. `asked`, `answered` and `quarantined` count requests
    (a unit, file or area that queries were wanted for, a query's pool in one judging); `money` is in the price table's
    currency.
    """
    pairs = grades.select("query_id", "unit_hash").unique()
    first = grades.filter(pl.col("judging") == 1)
    agreement = measure_agreement(grades)
    histogram = dict(grades.group_by("grade").len().iter_rows())
    return {
        "queries": queries.height,
        "files": queries.filter(from_file()).select("repo", "path").n_unique(),
        "files_in_areas": queries.filter(from_area()).select("repo", "path").n_unique(),
        "queries_by_kind": _counts(queries, "kind"),
        "queries_by_repo": _counts(queries, "repo"),
        "graded_queries": grades["query_id"].n_unique(),
        "graded_queries_by_repo": _counts(grades.unique("query_id"), "repo"),
        "pairs": pairs.height,
        "judgments": grades.height,
        "second_judgings": grades.filter(pl.col("judging") == 2).height,
        "judges": _counts(grades, "judge"),
        "writers": _counts(queries, "writer"),
        "rubric_versions": _counts(grades, "rubric_version"),
        "prompt_versions": _counts(queries, "prompt_version"),
        "grades": {str(grade): histogram.get(grade, 0) for grade in GRADES},
        "bad_queries": _bad_queries(queries, first),
        "hard_negative_share": hard_negative_share(grades),
        **_account(queries, grades, asked),
        "judged_twice": agreement.pairs,
        **{
            name: part
            for name, kappa in asdict(agreement).items()
            if name.startswith("kappa")
            for name, part in ((name, kappa["value"]), (f"{name}_low", kappa["low"]), (f"{name}_high", kappa["high"]))
        },
        "mean_shift": agreement.mean_shift,
    }


def _bad_queries(queries: pl.DataFrame, first: pl.DataFrame) -> int:
    own = first.join(
        queries.filter(~about_file()).select("query_id", "unit_hash"), on=["query_id", "unit_hash"], how="semi"
    )
    files = first.join(queries.filter(about_file()).select("query_id", "path"), on=["query_id", "path"], how="semi")
    best = pl.concat([own, files]).group_by("query_id").agg(pl.max("grade"))
    return best.filter(pl.col("grade") < POSITIVE_GRADE).height


def _account(queries: pl.DataFrame, grades: pl.DataFrame, asked: pl.DataFrame) -> dict[str, Any]:
    """Requests asked, answered and quarantined, tokens and money.

    A label whose answer the account does not hold (it is older than the account) counts as a request by itself; no
    label from an area is so old.
    """
    labelled = {
        *(f"unit-{unit[:16]}" for unit in queries.filter(~about_file())["unit_hash"]),
        *(file_subject(*row) for row in queries.filter(from_file()).select("repo", "path").unique().iter_rows()),
        *(f"query-{query}-{turn}" for query, turn in grades.select("query_id", "judging").unique().iter_rows()),
    }
    sound = asked.filter(pl.col("outcome") != "quarantined")["subject"].to_list()
    answered = labelled | set(sound)
    known = answered | set(asked["subject"].to_list())
    tokens = asked.select(pl.col("prompt_tokens", "completion_tokens").sum()).row(0)
    return {
        "asked": len(known),
        "answered": len(answered),
        "quarantined": len(known - answered),
        "declined": len(set(asked.filter(pl.col("outcome") == "declined")["subject"].to_list()) - labelled),
        "tokens": int(sum(count or 0 for count in tokens)),
        "money": round(float(asked["money"].sum() or 0.0), 6),
    }


def _counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(frame.group_by(column).len().sort(column).iter_rows())
