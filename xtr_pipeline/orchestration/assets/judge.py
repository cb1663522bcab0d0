"""Assets of the judge: queries, candidate pools and grades, one partition a train or dev repository."""

from typing import Any

import dagster as dg
import polars as pl

from xtr_pipeline.encoder.checkpoint import load_encoder
from xtr_pipeline.evaluation.plots import grade_histogram
from xtr_pipeline.judge.ledger import load_grades, load_queries
from xtr_pipeline.judge.pools import build_pool, pool_from_grades, propose_many, stacked
from xtr_pipeline.judge.training_examples import examples_from_ledger
from xtr_pipeline.judge.written_queries import written_about
from xtr_pipeline.orchestration.partitions import RepoPartitions
from xtr_pipeline.orchestration.progress import log_encoding
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.results import Record, Result, inputs_version, materialised, picture, table
from xtr_pipeline.retrieval.modes import Mode
from xtr_pipeline.retrieval.searcher import Searcher
from xtr_pipeline.retrieval.sources import searcher_for_units


class PoolConfig(dg.Config):
    """Whether queries that nobody has judged get a pool: it encodes the whole repository with the base encoder."""

    pool_waiting_queries: bool = False


def judge_assets(partitions: RepoPartitions) -> list[dg.AssetsDefinition]:
    """`queries`, `candidate_pool`, `judgments`."""

    @dg.asset(partitions_def=partitions.labelled, group_name="judge", code_version="1", io_manager_key="frames")
    def queries(context: dg.AssetExecutionContext, project: Project, code_units: pl.DataFrame) -> Result:
        """Queries about what the code does, from the ledger, each with the unit that it was written about."""
        inputs = inputs_version(context, project)
        written = written_about(load_queries(project.files.ledger, [context.partition_key]), code_units)
        kinds = written.group_by("kind").len("queries").sort("kind")
        sample = written.select("kind", "query", "path").sample(min(10, written.height), seed=0)
        lost = written["unit_id"].null_count()
        return materialised(
            written, inputs, {"queries per kind": table(kinds), "lost their unit": lost, "sample": table(sample)}
        )

    @dg.asset(
        partitions_def=partitions.labelled,
        group_name="judge",
        code_version="1",
        io_manager_key="frames",
        pool="mlx",
    )
    def candidate_pool(
        context: dg.AssetExecutionContext,
        config: PoolConfig,
        project: Project,
        queries: pl.DataFrame,
        code_units: pl.DataFrame,
        base_encoder: Record,
    ) -> Result:
        """The units that are graded for each query, and who proposed them.

        From the ledger for judged queries; for the others, on demand, the source unit with the best of BM25 and of the
        base encoder.
        """
        inputs = inputs_version(context, project)
        repo = context.partition_key
        judged = pool_from_grades(load_grades(project.files.ledger, [repo]), code_units)
        graded = judged["query_id"].unique().to_list()
        waiting = queries.filter(~pl.col("query_id").is_in(graded)).drop_nulls("unit_id")
        pools = [judged]
        if waiting.height and config.pool_waiting_queries:
            encoder = load_encoder(project.files.home / base_encoder["folder"])
            cache = project.files.home / "index" / repo
            searcher = searcher_for_units(code_units, encoder, cache, log_encoding(context, f"base encoder on {repo}"))
            rankers: dict[str, tuple[Searcher, Mode]] = {"bm25": (searcher, "bm25"), "base": (searcher, "semantic")}
            proposals = propose_many(waiting["query"].to_list(), rankers)
            asked = zip(waiting.to_dicts(), proposals, strict=True)
            pools += [build_pool(query, code_units, proposed) for query, proposed in asked]
        pool = stacked(pools)
        proposers = pool.explode("proposed_by").unnest("proposed_by").group_by("proposer").len("units").sort("proposer")
        return materialised(pool, inputs, {"waiting for a judge": waiting.height, "proposed by": table(proposers)})

    @dg.asset(partitions_def=partitions.labelled, group_name="judge", code_version="1", io_manager_key="frames")
    def judgments(
        context: dg.AssetExecutionContext,
        project: Project,
        queries: pl.DataFrame,
        candidate_pool: pl.DataFrame,
        code_units: pl.DataFrame,
    ) -> Result:
        """Every usable query with its candidates' texts and grades 1-5, attached to the units as they are cut now."""
        inputs = inputs_version(context, project)
        judged = examples_from_ledger(queries, load_grades(project.files.ledger, [context.partition_key]), code_units)
        grades = judged.examples.explode("candidates").unnest("candidates").drop_nulls("grade")
        counts = dict(grades.group_by("grade").len().sort("grade").iter_rows())
        facts: dict[str, Any] = {
            "re-attached share": judged.attached,
            "graded queries": judged.graded_queries,
            "bad queries, dropped": judged.bad_queries,
            "pairs": grades.height,
            "pooled units": candidate_pool.height,
        }
        if counts:
            facts["grades"] = picture(grade_histogram(counts), "histogram of grades")
        return materialised(judged.examples, inputs, facts)

    return [queries, candidate_pool, judgments]
