"""The main job: walks the stages, runs what is due, leaves the rest alone. `xtr run` and the nightly job share it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster import AssetKey, DagsterInstance, JobDefinition
from dagster._core.execution.plan.objects import ErrorSource

from xtr_pipeline.orchestration.outside import outside_versions
from xtr_pipeline.orchestration.partitions import repo_partitions
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.recovery import DRIVER_TAG
from xtr_pipeline.orchestration.stages import STAGES, Stage
from xtr_pipeline.orchestration.storage import stored_path
from xtr_pipeline.orchestration.verdicts import gate_refuses
from xtr_pipeline.orchestration.versions import Versions

GATE_STEP = "metrics_report_gate"


@dataclass(frozen=True)
class Due:
    """Assets of one stage that have to run for one partition."""

    stage: Stage
    partition: str | None
    assets: tuple[str, ...]

    def __str__(self) -> str:
        where = f" [{self.partition}]" if self.partition else ""
        return f"{self.stage.name}{where}: {', '.join(self.assets)}"


@dataclass
class Outcome:
    """What a job did: runs made, asset partitions that were fresh, and what failed with its error."""

    ran: list[Due] = field(default_factory=list)
    fresh: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    refused: bool = False


@dataclass
class Driver:
    """Plans and runs a project's job on a Dagster instance. `tell` receives one line of progress at a time."""

    project: Project
    job: JobDefinition
    graph: Any
    instance: DagsterInstance
    tell: Callable[[str], None]

    def __post_init__(self) -> None:
        self._versions = Versions(self.instance, self.graph, outside_versions(self.project))
        self._partitions = repo_partitions(self.project.registry())

    def plan(self) -> list[Due]:
        """Everything that is due now; what only becomes due through a change upstream is not in it yet."""
        dues = [self._due(stage, key) for stage in STAGES for key in stage.keys(self._partitions)]
        due = [each for each in dues if each.assets]
        # after a refusal the promotion stays undone, and that is no work to do
        only_release = all(each.stage.name == "release" for each in due)
        return [] if only_release and gate_refuses(self.project) else due

    def run(self) -> Outcome:
        """Run every stage in order. A failed partition does not stop the others; a failed vital stage ends the job."""
        outcome = Outcome()
        for stage in STAGES:
            for due in self._dues(stage, outcome):
                self._execute(due, outcome)
            if stage.vital and any(label.startswith(stage.name) for label in outcome.failed):
                break
        return outcome

    def _dues(self, stage: Stage, outcome: Outcome) -> Iterator[Due]:
        broken = {label.partition("[")[2].rstrip("]") for label in outcome.failed}
        for key in stage.keys(self._partitions):
            if key in broken:
                self.tell(f"{stage.name} [{key}]: skipped, an earlier stage failed for it")
                continue
            due = self._due(stage, key)
            outcome.fresh += len(stage.assets) - len(due.assets)
            if stage.name == "release" and gate_refuses(self.project):
                outcome.refused = True
                continue
            if due.assets:
                yield due

    def _due(self, stage: Stage, partition: str | None) -> Due:
        """What is not there or not up to date, and what depends on that in the same stage."""
        due: list[str] = []
        for asset in stage.assets:
            stored = stored_path(self.project.storage, asset, partition)
            fresh = stored is not None and self._versions.is_fresh(AssetKey(asset), partition)
            fresh = fresh and self._versions.is_checked(AssetKey(asset), partition)
            parents = {parent.to_user_string() for parent in self.graph.get(AssetKey(asset)).parent_keys}
            if not fresh or parents & set(due):
                due.append(asset)
        return Due(stage, partition, tuple(due))

    def _execute(self, due: Due, outcome: Outcome) -> None:
        self.tell(str(due))
        start = time.monotonic()
        result = self.job.execute_in_process(
            instance=self.instance,
            partition_key=due.partition,
            asset_selection=[AssetKey(asset) for asset in due.assets],
            run_config={"loggers": {"console": {"config": {}}}},
            tags={DRIVER_TAG: "1"},
            raise_on_error=False,
        )
        outcome.ran.append(due)
        for asset in due.assets:
            self._versions.forget(AssetKey(asset), due.partition)
        if was_interrupted(result):
            raise KeyboardInterrupt
        if result.success:
            self.tell(f"   done in {time.monotonic() - start:.1f} s")
        elif failed_steps(result) == {GATE_STEP} and gate_refuses(self.project):
            self.tell("   the gate refuses")
        else:
            label = due.stage.name if due.partition is None else f"{due.stage.name} [{due.partition}]"
            outcome.failed[label] = first_error(result)
            self.tell(f"   FAILED: {outcome.failed[label]}")


def make_driver(
    project: Project, defs: dg.Definitions, instance: DagsterInstance, tell: Callable[[str], None]
) -> Driver:
    """A driver over a project's definitions."""
    job = defs.resolve_implicit_global_asset_job_def()
    return Driver(project=project, job=job, graph=defs.resolve_asset_graph(), instance=instance, tell=tell)


def was_interrupted(result: dg.ExecuteInProcessResult) -> bool:
    """Whether Ctrl-C ended the run: without raise_on_error Dagster turns it into one more failed step."""
    return any(
        event.is_step_failure and event.step_failure_data.error_source == ErrorSource.INTERRUPT
        for event in result.all_events
    )


def failed_steps(result: dg.ExecuteInProcessResult) -> set[str]:
    """Keys of the steps that failed."""
    return {str(event.step_key) for event in result.all_events if event.is_step_failure}


def first_error(result: dg.ExecuteInProcessResult) -> str:
    """The innermost message of the first failed step."""
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            while error is not None and error.cause is not None:
                error = error.cause
            if error is not None:
                return f"{event.step_key}: {error.message.strip()}"
    return "the run failed outside its steps; see it in the web UI"
