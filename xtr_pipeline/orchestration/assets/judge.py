"""Assets of the judge: queries, candidate pools and grades, one partition a train or dev repository."""

from pathlib import Path

import dagster as dg
import polars as pl

from xtr_pipeline.encoder.checkpoint import load_encoder
from xtr_pipeline.judge.campaign import (
    FilesPlan,
    GradingPlan,
    declined_requests,
    plan_area_queries,
    plan_file_queries,
    plan_queries,
    plan_second_judging,
)
from xtr_pipeline.judge.ledger import load_asked, load_grades, load_queries
from xtr_pipeline.judge.mined_negatives import mine_negatives
from xtr_pipeline.judge.newest_checkpoint import newest_checkpoint
from xtr_pipeline.judge.pools import build_pool, pool_from_grades, propose_many, stacked
from xtr_pipeline.judge.query_subjects import source
from xtr_pipeline.judge.requests import Request, grade_requests
from xtr_pipeline.judge.sampling import Sampling
from xtr_pipeline.judge.training_examples import examples_from_ledger
from xtr_pipeline.judge.written_queries import written_about
from xtr_pipeline.orchestration.asking import ask_judge, asks
from xtr_pipeline.orchestration.judgment_facts import judgment_facts
from xtr_pipeline.orchestration.partitions import RepoPartitions
from xtr_pipeline.orchestration.progress import log_encoding
from xtr_pipeline.orchestration.project import Project
from xtr_pipeline.orchestration.results import Record, Result, inputs_version, materialised, table
from xtr_pipeline.retrieval.modes import Mode
from xtr_pipeline.retrieval.searcher import Searcher
from xtr_pipeline.retrieval.sources import searcher_for_units


class QueriesConfig(dg.Config):
    """Whether the judge is asked for queries (default: as data/judge.toml says), about how many units and files.

    `areas`: files of a repository that are asked about among their neighbours; 0: none.
    """

    ask: bool | None = None
    units: int = 60
    files: int = 20
    areas: int = 40


class PoolConfig(dg.Config):
    """Whether queries that nobody has judged get a pool: it encodes the repository (default: as data/judge.toml)."""

    pool_waiting_queries: bool | None = None


class JudgmentsConfig(dg.Config):
    """Whether the judge is asked for grades of what the ledger lacks (default: as data/judge.toml says)."""

    ask: bool | None = None


def _wanted_queries(ledger: Path, repo: str, units: pl.DataFrame, config: QueriesConfig) -> list[Request]:
    """Requests for the queries that the ledger lacks."""
    known, declined = load_queries(ledger, [repo]), declined_requests(load_asked(ledger, [repo]))
    sampling = Sampling(per_repo=config.units)
    about_units = plan_queries(units, known, sampling, declined=declined)
    about_files = plan_file_queries(units, known, FilesPlan(config.files, sampling.seed, declined=declined))
    about_areas = plan_area_queries(units, known, FilesPlan(config.areas, sampling.seed, declined=declined))
    return [*about_units.requests, *about_files.requests, *about_areas.requests]


