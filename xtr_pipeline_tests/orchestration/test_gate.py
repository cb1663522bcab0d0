"""The gate in the graph: it blocks in a run, and it cannot be gone round by running the promotion alone."""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from xtr_pipeline.evaluation.metrics import METRICS
from xtr_pipeline.orchestration.verdicts import CANDIDATE
from xtr_pipeline.release.promotion import promoted_folder
from xtr_pipeline_tests.orchestration.conftest import Bench, make_bench


def gate_result(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    return next(evaluation for evaluation in result.get_asset_check_evaluations() if evaluation.check_name == "gate")


def forge(bench: Bench, value: float) -> None:
    """Put other figures of the candidate into the metrics that the report is made from."""
    path = Path(bench.project.storage) / "retrieval_metrics" / "delta.parquet"
    ours = pl.col("model") == CANDIDATE
    metrics = pl.read_parquet(path)
    metrics.with_columns(
        pl.when(ours).then(value).otherwise(pl.col(name)).alias(name) for name in METRICS
    ).write_parquet(path)


def failure(result: dg.ExecuteInProcessResult, step: str) -> str:
    event = next(event for event in result.all_events if event.is_step_failure and event.step_key == step)
    return str(event.step_failure_data.error)


def test_a_refused_candidate_is_not_promoted_in_the_same_run(bench: Bench) -> None:
    bench.driver().run()
    before = promoted_folder(bench.project.files.home)
    forge(bench, 0.0)
    result = bench.materialise("metrics_report", "promoted_checkpoint")
    assert not result.success
    assert not gate_result(result).passed
    assert "semantic R@10 is 0.000" in str(gate_result(result).description)
    assert "promoted_checkpoint" not in {event.step_key for event in result.all_events if event.is_step_success}
    assert promoted_folder(bench.project.files.home) == before


def test_running_the_promotion_alone_does_not_go_round_the_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(tmp_path, monkeypatch, promotable=False)
    with bench.instance:
        bench.driver().run()
        result = bench.materialise("promoted_checkpoint")
        assert not result.success
        assert "the gate refuses" in failure(result, "promoted_checkpoint")
        assert promoted_folder(bench.project.files.home) is None


def test_a_candidate_that_clears_the_gate_is_promoted_with_its_card(bench: Bench) -> None:
    bench.driver().run()
    forge(bench, 1.0)
    result = bench.materialise("metrics_report", "promoted_checkpoint")
    assert result.success
    assert gate_result(result).passed
    folder = promoted_folder(bench.project.files.home)
    assert folder is not None
    assert "delta" not in (folder / "README.md").read_text().split("Training data")[-1].split("##")[0]


def test_a_report_about_another_checkpoint_promotes_nothing(bench: Bench) -> None:
    bench.driver().run()
    forge(bench, 1.0)
    path = Path(bench.project.storage) / "retrieval_metrics" / "delta.parquet"
    pl.read_parquet(path).with_columns(fingerprint=pl.lit("another")).write_parquet(path)
    result = bench.materialise("metrics_report", "promoted_checkpoint")
    assert "another checkpoint" in failure(result, "promoted_checkpoint")


def test_a_report_that_lacks_queries_is_malformed_and_blocks(bench: Bench) -> None:
    bench.driver().run()
    path = Path(bench.project.storage) / "retrieval_metrics" / "delta.parquet"
    pl.read_parquet(path).filter(pl.col("kind") != "question").write_parquet(path)
    result = bench.materialise("metrics_report", "promoted_checkpoint")
    assert not result.success


def test_a_second_promotion_leaves_nothing_to_do(bench: Bench) -> None:
    bench.driver().run()
    first = promoted_folder(bench.project.files.home)
    shard = bench.project.files.ledger / "grades" / "alpha.jsonl"
    shard.write_text(shard.read_text().replace('"grade":1', '"grade":2').replace('"grade": 1', '"grade": 2'))
    bench.driver().run()
    forge(bench, 1.0)
    assert bench.materialise("metrics_report", "promoted_checkpoint").success
    second = promoted_folder(bench.project.files.home)
    assert first is not None
    assert second not in (None, first)
    assert bench.driver().plan() == []
