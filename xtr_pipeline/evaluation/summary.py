"""Means of the per-query metrics with their bounds: overall, by kind, by repo and by group of kinds."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from xtr_pipeline.evaluation.bounds import Interval, bootstrap_intervals, wilson_interval
from xtr_pipeline.evaluation.metrics import METRICS, PROPORTIONS
from xtr_pipeline.evaluation.queries import GROUPS
from xtr_pipeline.evaluation.resampling import RESAMPLES, SEED

Figures = dict[str, Any]
"""Metric name to {"value", "low", "high"}, and "queries": how many there were."""


def summarise(per_query: pl.DataFrame, *, seed: int = SEED, resamples: int = RESAMPLES) -> dict[str, Any]:
    """Summarise one run, that is the frame of one model in one mode.

    Returns:
        {"R@10": {"value", "low", "high"}, ..., "queries": n, "by_kind": {kind: the same}, "by_repo", "groups"}.
        Bounds are two-sided 95%: Wilson for the 0/1 metrics (P@1, Success@10), bootstrap over queries for the others.

    Raises:
        ValueError: the frame is empty, holds several runs, or a metric that is null or not finite.
    """
    runs = per_query.select("model", "mode").unique().rows()
    if len(runs) != 1:
        raise ValueError(f"summarise takes one model in one mode, not {len(runs)}: {sorted(runs)}")

    def part(rows: pl.DataFrame) -> Figures:
        return figures(rows, seed=seed, resamples=resamples)

    return {
        **part(per_query),
        "by_kind": {str(key[0]): part(rows) for key, rows in _split(per_query, "kind").items()},
        "by_repo": {str(key[0]): part(rows) for key, rows in _split(per_query, "repo").items()},
        "groups": {name: part(rows) for name, rows in group_rows(per_query).items()},
    }


def figures(rows: pl.DataFrame, *, seed: int = SEED, resamples: int = RESAMPLES) -> Figures:
    """Means and bounds of the metrics over the given queries."""
    values = rows.select(METRICS).to_numpy().astype(float)
    intervals: dict[str, Interval] = dict(
        zip(METRICS, bootstrap_intervals(values, seed=seed, resamples=resamples), strict=True)
    )
    for name in PROPORTIONS:
        intervals[name] = wilson_interval(float(rows[name].sum()), rows.height)
    means = dict(zip(METRICS, values.mean(axis=0).tolist(), strict=True))
    return {
        **{name: {"value": means[name], "low": intervals[name].low, "high": intervals[name].high} for name in METRICS},
        "queries": rows.height,
    }


def group_rows(per_query: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The rows of every group of kinds that has any."""
    groups = {name: per_query.filter(pl.col("kind").is_in(kinds)) for name, kinds in GROUPS.items()}
    return {name: rows for name, rows in groups.items() if rows.height}


def _split(per_query: pl.DataFrame, column: str) -> Mapping[tuple[Any, ...], pl.DataFrame]:
    return per_query.sort(column, "query_id").partition_by(column, as_dict=True, maintain_order=True)
