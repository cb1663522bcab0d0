"""The machine-readable report of one evaluated run."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from xtr_pipeline.evaluation.metrics import METRICS
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.evaluation.summary import summarise

_PARTS = ("by_kind", "by_repo", "groups")


def json_report(per_query: pl.DataFrame, queries: Sequence[EvalQuery], facts: Mapping[str, str]) -> dict[str, Any]:
    """Figures, bounds and ranks of one run, ready for `json.dumps`.

    Args:
        per_query: frame of metrics.PER_QUERY_SCHEMA of one model in one mode.
        queries: the spec, for the query texts.
        facts: what else to state first, e.g. model, fingerprint, mode, spec and its sha256.

    Returns:
        The facts; "queries": how many; "R@10", "P@1", "MRR", "nDCG@10", "Success@10" as plain numbers, over all queries
        and again under "by_kind", "by_repo" and "groups" (semantic: conceptual + question); "bounds" of the same shape
        with {"low", "high"} (two-sided 95%) in place of numbers; "per_query": a list with the metrics, the rank of the
        first relevant file (null: not found) and the ten best paths.
    """
    summary = summarise(per_query)
    texts = {query.id: query for query in queries}
    ranks = [
        {
            "id": row["query_id"],
            "repo": row["repo"],
            "kind": row["kind"],
            "query": texts[row["query_id"]].query,
            "relevant": list(texts[row["query_id"]].relevant),
            **{metric: row[metric] for metric in METRICS},
            "first_rank": row["first_rank"],
            "ranked": row["ranked"],
        }
        for row in per_query.iter_rows(named=True)
    ]
    return {**facts, **_values(summary), "bounds": _bounds(summary), "per_query": ranks}


def _values(summary: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"queries": summary["queries"]}
    values |= {metric: summary[metric]["value"] for metric in METRICS}
    return values | {
        part: {name: _values(figures) for name, figures in summary[part].items()} for part in _PARTS if part in summary
    }


def _bounds(summary: Mapping[str, Any]) -> dict[str, Any]:
    bounds: dict[str, Any] = {
        metric: {"low": summary[metric]["low"], "high": summary[metric]["high"]} for metric in METRICS
    }
    return bounds | {
        part: {name: _bounds(figures) for name, figures in summary[part].items()} for part in _PARTS if part in summary
    }
