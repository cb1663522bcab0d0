"""One table per language, as data: which syntax makes a function, a type, a scope (captures: see grammars.py)."""

from __future__ import annotations

from xtr_pipeline.corpus.grammar_tables.managed import C_SHARP, JAVA, KOTLIN, SCALA
from xtr_pipeline.corpus.grammar_tables.python import CYTHON, PYTHON
from xtr_pipeline.corpus.grammar_tables.scripting import BASH, ELIXIR, LUA, RUBY
from xtr_pipeline.corpus.grammar_tables.systems import CPP, GO, RUST, SWIFT, C
from xtr_pipeline.corpus.grammar_tables.web import JAVASCRIPT, PHP, TSX, TYPESCRIPT
from xtr_pipeline.corpus.grammars import Grammar

__all__ = ["GRAMMARS"]

GRAMMARS: tuple[Grammar, ...] = (
    PYTHON,
    CYTHON,
    RUST,
    C,
    CPP,
    JAVASCRIPT,
    TYPESCRIPT,
    TSX,
    GO,
    JAVA,
    RUBY,
    C_SHARP,
    KOTLIN,
    SCALA,
    SWIFT,
    PHP,
    LUA,
    BASH,
    ELIXIR,
)
