"""Cleaning up after a killed job."""

import dagster as dg
from dagster import AssetCheckKey, AssetKey
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.events import DagsterEvent, DagsterEventType

from xtr_pipeline.orchestration.outside import outside_versions
from xtr_pipeline.orchestration.recovery import DRIVER_TAG, bury_dead_runs
from xtr_pipeline.orchestration.versions import Versions
from xtr_pipeline_tests.orchestration.conftest import Bench


def start_run(bench: Bench, tags: dict[str, str]) -> dg.DagsterRun:
    job = bench.defs().resolve_implicit_global_asset_job_def()
    run = bench.instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.STARTED)
    bench.instance.event_log_storage.claim_concurrency_slot("mlx", run.run_id, "xtr_checkpoint")
    return run


def slots(bench: Bench) -> int:
    return len(bench.instance.event_log_storage.get_concurrency_info("mlx").claimed_slots)


def test_a_killed_jobs_run_ends_and_gives_its_slot_back(bench: Bench) -> None:
    bench.instance.event_log_storage.set_concurrency_slots("mlx", 1)
    run = start_run(bench, {DRIVER_TAG: "1"})
    assert slots(bench) == 1
    assert bury_dead_runs(bench.instance) == 1
    assert bench.instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE
    assert slots(bench) == 0
    assert bury_dead_runs(bench.instance) == 0


def test_a_run_that_somebody_else_started_is_left_alone(bench: Bench) -> None:
    bench.instance.event_log_storage.set_concurrency_slots("mlx", 1)
    run = start_run(bench, {})
    assert bury_dead_runs(bench.instance) == 0
    assert bench.instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.STARTED


def test_a_check_that_a_killed_job_only_planned_has_not_passed(bench: Bench) -> None:
    run = start_run(bench, {DRIVER_TAG: "1"})
    # unpartitioned, so that the record of the check is found without a partition
    key, name = AssetKey("training_set"), "no_eval_repo_in_training"
    planned = AssetCheckEvaluationPlanned(asset_key=key, check_name=name)
    kind = DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value
    bench.instance.report_dagster_event(DagsterEvent(kind, run.job_name, event_specific_data=planned), run.run_id)
    check = AssetCheckKey(key, name)
    storage = bench.instance.event_log_storage
    assert str(storage.get_latest_asset_check_execution_by_key([check])[check].status).endswith("PLANNED")
    versions = Versions(bench.instance, bench.defs().resolve_asset_graph(), outside_versions(bench.project))
    assert not versions.is_checked(key, None)
