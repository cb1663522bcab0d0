"""Agreement in tables: over all, by kind and by repo; and the biases that a judge may have."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from xtr_pipeline.judge.agreement import RESAMPLES, SEED, Agreement, agreement_of, judged_twice
from xtr_pipeline.judge.records import GRADES, QUERY_KINDS


def agreement_report(queries: pl.DataFrame, grades: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The tables of `xtr judge agree`, by title."""
    return {
        "agreement": agreement_table(queries, grades),
        "grades by judging": grade_shares(grades),
        "second judging by first grade": leniency_table(grades),
        "position in the list": position_table(grades),
    }


def agreement_table(queries: pl.DataFrame, grades: pl.DataFrame) -> pl.DataFrame:
    """Kappas with bounds over all pairs that were judged twice, by kind and by repo."""
    pairs = judged_twice(grades).join(queries.select("query_id", "kind"), on="query_id", how="left")
    groups = [("all", pairs)]
    groups += [(kind, pairs.filter(pl.col("kind") == kind)) for kind in QUERY_KINDS]
    groups += [(repo, pairs.filter(pl.col("repo") == repo)) for repo in sorted(pairs["repo"].unique())]
    rows = [_row(name, agreement_of(group)) for name, group in groups if group.height]
    return pl.DataFrame(rows, infer_schema_length=None)


def grade_shares(grades: pl.DataFrame) -> pl.DataFrame:
    """How often each judging gave each grade: judging, judgments, and a share for every grade."""
    rows: list[dict[str, Any]] = []
    for judging in sorted(grades["judging"].unique()):
        given = grades.filter(pl.col("judging") == judging)["grade"]
        shares = {f"grade {grade}": round(int((given == grade).sum()) / len(given), 3) for grade in GRADES}
        rows.append({"judging": judging, "judgments": len(given), **shares})
    return pl.DataFrame(rows)


def leniency_table(grades: pl.DataFrame) -> pl.DataFrame:
    """What the second judging gave where the first gave a grade: pairs, mean, share of the same, mean shift."""
    return (
        judged_twice(grades)
        .group_by(first="first")
        .agg(
            pairs=pl.len(),
            mean_second=pl.col("second").mean().round(2),
            same=(pl.col("second") == pl.col("first")).mean().round(3),
            shift=(pl.col("second").cast(pl.Float64) - pl.col("first")).mean().round(3),
        )
        .sort("first")
    )


def position_table(grades: pl.DataFrame) -> pl.DataFrame:
    """Whether the place in the list moves a grade: the order is drawn at random, so that it should not.

    Two slopes in grades a place, with bounds from a bootstrap over queries: of all first judgings' grades over their
    places, and, for pairs judged twice, of the change of the grade over the change of the place.
    """
    first = grades.filter(pl.col("judging") == 1).select(
        "query_id", moved=pl.col("position").cast(pl.Float64), grade=pl.col("grade").cast(pl.Float64)
    )
    twice = judged_twice(grades).select(
        "query_id",
        moved=pl.col("second_position").cast(pl.Float64) - pl.col("first_position"),
        grade=pl.col("second").cast(pl.Float64) - pl.col("first"),
    )
    rows = [
        {"of": name, "pairs": frame.height, **_slope(frame)}
        for name, frame in (("grades, first judging", first), ("changes, judged twice", twice))
        if frame["query_id"].n_unique() > 1
    ]
    return pl.DataFrame(rows, schema={"of": pl.String(), "pairs": pl.Int64(), **dict.fromkeys(_SLOPE, pl.Float64())})


_SLOPE = ("grades_a_place", "low", "high")


def _slope(frame: pl.DataFrame) -> dict[str, float | None]:
    """Least-squares slope of grade over place, from sums over queries, so that queries can be drawn again.

    All None where no place differs from another.
    """
    x, y = pl.col("moved"), pl.col("grade")
    sums = (
        frame.group_by("query_id")
        .agg(n=pl.len(), x=x.sum(), y=y.sum(), xx=(x * x).sum(), xy=(x * y).sum())
        .sort("query_id")
        .select("n", "x", "y", "xx", "xy")
        .to_numpy()
        .astype(np.float64)
    )
    random = np.random.default_rng(SEED)
    drawn = random.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=RESAMPLES) @ sums
    slopes = np.array([_least_squares(*row) for row in (sums.sum(axis=0), *drawn)])
    if np.isnan(slopes[0]):
        return dict.fromkeys(_SLOPE)
    low, high = np.nanquantile(slopes[1:], (0.025, 0.975))
    return dict(zip(_SLOPE, (round(float(value), 4) for value in (slopes[0], low, high)), strict=True))


def _least_squares(n: float, x: float, y: float, xx: float, xy: float) -> float:
    spread = n * xx - x * x
    return (n * xy - x * y) / spread if spread > 0 else float("nan")


def _row(name: str, agreement: Agreement) -> dict[str, Any]:
    row: dict[str, Any] = {"of": name, "queries": agreement.queries, "pairs": agreement.pairs}
    for label, kappa in (
        ("kappa", agreement.kappa),
        ("quadratic", agreement.kappa_quadratic),
        ("binary", agreement.kappa_binary),
    ):
        row |= {label: kappa.value, f"{label}_low": kappa.low, f"{label}_high": kappa.high}
    return {**row, "shift": agreement.mean_shift}
