"""The examples as token ids: every text tokenised once, and what is known about each query's grades."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from xtr_pipeline.corpus.units import file_of
from xtr_pipeline.encoder.encoder import Encoder
from xtr_pipeline.training.examples import UNJUDGED
from xtr_pipeline.training.losses import IGNORED


@dataclass(frozen=True)
class TokenSequence:
    """One tokenised text.

    Attributes:
        ids: (tokens,) int32, special tokens included.
        counted: (tokens,) bool, which tokens give a vector that is scored; the others only take part in attention.
    """

    ids: np.ndarray
    counted: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


Tokenise = Callable[[Sequence[str]], list[TokenSequence]]


def tokenise_as(encoder: Encoder, max_length: int, *, documents: bool) -> Tokenise:
    """Tokenise exactly as the encoder does when it searches: its rewriting of code, its tokens without a vector.

    Args:
        encoder: Its tokenizer and settings decide.
        max_length: Tokens of a text, special tokens included.
        documents: Whether the rules for documents hold (punctuation may give no vector) or those for queries.
    """
    settings = encoder.settings
    dropped = frozenset() if settings.keep_special_tokens else encoder.tokenizer.special_ids()
    if documents and settings.skip_punctuation:
        dropped = dropped | encoder.tokenizer.punctuation_ids()

    def tokenise(texts: Sequence[str]) -> list[TokenSequence]:
        tokens = encoder.tokenise(texts, max_length)
        counted = ~np.isin(tokens.ids, sorted(dropped))
        bounds = zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True)
        return [TokenSequence(tokens.ids[start:end], counted[start:end]) for start, end in bounds]

    return tokenise


@dataclass(frozen=True)
class Candidate:
    """One graded document of a query; `document` indexes `TokenData.documents`."""

    document: int
    grade: int


@dataclass(frozen=True)
class TokenData:
    """All queries and documents of a training run as token ids.

    Attributes:
        query_ids: One per query.
        repos: The repository of each query.
        queries: One per query.
        documents: One per distinct text: the same code under two names is one document.
        files: Per document, the files that it stands in, as "repository/path".
        candidates: Per query, in the frame's order, each document once.
        answer_files: Per query, the files of its candidates that are not clear negatives.
        known_grades: Per query, every document about which something is known: its own grade, or `IGNORED` where
            another query with the same words has it as a candidate that is not a clear negative.
    """

    query_ids: tuple[str, ...]
    repos: tuple[str, ...]
    queries: tuple[TokenSequence, ...]
    documents: tuple[TokenSequence, ...]
    files: tuple[frozenset[str], ...]
    candidates: tuple[tuple[Candidate, ...], ...]
    answer_files: tuple[frozenset[str], ...]
    known_grades: tuple[dict[int, int], ...]


def tokenise_examples(
    examples: pl.DataFrame, tokenise_queries: Tokenise, tokenise_documents: Tokenise, negative_grade: int
) -> TokenData:
    """Turn the examples frame into token ids.

    Args:
        examples: A checked examples frame (`examples.check_examples`).
        tokenise_queries: Query texts to token ids, truncated to the recipe's query length.
        tokenise_documents: Candidate texts to token ids, truncated to the recipe's document length.
        negative_grade: Grades up to here are clear negatives.

    Returns:
        The data in the frame's order. A document that a query grades twice keeps the better grade.
    """
    index: dict[str, int] = {}
    files: list[set[str]] = []
    graded: list[dict[int, int]] = []
    for row in examples["candidates"].to_list():
        grades: dict[int, int] = {}
        for candidate in row:
            document = index.setdefault(candidate["text"], len(index))
            if document == len(files):
                files.append(set())
            files[document].add(file_of(candidate["unit_id"]))
            grades[document] = max(grades.get(document, 0), candidate["grade"])
        graded.append(grades)
    queries = examples["query"].to_list()
    return TokenData(
        query_ids=tuple(examples["query_id"].to_list()),
        repos=tuple(examples["repo"].to_list()),
        queries=tuple(tokenise_queries(queries)),
        documents=tuple(tokenise_documents(list(index))),
        files=tuple(frozenset(names) for names in files),
        candidates=tuple(tuple(Candidate(document, grade) for document, grade in grades.items()) for grades in graded),
        answer_files=tuple(
            frozenset().union(*(files[document] for document, grade in grades.items() if grade > negative_grade))
            for grades in graded
        ),
        known_grades=_known_grades(queries, graded, negative_grade),
    )


def _known_grades(
    queries: Sequence[str], graded: Sequence[dict[int, int]], negative_grade: int
) -> tuple[dict[int, int], ...]:
    """Join what queries with the same words say: "Return the length." is the docstring of many functions.

    A grade of the query's own counts most, then what others say; that a document was mined says least.
    """
    shared: dict[str, dict[int, int]] = defaultdict(dict)
    for query, grades in zip(queries, graded, strict=True):
        for document, grade in grades.items():
            if grade > negative_grade:
                shared[_words(query)][document] = IGNORED
    known = []
    for query, grades in zip(queries, graded, strict=True):
        mined = {document: grade for document, grade in grades.items() if grade == UNJUDGED}
        judged = {document: grade for document, grade in grades.items() if grade != UNJUDGED}
        known.append({**mined, **shared[_words(query)], **judged})
    return tuple(known)


def _words(query: str) -> str:
    return " ".join(query.lower().split())
