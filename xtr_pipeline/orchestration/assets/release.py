"""Assets of the release: the report over all models and, where the gate agrees, the promoted checkpoint."""

from typing import Any

import dagster as dg
import polars as pl

from xtr_pipeline.evaluation.error_analysis import missed_queries
from xtr_pipeline.evaluation.gains import gains
from xtr_pipeline.evaluation.plots import recall_per_repo
from xtr_pipeline.evaluation.report import markdown_table, result_figures, verdict_markdown
from xtr_pipeline.orchestration.assets.retrieval import spec_queries
from xtr_pipeline.orchestration.eval_logging import log_evaluation
from xtr_pipeline.orchestration.model_cards import card_of
from xtr_pipeline.orchestration.partitions import RepoPartitions
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.results import (
    Record,
    Result,
    by_partition,
    inputs_version,
    materialised,
    picture,
    table,
)
from xtr_pipeline.orchestration.verdicts import CANDIDATE, verdict_of
from xtr_pipeline.release.promotion import PromotionRefusedError, promote
from xtr_pipeline.retrieval.modes import DEFAULT_MODE


def release_assets(partitions: RepoPartitions) -> list[dg.AssetsDefinition]:
    """`metrics_report`, `promoted_checkpoint`."""
    keys = list(partitions.evaluated.get_partition_keys())

    @dg.asset(
        group_name="evaluation",
        code_version="1",
        io_manager_key="frames",
        ins={
            "retrieval_metrics": dg.AssetIn(
                partition_mapping=dg.AllPartitionMapping(), metadata={"allow_missing_partitions": True}
            )
        },
    )
    def metrics_report(context: dg.AssetExecutionContext, project: Project, retrieval_metrics: Any) -> Result:
        """Every query's metrics by model and mode over all evaluation repositories, with table, plot and misses."""
        inputs = inputs_version(context, project)
        parts = by_partition(retrieval_metrics, keys)
        absent = [name for name in keys if name not in parts]
        if absent:
            raise dg.Failure(
                f"no metrics of {', '.join(absent)}: materialise retrieval_metrics there", allow_retries=False
            )
        report = pl.concat([parts[name] for name in keys])
        mixed = report.group_by("model").agg(pl.col("fingerprint").n_unique()).filter(pl.col("fingerprint") > 1)
        if mixed.height:
            raise dg.Failure(
                f"repositories were measured with different checkpoints of {', '.join(mixed['model'])}: materialise "
                "token_index and retrieval_metrics everywhere",
                allow_retries=False,
            )
        asked = [query for name in keys for query in spec_queries(project, name)]
        ours = report.filter((pl.col("model") == CANDIDATE) & (pl.col("mode") == DEFAULT_MODE))
        log_evaluation(project, report, f"xtr run --profile {project.profile}")
        facts = {
            "results": dg.MetadataValue.md(markdown_table(result_figures(report))),
            "verdict": dg.MetadataValue.md(verdict_markdown(verdict_of(project, report))),
            "gains of the candidate": table(gains(report, CANDIDATE, DEFAULT_MODE)),
            "R@10 per repo": picture(recall_per_repo(ours, target=0.9), "R@10 per repository"),
            "missed queries": table(missed_queries(ours, asked), limit=200),
            "semantic R@10": float(ours.filter(pl.col("kind") != "keyword")["R@10"].mean()),
            "keyword R@10": float(ours.filter(pl.col("kind") == "keyword")["R@10"].mean()),
        }
        return materialised(report, inputs, facts)

    @dg.asset(group_name="release", code_version="2", io_manager_key="records")
    def promoted_checkpoint(
        context: dg.AssetExecutionContext, project: Project, metrics_report: pl.DataFrame, xtr_checkpoint: Record
    ) -> Result:
        """The candidate, promoted: asks the gate itself, so that running this asset alone cannot go round it."""
        inputs = inputs_version(context, project)
        measured = metrics_report.filter(pl.col("model") == CANDIDATE)["fingerprint"].unique().to_list()
        if measured != [xtr_checkpoint["fingerprint"]]:
            raise dg.Failure(
                "the report is about another checkpoint: materialise token_index and on", allow_retries=False
            )
        verdict = verdict_of(project, metrics_report)
        card = card_of(project, metrics_report, xtr_checkpoint, verdict)
        try:
            folder = promote(
                project.files.home / xtr_checkpoint["folder"],
                verdict,
                project.files.home,
                model_card=card,
                model_fingerprint=xtr_checkpoint["fingerprint"],
            )
        except PromotionRefusedError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        record = {"fingerprint": xtr_checkpoint["fingerprint"], "folder": str(folder.relative_to(project.files.home))}
        return materialised(record, inputs, {**record, "model card": dg.MetadataValue.md(card)})

    return [metrics_report, promoted_checkpoint]
