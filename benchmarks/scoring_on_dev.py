"""How should token vectors become a score of a file? Ways that need no other training, on the dev repositories.

    python benchmarks/scoring_on_dev.py [MODEL_FOLDER|base [REPO ...]]

Run `xtr run` first: it cuts the repositories and makes the dev set. Each row differs from "as it is" (the
model's own weights of tokens, all other weights as usual, every unit scored) in one thing; the last one cuts units and
outlines short, to see what context is worth. Queries about units and about whole files have a table each. Some dev
repositories alone are quicker: the encoder's work is nearly all of the time that this takes.
"""

import os
import sys
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from dev_repos import dev_repos
from numpy.typing import NDArray

from xtr_pipeline.corpus.outlines import document_ids, with_outlines
from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.encoder.checkpoint import load_from
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.encoder.token_vectors import mean_directions
from xtr_pipeline.encoder.token_weights import inverse_document_frequency
from xtr_pipeline.evaluation.metrics import score_rankings
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.evaluation.report import markdown_table, result_figures
from xtr_pipeline.judge.ledger import load_queries
from xtr_pipeline.judge.query_subjects import about_file
from xtr_pipeline.judge.words import stems
from xtr_pipeline.project_files import ProjectFiles, project_files
from xtr_pipeline.retrieval.file_scores import ScoreWeights, size_handicaps
from xtr_pipeline.retrieval.narrowing import unit_means
from xtr_pipeline.retrieval.outlined import Outlined
from xtr_pipeline.retrieval.ranking import Ranker
from xtr_pipeline.retrieval.salience import salient_scores

Scores = NDArray[np.float32]
SHORT = 64
USUAL = ScoreWeights()


@dataclass(frozen=True)
class Found:
    """Scores of documents, (queries, documents): by MaxSim, and cosines of mean vectors."""

    maxsim: Scores
    means: Scores
    outlined: Outlined

    def units(self, weight: float = USUAL.outline, dense: float = 0.0) -> list[Scores]:
        """Scores of the units for each query, by the weight of outlines and that of mean vectors beside MaxSim."""
        scores = (self.maxsim + dense * self.means) / (1 + dense)
        return list(replace(self.outlined, weight=weight).mixed(scores))


@dataclass
class Repo:
    """One repository with everything that the ways of scoring need."""

    encoder: Encoder
    units: pl.DataFrame
    asked: list[EvalQuery]

    @cached_property
    def documents(self) -> tuple[Scores, NDArray[np.int64]]:
        """Token vectors of units and outlines, and their offsets."""
        encoded = self.encoder.encode_documents(render_units(with_outlines(self.units)))
        return encoded.vectors.astype(np.float32), encoded.offsets

    @cached_property
    def _means(self) -> Scores:
        return unit_means(*self.documents)

    @cached_property
    def outlined(self) -> Outlined:
        """Which documents are units, and which are their files' outlines."""
        return Outlined.of(document_ids(self.units), self.units, USUAL.outline)

    @cached_property
    def rarity(self) -> Encoder:
        """The same model with this repository's own document frequencies."""
        tokens = self.encoder.tokenise(render_units(self.units), self.encoder.settings.document_length)
        weights = inverse_document_frequency(tokens, self.encoder.tokenizer.vocabulary_size())
        return self.encoder.with_token_weights(weights)

    @cached_property
    def named_as_asked(self) -> list[Scores]:
        """For each query, the share of each unit's name (its last part, as stems) that the query holds."""
        names = [stems((symbol or "").rpartition(".")[2]) for symbol in self.units["symbol"]]
        return [
            np.array([len(name & asked) / max(1, len(name)) for name in names], dtype=np.float32)
            for asked in (stems(query.query) for query in self.asked)
        ]

    def found(self, encoder: Encoder, power: float = USUAL.salience) -> Found:
        """What this model finds, with whatever weights of tokens and power of their salience."""
        queries = encoder.encode_queries([query.query for query in self.asked])
        means = mean_directions(queries) @ self._means.T
        return Found(salient_scores(queries, *self.documents, power, self.outlined.units), means, self.outlined)


