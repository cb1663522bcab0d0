"""The candidate against every other model, over the same queries."""

from __future__ import annotations

import polars as pl
import pytest

from xtr_pipeline.evaluation.gains import gains
from xtr_pipeline_tests.evaluation.runs import run_of, shares

REPORT = pl.concat(
    [
        run_of({"conceptual": shares(50, 60), "keyword": shares(50, 50)}, model="judged"),
        run_of({"conceptual": shares(20, 60), "keyword": shares(50, 50)}, model="base"),
    ]
)


def test_every_kind_is_compared_with_every_other_model() -> None:
    table = gains(REPORT, "judged", REPORT["mode"][0])
    assert set(table["over"]) == {"base"}
    rows = {row["kind"]: row for row in table.iter_rows(named=True)}
    assert {"conceptual", "semantic", "keyword"} <= set(rows)
    assert rows["conceptual"]["R@10"] == pytest.approx(0.5)
    assert rows["conceptual"]["p (R@10)"] < 0.01
    # no difference at all is no gain
    assert (rows["keyword"]["R@10"], rows["keyword"]["p (R@10)"]) == (0.0, 1.0)


def test_a_model_that_was_not_measured_in_the_mode_is_left_out() -> None:
    other = REPORT.filter(pl.col("model") == "base").with_columns(model=pl.lit("bm25"), mode=pl.lit("bm25"))
    assert "bm25" not in gains(pl.concat([REPORT, other]), "judged", REPORT["mode"][0])["over"]
    assert gains(REPORT, "judged", "no such mode").is_empty()
