"""The definitions in a parsed file: what they are called, which rows they span, where their docstrings stand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tree_sitter import Node

from xtr_pipeline.corpus.grammars import Grammar, Parsed
from xtr_pipeline.corpus.row_meanings import RowMeanings, node_rows, row_meanings, string_docs

DEFINITION_CAPTURES = ("function", "type", "impl", "scope", "module")
MAX_NAME_CHARACTERS = 100


@dataclass
class Symbol:
    """One definition; rows are 0-based and inclusive, and take in decorators, attributes and the comment above.

    Attributes:
        kind: function, method, type, impl, or scope (which names its children and is no unit).
        name: Qualified name.
        first, last: Rows of the whole definition.
        name_row: Row of the name, shown in the outline of the type around it.
        docs: Row -> docstring line without markup; these rows are no part of the body.
        children: Definitions inside, in source order.
    """

    kind: str
    name: str
    first: int
    last: int
    name_row: int
    docs: dict[int, str] = field(default_factory=dict)
    children: list[Symbol] = field(default_factory=list)


@dataclass(frozen=True)
class FileSymbols:
    """A file's top-level symbols, its own docstring (row -> text), and the rows of its licence header."""

    symbols: list[Symbol]
    docs: dict[int, str]
    licence: frozenset[int]


@dataclass
class _Found:
    """A definition as matched, before its place among the others is known."""

    kind: str
    node: Node
    captures: dict[str, Node]


@dataclass(frozen=True)
class _Open:
    """A definition that may hold the next one; `prefix` qualifies the names inside it."""

    found: _Found
    symbol: Symbol
    prefix: str


def find_symbols(parsed: Parsed, grammar: Grammar, lines: Sequence[str]) -> FileSymbols:
    """Builds the tree of definitions of one file from the matches of the grammar's query."""
    rows = row_meanings(parsed, grammar, lines)
    top: list[Symbol] = []
    stack: list[_Open] = []
    for found in _definitions(parsed.matches):
        while stack and stack[-1].found.node.end_byte <= found.node.start_byte:
            stack.pop()
        around = stack[-1] if stack else None
        if around is not None and _names_the_same(around.found, found):
            continue
        opened = _placed(found, around, grammar, lines, rows)
        (around.symbol.children if around else top).append(opened.symbol)
        stack.append(opened)
    return FileSymbols(top, _module_docs(parsed, top, lines, rows), rows.licence)


def _definitions(matches: Iterable[dict[str, list[Node]]]) -> list[_Found]:
    """Joins the matches of one node (one gives its name, another its docstring), outer definitions first."""
    by_node: dict[int, _Found] = {}
    for captures in matches:
        kind = next((name for name in DEFINITION_CAPTURES if name in captures), "module")
        if kind == "module":
            continue
        node = captures[kind][0]
        found = by_node.setdefault(node.id, _Found(kind, node, {}))
        for name, nodes in captures.items():
            found.captures.setdefault(name, nodes[0])
    return sorted(by_node.values(), key=lambda found: (found.node.start_byte, -found.node.end_byte))


def _names_the_same(outer: _Found, inner: _Found) -> bool:
    """Tells whether a type is only the spelling of the one around it (`typedef struct node {…} node_t;`)."""
    return outer.kind == inner.kind == "type" and outer.node.start_point.row == inner.node.start_point.row


def _placed(found: _Found, around: _Open | None, grammar: Grammar, lines: Sequence[str], rows: RowMeanings) -> _Open:
    """Gives a matched definition its kind, its qualified name, its rows and its docstring."""
    captures = found.captures
    owner = _owner(captures["owner"]) if "owner" in captures else ""
    own = _name(captures["name"]) if "name" in captures else "constructor"
    trait = _name(captures["trait"]) if "trait" in captures else ""
    inside_type = around is not None and around.symbol.kind in {"type", "impl"}
    is_method = found.kind == "function" and (inside_type or owner or "::" in own)
    title, prefix = own, own
    if found.kind == "impl":
        title = f"{grammar.impl_word} {trait} for {own}" if trait else f"{grammar.impl_word} {own}"
        prefix = f"<{own} as {trait}>" if trait else own
    outer = [part for part in (around.prefix if around else "", owner) if part]
    last = _wrapped_rows(found.node, grammar)[1]
    first, docs = rows.above(_wrapped_rows(found.node, grammar)[0], around.symbol.name_row if around else -1)
    if "doc" in captures:
        docs.update(string_docs(captures["doc"], lines))
    name_row = captures.get("name", found.node).start_point.row
    kind = "method" if is_method else found.kind
    symbol = Symbol(kind, grammar.separator.join([*outer, title]), first, last, name_row, docs)
    return _Open(found, symbol, grammar.separator.join([*outer, prefix]))


def _wrapped_rows(node: Node, grammar: Grammar) -> tuple[int, int]:
    """Rows of a definition together with the decorators, `export` or `template` around it alone."""
    while (parent := node.parent) is not None and parent.type in grammar.wrappers:
        if sum(child.type == node.type for child in parent.named_children) > 1:
            break
        node = parent
    return node_rows(node)


def _module_docs(parsed: Parsed, top: Sequence[Symbol], lines: Sequence[str], rows: RowMeanings) -> dict[int, str]:
    """The file's own docstring: its first string, else the comment it opens with unless a definition has that."""
    for captures in parsed.matches:
        if "module" in captures:
            return string_docs(captures["doc"][0], lines)
    claimed = {row for symbol in top for row in range(symbol.first, symbol.last + 1)}
    return {row: rows.docs[row] for row in rows.opening if row not in claimed}


def _name(node: Node) -> str:
    """The name that a node spells: C declarators are followed to the identifier, generics and blanks are dropped."""
    while node.type.endswith("_declarator"):
        inner = node.child_by_field_name("declarator")
        if inner is None and not node.named_children:
            break
        node = inner or node.named_children[-1]
    text = (node.text or b"").decode("utf-8", errors="replace")
    if "operator" not in text:
        while (shorter := re.sub(r"<[^<>]*>", "", text)) != text:
            text = shorter
    return re.sub(r"\s+", " ", text).strip("'\"` *&")[:MAX_NAME_CHARACTERS]


def _owner(receiver: Node) -> str:
    """The type in a Go receiver such as `(s *Server[K])`."""
    text = re.sub(r"\[.*?\]", "", (receiver.text or b"").decode("utf-8", errors="replace"))
    names = re.findall(r"[^\W\d]\w*", text)
    return names[-1] if names else ""
