"""Mined negatives that may be answers: those that a model scores nearly as high as the right one are left out.

A negative is kept below a share of the lowest score of a query's positives (positive-aware mining, 95% of it: Moreira
et al. 2024, arXiv 2407.15831, where higher ones are too often unlabelled answers).
"""

from __future__ import annotations

import numpy as np
import polars as pl

from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.encoding import OnTokens
from xtr_pipeline.retrieval.maxsim import maxsim_scores
from xtr_pipeline.training.examples import UNJUDGED


def without_near_positives(
    examples: pl.DataFrame,
    encoder: Encoder,
    ceiling: float,
    positive_grade: int,
    on_progress: OnTokens | None = None,
) -> pl.DataFrame:
    """The examples less the unjudged candidates whose MaxSim is too near that of a right one.

    Args:
        examples: Columns of `EXAMPLES_SCHEMA`; judged candidates stay whatever they score, and so do the unjudged ones
            of a query without a positive.
        encoder: Scores.
        ceiling: Share of the lowest score of a query's positives that a negative must stay below.
        positive_grade: Grades from here on are positives.
        on_progress: Hears how far the encode of the candidates is.
    """
    grades = pl.element().struct.field("grade")
    mined = examples.filter(pl.col("candidates").list.eval(grades == UNJUDGED).list.any())
    if mined.is_empty():
        return examples
    rows = mined.select("query_id", "query", "candidates").to_dicts()
    texts = {candidate["text"]: None for row in rows for candidate in row["candidates"]}
    number = {text: position for position, text in enumerate(texts)}
    documents = encoder.encode_documents(list(texts), on_progress)
    queries = encoder.encode_queries([row["query"] for row in rows])
    kept = {}
    for row, query in zip(rows, queries, strict=True):
        found = [documents[number[candidate["text"]]] for candidate in row["candidates"]]
        offsets = np.cumsum([0, *map(len, found)])
        (scores,) = maxsim_scores([query], np.concatenate(found), offsets)
        scored = list(zip(row["candidates"], scores.tolist(), strict=True))
        lowest = min((score for candidate, score in scored if candidate["grade"] >= positive_grade), default=np.inf)
        kept[row["query_id"]] = [
            candidate for candidate, score in scored if candidate["grade"] != UNJUDGED or score < ceiling * lowest
        ]
    narrowed = pl.DataFrame(
        {"query_id": list(kept), "fewer": list(kept.values())},
        schema={"query_id": pl.String, "fewer": examples.schema["candidates"]},
    )
    joined = examples.join(narrowed, on="query_id", how="left", maintain_order="left")
    return joined.with_columns(candidates=pl.coalesce("fewer", "candidates")).drop("fewer")
