"""The gate's verdict over a report: the one place where report, incumbent and thresholds meet."""

import json

import polars as pl
from rich.console import RenderableType

from xtr_pipeline.evaluation.gate import Verdict, judge_promotion
from xtr_pipeline.evaluation.gate_inputs import MalformedRunError
from xtr_pipeline.evaluation.queries import load_spec
from xtr_pipeline.evaluation.report import result_figures, rich_table
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.storage import stored_path
from xtr_pipeline.release.promotion import promoted_folder
from xtr_pipeline.retrieval.modes import DEFAULT_MODE

CANDIDATE = "judged"


def verdict_of(project: Project, report: pl.DataFrame) -> Verdict:
    """Judge the candidate of a report against its incumbent, in the mode that users run by default.

    Raises:
        MalformedRunError: the report lacks queries, a model or a mode.
    """
    measured = set(report["model"])
    incumbent = "incumbent" if "incumbent" in measured else "base"
    repos = set(project.registry().names("eval"))
    expected = {query.id for path in project.files.specs for query in load_spec(path) if query.repo in repos}
    return judge_promotion(
        _run(report, CANDIDATE),
        _run(report, incumbent),
        promotable=project.settings().promotable,
        expected_ids=expected,
    )


def stored_report(project: Project) -> pl.DataFrame | None:
    """The latest metrics report, or None."""
    path = stored_path(project.storage, "metrics_report", None)
    if path is None:
        return None
    with path.open("rb") as file:
        return pl.read_parquet(file)


def gate_refuses(project: Project) -> bool:
    """Whether there is a report and the gate refuses its candidate: then there is nothing to promote."""
    report = stored_report(project)
    if report is None:
        return False
    try:
        return not verdict_of(project, report).passed
    except MalformedRunError:
        # a report over other specs or repositories than those of now is no verdict; the report stage makes a new one
        return False


def conclusion(project: Project) -> list[RenderableType]:
    """What a job ends with: the results, the verdict with its reasons, and where the promoted checkpoint lies."""
    report = stored_report(project)
    if report is None:
        return ["no report yet"]
    try:
        verdict = verdict_of(project, report)
    except MalformedRunError as error:
        return [
            rich_table(result_figures(report)),
            f"gate: no verdict, this report does not fit the specs of now: {error}",
        ]
    lines = [f"gate: {'passed' if verdict.passed else 'refused'} (mode {DEFAULT_MODE})"]
    lines += [f"  - {reason}" for reason in verdict.reasons]
    lines.append(f"candidate: {_candidate_folder(project)}")
    promoted = promoted_folder(project.files.home)
    lines.append(f"promoted checkpoint: {promoted}" if promoted else "promoted checkpoint: none yet")
    return [rich_table(result_figures(report)), "\n".join(lines)]


def _candidate_folder(project: Project) -> str:
    stored = stored_path(project.storage, "xtr_checkpoint", None)
    return "none" if stored is None else str(project.files.home / json.loads(stored.read_text())["folder"])


def _run(report: pl.DataFrame, model: str) -> pl.DataFrame:
    return report.filter((pl.col("model") == model) & (pl.col("mode") == DEFAULT_MODE))
