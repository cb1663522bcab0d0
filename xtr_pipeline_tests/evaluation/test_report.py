"""Result tables for terminals and metadata."""

import polars as pl
import pytest
from rich.console import Console

from xtr_pipeline.evaluation.gate import Thresholds, judge_promotion
from xtr_pipeline.evaluation.report import (
    frame_markdown,
    markdown_table,
    repo_figures,
    result_figures,
    rich_table,
    verdict_markdown,
)
from xtr_pipeline_tests.evaluation.runs import run_of, shares

VALUES = {"keyword": shares(3, 4), "conceptual": shares(1, 4), "question": shares(2, 4)}
RUNS = pl.concat([run_of(VALUES, "bm25", "bm25"), run_of(VALUES, "base"), run_of(VALUES, "judged")])


def test_figures_have_a_row_for_every_kind_and_run_with_groups_first_and_all_last():
    results = result_figures(RUNS, resamples=200)
    assert results["kind"].unique(maintain_order=True).to_list() == [
        "semantic",
        "conceptual",
        "question",
        "keyword",
        "all",
    ]
    assert results.filter(kind="semantic").select("model", "mode", "queries", "R@10").rows() == [
        ("bm25", "bm25", 8, 3 / 8),
        ("base", "semantic", 8, 3 / 8),
        ("judged", "semantic", 8, 3 / 8),
    ]
    assert results.filter(kind="all")["R@10"].to_list() == [0.5] * 3


def test_figures_by_repo_name_the_repos():
    results = repo_figures(RUNS, resamples=200)
    assert results.columns[0] == "repo"
    assert results.select("repo", "model", "queries").rows()[:3] == [
        ("repo0", "bm25", 6),
        ("repo0", "base", 6),
        ("repo0", "judged", 6),
    ]


def test_the_rich_table_shows_figures_with_bounds():
    console = Console(width=160, force_terminal=False)
    with console.capture() as captured:
        console.print(rich_table(result_figures(RUNS, resamples=200)))
    text = captured.get()
    assert "semantic" in text
    assert "judged" in text
    assert "0.375 (0.14-0.69)" in text


def test_the_markdown_table_has_a_row_for_every_figure():
    results = result_figures(RUNS, resamples=200)
    lines = markdown_table(results).splitlines()
    assert lines[0] == "| kind | model | mode | queries | R@10 | P@1 | MRR | nDCG@10 |"
    assert len(lines) == 2 + results.height
    assert lines[2].startswith("| semantic | bm25 | bm25 | 8 | 0.375 (")


def test_the_verdict_shows_every_condition_and_reason():
    verdict = judge_promotion(run_of(VALUES), None, Thresholds(resamples=100))
    text = verdict_markdown(verdict)
    assert text.startswith("**Refused**")
    assert all(f"- {reason}" in text for reason in verdict.reasons)
    assert "| keyword P@1 | 0.750 | >= 0.900 | -0.150 | NO |" in text


def test_a_passed_verdict_says_so():
    good = {kind: [1.0] * 20 for kind in VALUES}
    assert "**Passed**\n\nEvery condition is met." in verdict_markdown(judge_promotion(run_of(good), None))


@pytest.mark.parametrize(("limit", "rest"), [(1, "1 more rows"), (2, None)])
def test_a_frame_is_shown_up_to_a_limit_with_cells_that_cannot_break_the_table(limit: int, rest: str | None):
    frame = pl.DataFrame(
        {"query": ["a|b", "c\nd"], "rank": [None, 3], "won": [["x.py", "y.py"], []], "score": [0.5, 1]}
    )
    text = frame_markdown(frame, limit)
    assert "| a\\|b | - | x.py, y.py | 0.500 |" in text
    assert (rest in text) if rest else "more rows" not in text
