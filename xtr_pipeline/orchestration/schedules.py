"""The nightly job: cron and time zone live here and nowhere else."""

import dagster as dg

from xtr_pipeline.orchestration.driver import Driver
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.recovery import bury_dead_runs, only_driver

CRON = "0 2 * * *"
TIME_ZONE = "UTC"


def nightly(project: Project) -> tuple[dg.JobDefinition, dg.ScheduleDefinition]:
    """The nightly job and its schedule. When nothing changed, the schedule says so and starts nothing."""

    @dg.op(description="Walks the stages and runs what is due, each as a Dagster run of its own")
    def refresh(context: dg.OpExecutionContext) -> None:
        driver = _driver(context.repository_def, context.instance, project, context.log.info)
        with only_driver(project.files.home):
            bury_dead_runs(context.instance)
            outcome = driver.run()
        if outcome.failed:
            errors = "\n".join(f"{label}: {error}" for label, error in outcome.failed.items())
            raise dg.Failure(f"{len(outcome.failed)} of {len(outcome.ran)} runs failed:\n{errors}", allow_retries=False)
        context.log.info(f"{len(outcome.ran)} runs, {outcome.fresh} asset partitions were up to date")

    @dg.job(
        name="nightly", description="Everything that is due: fetch, label, train, evaluate, promote if the gate agrees"
    )
    def nightly_job() -> None:
        refresh()

    @dg.schedule(job=nightly_job, cron_schedule=CRON, execution_timezone=TIME_ZONE, name="nightly_schedule")
    def nightly_schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        driver = _driver(context.repository_def, context.instance, project, context.log.info)
        due = driver.plan()
        if not due:
            return dg.SkipReason("nothing changed: every asset is up to date with its inputs")
        return dg.RunRequest(tags={"xtr/due": str(len(due))})

    return nightly_job, nightly_schedule


def _driver(repository: object, instance: dg.DagsterInstance, project: Project, tell: object) -> Driver:
    if not isinstance(repository, dg.RepositoryDefinition):
        msg = "the nightly job runs inside a code location; start it from the web UI or its schedule"
        raise TypeError(msg)
    job = repository.get_implicit_global_asset_job_def()
    return Driver(project=project, job=job, graph=repository.asset_graph, instance=instance, tell=tell)  # type: ignore[arg-type]
