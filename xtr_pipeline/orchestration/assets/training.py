"""Assets of training: the base encoder, the training set, and the two checkpoints that one recipe code makes."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from xtr_pipeline.encoder.base_choice import DEFAULT, base_reference
from xtr_pipeline.encoder.base_weights import BASE_NAME, fetch_base_encoder
from xtr_pipeline.encoder.checkpoint import load_encoder, load_from, save_encoder
from xtr_pipeline.encoder.compute import backend_report
from xtr_pipeline.evaluation.dev_probe import dev_queries
from xtr_pipeline.evaluation.known_items import known_items
from xtr_pipeline.evaluation.plots import loss_curve
from xtr_pipeline.judge.ledger import load_grades
from xtr_pipeline.judge.query_subjects import source
from xtr_pipeline.orchestration.assets.corpus import network_errors
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
from xtr_pipeline.orchestration.training_run import Dev, made_of, train_checkpoint
from xtr_pipeline.training.training_set import Labels, docstring_set_of, training_set_of

BASELINE = "Baseline: trained without judgments, on docstring -> code pairs."
CANDIDATE = "The candidate: trained on natural queries and, where a judge graded their pools, to reproduce the grades."


def training_assets(train_names: list[str], dev_names: list[str]) -> list[dg.AssetsDefinition]:
    """`base_encoder`, the three sets, `docstring_checkpoint`, `xtr_checkpoint`.

    The baseline has a set of its own, so that new labels do not train it again.
    """

    @dg.asset(group_name="encoder", code_version="1", io_manager_key="records")
    def base_encoder(context: dg.AssetExecutionContext, project: Project) -> Result:
        """The encoder that training starts from, and the measure until something better is promoted."""
        inputs = inputs_version(context, project)
        home, reference = project.files.home, base_reference(project.files.model_settings)
        if reference == DEFAULT:
            folder, name = "checkpoints/base", BASE_NAME
            with network_errors():
                fetch_base_encoder(home / folder, project.files.downloads)
            encoder = load_encoder(home / folder)
        else:
            encoder, name = load_from(reference, home), Path(reference).name
            folder = f"checkpoints/base-{encoder.fingerprint[:16]}"
            # a copy, so that the models of a run stay together when the original moves
            save_encoder(encoder, home / folder)
        record = {"fingerprint": encoder.fingerprint, "folder": folder, "name": name}
        backend = backend_report()
        facts = {"backend": f"{backend.device}, {backend.blas}, {backend.threads} threads, MLX {backend.mlx_version}"}
        if backend.notes:
            facts["backend notes"] = "; ".join(backend.notes)
        return materialised(record, inputs, {**facts, "settings": asdict(encoder.settings)})

    @dg.asset(
        group_name="training",
        code_version="2",
        io_manager_key="frames",
        ins={name: _only(train_names, name) for name in ("queries", "mined_negatives", "judgments")},
    )
    def training_set(
        context: dg.AssetExecutionContext, project: Project, queries: Any, mined_negatives: Any, judgments: Any
    ) -> Result:
        """Written and judged queries of the train repositories, and mined negatives: what the candidate learns from."""
        inputs = inputs_version(context, project)
        found, judged = by_partition(queries, train_names), by_partition(judgments, train_names)
        written = {name: frame.with_columns(source()) for name, frame in found.items()}
        mined = by_partition(mined_negatives, train_names)
        graded = frozenset(load_grades(project.files.ledger, train_names)["query_id"])
        examples = training_set_of(
            {
                name: Labels(written[name], graded, judged[name], mined[name])
                for name in train_names
                if name in written and name in judged and name in mined
            }
        )
        return materialised(examples, inputs, _counts(examples, train_names))

    @dg.asset(
        group_name="training",
        code_version="1",
        io_manager_key="frames",
        ins={"docstring_pairs": _only(train_names, "docstring_pairs")},
    )
    def docstring_set(context: dg.AssetExecutionContext, project: Project, docstring_pairs: Any) -> Result:
        """Docstring pairs of the train repositories: what the baseline learns from."""
        inputs = inputs_version(context, project)
        examples = docstring_set_of(by_partition(docstring_pairs, train_names))
        return materialised(examples, inputs, _counts(examples, train_names))

    @dg.asset(
        group_name="training",
        code_version="2",
        io_manager_key="frames",
        ins={name: _only(dev_names, name) for name in ("queries", "judgments", "code_units")},
    )
    def dev_set(
        context: dg.AssetExecutionContext, project: Project, queries: Any, judgments: Any, code_units: Any
    ) -> Result:
        """Queries of the dev repositories with the files that answer them, as judged or, ungraded, as written."""
        inputs = inputs_version(context, project)
        units, graded = by_partition(code_units, dev_names), load_grades(project.files.ledger, dev_names)["query_id"]
        judged = dev_queries(by_partition(judgments, dev_names), units)
        asked = pl.concat([judged, known_items(by_partition(queries, dev_names), units, frozenset(graded))])
        return materialised(
            asked, inputs, {"queries": table(asked.group_by("repo", "kind").len().sort("repo", "kind"))}
        )

    def checkpoint_asset(name: str, recipe: str, examples: str, description: str) -> dg.AssetsDefinition:
        @dg.asset(
            name=name,
            description=description,
            group_name="training",
            code_version="4",
            io_manager_key="records",
            pool="mlx",
            ins={"examples": dg.AssetIn(examples), "dev_units": _only(dev_names, "code_units")},
        )
        def checkpoint(
            context: dg.AssetExecutionContext,
            project: Project,
            base_encoder: Record,
            examples: pl.DataFrame,
            dev_set: pl.DataFrame,
            dev_units: Any,
        ) -> Result:
            inputs = inputs_version(context, project)
            dev = Dev(dev_set, by_partition(dev_units, dev_names))
            trained = train_checkpoint(context, project, recipe, base_encoder["folder"], examples, dev)
            report = trained.report
            losses = report.history.drop_nulls("loss")
            record: dict[str, Any] = {
                "fingerprint": report.encoder.fingerprint,
                "folder": trained.folder,
                "base": base_encoder["fingerprint"],
                "made_of": made_of(examples, dev, project.settings()),
                "recipe": asdict(trained.recipe),
                "settings": asdict(report.encoder.settings),
                "token_weights": report.encoder.token_weights is not None,
                "losses": losses["loss"].to_list(),
            }
            facts = {
                "loss": picture(loss_curve(report.history, "dev nDCG@10"), "loss over steps"),
                "dev": table(report.history.drop_nulls("dev").select("step", "dev")),
                "dev nDCG@10 of the start": "not measured" if report.start_dev is None else report.start_dev,
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
        docstring_set,
        dev_set,
        checkpoint_asset("docstring_checkpoint", "docstring", "docstring_set", BASELINE),
        checkpoint_asset("xtr_checkpoint", "judged", "training_set", CANDIDATE),
    ]


def _only(names: list[str], asset: str) -> dg.AssetIn:
    """The partitions of some repositories; those that failed so far are left out."""
    mapping = dg.SpecificPartitionsPartitionMapping(names)
    return dg.AssetIn(asset, partition_mapping=mapping, metadata={"allow_missing_partitions": True})


def _counts(examples: pl.DataFrame, names: list[str]) -> dict[str, Any]:
    counts = examples.group_by("source", "repo").agg(queries=pl.len(), candidates=pl.col("candidates").list.len().sum())
    absent = sorted(set(names) - set(examples["repo"]))
    return {
        "examples": table(counts.sort("source", "repo"), limit=200),
        "without examples": ", ".join(absent) or "none",
    }