def rankings(repo: Repo) -> dict[str, list[list[str]]]:
    """By way of scoring, the files of each query in order."""
    encoder, paths = repo.encoder, repo.units["path"].to_list()
    ranker = Ranker(tuple(repo.units["unit_id"]), tuple(paths))
    everything = np.ones(repo.units.height, dtype=np.bool_)

    sizes = size_handicaps(repo.units["path"], 1.0)

    def ranked(scores: Scores, size: float = USUAL.size, second: float = USUAL.second) -> list[str]:
        return [hit.path for hit in ranker.files(scores - size * sizes, everything, len(paths), second)]

    usual = repo.found(encoder)
    alike = repo.found(encoder.with_token_weights(None))
    searched = usual.units()
    length = np.log(np.diff(repo.documents[1])[repo.outlined.units])
    found = {
        "as it is": searched,
        "tokens all alike": alike.units(),
        "tokens by rarity in the repository": repo.found(repo.rarity).units(),
        "tokens all alike, no outlines": alike.units(0.0),
        "tokens all alike, no salience": repo.found(encoder.with_token_weights(None), power=0.0).units(),
        "longer units better (0.01 log)": [scores + 0.01 * length for scores in searched],
    }
    # priors that know code: a definition that is called what is asked for; heads of files, which do nothing themselves
    named = repo.named_as_asked
    found |= {
        f"names with the query's words better ({bonus})": [
            scores + bonus * share for scores, share in zip(searched, named, strict=True)
        ]
        for bonus in (0.02, 0.05)
    }
    heads = (repo.units["kind"] == "module").to_numpy()
    found |= {f"heads of files lower ({loss})": [scores - loss * heads for scores in searched] for loss in (0.01, 0.03)}
    found |= {f"salience with {power}": repo.found(encoder, power).units() for power in (0.0, 0.5, 1.5, 2.0)}
    found |= {f"outlines with {weight}": usual.units(weight) for weight in (0.0, 0.2, 0.3, 0.5)}
    found |= {f"mean vectors with {dense}": usual.units(dense=dense) for dense in (0.2, 0.5)}
    ordered = {name: [ranked(scores) for scores in rows] for name, rows in found.items()}
    ordered["best unit alone, no sizes"] = [ranked(scores, 0.0, 0.0) for scores in searched]
    for weight in (0.0, 0.01, 0.0125, 0.0175, 0.02):
        ordered[f"sizes with {weight}"] = [ranked(scores, weight) for scores in searched]
    for weight in (0.0, 0.1, 0.3, 0.5):
        ordered[f"second units with {weight}"] = [ranked(scores, second=weight) for scores in searched]
    # units are cut to what an encoder reads: only less of them can be shown, to see what length gives
    cut = replace(encoder, settings=replace(encoder.settings, document_length=SHORT))
    short = Repo(cut, repo.units, repo.asked).found(cut)
    ordered[f"first {SHORT} tokens of each document"] = [ranked(scores) for scores in short.units()]
    return ordered


def about_files(files: ProjectFiles, name: str) -> frozenset[str]:
    """Ids of a repository's queries about whole files."""
    queries = load_queries(files.ledger, [name])
    return frozenset(queries.filter(about_file())["query_id"])


def main(model: str, *repos: str) -> None:
    """Print the table of one model, over all dev repositories or some."""
    files = project_files(os.environ)
    encoder = load_from(model, files.home)
    frames, of_files = [], set()
    for name, units, asked in dev_repos(files, repos):
        repo = Repo(encoder, units, asked)
        of_files |= about_files(files, name)
        for way, ordered in rankings(repo).items():
            ranked = {query.id: order[:1000] for query, order in zip(repo.asked, ordered, strict=True)}
            frames.append(score_rankings(repo.asked, ranked, model=way, mode="semantic"))
    scored, of_file = pl.concat(frames), pl.col("query_id").is_in(sorted(of_files))
    for title, part in (("units", scored.filter(~of_file)), ("files", scored.filter(of_file))):
        if part.height:
            print(f"\nQueries about {title}\n\n{markdown_table(result_figures(part))}")


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["base"]))
