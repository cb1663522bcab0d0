"""Per-query frames made by hand."""

from collections.abc import Sequence

import polars as pl

from xtr_pipeline.evaluation.metrics import METRICS, PER_QUERY_SCHEMA


def run_of(values: dict[str, Sequence[float]], model: str = "candidate", mode: str = "semantic") -> pl.DataFrame:
    """One query a value; every metric of a query has that value, whatever it means."""
    rows = [
        {
            "model": model,
            "mode": mode,
            "query_id": f"{kind}-{position:03d}",
            "repo": f"repo{position % 2}",
            "kind": kind,
            **dict.fromkeys(METRICS, float(value)),
            "first_rank": 1 if value else None,
            "ranked": ["src/won.py"],
        }
        for kind, row in values.items()
        for position, value in enumerate(row)
    ]
    return pl.DataFrame(rows, schema=PER_QUERY_SCHEMA)


def shares(hits: int, queries: int) -> list[float]:
    """`hits` ones followed by zeros."""
    return [1.0] * hits + [0.0] * (queries - hits)
