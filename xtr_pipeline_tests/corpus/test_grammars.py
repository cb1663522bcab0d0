"""The grammar tables: each one loads, compiles, and claims names that no other does."""

from __future__ import annotations

from collections import Counter

import pytest

from xtr_pipeline.corpus.grammar_tables import GRAMMARS
from xtr_pipeline.corpus.grammars import Grammar, parse
from xtr_pipeline_tests.corpus.samples import SAMPLES


@pytest.mark.parametrize("grammar", GRAMMARS, ids=lambda grammar: grammar.language)
def test_every_table_has_a_wheel_and_a_query_that_compiles(grammar: Grammar):
    assert parse(grammar, "").root.child_count == 0


def test_every_table_has_a_sample_file():
    assert {grammar.language for grammar in GRAMMARS} == {sample.language for sample in SAMPLES}


def test_no_two_tables_claim_a_name():
    for names in ("extensions", "file_names", "interpreters"):
        claimed = Counter(name for grammar in GRAMMARS for name in getattr(grammar, names))
        assert [name for name, count in claimed.items() if count > 1] == []


def test_all_extensions_are_lower_case_with_a_dot():
    assert all(name == name.lower() and name.startswith(".") for grammar in GRAMMARS for name in grammar.extensions)
