"""Should every query token count alike? MaxSim with other weights of the query's tokens, on the dev repositories.

    python benchmarks/token_weights_on_dev.py [MODEL_FOLDER|base]

Run `xtr run` first: it cuts the dev repositories. Labels are those of the ledger now; scores are exact MaxSim.
"""

import os
import sys

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xtr_pipeline.corpus.registry import load_registry
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.corpus.reserved import load_reserved
from xtr_pipeline.encoder.checkpoint import load_from
from xtr_pipeline.encoder.tokenising import TokenIds
from xtr_pipeline.evaluation.dev_probe import dev_queries, specified_queries
from xtr_pipeline.evaluation.metrics import score_rankings
from xtr_pipeline.evaluation.report import markdown_table, result_figures
from xtr_pipeline.judge.ledger import load_grades, load_queries
from xtr_pipeline.judge.training_examples import judged_examples
from xtr_pipeline.project_files import project_files
from xtr_pipeline.retrieval.ranking import Ranker


def rarity(documents: TokenIds, vocabulary: int) -> NDArray[np.float64]:
    """Inverse document frequency of every token of the vocabulary over the units of a repository."""
    seen = np.zeros(vocabulary)
    for place in range(len(documents)):
        seen[np.unique(documents[place])] += 1
    weights: NDArray[np.float64] = np.log(1 + (len(documents) - seen + 0.5) / (seen + 0.5))
    return weights


def main(model: str) -> None:
    """Print the table of one model."""
    files = project_files(os.environ)
    encoder = load_from(model, files.home)
    special = sorted(encoder.tokenizer.special_ids())
    frames = []
    for repo in load_registry(files.registry, load_reserved(files.reserved)).names("dev"):
        units = pl.read_parquet(files.home / "storage" / "code_units" / f"{repo}.parquet").sort("unit_id")
        judged = judged_examples(load_queries(files.ledger, [repo]), load_grades(files.ledger, [repo]), units)
        asked = specified_queries(dev_queries({repo: judged}, {repo: units}))
        texts = render_units(units)
        documents = encoder.tokenise(texts, encoder.settings.document_length)
        idf = rarity(documents, encoder.tokenizer.vocabulary_size())
        index = encoder.encode_documents(texts)
        vectors = index.vectors.astype(np.float32)
        queries = encoder.tokenise([query.query for query in asked], encoder.settings.query_length)
        ranker = Ranker(tuple(units["unit_id"]), tuple(units["path"]))
        everything = np.ones(units.height, dtype=np.bool_)
        rankings: dict[str, dict[str, list[str]]] = {}
        for place, (query, tokens) in enumerate(
            zip(asked, encoder.encode_queries([q.query for q in asked]), strict=True)
        ):
            best = np.maximum.reduceat(tokens @ vectors.T, index.offsets[:-1], axis=1)
            ids = queries[place]
            weights = {
                "all alike": np.ones(len(ids)),
                "no special tokens": (~np.isin(ids, special)).astype(float),
                "root of idf": np.sqrt(idf[ids]),
                "idf": idf[ids],
            }
            for name, weight in weights.items():
                scores = (weight / weight.sum()) @ best
                hits = ranker.files(scores.astype(np.float32), everything, 1000)
                rankings.setdefault(name, {})[query.id] = [hit.path for hit in hits]
        frames += [score_rankings(asked, ranked, model=name, mode="semantic") for name, ranked in rankings.items()]
    print(markdown_table(result_figures(pl.concat(frames).sort("model", maintain_order=True))))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "base")
