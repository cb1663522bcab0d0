"""A language's grammar: what the tables of grammar_tables/ declare, and the loading of its parser.

A table is data. Its query (tree-sitter's own pattern language) names what a definition is by its captures:

- `@function`, `@type`, `@impl`, `@scope`: a definition; a function directly inside a type or impl becomes a method,
  a scope (namespace, inline module) gives its name to what it holds and is no unit itself.
- `@name` the definition's name, `@owner` the receiver of a method written outside its type, `@trait` what an impl
  block implements, `@doc` a docstring inside the definition (Python, Elixir).
- `@comment` any comment, `@leading` what belongs to the definition below it (attributes, specs),
  `@doc_attribute` a docstring written as such an attribute.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from tree_sitter import Language, Node, Parser, Query, QueryCursor


@dataclass(frozen=True)
class Grammar:
    """How one language is cut.

    Attributes:
        language: Name shown in units and reports.
        package: Import name of the grammar wheel.
        query: Patterns over the syntax tree, with the captures of this module's docstring.
        extensions: File name endings, lower case, with the dot.
        entry: Function of the wheel that returns the language.
        separator: Between the parts of a qualified symbol.
        wrappers: Node types that a definition's span grows to (decorators, export, template).
        interpreters: Names after `#!` that mean this language.
        file_names: Whole file names, lower case, that mean this language.
        impl_word: What the symbol of an impl block begins with.
        rewrite: Turns the text, row for row, into what the grammar understands (Cython into Python).
        comments_are_docs: Comments right above a definition are its docstring (false where strings are, as in Python).
    """

    language: str
    package: str
    query: str
    extensions: tuple[str, ...]
    entry: str = "language"
    separator: str = "."
    wrappers: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()
    file_names: tuple[str, ...] = ()
    impl_word: str = "impl"
    comments_are_docs: bool = True
    rewrite: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Parsed:
    """One file's syntax: the tree's root, and the captures of every match of the grammar's query."""

    root: Node
    matches: list[dict[str, list[Node]]]

    def captured(self, name: str) -> list[Node]:
        """All nodes captured under a name."""
        return [node for captures in self.matches for node in captures.get(name, ())]


def parse(grammar: Grammar, text: str) -> Parsed:
    """Parses text; a file with syntax errors still gives a tree (`root.has_error`)."""
    parser, query = _load(grammar)
    readable = grammar.rewrite(text) if grammar.rewrite else text
    tree = parser.parse(readable.encode("utf-8"))
    return Parsed(tree.root_node, [captures for _, captures in QueryCursor(query).matches(tree.root_node)])


@lru_cache(maxsize=64)
def _load(grammar: Grammar) -> tuple[Parser, Query]:
    """Loads a grammar's wheel once per process and compiles its query."""
    language = Language(getattr(importlib.import_module(grammar.package), grammar.entry)())
    return Parser(language), Query(language, grammar.query)
