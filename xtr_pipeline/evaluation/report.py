"""Result tables: one row per kind of query, model and mode, for terminals (rich) and Dagster metadata (markdown)."""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl
from rich.table import Table

from xtr_pipeline.evaluation.gate import Verdict
from xtr_pipeline.evaluation.metrics import METRICS
from xtr_pipeline.evaluation.queries import KINDS
from xtr_pipeline.evaluation.resampling import RESAMPLES, SEED
from xtr_pipeline.evaluation.summary import figures, group_rows

SHOWN = ("R@10", "P@1", "MRR", "nDCG@10")
"""The metrics of the printed table; Success@10 is in the figures and in the JSON report."""


def result_figures(per_query: pl.DataFrame, *, seed: int = SEED, resamples: int = RESAMPLES) -> pl.DataFrame:
    """Means and two-sided 95% bounds of every run in the frame, by kind of query.

    Args:
        per_query: frame of metrics.PER_QUERY_SCHEMA with any number of models and modes; they keep their order.
        seed: seed of the bootstrap.
        resamples: resamples of the bootstrap.

    Returns:
        Columns kind (groups of kinds first, then kinds, then "all"), model, mode, queries, and for every metric its
        name, name_low and name_high.
    """
    return _figures("kind", _kinds(per_query), seed, resamples)


def repo_figures(per_query: pl.DataFrame, *, seed: int = SEED, resamples: int = RESAMPLES) -> pl.DataFrame:
    """The same figures by repo, in the column `repo` instead of `kind`."""
    repos = per_query["repo"].unique().sort().to_list()
    return _figures("repo", ((repo, per_query.filter(pl.col("repo") == repo)) for repo in repos), seed, resamples)


def rich_table(results: pl.DataFrame, title: str = "Retrieval of files", metrics: Sequence[str] = SHOWN) -> Table:
    """The figures (by kind or by repo) as a rich table, with a rule between kinds."""
    table = Table(title=title, caption="mean over queries (95% bounds: Wilson for P@1, bootstrap for the rest)")
    part = results.columns[0]
    for name in (part, "model", "mode"):
        table.add_column(name, no_wrap=True)
    for name in ("queries", *metrics):
        table.add_column(name, justify="right", no_wrap=True)
    parts = results[part].to_list()
    for position, row in enumerate(results.iter_rows(named=True)):
        last = position + 1 == len(parts) or parts[position + 1] != row[part]
        table.add_row(*_row(row, part, metrics), end_section=last)
    return table


def markdown_table(results: pl.DataFrame, metrics: Sequence[str] = SHOWN) -> str:
    """The figures (by kind or by repo) as a markdown table."""
    part = results.columns[0]
    rows = (_row(row, part, metrics) for row in results.iter_rows(named=True))
    return _markdown((part, "model", "mode", "queries", *metrics), rows)


def verdict_markdown(verdict: Verdict) -> str:
    """The gate's verdict: the decision, the reasons, and a table of all conditions."""
    lines = ["**Passed**" if verdict.passed else "**Refused**", ""]
    lines += [f"- {reason}" for reason in verdict.reasons] or ["Every condition is met."]
    rows = (
        [condition.name, f"{condition.value:.3f}", condition.needed, f"{condition.margin:+.3f}", _yes(condition.met)]
        for condition in verdict.conditions
    )
    return "\n".join([*lines, "", _markdown(("condition", "measured", "needed", "margin", "met"), rows)])


def frame_markdown(frame: pl.DataFrame, limit: int = 50) -> str:
    """Any small frame as a markdown table of at most `limit` rows, e.g. the missed queries."""
    rows = ([_plain(value) for value in row] for row in frame.head(limit).iter_rows())
    rest = frame.height - limit
    return _markdown(frame.columns, rows) + (f"\n\n… and {rest} more rows" if rest > 0 else "")


def _figures(name: str, parts: Iterable[tuple[str, pl.DataFrame]], seed: int, resamples: int) -> pl.DataFrame:
    rows = []
    for part, queries in parts:
        for run in queries.partition_by("model", "mode", maintain_order=True):
            values = figures(run, seed=seed, resamples=resamples)
            row = {name: part, "model": run["model"][0], "mode": run["mode"][0], "queries": run.height}
            for metric in METRICS:
                row |= {metric: values[metric]["value"]}
                row |= {f"{metric}_{side}": values[metric][side] for side in ("low", "high")}
            rows.append(row)
    return pl.DataFrame(rows)


def _kinds(per_query: pl.DataFrame) -> Iterable[tuple[str, pl.DataFrame]]:
    yield from group_rows(per_query).items()
    found = per_query["kind"].unique(maintain_order=True).to_list()
    for kind in sorted(found, key=lambda name: (KINDS.index(name) if name in KINDS else len(KINDS), name)):
        yield kind, per_query.filter(pl.col("kind") == kind)
    yield "all", per_query


def _row(row: dict[str, Any], part: str, metrics: Sequence[str]) -> list[str]:
    return [row[part], row["model"], row["mode"], str(row["queries"]), *(_cell(row, metric) for metric in metrics)]


def _cell(row: dict[str, Any], metric: str) -> str:
    return f"{row[metric]:.3f} ({row[f'{metric}_low']:.2f}-{row[f'{metric}_high']:.2f})"


def _plain(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _yes(met: bool) -> str:
    return "yes" if met else "NO"


def _markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = ["| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(header) + " |", "|" + "---|" * len(header), *body])
