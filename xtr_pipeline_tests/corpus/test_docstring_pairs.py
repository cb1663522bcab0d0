"""Which docstrings make training pairs, and what the pairs say."""

from __future__ import annotations

import polars as pl
import pytest

from xtr_pipeline.corpus.docstring_pairs import PAIR_SCHEMA, docstring_pairs
from xtr_pipeline.corpus.first_sentences import first_sentences
from xtr_pipeline.corpus.units import CodeUnit, units_frame

BODY = "def run(jobs):\n    for job in jobs:\n        job.start()\n    return len(jobs)"


def _units(*docstrings: str, body: str = BODY, part: int = 0) -> pl.DataFrame:
    return units_frame(
        (
            CodeUnit("a.py", "run", "function", "python", 10 * number, 10 * number + 3, part, docstring, body)
            for number, docstring in enumerate(docstrings, start=1)
        ),
        "repo",
        "1",
    )


def test_the_query_is_the_first_sentence_and_the_text_the_code_without_the_docstring():
    pairs = docstring_pairs(_units("Starts every waiting task of a list and counts them.\n\nMore words."))

    assert pairs.schema == PAIR_SCHEMA
    assert pairs.rows() == [
        ("repo/a.py#run@10-13", "repo", "Starts every waiting task of a list and counts them.", f"a.py\n{BODY}")
    ]


@pytest.mark.parametrize(
    "docstring",
    [
        "",
        "Runs jobs.",
        "TODO: start every waiting task of the list",
        "Copyright 2020 by the authors of this file, with all rights",
        "Args:\n    jobs: the list of waiting tasks to start",
        ":param jobs: the list of waiting tasks to start",
        "let x = compute(a); return x + y + z;",
        "Запускает все ожидающие задачи из списка по порядку",
        "run the run of a run",
        "word " * 60,
    ],
)
def test_docstrings_that_say_nothing_of_the_code_make_no_pair(docstring: str):
    assert docstring_pairs(_units(docstring)).height == 0


@pytest.mark.parametrize("body", ["def run(): ...", "def run():\n    pass", "def run():\n    return 1\n}\n)"])
def test_code_without_substance_makes_no_pair(body: str):
    assert docstring_pairs(_units("Starts every waiting task of a list.", body=body)).height == 0


def test_later_parts_make_no_pair():
    assert docstring_pairs(_units("Starts every waiting task of a list.", part=1)).height == 0


def test_near_duplicates_within_a_repository_make_one_pair():
    first = "Starts every waiting task of the given list, in order of age."
    second = "Starts every waiting task of a given list in order of age"
    other = "Removes finished tasks from the store on disk."

    assert docstring_pairs(_units(first, second, other))["query"].to_list() == [first, other]


def test_the_same_docstring_in_two_repositories_makes_two_pairs():
    units = _units("Starts every waiting task of a list.")
    both = pl.concat([units, units.with_columns(pl.lit("other").alias("repo"))])

    assert docstring_pairs(both)["repo"].to_list() == ["repo", "other"]


@pytest.mark.parametrize(
    ("docstring", "sentence"),
    [
        (
            "Return the :class:`~a.b.Config` of ``name``, e.g. Paris or Rome. Else none.",
            "Return the a.b.Config of name, e.g. Paris or Rome.",
        ),
        ("See {@link Foo} and [the guide](http://x.y/z) for it.", "See Foo and the guide for it."),
        ("<p>Reads <code>bytes</code> of a file</p>", "Reads bytes of a file"),
        ("@brief Opens the file again\n@param name its name", "Opens the file again"),
        ("Short one. Then a longer second sentence.", "Short one. Then a longer second sentence."),
        ("Builds a router from rules::\n\n    Router(a)", "Builds a router from rules"),
        ("Joins the two\nlines of it", "Joins the two lines of it"),
    ],
)
def test_first_sentences_are_plain_words(docstring: str, sentence: str):
    assert first_sentences(docstring) == sentence


@pytest.mark.parametrize("docstring", ["", "Too short.", "word " * 41 + ".", "```\ncode of some sort here\n```"])
def test_there_is_not_always_a_first_sentence(docstring: str):
    assert first_sentences(docstring) is None
