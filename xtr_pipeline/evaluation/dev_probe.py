"""How good an encoder is on the dev repositories: what early stopping and recipe choices look at."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.evaluation.metrics import score_rankings
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.retrieval.file_scores import ScoreWeights
from xtr_pipeline.retrieval.ranking import Ranker
from xtr_pipeline.retrieval.salience import salient_scores

METRIC = "nDCG@10"
"""Finer than R@10, which on a small dev repo only sees whether a file is among the ten: it moves with fewer queries."""


DEV_QUERY_SCHEMA = pl.Schema(
    {
        "query_id": pl.String(),
        "repo": pl.String(),
        "kind": pl.String(),
        "query": pl.String(),
        "relevant": pl.List(pl.String()),
    }
)


class ProbedVectors(Protocol):
    """Token vectors of documents."""

    @property
    def vectors(self) -> NDArray[np.float16]:
        """(total_tokens, dim)."""

    @property
    def offsets(self) -> NDArray[np.int64]:
        """(documents + 1,)."""


class ProbedEncoder(Protocol):
    """What the probe needs of an encoder."""

    def encode_queries(self, texts: Sequence[str], /) -> list[NDArray[np.float32]]:
        """Token vectors of each query, `(q_tokens, dim)`."""

    def encode_documents(self, texts: Sequence[str], /) -> ProbedVectors:
        """Token vectors of all documents and their offsets."""


def dev_probe(
    units: Mapping[str, pl.DataFrame], queries: pl.DataFrame, units_per_repo: int, seed: int
) -> Callable[[ProbedEncoder], float]:
    """Make the measurement that training repeats.

    Args:
        units: code units of every dev repository (`corpus.units.UNIT_SCHEMA`).
        queries: dev queries with their accepted files (`dev_queries`, `known_items`).
        units_per_repo: how many units of a repository are encoded at most. A repository's queries are drawn until the
            units of their accepted files would be more (one query is drawn in any case), and a sample of the other
            units fills the room that is left. A smaller sample is an easier task: compare only figures of one probe.
        seed: of the draws.

    Returns:
        A function from an encoder to the mean nDCG@10 over the drawn queries, files ranked by their best unit
        alone, tokens by their salience in the sample (which makes no outline or size of a file).

    Raises:
        ValueError: no queries, or a query about a repository that has no units.
    """
    if queries.is_empty():
        raise ValueError("there is no dev query to measure: judge some queries of a dev repository first")
    specified = specified_queries(queries)
    unknown = sorted({query.repo for query in specified} - set(units))
    if unknown:
        raise ValueError(f"dev queries are about {', '.join(unknown)}, whose units are missing")
    probed = [
        _sample(units[repo], [query for query in specified if query.repo == repo], units_per_repo, seed)
        for repo in sorted({query.repo for query in specified})
    ]

    def measure(encoder: ProbedEncoder) -> float:
        values: list[float] = []
        for asked, chosen in probed:
            documents = encoder.encode_documents(render_units(chosen))
            vectors = encoder.encode_queries([query.query for query in asked])
            scores = salient_scores(vectors, documents.vectors, documents.offsets, ScoreWeights().salience)
            ranker = Ranker(tuple(chosen["unit_id"]), tuple(chosen["path"]))
            eligible = np.ones(chosen.height, dtype=np.bool_)
            rankings = {
                query.id: [hit.path for hit in ranker.files(scores[row], eligible, 10)]
                for row, query in enumerate(asked)
            }
            values += score_rankings(asked, rankings, model="probe", mode="semantic")[METRIC].to_list()
        return float(np.mean(values))

    return measure


def specified_queries(queries: pl.DataFrame) -> list[EvalQuery]:
    """Rows of `DEV_QUERY_SCHEMA` as queries, in their order."""
    return [
        EvalQuery(row[0], row[1], row[2], row[3], tuple(row[4]))
        for row in queries.select(*DEV_QUERY_SCHEMA).iter_rows()
    ]


def _sample(
    units: pl.DataFrame, queries: Sequence[EvalQuery], limit: int, seed: int
) -> tuple[list[EvalQuery], pl.DataFrame]:
    sizes = dict(units.group_by("path").len().iter_rows())
    drawn: list[EvalQuery] = []
    needed: set[str] = set()
    for query in random.Random(seed).sample(queries, len(queries)):
        wanted = needed | set(query.relevant)
        if drawn and sum(sizes.get(path, 0) for path in wanted) > limit:
            break
        drawn.append(query)
        needed = wanted
    accepted = units.filter(pl.col("path").is_in(sorted(needed)))
    others = units.filter(~pl.col("path").is_in(sorted(needed)))
    room = max(0, min(others.height, limit - accepted.height))
    return drawn, pl.concat([accepted, others.sort("unit_id").sample(room, seed=seed)]).sort("unit_id")


def dev_queries(
    judged: Mapping[str, pl.DataFrame], units: Mapping[str, pl.DataFrame], positive_grade: int = 4
) -> pl.DataFrame:
    """The judged queries of dev repositories; accepted files are those of units graded 4 or better.

    Args:
        judged: by repository, examples frames (query_id, query, kind, repo, candidates).
        units: by repository, code units.
        positive_grade: least grade of an accepted unit.

    Returns:
        Columns query_id, repo, kind, query, relevant (list of paths), sorted; queries without an accepted
        unit are left out.
    """
    rows: list[dict[str, object]] = []
    for repo in sorted(set(judged) & set(units)):
        paths = dict(units[repo].select("unit_id", "path").iter_rows())
        for row in judged[repo].sort("query_id").iter_rows(named=True):
            accepted = [candidate["unit_id"] for candidate in row["candidates"] if candidate["grade"] >= positive_grade]
            files = sorted({paths[unit] for unit in accepted if unit in paths})
            if files:
                rows.append({**{name: row[name] for name in ("query_id", "repo", "kind", "query")}, "relevant": files})
    return pl.DataFrame(rows, schema=DEV_QUERY_SCHEMA)
