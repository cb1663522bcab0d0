"""What storing token vectors as float16 costs: R@10 on the dev repositories with float16 and with float32 vectors.

    python benchmarks/float16_on_dev.py [MODEL_FOLDER|base]

Run `xtr run` first: it makes the dev set. Scores are exact MaxSim over all units in both cases.
"""

import os
import sys

import numpy as np
import polars as pl

from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.encoder.checkpoint import load_from
from xtr_pipeline.encoder.encoding import Storage, encode_tokens
from xtr_pipeline.evaluation.dev_probe import specified_queries
from xtr_pipeline.evaluation.metrics import score_rankings
from xtr_pipeline.evaluation.report import markdown_table, result_figures
from xtr_pipeline.project_files import project_files
from xtr_pipeline.retrieval.maxsim import maxsim_scores
from xtr_pipeline.retrieval.ranking import Ranker


def main(model: str) -> None:
    """Print the table of one model."""
    home = project_files(os.environ).home
    encoder = load_from(model, home)
    queries = pl.read_parquet(home / "storage" / "dev_set.parquet")
    frames = []
    for repo in queries["repo"].unique().sort().to_list():
        units = pl.read_parquet(home / "storage" / "code_units" / f"{repo}.parquet").sort("unit_id")
        asked = specified_queries(queries.filter(pl.col("repo") == repo))
        tokens = encoder.tokenise(render_units(units), encoder.settings.document_length)
        exact = encode_tokens(encoder.model, tokens, frozenset(), Storage(dtype=np.float32))
        ranker = Ranker(tuple(units["unit_id"]), tuple(units["path"]))
        everything = np.ones(units.height, dtype=np.bool_)
        asked_vectors = encoder.encode_queries([query.query for query in asked])
        for dtype in (np.float32, np.float16):
            vectors = exact.vectors.astype(dtype)
            scores = maxsim_scores(asked_vectors, vectors, exact.offsets)
            ranked = {
                query.id: [hit.path for hit in ranker.files(row, everything, 1000)]
                for query, row in zip(asked, scores, strict=True)
            }
            frames.append(score_rankings(asked, ranked, model=np.dtype(dtype).name, mode="semantic"))
    print(markdown_table(result_figures(pl.concat(frames).sort("model", maintain_order=True))))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "base")
