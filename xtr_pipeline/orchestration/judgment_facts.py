"""What a person sees of a repository's grades: agreement, the judge's biases, and what the labels can teach."""

from typing import Any

import polars as pl

from xtr_pipeline.evaluation.plots import grade_histogram
from xtr_pipeline.judge.agreement_report import agreement_table, leniency_table, position_table
from xtr_pipeline.judge.hard_negatives import bm25_table, hard_negative_share
from xtr_pipeline.orchestration.results import picture, table


def judgment_facts(queries: pl.DataFrame, grades: pl.DataFrame) -> dict[str, Any]:
    """Metadata of grade records of one or more repositories; empty where there are none."""
    if grades.is_empty():
        return {}
    facts: dict[str, Any] = {
        "grades": picture(grade_histogram(_counts(grades)), "histogram of grades"),
        "grades by BM25's rank": table(bm25_table(grades)),
        "queries with a hard negative": hard_negative_share(grades),
    }
    agreement = agreement_table(queries, grades)
    if agreement.height:
        kappas = agreement.row(0, named=True)
        facts["agreement of two judgings"] = table(agreement)
        # plain numbers show as a series over the materialisations
        facts |= {f"kappa, {name}": kappas[name] for name in ("quadratic", "binary") if kappas[name] is not None}
        facts["second judging by first grade"] = table(leniency_table(grades))
        facts["position in the list"] = table(position_table(grades))
    return facts


def _counts(grades: pl.DataFrame) -> dict[int, int]:
    return dict(grades.group_by("grade").len().sort("grade").iter_rows())
