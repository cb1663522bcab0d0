"""What is left to ask: queries for units, files and areas, first grades, deeper and second judgings."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from xtr_pipeline.judge.area_requests import AREA_FILES, area_requests, sample_areas
from xtr_pipeline.judge.file_requests import file_requests, sample_files
from xtr_pipeline.judge.pools import (
    DEFAULT_POOL_SIZE,
    UnitRanker,
    build_pool,
    pool_from_grades,
    propose_many,
    reordered,
    stacked,
)
from xtr_pipeline.judge.query_subjects import about_file, from_area, from_file
from xtr_pipeline.judge.requests import Request, grade_requests, query_request_id, query_requests
from xtr_pipeline.judge.sampling import Sampling, sample_units, shuffled
from xtr_pipeline.judge.standing_grades import asked_again, standing_grades
from xtr_pipeline.retrieval.modes import Mode

SECOND_SHARE = 0.16  # of the graded queries; at least 15% of the pairs must be judged twice


@dataclass(frozen=True)
class Plan:
    """Requests to send, and queries that cannot be asked about because their unit is no longer in the corpus."""

    requests: tuple[Request, ...]
    orphans: int = 0


@dataclass(frozen=True)
class FilesPlan:
    """How many files of a repo queries are wanted about, alone or in areas.

    Attributes:
        limit: At most so many files.
        seed: Draws files and areas.
        taken: Paths that are asked about elsewhere.
        declined: Ids of requests that are not made again (`declined_requests`).
    """

    limit: int
    seed: int
    taken: Collection[str] = ()
    declined: Collection[str] = ()


@dataclass(frozen=True)
class GradingPlan:
    """Which queries of a repo are graded, and how pools are drawn.

    Attributes:
        limit: At most so many queries; None: all.
        pool_size: Units in a pool.
        seed: Draws queries and the order in a pool.
        second_share: Share of the graded queries that are judged again.
        depth: First units of each proposer that a deeper judging wants graded.
        taken: Ids of queries that are asked for elsewhere.
    """

    limit: int | None = None
    pool_size: int = DEFAULT_POOL_SIZE
    seed: int = 1
    second_share: float = SECOND_SHARE
    depth: int = 5
    taken: frozenset[str] = frozenset()


def plan_queries(
    units: pl.DataFrame,
    queries: pl.DataFrame,
    sampling: Sampling,
    taken: Collection[str] = (),
    declined: Collection[str] = (),
) -> Plan:
    """Requests for units of one repo without a query of their own, whose content hash is not in `taken`.

    Requests whose ids are in `declined` (`declined_requests`) are not made again.
    """
    refused = {unit for unit in units["content_hash"] if query_request_id(units["repo"][0], unit) in set(declined)}
    about_unit = queries.filter(~about_file())
    chosen = sample_units(units, sampling, taken={*about_unit["unit_hash"].to_list(), *taken, *refused})
    return Plan(tuple(query_requests(units, chosen, sampling)))


def plan_file_queries(units: pl.DataFrame, queries: pl.DataFrame, plan: FilesPlan) -> Plan:
    """Requests for files of one repo that no query was written about, the file shown alone."""
    paths = sample_files(units, plan.seed, {*queries.filter(from_file())["path"].to_list(), *plan.taken})
    wanted = (request for request in file_requests(units, paths) if request.custom_id not in plan.declined)
    return Plan(tuple(itertools.islice(wanted, plan.limit)))


def plan_area_queries(units: pl.DataFrame, queries: pl.DataFrame, plan: FilesPlan) -> Plan:
    """Requests for areas of one repo, without files that queries from an area lead to."""
    if plan.limit < 1:
        return Plan(())
    known = {*queries.filter(from_area())["path"].to_list(), *plan.taken}
    areas = sample_areas(units, plan.seed, known, most=min(AREA_FILES, plan.limit))
    wanted = (request for request in area_requests(units, areas) if request.custom_id not in plan.declined)
    return Plan(tuple(_within(wanted, plan.limit)))


def _within(requests: Iterable[Request], files: int) -> Iterator[Request]:
    """The first requests about areas, as many as have at most so many files together."""
    for request in requests:
        files -= len(request.manifest["paths"])
        if files < 0:
            return
        yield request


def declined_requests(asked: pl.DataFrame) -> frozenset[str]:
    """Ids of the requests to which a judge answered that nothing in them is worth a query."""
    return frozenset(asked.filter(pl.col("outcome") == "declined")["custom_id"])


def plan_first_judging(
    units: pl.DataFrame,
    queries: pl.DataFrame,
    grades: pl.DataFrame,
    rankers: Callable[[], Mapping[str, tuple[UnitRanker, Mode]]],
    plan: GradingPlan,
) -> Plan:
    """Requests for one repo's queries without grades, and for those pairs that a new rubric asks for again.

    `rankers` is only called where there is a pool to fill, since it may have to encode the repo first.
    """
    again = asked_again(grades.filter(~pl.col("query_id").is_in(list(plan.taken))))
    waiting = queries.filter(~pl.col("query_id").is_in([*grades["query_id"].to_list(), *plan.taken]))
    asked = waiting.filter(pl.col("unit_hash").is_in(units["content_hash"].unique().to_list()))
    lost = waiting.height - asked.height
    chosen = _limited(asked, plan, "first")
    pools = [pool_from_grades(again, units)]
    if chosen.height:
        proposals = propose_many(chosen["query"].to_list(), rankers())
        pools += _pools(chosen, units, proposals, plan.pool_size, plan.seed)
    wanted = queries.filter(pl.col("query_id").is_in([*chosen["query_id"], *again["query_id"]]))
    return Plan(tuple(grade_requests(wanted, stacked(pools), units, judging=1)), lost)


def plan_deeper_judging(
    units: pl.DataFrame,
    queries: pl.DataFrame,
    grades: pl.DataFrame,
    rankers: Callable[[], Mapping[str, tuple[UnitRanker, Mode]]],
    plan: GradingPlan,
) -> Plan:
    """Requests for what the proposers rank first for graded queries and nobody has graded yet.

    A pool holds what the models of its day found. A later model finds other units, and measured by the old pool each
    of them counts as wrong, right or not (pooling bias: Zobel, SIGIR 1998). On dev that decides against training.
    """
    graded = standing_grades(grades).filter(pl.col("judging") == 1)
    known = set(graded.select("query_id", "unit_hash").iter_rows())
    asked = queries.filter(pl.col("query_id").is_in(graded["query_id"].unique().to_list()))
    asked = _limited(asked.filter(~pl.col("query_id").is_in(list(plan.taken))), plan, "deeper")
    present = asked.filter(pl.col("unit_hash").is_in(units["content_hash"].unique().to_list()))
    ranked = rankers() if present.height else {}
    proposals = propose_many(present["query"].to_list(), ranked, plan.depth)
    new = []
    for whole in _pools(present, units, proposals, len(ranked) * plan.depth + 1, plan.seed):
        ungraded = [pair not in known for pair in whole.select("query_id", "unit_hash").iter_rows()]
        new.append(whole.filter(pl.Series(ungraded, dtype=pl.Boolean)).head(plan.pool_size))
    return Plan(tuple(grade_requests(asked, stacked(new), units, judging=1)), asked.height - present.height)


def plan_second_judging(units: pl.DataFrame, queries: pl.DataFrame, grades: pl.DataFrame, plan: GradingPlan) -> Plan:
    """Requests that judge a share of the graded queries again: the same pool, another order, no first grade.

    The share is drawn by the seed from all graded queries, so that a later call adds what is missing and no more.
    """
    current = standing_grades(grades)
    first = current.filter(pl.col("judging") == 1)
    drawn = shuffled(first["query_id"].unique().to_list(), plan.seed, "second")
    drawn = drawn[: max(1, round(len(drawn) * plan.second_share))] if drawn else []
    done = {*current.filter(pl.col("judging") == 2)["query_id"].to_list(), *plan.taken}
    asked = queries.filter(pl.col("query_id").is_in([query for query in drawn if query not in done]))
    asked = _limited(asked, plan, "second")
    pools = pool_from_grades(first.filter(pl.col("query_id").is_in(asked["query_id"].to_list())), units)
    again = stacked(reordered(pool, plan.seed) for pool in pools.partition_by("query_id") if pool.height)
    missing = asked.height - again["query_id"].n_unique()
    return Plan(tuple(grade_requests(asked, again, units, judging=2)), missing)


def _pools(
    queries: pl.DataFrame, units: pl.DataFrame, proposals: Sequence[Mapping[str, Sequence[str]]], size: int, seed: int
) -> list[pl.DataFrame]:
    """One pool a query, in the order of both."""
    return [
        build_pool(row, units, proposed, size, seed)
        for row, proposed in zip(queries.to_dicts(), proposals, strict=True)
    ]


def _limited(queries: pl.DataFrame, plan: GradingPlan, purpose: str) -> pl.DataFrame:
    order = shuffled(queries["query_id"].to_list(), plan.seed, purpose)
    return queries.filter(pl.col("query_id").is_in(order[: plan.limit]))
