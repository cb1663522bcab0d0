"""The page of an ablation: figures, and paired tests against the same mode of a reference."""

import polars as pl
import pytest

from xtr_pipeline.ablation.table import ablation_markdown, paired_tests
from xtr_pipeline_tests.evaluation.runs import run_of, shares


def systems() -> pl.DataFrame:
    return pl.concat(
        [
            run_of({"conceptual": shares(8, 20), "keyword": shares(9, 10)}, model="bm25", mode="bm25"),
            run_of({"conceptual": shares(10, 20), "keyword": shares(9, 10)}, model="base", mode="semantic"),
            run_of({"conceptual": shares(12, 20), "keyword": shares(9, 10)}, model="base", mode="xtr"),
            run_of({"conceptual": shares(19, 20), "keyword": shares(2, 10)}, model="judged", mode="semantic"),
            run_of({"conceptual": shares(12, 20), "keyword": shares(2, 10)}, model="judged", mode="xtr"),
        ]
    )


def test_an_arm_is_compared_over_semantic_queries_with_the_reference_in_its_own_mode() -> None:
    rows = [row for row in paired_tests(systems(), "base").iter_rows(named=True) if row["kind"] == "semantic"]
    tests = {(row["arm"], row["mode"]): row for row in rows}
    assert set(tests) == {("bm25", "bm25"), ("judged", "semantic"), ("judged", "xtr")}
    assert tests["judged", "semantic"]["R@10"] == pytest.approx(9 / 20)
    assert tests["judged", "semantic"]["p (R@10)"] < 0.01
    assert tests["judged", "xtr"]["R@10"] == 0
    assert tests["judged", "xtr"]["p (R@10)"] == 1
    assert tests["bm25", "bm25"]["R@10"] == pytest.approx(-2 / 20)


def test_every_kind_is_compared_by_itself_in_the_mode_that_users_run() -> None:
    rows = [row for row in paired_tests(systems(), "base").iter_rows(named=True) if row["kind"] != "semantic"]
    tests = {(row["kind"], row["arm"], row["mode"]): row for row in rows}
    kinds, arms = ("conceptual", "keyword"), (("bm25", "bm25"), ("judged", "semantic"))
    assert set(tests) == {(kind, *arm) for kind in kinds for arm in arms}
    assert tests["keyword", "judged", "semantic"]["R@10"] == pytest.approx(-7 / 10)
    assert tests["keyword", "judged", "semantic"]["p (R@10)"] < 0.01
    assert tests["conceptual", "judged", "semantic"]["R@10"] == pytest.approx(9 / 20)


def test_the_page_holds_the_command_every_system_and_every_reference_that_was_measured() -> None:
    page = ablation_markdown(systems(), ["base", "absent"], "xtr ablate")
    assert "`xtr ablate` makes this page" in page
    assert "Against `base`" in page
    assert "absent" not in page
    assert "| semantic | judged | xtr | 20 |" in page
    assert "| repo1 | bm25 | bm25 |" in page
