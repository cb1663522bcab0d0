"""What there is to ask of a judge, by the options that `export` and `run` share."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
from rich.console import Console

from xtr_pipeline.cli.judge_inputs import chosen_repos, files, rankers_of, registry, units_of
from xtr_pipeline.cli.name_lists import names_in
from xtr_pipeline.corpus.registry import SourceRepo
from xtr_pipeline.judge.campaign import (
    FilesPlan,
    GradingPlan,
    Plan,
    declined_requests,
    plan_area_queries,
    plan_deeper_judging,
    plan_file_queries,
    plan_first_judging,
    plan_queries,
    plan_second_judging,
)
from xtr_pipeline.judge.ledger import load_asked, load_grades, load_queries
from xtr_pipeline.judge.query_subjects import PROMPT_VERSIONS
from xtr_pipeline.judge.requests import Request, Task
from xtr_pipeline.judge.sampling import Sampling

What = Literal["queries", "files", "areas", "grades", "deeper", "second"]
TASKS: dict[What, Task] = {
    "queries": "queries",
    "files": "queries",
    "areas": "queries",
    "grades": "grades",
    "deeper": "grades",
    "second": "grades",
}


@dataclass(frozen=True)
class PlanOptions:
    """How much is asked: `units` (or files) of a repo, `limit` queries for grades; lists as on the command line."""

    repos: str = ""
    units: int = 60
    limit: int | None = None
    pool_size: int = GradingPlan.pool_size
    share: float = GradingPlan.second_share
    depth: int = GradingPlan.depth
    proposers: str = ""
    seed: int = 1
    prompts: tuple[str, ...] = ()


def prompts_of(option: str) -> tuple[str, ...]:
    """The prompt versions that an option names, none for all; ValueError for one that the ledger may not hold."""
    versions = names_in(option)
    strange = [version for version in versions if version not in PROMPT_VERSIONS]
    if strange:
        raise ValueError(f"no prompts for queries: {', '.join(strange)}; there are {', '.join(PROMPT_VERSIONS)}")
    return versions


def requests_for(
    console: Console, what: What, options: PlanOptions, held: Collection[dict[str, Any]] = ()
) -> list[Request]:
    """The requests of one kind over the chosen repos, without those whose manifest entries are in `held`."""
    if options.prompts and TASKS[what] == "queries":
        raise ValueError(f"--prompts chooses queries that are graded: ask for grades, deeper or second, not {what}")
    requests: list[Request] = []
    for repo in chosen_repos(registry(), options.repos):
        plan = _plan(what, repo, options, held)
        requests += plan.requests
        lost = f", {plan.orphans} lost their unit" if plan.orphans else ""
        console.print(f"{repo.name}: {len(plan.requests)} requests ({what}){lost}", markup=False)
    return requests


def _plan(what: What, repo: SourceRepo, options: PlanOptions, held: Collection[dict[str, Any]]) -> Plan:
    ledger = files().ledger
    queries = load_queries(ledger, [repo.name])
    if TASKS[what] == "queries":
        return _plan_queries(what, repo, queries, options, held)
    if options.prompts:
        queries = queries.filter(pl.col("prompt_version").is_in(options.prompts))
    if queries.is_empty():
        return Plan(())
    judging = 2 if what == "second" else 1
    plan = GradingPlan(
        limit=options.limit,
        pool_size=options.pool_size,
        seed=options.seed,
        second_share=options.share,
        depth=options.depth,
        taken=frozenset(str(entry["query_id"]) for entry in held if entry.get("judging") == judging),
    )
    units, grades = units_of(repo), load_grades(ledger, [repo.name])
    if what == "second":
        return plan_second_judging(units, queries, grades, plan)
    ask = plan_deeper_judging if what == "deeper" else plan_first_judging
    return ask(units, queries, grades, lambda: rankers_of(repo.name, units, options.proposers), plan)


def _plan_queries(
    what: What, repo: SourceRepo, queries: pl.DataFrame, options: PlanOptions, held: Collection[dict[str, Any]]
) -> Plan:
    units, declined = units_of(repo), declined_requests(load_asked(files().ledger, [repo.name]))
    if what == "queries":
        taken = {str(entry["unit_hash"]) for entry in held if "unit_hash" in entry}
        sampling = Sampling(per_repo=options.units, seed=options.seed)
        return plan_queries(units, queries, sampling, taken, declined)
    # the same path may be one of another repo's files
    held = [entry for entry in held if entry.get("repo") == repo.name and "units" in entry]
    if what == "areas":
        taken = {path for entry in held for path in entry.get("paths", ())}
        return plan_area_queries(units, queries, FilesPlan(options.units, options.seed, taken, declined))
    taken = {str(entry["path"]) for entry in held if "path" in entry}
    return plan_file_queries(units, queries, FilesPlan(options.units, options.seed, taken, declined))
