"""Asset checks: each wraps one pure predicate that lists what is wrong. Blocking ones stop what lies downstream."""

import warnings
from collections.abc import Callable
from typing import Any

import dagster as dg
import polars as pl

from xtr_pipeline.corpus.registry import load_registry
from xtr_pipeline.corpus.reserved import is_reserved
from xtr_pipeline.corpus.unit_health import emptiness_problems, uniqueness_problems
from xtr_pipeline.evaluation.gate_inputs import MalformedRunError
from xtr_pipeline.evaluation.report import verdict_markdown
from xtr_pipeline.judge.attachment import attach_grades
from xtr_pipeline.judge.ledger import load_grades, shard_names
from xtr_pipeline.judge.ledger_health import forbidden_repo_problems, grade_problems, orphan_problems
from xtr_pipeline.orchestration.partitions import RepoPartitions
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.verdicts import verdict_of
from xtr_pipeline.training.loss_health import loss_problems

Predicate = Callable[[Any, Project], list[str]]


def asset_checks(partitions: RepoPartitions) -> list[dg.AssetChecksDefinition]:
    """All checks of the graph."""
    every, labelled = partitions.every, partitions.labelled
    falls = "The loss is finite, and its last fifth lies below its first."
    return [
        problem_check(
            "code_units",
            "not_empty_and_parsed",
            "There are units, and grammars rather than line windows cut most of them.",
            lambda units, _: emptiness_problems(units),
            every,
        ),
        problem_check(
            "code_units",
            "units_are_unique",
            "Unit ids occur once, every unit has text and a span.",
            lambda units, _: uniqueness_problems(units),
            every,
        ),
        *ledger_checks(labelled),
        *(
            problem_check(
                name,
                "no_eval_repo_in_training",
                "Every repository in it is a train or dev repository, and none is reserved.",
                eval_repo_problems,
            )
            for name in ("training_set", "docstring_set", "dev_set")
        ),
        *(
            problem_check(name, "loss_is_finite_and_falls", falls, lambda record, _: loss_problems(_losses(record)))
            for name in ("docstring_checkpoint", "xtr_checkpoint")
        ),
        gate_check(),
    ]


def problem_check(
    asset: str, name: str, description: str, predicate: Predicate, partitions: dg.PartitionsDefinition | None = None
) -> dg.AssetChecksDefinition:
    """A blocking check that fails with everything that the predicate finds wrong with the asset's value."""
    with warnings.catch_warnings():
        # partitioned checks are a preview feature; the Dagster version is pinned
        warnings.simplefilter("ignore", dg.PreviewWarning)

        @dg.asset_check(asset=asset, name=name, description=description, blocking=True, partitions_def=partitions)
        def check(project: Project, value: Any) -> dg.AssetCheckResult:
            problems = predicate(value, project)
            return dg.AssetCheckResult(
                passed=not problems, description="; ".join(problems) or "sound", metadata={"problems": len(problems)}
            )

    return check


def ledger_checks(partitions: dg.PartitionsDefinition) -> list[dg.AssetChecksDefinition]:
    """Checks of the judge's own records: the asset leaves out queries whose grades show that they are bad ones."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.PreviewWarning)

        @dg.asset_check(
            asset="judgments",
            name="labels_attach",
            description="At least 95% of the ledger's grades belong to a unit of the corpus, and all to a query.",
            blocking=True,
            partitions_def=partitions,
            additional_ins={"queries": dg.AssetIn("queries"), "code_units": dg.AssetIn("code_units")},
        )
        def labels_attach(
            context: dg.AssetCheckExecutionContext, project: Project, queries: pl.DataFrame, code_units: pl.DataFrame
        ) -> dg.AssetCheckResult:
            grades = load_grades(project.files.ledger, [context.partition_key])
            attached = attach_grades(grades, code_units)
            problems = orphan_problems(queries, grades, attached)
            return dg.AssetCheckResult(
                passed=not problems, description="; ".join(problems) or "sound", metadata={"share": attached.share}
            )

        @dg.asset_check(
            asset="judgments",
            name="grades_are_sound",
            description="Grades are 1 to 5, and the judge discriminates.",
            blocking=True,
            partitions_def=partitions,
            additional_ins={"queries": dg.AssetIn("queries")},
        )
        def grades_are_sound(
            context: dg.AssetCheckExecutionContext, project: Project, queries: pl.DataFrame
        ) -> dg.AssetCheckResult:
            grades = load_grades(project.files.ledger, [context.partition_key])
            problems = grade_problems(grades.join(queries.select("query_id"), on="query_id", how="semi"))
            return dg.AssetCheckResult(
                passed=not problems, description="; ".join(problems) or "sound", metadata={"grades": grades.height}
            )

        @dg.asset_check(
            asset="judgments",
            name="no_eval_repo_in_ledger",
            description="Everything in the ledger is about a train or dev repository, and about none that is reserved.",
            blocking=True,
            partitions_def=partitions,
        )
        def no_eval_repo_in_ledger(project: Project) -> dg.AssetCheckResult:
            repos = shard_names(project.files.ledger)
            # the whole registry: a profile's cut of it would make strangers of the others
            registry = load_registry(project.files.registry, project.reserved())
            labels = pl.DataFrame({"repo": repos}, schema={"repo": pl.String()})
            problems = forbidden_repo_problems(labels, registry.names("train", "dev"), project.reserved())
            return dg.AssetCheckResult(
                passed=not problems, description="; ".join(problems) or "sound", metadata={"repositories": len(repos)}
            )

    return [labels_attach, grades_are_sound, no_eval_repo_in_ledger]


def eval_repo_problems(examples: pl.DataFrame, project: Project) -> list[str]:
    """Repositories in the training data that are reserved, or evaluated, or in no registry."""
    registry, reserved = project.registry(), project.reserved()
    allowed = set(registry.names("train", "dev"))
    problems = []
    for repo in sorted(set(examples["repo"])):
        if is_reserved(repo, reserved):
            problems.append(f"{repo} is reserved for evaluation")
        elif repo not in allowed:
            problems.append(f"{repo} is no train or dev repository of the registry")
    return problems


def gate_check() -> dg.AssetChecksDefinition:
    """The gate as a blocking check on the report; the promotion asset asks the same predicate again."""

    @dg.asset_check(
        asset="metrics_report",
        name="gate",
        description="May the candidate replace the incumbent, in the mode that users run by default?",
        blocking=True,
    )
    def gate(project: Project, metrics_report: pl.DataFrame) -> dg.AssetCheckResult:
        try:
            verdict = verdict_of(project, metrics_report)
        except MalformedRunError as error:
            return dg.AssetCheckResult(passed=False, description=str(error))
        numbers = {name: value for name, value in verdict.numbers.items() if "against" not in name}
        return dg.AssetCheckResult(
            passed=verdict.passed,
            description="; ".join(verdict.reasons) or "every condition is met",
            metadata={**numbers, "verdict": dg.MetadataValue.md(verdict_markdown(verdict))},
        )

    return gate


def _losses(record: dict[str, Any]) -> list[float]:
    return [float(loss) for loss in record["losses"]]
