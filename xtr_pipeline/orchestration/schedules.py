"""The nightly job: cron and time zone live here and nowhere else."""

from collections.abc import Callable

import dagster as dg

from xtr_pipeline.orchestration.driver import Driver, make_driver
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.recovery import bury_dead_runs, only_driver

CRON = "0 2 * * *"
TIME_ZONE = "UTC"


def nightly(
    project: Project, definitions: Callable[[], dg.Definitions]
) -> tuple[dg.JobDefinition, dg.ScheduleDefinition]:
    """The nightly job and its schedule. When nothing changed, the schedule says so and starts nothing.

    Args:
        project: Whose assets are brought up to date.
        definitions: Gives the project's definitions; called when the job or the schedule runs, not before.
    """

    def driver(instance: dg.DagsterInstance, tell: Callable[[str], None]) -> Driver:
        return make_driver(project, definitions(), instance, tell)

    @dg.op(description="Walks the stages and runs what is due, each as a Dagster run of its own")
    def refresh(context: dg.OpExecutionContext) -> None:
        with only_driver(project.files.home):
            bury_dead_runs(context.instance)
            outcome = driver(context.instance, context.log.info).run()
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
        due = driver(context.instance, context.log.info).plan()
        if not due:
            return dg.SkipReason("nothing changed: every asset is up to date with its inputs")
        return dg.RunRequest(tags={"xtr/due": str(len(due))})

    return nightly_job, nightly_schedule
