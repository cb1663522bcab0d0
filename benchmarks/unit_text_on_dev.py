"""What should be shown of a unit? Texts for the encoder and tokens for BM25, on the dev repositories.

    python benchmarks/unit_text_on_dev.py [MODEL_FOLDER|base|bm25 [REPO ...]]

Run `xtr run` first: it makes the dev set. Each row shows something else of the same units, with nothing cut
anew. Outlines of files, which have a text of their own, are left out. `bm25` measures BM25 alone, which takes a minute:
its last rows keep the usual text and count other tokens. A trained model has seen the usual text alone, base no text.
"""

import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from unittest.mock import patch

import numpy as np
import polars as pl
from dev_repos import dev_repos
from numpy.typing import NDArray

from xtr_pipeline.corpus.rendering import render_units
from xtr_pipeline.encoder.checkpoint import load_from
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.evaluation.metrics import score_rankings
from xtr_pipeline.evaluation.queries import EvalQuery
from xtr_pipeline.evaluation.report import markdown_table, result_figures
from xtr_pipeline.project_files import project_files
from xtr_pipeline.retrieval import bm25
from xtr_pipeline.retrieval.bm25 import Bm25
from xtr_pipeline.retrieval.code_tokens import STOP_WORDS, code_tokens
from xtr_pipeline.retrieval.file_scores import ScoreWeights, size_handicaps
from xtr_pipeline.retrieval.ranking import Ranker
from xtr_pipeline.retrieval.salience import salient_scores

Scores = NDArray[np.float32]
Rankings = dict[str, list[str]]
Texts = Callable[[pl.DataFrame], list[str]]
Tokens = Callable[[str], list[str]]
WEIGHTS = ScoreWeights()
USUAL = "as it is"


def _without(column: str) -> Texts:
    return lambda units: render_units(units.with_columns(pl.lit("").alias(column)))


def _symbol_always(units: pl.DataFrame) -> list[str]:
    shown = zip(units["path"], units["symbol"], units["docstring"], units["body"], strict=True)
    return ["\n".join(filter(None, [*head, textwrap.dedent(body).strip("\n")])) for *head, body in shown]


def _split(units: pl.DataFrame) -> list[str]:
    """The words of path and symbol above the usual text, where an encoder reads them as words and not as pieces."""
    named = [f"{path} {symbol}" for path, symbol in units.select("path", "symbol").iter_rows()]
    words = [" ".join(dict.fromkeys(code_tokens(name))) for name in named]
    return [f"{said}\n{text}" for said, text in zip(words, render_units(units), strict=True)]


TEXTS: dict[str, Texts] = {
    USUAL: render_units,
    "without its documentation": _without("docstring"),
    "without its path, symbol always": _without("path"),
    "without its body, symbol always": _without("body"),
    "body alone": lambda units: [textwrap.dedent(body).strip("\n") for body in units["body"]],
    "symbol always": _symbol_always,
    "words of path and symbol first": _split,
}
TOKENS: dict[str, Tokens] = {
    "words as they stand": lambda text: [word.lower() for word in re.findall(r"\w+", text)],
    "words less stop words": lambda text: [w for w in map(str.lower, re.findall(r"\w+", text)) if w not in STOP_WORDS],
}


def ranked(units: pl.DataFrame, scores: Scores, asked: list[EvalQuery], second: float, above: float) -> Rankings:
    """The files of each query, best first, by (queries, units) scores; units that are not above one are no results."""
    ranker = Ranker(tuple(units["unit_id"]), tuple(units["path"]))
    return {
        query.id: [hit.path for hit in ranker.files(row, row > above, 100, second)]
        for query, row in zip(asked, scores, strict=True)
    }


def by_model(units: pl.DataFrame, asked: list[EvalQuery], encoder: Encoder) -> Iterator[tuple[str, Rankings]]:
    """Rankings of a model that is shown each text."""
    queries = encoder.encode_queries([query.query for query in asked])
    sizes = size_handicaps(units["path"], WEIGHTS.size)
    for name, texts in TEXTS.items():
        shown = encoder.encode_documents([text or " " for text in texts(units)])
        scores = salient_scores(queries, shown.vectors, shown.offsets, WEIGHTS.salience)
        yield name, ranked(units, scores - sizes, asked, WEIGHTS.second, -np.inf)


def by_words(units: pl.DataFrame, asked: list[EvalQuery]) -> Iterator[tuple[str, Rankings]]:
    """Rankings of BM25 over each text, and over the usual one by other tokens."""

    def found(texts: list[str]) -> Rankings:
        keyword = Bm25(texts)
        return ranked(units, np.stack([keyword.scores(query.query) for query in asked]), asked, 0.0, 0.0)

    for name, texts in TEXTS.items():
        yield name, found(texts(units))
    for name, tokens in TOKENS.items():
        with patch.object(bm25, "code_tokens", tokens):
            yield name, found(render_units(units))


def main(model: str, *repos: str) -> None:
    """Print the table of one model, over all dev repositories or some."""
    files = project_files(os.environ)
    encoder = None if model == "bm25" else load_from(model, files.home)
    frames = []
    for name, units, asked in dev_repos(files, repos):
        ways = by_words(units, asked) if encoder is None else by_model(units, asked, encoder)
        frames += [score_rankings(asked, rankings, model=way, mode=model) for way, rankings in ways]
        print(f"{name}: {units.height:,} units", file=sys.stderr)
    order = list(dict.fromkeys(frame["model"][0] for frame in frames))
    scored = pl.concat(frames).sort(pl.col("model").cast(pl.Enum(order)), maintain_order=True)
    print(markdown_table(result_figures(scored)))


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["base"]))
