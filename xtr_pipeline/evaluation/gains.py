"""What the candidate gains over every other model, kind by kind, with paired tests."""

from __future__ import annotations

import polars as pl

from xtr_pipeline.evaluation.significance import compare_runs
from xtr_pipeline.evaluation.summary import group_rows

TESTED = ("R@10", "P@1", "nDCG@10")


def gains(report: pl.DataFrame, candidate: str, mode: str) -> pl.DataFrame:
    """Differences of the means over the same queries, in one mode.

    Args:
        report: Per-query metrics of all models (`evaluation.metrics.PER_QUERY_SCHEMA`).
        candidate: The model whose gains are wanted.
        mode: The mode that is compared; models that were not measured in it are left out.

    Returns:
        Columns kind, over, and for each tested metric its difference and "p (metric)": the one-sided p of a paired
        bootstrap over queries that the candidate is no better. Seeds are not resampled.
    """
    measured, rows = report.filter(pl.col("mode") == mode), []
    by_kind = {str(kind): frame for (kind,), frame in measured.group_by("kind", maintain_order=True)}
    for kind, frame in (group_rows(measured) | by_kind).items():
        runs = {str(model): run for (model,), run in frame.group_by("model", maintain_order=True)}
        for other in (name for name in runs if name != candidate and candidate in runs):
            tests = compare_runs(runs[candidate], runs[other], metrics=TESTED)
            row: dict[str, object] = {"kind": kind, "over": other}
            for metric, test in tests.items():
                row |= {metric: test.difference, f"p ({metric})": test.p_better}
            rows.append(row)
    return pl.DataFrame(rows)
