"""Every check of the graph, failing on a value made for it (passing is what the finished project shows)."""

import dagster as dg
import polars as pl
import pytest

from xtr_pipeline.orchestration.checks import eval_repo_problems
from xtr_pipeline_tests.orchestration.conftest import Bench


def evaluations(bench: Bench, asset: str, partition: str | None) -> dict[str, bool]:
    """Run the asset's checks on what is stored, without the asset."""
    defs = bench.defs()
    keys = [key for key in defs.resolve_asset_graph().asset_check_keys if key.asset_key == dg.AssetKey(asset)]
    job = defs.resolve_implicit_global_asset_job_def()
    selection = dg.AssetSelection.checks(*keys)
    subset = dg.define_asset_job("only_checks", selection=selection)
    job = dg.Definitions(
        assets=defs.assets, asset_checks=defs.asset_checks, resources=defs.resources, jobs=[subset]
    ).resolve_job_def("only_checks")
    result = job.execute_in_process(
        instance=bench.instance,
        partition_key=partition,
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    return {evaluation.check_name: evaluation.passed for evaluation in result.get_asset_check_evaluations()}


def alter(bench: Bench, name: str, change: pl.Expr | None = None, *, clear: bool = False) -> None:
    path = bench.project.files.storage / name
    frame = pl.read_parquet(path)
    (frame.clear() if clear else frame.with_columns(change)).write_parquet(path)


def test_all_checks_of_a_finished_project_pass(finished: Bench) -> None:
    assert evaluations(finished, "code_units", "alpha") == {"not_empty_and_parsed": True, "units_are_unique": True}
    assert evaluations(finished, "judgments", "alpha") == {"grades_are_sound": True, "labels_attach": True}
    assert evaluations(finished, "training_set", None) == {"no_eval_repo_in_training": True}
    assert evaluations(finished, "xtr_checkpoint", None) == {"loss_is_finite_and_falls": True}


def test_an_empty_corpus_fails(bench: Bench) -> None:
    bench.materialise("source_tree", "code_units", partition="alpha")
    alter(bench, "code_units/alpha.parquet", clear=True)
    assert evaluations(bench, "code_units", "alpha")["not_empty_and_parsed"] is False


def test_units_that_cannot_be_told_apart_fail(bench: Bench) -> None:
    bench.materialise("source_tree", "code_units", partition="alpha")
    alter(bench, "code_units/alpha.parquet", pl.lit("same").alias("unit_id"))
    assert evaluations(bench, "code_units", "alpha")["units_are_unique"] is False


def test_labels_that_lost_their_units_fail(bench: Bench) -> None:
    bench.driver().run()
    alter(bench, "code_units/alpha.parquet", pl.lit("elsewhere.py").alias("path"))
    path = bench.project.files.storage / "code_units" / "alpha.parquet"
    pl.read_parquet(path).with_columns(content_hash=pl.lit("0" * 64)).write_parquet(path)
    assert evaluations(bench, "judgments", "alpha")["labels_attach"] is False


@pytest.mark.parametrize("repo", ["delta", "Forbidden", "nowhere"])
def test_an_eval_reserved_or_unknown_repository_in_training_fails(bench: Bench, repo: str) -> None:
    bench.driver().run()
    alter(bench, "training_set.parquet", pl.lit(repo).alias("repo"))
    assert evaluations(bench, "training_set", None)["no_eval_repo_in_training"] is False
    (problem,) = eval_repo_problems(pl.DataFrame({"repo": [repo]}), bench.project)
    assert repo in problem


def test_grades_out_of_range_fail(bench: Bench) -> None:
    bench.driver().run()
    nine = pl.col("candidates").list.eval(
        pl.struct(
            pl.element().struct.field("unit_id"),
            pl.element().struct.field("text"),
            pl.lit(9, dtype=pl.Int8).alias("grade"),
        )
    )
    alter(bench, "judgments/alpha.parquet", nine)
    assert evaluations(bench, "judgments", "alpha")["grades_are_sound"] is False


def test_a_loss_that_rose_fails(bench: Bench) -> None:
    bench.driver().run()
    path = bench.project.files.storage / "xtr_checkpoint.json"
    path.write_text(path.read_text().replace('"losses": [', '"losses": [-1.0,'))
    assert evaluations(bench, "xtr_checkpoint", None)["loss_is_finite_and_falls"] is False
