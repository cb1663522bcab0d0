"""What the rows of a file are besides code: comments, attributes, licence header."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tree_sitter import Node

from xtr_pipeline.corpus.docstrings import clean_comment, clean_string, is_directive
from xtr_pipeline.corpus.grammars import Grammar, Parsed
from xtr_pipeline.corpus.licence_headers import licence_rows


@dataclass(frozen=True)
class RowMeanings:
    """Rows (0-based) that hold nothing but comments or attributes.

    Attributes:
        docs: Comment rows and docstring attributes -> text without markup; rows that count as docstring if they stand
            right above a definition.
        leading: Rows that belong to the definition below without being docstring (attributes, directives).
        opening: Comment rows that the file begins with, licence aside.
        licence: Rows of the licence header.
    """

    docs: Mapping[int, str]
    leading: frozenset[int]
    opening: tuple[int, ...]
    licence: frozenset[int]

    def above(self, first: int, floor: int) -> tuple[int, dict[int, str]]:
        """Grows a definition upwards over what touches it, not beyond row `floor`; gives its new first row and docs."""
        row = first - 1
        while row > floor and (row in self.docs or row in self.leading):
            row -= 1
        return row + 1, {above: self.docs[above] for above in range(row + 1, first) if above in self.docs}


def row_meanings(parsed: Parsed, grammar: Grammar, lines: Sequence[str]) -> RowMeanings:
    """Reads the meanings of a file's rows from the captures of its grammar's query."""
    comments = _rows_of(parsed.captured("comment"), lines, clean_comment, joined=True)
    opening = _opening_comment(lines, comments)
    licence = licence_rows(lines, opening)
    leading = set(_rows_of(parsed.captured("leading"), lines, list, joined=False))
    docs = _rows_of(parsed.captured("doc_attribute"), lines, clean_string, joined=False)
    for row, text in comments.items():
        if row not in licence:
            if grammar.comments_are_docs and not is_directive(lines[row]):
                docs[row] = text
            else:
                leading.add(row)
    return RowMeanings(docs, frozenset(leading), tuple(row for row in opening if row in docs), licence)


def string_docs(node: Node, lines: Sequence[str]) -> dict[int, str]:
    """Docstring rows of a string literal; none if code shares a row with it, as that row must stay in the body."""
    return _rows_of([node], lines, clean_string, joined=False)


def node_rows(node: Node) -> tuple[int, int]:
    """First and last row of a node; some comment nodes end at column 0 of the next row."""
    first, last = node.start_point.row, node.end_point.row
    return first, last - 1 if node.end_point.column == 0 and last > first else last


def _rows_of(
    nodes: Iterable[Node], lines: Sequence[str], clean: Callable[[Sequence[str]], list[str]], *, joined: bool
) -> dict[int, str]:
    """Maps the rows that the nodes have for themselves to cleaned text; `joined` cleans neighbouring nodes as one."""
    runs: list[list[int]] = []
    for first, last in sorted(node_rows(node) for node in nodes if _fills_rows(node, lines)):
        if joined and runs and runs[-1][-1] + 1 == first:
            runs[-1].extend(range(first, last + 1))
        else:
            runs.append(list(range(first, last + 1)))
    cleaned: dict[int, str] = {}
    for run in runs:
        cleaned.update(zip(run, clean([lines[row] for row in run]), strict=True))
    return cleaned


def _fills_rows(node: Node, lines: Sequence[str]) -> bool:
    """Tells whether nothing else stands on the rows of a node (columns of syntax trees count bytes)."""
    first, last = node_rows(node)
    before = lines[first].encode()[: node.start_point.column]
    after = b"" if node.end_point.row != last else lines[last].encode()[node.end_point.column :]
    return not before.strip() and not after.strip()


def _opening_comment(lines: Sequence[str], comments: Mapping[int, str]) -> list[int]:
    """Rows of the comments that a file opens with; blank lines, `#!` and `<?php` may stand before and between them."""
    opening = []
    for row, line in enumerate(lines):
        if row in comments:
            opening.append(row)
        elif line.strip() and not line.startswith(("#!", "<?php")):
            break
    return opening
