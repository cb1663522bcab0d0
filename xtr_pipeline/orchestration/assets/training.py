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
from xtr_pipeline.training.training_set import training_set_of

FAN_IN = {"partition_mapping": dg.AllPartitionMapping(), "metadata": {"allow_missing_partitions": True}}


def training_assets(partitions: RepoPartitions) -> list[dg.AssetsDefinition]:
    """`base_encoder`, `training_set`, `docstring_checkpoint`, `xtr_checkpoint`."""
    keys = list(partitions.labelled.get_partition_keys())

    @dg.asset(group_name="training", code_version="1", retry_policy=NETWORK_RETRIES, io_manager_key="records")
    def base_encoder(context: dg.AssetExecutionContext, project: Project) -> dg.MaterializeResult:
        """The encoder that training starts from, and the measure until something better is promoted."""
        inputs = inputs_version(context, project)
        folder = project.home_path / "checkpoints" / "base"
        try:
            fetch_base_encoder(folder, project.downloads_path)
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
        ins={name: dg.AssetIn(**FAN_IN) for name in ("docstring_pairs", "judgments")},
    )
    def training_set(
        context: dg.AssetExecutionContext,
        project: Project,
        docstring_pairs: dict,
        judgments: dict,
    ) -> dg.MaterializeResult:
        """Examples of both recipes: docstring pairs and judged queries, each marked train or dev by its repository's role."""
        inputs = inputs_version(context, project)
        registry = project.registry()
        roles = {name: registry.get(name).role for name in keys}
        examples = training_set_of(roles, by_partition(docstring_pairs, keys), by_partition(judgments, keys))
        counts = examples.group_by("recipe", "split", "repo").agg(
            queries=pl.len(), candidates=pl.col("candidates").list.len().sum()
        )
        return materialised(examples, inputs, {"examples": table(counts.sort("recipe", "split", "repo"))})

    def checkpoint_asset(name: str, recipe_name: str, doc: str) -> dg.AssetsDefinition:
        @dg.asset(
            name=name,
            description=doc,
            group_name="training",
            code_version="1",
            io_manager_key="records",
            pool="mlx",
            deps=["code_units"],
        )
        def checkpoint(
            context: dg.AssetExecutionContext, project: Project, base_encoder: dict, training_set: pl.DataFrame
        ) -> dg.MaterializeResult:
            inputs = inputs_version(context, project)
            trained = train_checkpoint(context, project, recipe_name, base_encoder, training_set)
            history = trained.report.history
            record: dict[str, Any] = {
                "fingerprint": trained.fingerprint,
                "folder": str(trained.folder.relative_to(project.home_path)),
                "recipe": asdict(trained.recipe),
                "first_loss": trained.first_loss,
                "last_loss": trained.last_loss,
                "history": history.to_dicts(),
            }
            facts = {
                "loss": picture(loss_curve(history), "loss over steps"),
                "recipe": {key: value for key, value in asdict(trained.recipe).items()},
                "steps": history.height,
                "first loss": trained.first_loss,
                "last loss": trained.last_loss,
                "resumed from step": trained.report.resumed_from,
                "folder": record["folder"],
            }
            return materialised(record, inputs, facts)

        return checkpoint

    return [
        base_encoder,
        training_set,
        checkpoint_asset("docstring_checkpoint", "docstring", "Baseline: trained without judgments, on docstring -> code pairs."),
        checkpoint_asset("xtr_checkpoint", "judged", "The candidate: trained to reproduce the judge's grades."),
    ]
