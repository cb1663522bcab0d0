"""The nightly schedule starts nothing when nothing changed, and the job does what is due."""

import dagster as dg

from xtr_pipeline_tests.orchestration.conftest import Bench


def tick(bench: Bench) -> object:
    defs = bench.defs()
    repository = defs.get_repository_def()
    context = dg.build_schedule_context(instance=bench.instance, repository_def=repository)
    return repository.get_schedule_def("nightly_schedule").evaluate_tick(context)


def test_with_nothing_changed_the_schedule_says_so_and_starts_nothing(finished: Bench) -> None:
    data = tick(finished)
    assert data.run_requests == []
    assert data.skip_message == "nothing changed: every asset is up to date with its inputs"


def test_the_nightly_job_brings_a_new_project_up_to_date(bench: Bench) -> None:
    (request,) = tick(bench).run_requests
    assert request.tags["xtr/due"] == "14"
    job = bench.defs().get_repository_def().get_job("nightly")
    result = job.execute_in_process(instance=bench.instance)
    assert result.success
    assert bench.driver().plan() == []


def test_the_nightly_job_fails_with_every_error_named(bench: Bench) -> None:
    registry = bench.project.files.registry
    registry.write_text(registry.read_text().replace("../code/beta", "../code/nowhere"))
    job = bench.defs().get_repository_def().get_job("nightly")
    result = job.execute_in_process(instance=bench.instance, raise_on_error=False)
    assert not result.success
    failure = next(event for event in result.all_events if event.is_step_failure and event.step_key == "refresh")
    assert "corpus [beta]" in failure.step_failure_data.error.to_string()
