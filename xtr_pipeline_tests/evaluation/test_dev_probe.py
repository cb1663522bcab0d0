"""The measurement that training repeats."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from xtr_pipeline.corpus.units import CodeUnit, units_frame
from xtr_pipeline.evaluation.dev_probe import dev_probe, dev_queries


@dataclass
class Vectors:
    vectors: NDArray[np.float16]
    offsets: NDArray[np.int64]


class LetterEncoder:
    """One token a text: its direction is the first of the letters x, y, z in it; counts what it was shown."""

    def __init__(self, *, blind: bool = False) -> None:
        self.blind, self.seen = blind, 0

    def encode_queries(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        return [self._vector(text)[None, :] for text in texts]

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        self.seen += len(texts)
        vectors = np.stack([self._vector(text) for text in texts]).astype(np.float16)
        return Vectors(vectors, np.arange(len(texts) + 1))

    def _vector(self, text: str) -> NDArray[np.float32]:
        letter = "x" if self.blind else next(letter for letter in text if letter in "xyz")
        return np.eye(3, dtype=np.float32)["xyz".index(letter)]


def units(count: int = 3) -> pl.DataFrame:
    bodies = ["x", "y", "z"] + ["x"] * (count - 3)
    return units_frame(
        [
            CodeUnit(
                path=f"{number:02d}.c",
                symbol="",
                kind="window",
                language="c",
                start_line=1,
                end_line=1,
                docstring="",
                body=body,
                part=0,
            )
            for number, body in enumerate(bodies)
        ],
        "toy",
        "1",
    )


def judged(corpus: pl.DataFrame) -> pl.DataFrame:
    ids = corpus.sort("path")["unit_id"].to_list()
    candidates = [{"unit_id": ids[2], "grade": 5}, {"unit_id": ids[0], "grade": 3}, {"unit_id": "gone", "grade": 4}]
    return pl.DataFrame(
        {"query_id": ["q"], "query": ["z please"], "kind": ["conceptual"], "repo": ["toy"], "candidates": [candidates]}
    )


def test_accepted_files_are_those_of_units_graded_4_or_better_that_are_still_there() -> None:
    corpus = units()
    assert dev_queries({"toy": judged(corpus)}, {"toy": corpus})["relevant"].to_list() == [["02.c"]]


def test_a_query_without_an_accepted_unit_is_left_out() -> None:
    corpus = units()
    with_nothing = judged(corpus).with_columns(
        pl.Series("candidates", [[{"unit_id": corpus["unit_id"][0], "grade": 3}]])
    )
    assert dev_queries({"toy": with_nothing}, {"toy": corpus}).is_empty()


def test_the_right_file_first_gives_1_and_later_less() -> None:
    corpus = units()
    measure = dev_probe({"toy": corpus}, dev_queries({"toy": judged(corpus)}, {"toy": corpus}), 10, seed=1)
    assert measure(LetterEncoder()) == 1.0
    assert measure(LetterEncoder(blind=True)) == pytest.approx(1 / np.log2(4))  # ties by path: third of three


def test_a_sample_always_holds_the_accepted_files() -> None:
    corpus = units(40)
    measure = dev_probe({"toy": corpus}, dev_queries({"toy": judged(corpus)}, {"toy": corpus}), 5, seed=1)
    encoder = LetterEncoder()
    assert measure(encoder) == 1.0
    assert encoder.seen == 5


def test_queries_are_drawn_until_their_files_fill_the_sample() -> None:
    corpus = units(40)
    asked = pl.concat(
        dev_queries({"toy": judged(corpus)}, {"toy": corpus}).with_columns(
            query_id=pl.lit(f"q{number:02d}"), relevant=pl.lit([f"{number:02d}.c"])
        )
        for number in range(40)
    )
    encoder = LetterEncoder()
    value = dev_probe({"toy": corpus}, asked, 5, seed=1)(encoder)
    assert encoder.seen == 5
    # "z please" is asked for each of the five files: the blind encoder has each of them at its place by path
    blind = LetterEncoder(blind=True)
    assert dev_probe({"toy": corpus}, asked, 5, seed=1)(blind) == pytest.approx(
        np.mean([1 / np.log2(1 + place) for place in range(1, 6)])
    )
    assert value == dev_probe({"toy": corpus}, asked, 5, seed=1)(LetterEncoder())
    # one query is measured even where its file alone is larger
    assert dev_probe({"toy": corpus}, asked.head(1), 0, seed=1)(LetterEncoder(blind=True)) == 1.0


def test_no_query_is_an_error_with_its_cure() -> None:
    corpus = units()
    empty = dev_queries({"toy": judged(corpus).clear()}, {"toy": corpus})
    with pytest.raises(ValueError, match="judge some queries"):
        dev_probe({"toy": corpus}, empty, 10, seed=1)
