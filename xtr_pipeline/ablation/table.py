"""The table of an ablation: figures with bounds by kind and by repository, and paired tests against two references."""

from __future__ import annotations

from collections.abc import Sequence

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
                f"## Semantic queries, against `{reference}` in the same mode",
                "Difference of the means, and the two-sided p of a paired bootstrap over queries (not corrected for "
                "how many there are). Queries are resampled, seeds are not: what another seed would do is not in it.",
                frame_markdown(paired_tests(measured, reference), limit=200),
            ]
    parts += ["## By repository, all kinds", markdown_table(repo_figures(measured))]
    return "\n\n".join(parts) + "\n"


def paired_tests(measured: pl.DataFrame, reference: str) -> pl.DataFrame:
    """Every arm against one, over the same semantic queries in the same mode.

    BM25 has one mode and is compared with the reference in semantic mode.

    Returns:
        Columns arm, mode, and for each tested metric its difference and "p (metric)".
    """
    semantic = group_rows(measured)["semantic"]
    against = {run["mode"][0]: run for run in semantic.filter(pl.col("model") == reference).partition_by("mode")}
    rows = []
    for run in semantic.filter(pl.col("model") != reference).partition_by("model", "mode", maintain_order=True):
        model, mode = run["model"][0], run["mode"][0]
        tests = compare_runs(run, against.get(mode, against["semantic"]), metrics=TESTED)
        row: dict[str, object] = {"arm": model, "mode": mode}
        for metric, test in tests.items():
            row[metric] = test.difference
            row[f"p ({metric})"] = min(1.0, 2 * min(test.p_worse, test.p_better))
        rows.append(row)
    return pl.DataFrame(rows)
