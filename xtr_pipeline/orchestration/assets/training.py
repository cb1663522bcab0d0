"""Assets of training: the base encoder, the training set, and the two checkpoints that one recipe code makes."""

from dataclasses import asdict
from typing import Any

import dagster as dg
import polars as pl

from xtr_pipeline.corpus.fetching import FetchError, TransientFetchError
from xtr_pipeline.encoder.base_weights import BASE_NAME, fetch_base_encoder
from xtr_pipeline.encoder.checkpoint import load_encoder
from xtr_pipeline.encoder.compute import backend_report
from xtr_pipeline.evaluation.plots import loss_curve
from xtr_pipeline.orchestration.assets.corpus import NETWORK_RETRIES
from xtr_pipeline.orchestration.partitions import RepoPartitions
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.results import by_partition, inputs_version, materialised, picture, table
from xtr_pipeline.orchestration.training_run import train_checkpoint
from xtr_pipeline.training.training_set import Labels, training_set_of

FAN_IN = {"partition_mapping": dg.AllPartitionMapping(), "metadata": {"allow_missing_partitions": True}}


def training_assets(partitions: RepoPartitions, dev_names: list[str]) -> list[dg.AssetsDefinition]:
    """`base_encoder`, `training_set`, `docstring_checkpoint`, `xtr_checkpoint`."""
    keys = list(partitions.labelled.get_partition_keys())

    @dg.asset(group_name="training", code_version="1", retry_policy=NETWORK_RETRIES, io_manager_key="records")
    def base_encoder(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:
        """The encoder that training starts from, and the measure until something better is promoted."""
        inputs = inputs_version(context, project)
        folder = project.files.home / "checkpoints" / "base"
        try:
            fetch_base_encoder(folder, project.files.downloads)
        except TransientFetchError:
            raise
        except FetchError as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        encoder = load_encoder(folder)
        record = {"fingerprint": encoder.fingerprint, "folder": "checkpoints/base", "name": BASE_NAME}
        backend = backend_report()
        facts = {"backend": f"{backend.device}, {backend.blas}, {backend.threads} threads, MLX {backend.mlx_version}"}
        if backend.notes:
            facts["backend notes"] = "; ".join(backend.notes)
        return materialised(record, inputs, {**facts, "settings": asdict(encoder.settings)})

    @dg.asset(
        group_name="training",
        code_version="1",
        io_manager_key="frames",
        ins={name: dg.AssetIn(**FAN_IN) for name in ("docstring_pairs", "queries", "candidate_pool", "judgments")},
    )
    def training_set(
        context: dg.AssetExecutionContext,
        project: Project,
        docstring_pairs: Any,
        queries: Any,
        candidate_pool: Any,
        judgments: Any,
    ) -> dg.MaterializeResult:
        """Docstring pairs, written queries and judged queries, each marked train or dev by its repository's role."""
        inputs = inputs_version(context, project)
        registry = project.registry()
        parts = [by_partition(value, keys) for value in (docstring_pairs, queries, candidate_pool, judgments)]
        complete = [name for name in keys if all(name in part for part in parts)]
        labels = {name: Labels(registry.get(name).role, *(part[name] for part in parts)) for name in complete}
        examples = training_set_of(labels)
        counts = examples.group_by("source", "split", "repo").agg(
            queries=pl.len(), candidates=pl.col("candidates").list.len().sum()
        )
        absent = ", ".join(name for name in keys if name not in complete) or "none"
        facts = {"examples": table(counts.sort("source", "split", "repo"), limit=200), "repositories left out": absent}
        return materialised(examples, inputs, facts)

    dev_only = dg.AssetIn("code_units", partition_mapping=dg.SpecificPartitionsPartitionMapping(dev_names))

    def checkpoint_asset(name: str, recipe: str, description: str) -> dg.AssetsDefinition:
        @dg.asset(
            name=name,
            description=description,
            group_name="training",
            code_version="1",
            io_manager_key="records",
            pool="mlx",
            ins={"dev_units": dev_only},
        )
        def checkpoint(
            context: dg.AssetExecutionContext,
            project: Project,
            base_encoder: dict,
            training_set: pl.DataFrame,
            dev_units: Any,
        ) -> dg.MaterializeResult:
            inputs = inputs_version(context, project)
            units = by_partition(dev_units, dev_names)
            trained = train_checkpoint(context, project, recipe, base_encoder["folder"], training_set, units)
            report = trained.report
            losses = report.history.drop_nulls("loss")
            record: dict[str, Any] = {
                "fingerprint": report.encoder.fingerprint,
                "folder": trained.folder,
                "base": base_encoder["fingerprint"],
                "recipe": asdict(trained.recipe),
                "settings": asdict(report.encoder.settings),
                "losses": losses["loss"].to_list(),
            }
            facts = {
                "loss": picture(loss_curve(report.history, "dev nDCG@10"), "loss over steps"),
                "dev": table(report.history.drop_nulls("dev").select("step", "dev")),
                "best step": report.best_step,
                "best dev nDCG@10": report.best_dev,
                "steps": losses.height,
                "stopped early": report.stopped_early,
                "resumed from step": report.resumed_from,
                "tokens/s": float(losses["tokens_per_second"].mean()),  # type: ignore[arg-type]
                "recipe": record["recipe"],
                "folder": trained.folder,
            }
            return materialised(record, inputs, facts)

        return checkpoint

    return [
        base_encoder,
        training_set,
        checkpoint_asset("docstring_checkpoint", "docstring", "Baseline: trained without judgments, on docstring -> code pairs."),
        checkpoint_asset("xtr_checkpoint", "judged", "The candidate: trained to reproduce the judge's grades."),
    ]
