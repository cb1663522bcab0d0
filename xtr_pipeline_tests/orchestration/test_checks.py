"""Every check of the graph, passing in a finished project and failing on a value made for it."""

import json
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest
from dagster import AssetCheckKey, AssetKey

from xtr_pipeline.judge.ledger import append_grades
from xtr_pipeline_tests.orchestration.conftest import Bench


def check(bench: Bench, asset: str, name: str) -> dg.AssetChecksDefinition:
    key = AssetCheckKey(AssetKey(asset), name)
    return next(each for each in bench.defs().asset_checks or [] if key in each.check_keys)


def stored(bench: Bench, name: str) -> Any:
    path = Path(bench.project.storage) / name
    return json.loads(path.read_text()) if path.suffix == ".json" else pl.read_parquet(path)


def verdict(bench: Bench, asset: str, name: str, value: Any) -> dg.AssetCheckResult:
    return check(bench, asset, name)(bench.project, value)


def test_every_check_ran_and_passed_in_the_main_job(finished: Bench) -> None:
    keys = list(finished.defs().resolve_asset_graph().asset_check_keys)
    latest = finished.instance.event_log_storage.get_latest_asset_check_execution_by_key(keys)
    assert {key.to_user_string(): str(record.status) for key, record in latest.items()} == {
        key.to_user_string(): "AssetCheckExecutionRecordStatus.SUCCEEDED" for key in keys
    }


def test_an_empty_corpus_fails(finished: Bench) -> None:
    units = stored(finished, "code_units/alpha.parquet")
    assert verdict(finished, "code_units", "not_empty_and_parsed", units).passed
    assert not verdict(finished, "code_units", "not_empty_and_parsed", units.clear()).passed


def test_units_that_cannot_be_told_apart_fail(finished: Bench) -> None:
    units = stored(finished, "code_units/alpha.parquet")
    assert verdict(finished, "code_units", "units_are_unique", units).passed
    same = verdict(finished, "code_units", "units_are_unique", units.with_columns(unit_id=pl.lit("same")))
    assert not same.passed
    assert "same" in str(same.description)


def test_labels_that_lost_their_units_fail(finished: Bench) -> None:
    units, queries = stored(finished, "code_units/alpha.parquet"), stored(finished, "queries/alpha.parquet")
    elsewhere = units.with_columns(path=pl.lit("elsewhere.py"), content_hash=pl.lit("0" * 64))
    labels_attach = check(finished, "judgments", "labels_attach")
    for corpus, passes in ((units, True), (elsewhere, False)):
        context = dg.build_asset_context(partition_key="alpha")
        result = labels_attach(context, finished.project, queries=queries, code_units=corpus)
        assert result.passed is passes


@pytest.mark.parametrize("name", ["training_set", "docstring_set", "dev_set"])
@pytest.mark.parametrize("repo", ["delta", "Forbidden", "nowhere"])
def test_an_eval_reserved_or_unknown_repository_in_training_fails(finished: Bench, name: str, repo: str) -> None:
    examples = stored(finished, f"{name}.parquet")
    assert verdict(finished, name, "no_eval_repo_in_training", examples).passed
    result = verdict(finished, name, "no_eval_repo_in_training", examples.with_columns(repo=pl.lit(repo)))
    assert not result.passed
    assert repo in str(result.description)


@pytest.mark.parametrize("table", ["queries", "grades", "asked"])
@pytest.mark.parametrize("repo", ["delta", "forbidden", "nowhere"])
def test_labels_of_an_eval_reserved_or_unknown_repository_in_the_ledger_fail(
    bench: Bench, table: str, repo: str
) -> None:
    no_eval_repo = check(bench, "judgments", "no_eval_repo_in_ledger")
    assert no_eval_repo(bench.project).passed
    shard = bench.project.files.ledger / table / f"{repo}.jsonl"
    shard.parent.mkdir(exist_ok=True)
    shard.write_text("")
    result = no_eval_repo(bench.project)
    assert not result.passed
    assert repo in str(result.description)


def test_a_judge_that_does_not_discriminate_fails(bench: Bench) -> None:
    bench.materialise("source_tree", "code_units", partition="alpha")
    bench.materialise("queries", partition="alpha")
    queries = stored(bench, "queries/alpha.parquet")
    grades_are_sound = check(bench, "judgments", "grades_are_sound")
    context = dg.build_asset_context(partition_key="alpha")
    assert grades_are_sound(context, bench.project, queries=queries).passed
    shard = bench.project.files.ledger / "grades" / "alpha.jsonl"
    records = [json.loads(line) for line in shard.read_text().splitlines()]
    many = [
        {**record, "grade": 1, "unit_hash": f"{copy:02d}{record['unit_hash'][2:]}"}
        for record in records
        for copy in range(9)
    ]
    shard.unlink()
    append_grades(bench.project.files.ledger, many)
    result = grades_are_sound(context, bench.project, queries=queries)
    assert not result.passed
    assert "100% of the grades are 1" in str(result.description)


@pytest.mark.parametrize("asset", ["docstring_checkpoint", "xtr_checkpoint"])
def test_a_loss_that_rose_or_is_no_number_fails(finished: Bench, asset: str) -> None:
    record = stored(finished, f"{asset}.json")
    assert verdict(finished, asset, "loss_is_finite_and_falls", record).passed
    for losses in ([1.0, 2.0], [1.0, float("nan")]):
        assert not verdict(finished, asset, "loss_is_finite_and_falls", {**record, "losses": losses}).passed
