"""The table of an ablation: figures with bounds by kind and by repository, and paired tests against two references."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from xtr_pipeline.evaluation.gains import TESTED
from xtr_pipeline.evaluation.report import frame_markdown, markdown_table, repo_figures, result_figures
from xtr_pipeline.evaluation.significance import compare_runs
from xtr_pipeline.evaluation.summary import group_rows


def ablation_markdown(measured: pl.DataFrame, references: Sequence[str], command: str) -> str:
    """The whole table as a page.

    Args:
        measured: Per-query frames of all arms (`evaluation.metrics.PER_QUERY_SCHEMA`).
        references: Arms that every other arm is compared with, in the same mode; absent ones are left out.
        command: What reproduces it.
    """
    parts = [
        "# Ablation on the dev repositories",
        f"`{command}` makes this page. Mean over queries, with 95% bounds (Wilson for P@1, bootstrap for the rest).",
        markdown_table(result_figures(measured)),
    ]
    for reference in references:
        if reference in set(measured["model"]):
            parts += [
                f"## Against `{reference}` in the same mode",
                "Difference of the means, and the two-sided p of a paired bootstrap over queries (not corrected for "
                "how many there are). Queries are resampled, seeds are not: what another seed would do is not in it.",
                frame_markdown(paired_tests(measured, reference), limit=1000),
            ]
    parts += ["## By repository, all kinds", markdown_table(repo_figures(measured))]
    return "\n\n".join(parts) + "\n"


def paired_tests(measured: pl.DataFrame, reference: str) -> pl.DataFrame:
    """Every arm against one, over the same queries in the same mode: all semantic ones, then by kind in semantic mode.

    BM25 has one mode and is compared with the reference in semantic mode.

    Returns:
        Columns kind, arm, mode, and for each tested metric its difference and "p (metric)".
    """
    rows = [row for kind, frame in group_rows(measured).items() for row in _tests(kind, frame, reference)]
    usual = measured.filter(pl.col("mode").is_in(["semantic", "bm25"]))
    for (kind,), frame in usual.group_by("kind", maintain_order=True):
        rows += _tests(str(kind), frame, reference)
    return pl.DataFrame(rows)


def _tests(kind: str, measured: pl.DataFrame, reference: str) -> Iterator[dict[str, object]]:
    against = {run["mode"][0]: run for run in measured.filter(pl.col("model") == reference).partition_by("mode")}
    others = measured.filter(pl.col("model") != reference)
    for run in others.partition_by("model", "mode", maintain_order=True):
        model, mode = run["model"][0], run["mode"][0]
        tests = compare_runs(run, against.get(mode, against["semantic"]), metrics=TESTED)
        row: dict[str, object] = {"kind": kind, "arm": model, "mode": mode}
        for metric, test in tests.items():
            row[metric] = test.difference
            row[f"p ({metric})"] = test.p_different
        yield row
