"""What storing token vectors as float16 costs: the dev repositories searched with float16 and with float32 vectors.

    python benchmarks/float16_on_dev.py [MODEL_FOLDER|base]

Run `xtr run` first: it makes the dev set. Everything else is as a search has it.
"""

import os
import sys

import numpy as np
import polars as pl
from dev_repos import dev_repos

from xtr_pipeline.corpus.outlines import with_outlines
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.encoder.checkpoint import load_from
from xtr_pipeline.encoder.encoding import Storage, encode_tokens
from xtr_pipeline.evaluation.evaluator import evaluate_searcher
from xtr_pipeline.evaluation.report import markdown_table, result_figures
from xtr_pipeline.project_files import project_files
from xtr_pipeline.retrieval.bm25 import Bm25
from xtr_pipeline.retrieval.late_interaction import LateInteraction
from xtr_pipeline.retrieval.searcher import Searcher
from xtr_pipeline.retrieval.token_index import TokenIndex, hash_text


def main(model: str) -> None:
    """Print the table of one model."""
    files = project_files(os.environ)
    encoder = load_from(model, files.home)
    frames = []
    for _, units, asked in dev_repos(files):
        documents = with_outlines(units)
        texts = render_units(documents)
        tokens = encoder.tokenise(texts, encoder.settings.document_length)
        exact = encode_tokens(encoder.model, tokens, frozenset(), Storage(dtype=np.float32))
        index = TokenIndex(
            tuple(documents["unit_id"]),
            tuple(map(hash_text, texts)),
            exact.vectors.astype(np.float16),
            exact.offsets,
            encoder.fingerprint,
        )
        searcher = Searcher(units, index, Bm25(render_units(units)), encoder)
        frames.append(evaluate_searcher(searcher, asked, "semantic", "float16"))
        searcher.model = LateInteraction(
            exact.vectors, exact.offsets, searcher.model.outlined, searcher.weights.salience
        )
        frames.append(evaluate_searcher(searcher, asked, "semantic", "float32"))
    print(markdown_table(result_figures(pl.concat(frames).sort("model", maintain_order=True))))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "base")
