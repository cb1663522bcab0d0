"""How should token vectors become a score of a file? Ways that need no other training, on the dev repositories.

    python benchmarks/scoring_on_dev.py [MODEL_FOLDER|base]

Run `xtr run` first: it cuts the repositories. Labels are those of the ledger now. Each row differs from "as
searched" (the model's own weights of tokens and dense vectors) in one thing.
"""

import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from xtr_pipeline.corpus.registry import load_registry
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.corpus.reserved import load_reserved
from xtr_pipeline.encoder.checkpoint import load_from
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.token_weights import inverse_document_frequency
from xtr_pipeline.evaluation.dev_probe import dev_queries, specified_queries
from xtr_pipeline.evaluation.metrics import score_rankings
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.evaluation.report import markdown_table, result_figures
from xtr_pipeline.judge.ledger import load_grades, load_queries
from xtr_pipeline.judge.training_examples import judged_examples
from xtr_pipeline.project_files import ProjectFiles, project_files
from xtr_pipeline.retrieval.dense import dense_scores, mixed_scores, unit_means

Scores = NDArray[np.float32]


@dataclass
class Repo:
    """One repository with everything that the ways of scoring need."""

    encoder: Encoder
    units: pl.DataFrame
    asked: list[EvalQuery]

    @cached_property
    def documents(self) -> tuple[Scores, NDArray[np.int64]]:
        """Token vectors and offsets."""
        encoded = self.encoder.encode_documents(render_units(self.units))
        return encoded.vectors.astype(np.float32), encoded.offsets

    @cached_property
    def means(self) -> Scores:
        """(units, dim)."""
        return unit_means(*self.documents)

    @cached_property
    def rarity(self) -> Encoder:
        """The same model with this repository's own document frequencies."""
        tokens = self.encoder.tokenise(render_units(self.units), self.encoder.settings.document_length)
        weights = inverse_document_frequency(tokens, self.encoder.tokenizer.vocabulary_size())
        return self.encoder.with_token_weights(weights)

    def maxsim(self, query: Scores) -> Scores:
        """(units,) of one query."""
        vectors, offsets = self.documents
        return np.maximum.reduceat(query @ vectors.T, offsets[:-1], axis=1).mean(axis=0)

    def scores(self, queries: Sequence[Scores], dense_weight: float) -> Iterator[Scores]:
        """(units,) of each query."""
        for query in queries:
            dense = dense_scores([query], self.means)[0]
            yield mixed_scores(self.maxsim(query), dense, dense_weight)

    def outlines(self, queries: Sequence[Scores]) -> Iterator[Scores]:
        """MaxSim of each file's outline (its path, symbols and their first lines of documentation), for each unit."""
        texts = {}
        for (path,), own in self.units.sort("path", "start_line").group_by("path", maintain_order=True):
            lines = [
                f"{symbol}: {text.splitlines()[0]}" if text else symbol
                for symbol, text in own.select("symbol", "docstring").iter_rows()
            ]
            texts[str(path)] = "\n".join([str(path), *dict.fromkeys(lines)])
        place = {path: number for number, path in enumerate(texts)}
        of_unit = [place[path] for path in self.units["path"]]
        encoded = self.encoder.encode_documents(list(texts.values()))
        vectors = encoded.vectors.astype(np.float32)
        for query in queries:
            found = np.maximum.reduceat(query @ vectors.T, encoded.offsets[:-1], axis=1).mean(axis=0)
            yield found[of_unit]


def rankings(repo: Repo) -> dict[str, list[list[str]]]:
    """By way of scoring, the files of each query in order."""
    encoder, paths = repo.encoder, repo.units["path"].to_list()
    own = encoder.dense_weight
    texts = [query.query for query in repo.asked]
    asked = {
        "as searched": encoder.encode_queries(texts),
        "tokens all alike": encoder.with_token_weights(None).encode_queries(texts),
        "tokens by rarity in the repository": repo.rarity.encode_queries(texts),
    }
    found = {name: list(repo.scores(queries, own)) for name, queries in asked.items()}
    queries, searched = asked["as searched"], found["as searched"]
    for weight in (0.0, 0.2, 0.4, 0.8):
        found[f"dense vectors with {weight}"] = list(repo.scores(queries, weight))
    found["dense vectors alone"] = [dense_scores([query], repo.means)[0] for query in queries]
    outlines = list(repo.outlines(queries))
    for share in (0.2, 0.5):
        found[f"with {share} of the file's outline"] = [
            scores + share * other for scores, other in zip(searched, outlines, strict=True)
        ]
    length = np.log(np.diff(repo.documents[1]))
    found["longer units better (0.01 log)"] = [scores + 0.01 * length for scores in searched]
    ordered = {name: [by_best_unit(scores, paths) for scores in rows] for name, rows in found.items()}
    for share in (0.1, 0.3):
        name = f"best unit and {share} of the next two"
        ordered[name] = [by_best_units(scores, paths, share) for scores in searched]
    return ordered


def by_best_unit(scores: Scores, paths: Sequence[str]) -> list[str]:
    """Files by their best unit."""
    return list(dict.fromkeys(paths[unit] for unit in np.argsort(-scores, kind="stable")))


def by_best_units(scores: Scores, paths: Sequence[str], share: float) -> list[str]:
    """Files by their best unit and a share of the mean of the next two (of its own score, where it has no other)."""
    units: dict[str, list[float]] = defaultdict(list)
    for unit in np.argsort(-scores, kind="stable"):
        units[paths[unit]].append(float(scores[unit]))
    total = {path: own[0] + share * float(np.mean(own[1:3] or own[:1])) for path, own in units.items()}
    return sorted(total, key=lambda path: (-total[path], path))


def dev_repo(files: ProjectFiles, encoder: Encoder, name: str) -> Repo:
    """A dev repository with its judged queries."""
    units = pl.read_parquet(files.home / "storage" / "code_units" / f"{name}.parquet").sort("unit_id")
    judged = judged_examples(load_queries(files.ledger, [name]), load_grades(files.ledger, [name]), units)
    return Repo(encoder, units, specified_queries(dev_queries({name: judged}, {name: units})))


def main(model: str) -> None:
    """Print the table of one model."""
    files = project_files(os.environ)
    encoder = load_from(model, files.home)
    frames = []
    for name in load_registry(files.registry, load_reserved(files.reserved)).names("dev"):
        repo = dev_repo(files, encoder, name)
        for way, ordered in rankings(repo).items():
            ranked = {query.id: order[:1000] for query, order in zip(repo.asked, ordered, strict=True)}
            frames.append(score_rankings(repo.asked, ranked, model=way, mode="semantic"))
    print(markdown_table(result_figures(pl.concat(frames))))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "base")
