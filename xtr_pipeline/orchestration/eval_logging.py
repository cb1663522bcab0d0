"""Writes every look at the evaluation queries into `eval/log.jsonl`."""

from datetime import UTC, datetime

import polars as pl

from xtr_pipeline.evaluation.eval_log import EvalLogEntry, append_entry
from xtr_pipeline.orchestration.outside import file_digest
from xtr_pipeline.orchestration.project import Project


def log_evaluation(project: Project, report: pl.DataFrame, command: str) -> None:
    """One line for each run of the report (model and mode), with the means of semantic and of keyword queries.

    Args:
        project: Whose specs were measured, and whose log it is.
        report: Per-query metrics, with each model's fingerprint.
        command: What was run.
    """
    now = datetime.now(tz=UTC).isoformat(timespec="seconds")
    digests = "+".join(file_digest(path) for path in project.files.specs)
    for run in report.partition_by("model", "mode", maintain_order=True):
        keyword = run.filter(pl.col("kind") == "keyword")
        semantic = run.filter(pl.col("kind") != "keyword")
        append_entry(
            project.files.eval_log,
            EvalLogEntry(
                date=now,
                model=run["model"][0],
                fingerprint="" if run["model"][0] == "bm25" else run["fingerprint"][0],
                spec="+".join(f"eval/{path.name}" for path in project.files.specs),
                spec_sha256=digests,
                mode=run["mode"][0],
                figures={
                    f"{name} {metric}": float(part[metric].to_numpy().mean())
                    for name, part in (("semantic", semantic), ("keyword", keyword))
                    for metric in ("R@10", "P@1")
                },
                command=command,
            ),
        )
