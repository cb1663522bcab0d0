"""The tables of Python, and Cython read as Python."""

from __future__ import annotations

from dataclasses import replace

from xtr_pipeline.corpus.cython_syntax import as_python
from xtr_pipeline.corpus.grammars import Grammar

PYTHON = Grammar(
    language="python",
    package="tree_sitter_python",
    extensions=(".py", ".pyi", ".pyw"),
    interpreters=("python", "python2", "python3", "pypy", "pypy3"),
    file_names=("sconstruct", "sconscript", "wscript"),
    wrappers=("decorated_definition",),
    comments_are_docs=False,
    query="""
    (function_definition name: (_) @name) @function
    (function_definition body: (block . (comment)* . (expression_statement . (string) @doc .))) @function
    (class_definition name: (_) @name) @type
    (class_definition body: (block . (comment)* . (expression_statement . (string) @doc .))) @type
    (module . (comment)* . (expression_statement . (string) @doc .)) @module
    (comment) @comment
    """,
)

CYTHON = replace(
    PYTHON,
    language="cython",
    extensions=(".pyx", ".pxd", ".pxi"),
    interpreters=(),
    file_names=(),
    rewrite=as_python,
)
