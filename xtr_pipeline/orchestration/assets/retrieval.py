"""Assets of retrieval and evaluation: token indexes of the evaluation repositories, and the metrics on them."""

from pathlib import Path

import dagster as dg
import polars as pl

from xtr_pipeline.corpus.outlines import with_outlines
from xtr_pipeline.encoder.checkpoint import Encoder, load_encoder
from xtr_pipeline.encoder.compute import backend_report
from xtr_pipeline.evaluation.error_analysis import missed_queries
from xtr_pipeline.evaluation.evaluator import evaluate_searcher
from xtr_pipeline.evaluation.explanations import explain_misses
from xtr_pipeline.evaluation.queries import EvalQuery, load_spec
from xtr_pipeline.evaluation.report import markdown_table, result_figures
from xtr_pipeline.orchestration.incumbent import incumbent_folder
from xtr_pipeline.orchestration.partitions import RepoPartitions
from xtr_pipeline.orchestration.progress import log_encoding
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.results import Record, Result, inputs_version, materialised, table
from xtr_pipeline.orchestration.verdicts import CANDIDATE
from xtr_pipeline.retrieval.index import build_index, drop_other_models
from xtr_pipeline.retrieval.modes import DEFAULT_MODE
from xtr_pipeline.retrieval.sources import searcher_for_units


def measured_models(project: Project, base: Record, docstring: Record, judged: Record) -> dict[str, str]:
    """Folders of the models that are measured, relative to the run storage, by the name in the report."""
    folders = {"base": base["folder"], "docstring": docstring["folder"], "judged": judged["folder"]}
    incumbent = incumbent_folder(project)
    return folders if incumbent is None else {**folders, "incumbent": str(incumbent.relative_to(project.files.home))}


def spec_queries(project: Project, repo: str) -> list[EvalQuery]:
    """The evaluation queries about one repository, from both specs."""
    return [query for path in project.files.specs for query in load_spec(path) if query.repo == repo]


def retrieval_assets(partitions: RepoPartitions) -> list[dg.AssetsDefinition]:
    """`token_index`, `retrieval_metrics`, `error_analysis`."""

    @dg.asset(
        partitions_def=partitions.evaluated,
        group_name="retrieval",
        code_version="2",
        io_manager_key="frames",
        pool="mlx",
    )
    def token_index(
        context: dg.AssetExecutionContext,
        project: Project,
        code_units: pl.DataFrame,
        base_encoder: Record,
        docstring_checkpoint: Record,
        xtr_checkpoint: Record,
    ) -> Result:
        """Token vectors of an evaluation repository's units and outlines by each model; only what is new is encoded."""
        inputs = inputs_version(context, project)
        repo = context.partition_key
        cache = project.files.home / "index" / repo
        documents = with_outlines(code_units)
        rows = []
        for name, folder in measured_models(project, base_encoder, docstring_checkpoint, xtr_checkpoint).items():
            encoder = load_encoder(project.files.home / folder)
            index = build_index(documents, encoder, cache, log_encoding(context, f"{name} on {repo}"))
            rows.append({"model": name, "fingerprint": encoder.fingerprint, "folder": folder, "tokens": index.tokens})
        models = pl.DataFrame(rows)
        drop_other_models(cache, set(models["fingerprint"]))
        backend = backend_report()
        facts = {"backend": f"{backend.device}, {backend.blas}, {backend.threads} threads", "models": table(models)}
        return materialised(models, inputs, facts)

    @dg.asset(
        partitions_def=partitions.evaluated,
        group_name="evaluation",
        code_version="6",
        io_manager_key="frames",
        pool="mlx",
    )
    def retrieval_metrics(
        context: dg.AssetExecutionContext, project: Project, code_units: pl.DataFrame, token_index: pl.DataFrame
    ) -> Result:
        """Metrics of every query about an evaluation repository, for every model and mode."""
        inputs = inputs_version(context, project)
        repo = context.partition_key
        asked = spec_queries(project, repo)
        cache = project.files.home / "index" / repo
        keyword = searcher_for_units(code_units, None, None)
        frames = [evaluate_searcher(keyword, asked, "bm25", "bm25").with_columns(fingerprint=pl.lit("bm25"))]
        for name, fingerprint, folder in token_index.select("model", "fingerprint", "folder").iter_rows():
            searcher = searcher_for_units(code_units, _expect(project.files.home / folder, fingerprint), cache)
            frames += [
                evaluate_searcher(searcher, asked, mode, name).with_columns(fingerprint=pl.lit(fingerprint))
                for mode in ("semantic", "hybrid")
            ]
        metrics = pl.concat(frames)
        figures = result_figures(metrics)
        return materialised(
            metrics, inputs, {"queries": len(asked), "results": dg.MetadataValue.md(markdown_table(figures))}
        )

    @dg.asset(
        partitions_def=partitions.evaluated,
        group_name="evaluation",
        code_version="6",
        io_manager_key="frames",
        pool="mlx",
    )
    def error_analysis(
        context: dg.AssetExecutionContext,
        project: Project,
        code_units: pl.DataFrame,
        token_index: pl.DataFrame,
        retrieval_metrics: pl.DataFrame,
    ) -> Result:
        """Every query whose right file the candidate did not find: its rank, what won instead, and by which words."""
        inputs = inputs_version(context, project)
        repo = context.partition_key
        fingerprint, folder = token_index.filter(pl.col("model") == CANDIDATE).select("fingerprint", "folder").row(0)
        encoder = _expect(project.files.home / folder, fingerprint)
        searcher = searcher_for_units(code_units, encoder, project.files.home / "index" / repo)
        ours = retrieval_metrics.filter((pl.col("model") == CANDIDATE) & (pl.col("mode") == DEFAULT_MODE))
        missed = missed_queries(ours, spec_queries(project, repo))
        explained = explain_misses(missed, searcher, encoder)
        return materialised(explained, inputs, {"missed": explained.height, "why": table(explained, limit=100)})

    return [token_index, retrieval_metrics, error_analysis]


def _expect(folder: Path, fingerprint: str) -> Encoder:
    encoder = load_encoder(folder)
    if encoder.fingerprint != fingerprint:
        raise dg.Failure(
            f"{folder} is not the model that was indexed: materialise token_index again", allow_retries=False
        )
    return encoder