def judge_assets(partitions: RepoPartitions) -> list[dg.AssetsDefinition]:
    """`queries`, `mined_negatives`, `candidate_pool`, `judgments`."""

    @dg.asset(partitions_def=partitions.labelled, group_name="judge", code_version="3", io_manager_key="frames")
    def queries(
        context: dg.AssetExecutionContext, config: QueriesConfig, project: Project, code_units: pl.DataFrame
    ) -> Result:
        """Queries about what the code does, from the ledger, each with the unit that it was written about.

        On demand the judge is first asked for more.
        """
        ledger, repo = project.files.ledger, context.partition_key
        asked = {}
        if asks(project, config.ask):
            asked = ask_judge(context, project, _wanted_queries(ledger, repo, code_units, config), "queries")
        inputs = inputs_version(context, project)
        written = written_about(load_queries(ledger, [repo]), code_units)
        sample = written.select(source(), "kind", "query", "path").sample(min(10, written.height), seed=0)
        facts = {
            "queries per source and kind, and share of their words in the code": table(_kinds(written)),
            "lost their unit": written["unit_id"].null_count(),
            "sample": table(sample),
        }
        return materialised(written, inputs, {**facts, **asked})

    @dg.asset(partitions_def=partitions.labelled, group_name="judge", code_version="1", io_manager_key="frames")
    def mined_negatives(
        context: dg.AssetExecutionContext, project: Project, queries: pl.DataFrame, code_units: pl.DataFrame
    ) -> Result:
        """Units that share a written query's words and are not its answer: negatives that need no judge."""
        inputs = inputs_version(context, project)
        mined = mine_negatives(queries, code_units, searcher_for_units(code_units, None, None))
        return materialised(mined, inputs, {"queries with mined negatives": mined["query_id"].n_unique()})

    @dg.asset(
        partitions_def=partitions.labelled,
        group_name="judge",
        code_version="3",
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

        From the ledger for judged queries; for the others, on demand, the source unit with the best of BM25, of the
        base encoder and of the newest checkpoint.
        """
        inputs = inputs_version(context, project)
        repo = context.partition_key
        judged = pool_from_grades(load_grades(project.files.ledger, [repo]), code_units)
        graded = judged["query_id"].unique().to_list()
        waiting = queries.filter(~pl.col("query_id").is_in(graded)).drop_nulls("unit_id")
        pools = [judged]
        if waiting.height and asks(project, config.pool_waiting_queries):
            proposers = {"base": project.files.home / base_encoder["folder"]}
            rankers = _rankers(context, project, code_units, proposers)
            proposals = propose_many(waiting["query"].to_list(), rankers)
            asked = zip(waiting.to_dicts(), proposals, strict=True)
            pools += [build_pool(query, code_units, proposed) for query, proposed in asked]
        pool = stacked(pools)
        proposed = pool.explode("proposed_by").unnest("proposed_by").group_by("proposer").len("units").sort("proposer")
        return materialised(pool, inputs, {"waiting for a judge": waiting.height, "proposed by": table(proposed)})

    @dg.asset(partitions_def=partitions.labelled, group_name="judge", code_version="3", io_manager_key="frames")
    def judgments(
        context: dg.AssetExecutionContext,
        config: JudgmentsConfig,
        project: Project,
        queries: pl.DataFrame,
        candidate_pool: pl.DataFrame,
        code_units: pl.DataFrame,
    ) -> Result:
        """Every usable query with its candidates' texts and grades 1-5, attached to the units as they are cut now.

        On demand the judge is first asked for the grades of pools that have none, and for a share of them once more.
        """
        ledger, repo = project.files.ledger, context.partition_key
        asked = {}
        if asks(project, config.ask):
            known = load_grades(ledger, [repo])
            waiting = queries.filter(~pl.col("query_id").is_in(known["query_id"].to_list()))
            first = list(grade_requests(waiting, candidate_pool, code_units, judging=1))
            asked = ask_judge(context, project, first, "grades")
            second = plan_second_judging(code_units, queries, load_grades(ledger, [repo]), GradingPlan())
            again = ask_judge(context, project, second.requests, "grades")
            asked |= {f"second judging, {name}": value for name, value in again.items()}
        inputs = inputs_version(context, project)
        grades = load_grades(ledger, [repo])
        judged = examples_from_ledger(queries, grades, code_units)
        facts = {
            "re-attached share": judged.attached,
            "graded queries": judged.graded_queries,
            "bad queries, dropped": judged.bad_queries,
            "pairs": grades.select("query_id", "unit_hash").unique().height,
            "pooled units": candidate_pool.height,
        }
        return materialised(judged.examples, inputs, {**facts, **judgment_facts(queries, grades), **asked})

    return [queries, mined_negatives, candidate_pool, judgments]


def _rankers(
    context: dg.AssetExecutionContext, project: Project, units: pl.DataFrame, encoders: dict[str, Path]
) -> dict[str, tuple[Searcher, Mode]]:
    """BM25, the given encoders, and the newest checkpoint where there is one; encodes the repository with each."""
    repo, home = context.partition_key, project.files.home
    newest = newest_checkpoint(home)
    rankers: dict[str, tuple[Searcher, Mode]] = {"bm25": (searcher_for_units(units, None, None), "bm25")}
    for name, folder in {**encoders, **({newest.name: newest} if newest else {})}.items():
        log = log_encoding(context, f"{name} on {repo}")
        rankers[name] = (searcher_for_units(units, load_encoder(folder), home / "index" / repo, log), "semantic")
    return rankers


def _kinds(written: pl.DataFrame) -> pl.DataFrame:
    """Queries by source and kind, with the mean share of their words in the path, the file's names and the code."""
    shares = {f"in {name}": pl.col("overlap").struct.field(name).mean().round(3) for name in ("path", "names", "body")}
    return written.group_by(source(), "kind").agg(queries=pl.len(), **shares).sort("source", "kind")
