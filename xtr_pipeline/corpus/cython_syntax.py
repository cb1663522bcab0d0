"""Cython read as Python: there is no grammar wheel for it, so its declarations are rewritten, row by row, to parse.

Only the syntax tree is made from the rewritten text; units show the source as it stands. What is left unparsed inside a
function (casts, addresses) stays an error inside that function and does no harm to the cut.
"""

from __future__ import annotations

import re

_FUNCTION = re.compile(r"^(\s*)(?:cdef|cpdef)\b(?![^(]*=)[^(\n]*?\b(\w+)\s*\(")
_METHOD = re.compile(r"^(\s*)def\s+(\w+)\s*\(")
_TYPE = re.compile(
    r"^(\s*)(?:cdef|cpdef|ctypedef)\s+(?:public\s+|api\s+|extern\s+|packed\s+)*(?:class|struct|union|enum|cppclass|fused)"
    r"(?:\s+(?:class\s+)?([\w.]+))?[^:]*:"
)
_BLOCK = re.compile(
    r"^(\s*)(?:cdef\s+extern\b.*|cdef(?:\s+(?:public|readonly|inline|nogil|api))*\s*|with\s+(?:no)?gil\b.*):\s*$"
)
_CONDITION = re.compile(r"^(\s*)(IF|ELIF|ELSE)\b")
_FOR_FROM = re.compile(r"^(\s*)for\s+(\w+)\s+from\s+.*:\s*$")
_STATEMENT = re.compile(r"^(\s*)(?:cdef|cpdef|ctypedef|DEF|include|cimport|from\s+\S+\s+cimport)\b.*$")
_MAX_HEADER_ROWS = 40


def as_python(text: str) -> str:
    """Rewrites Cython declarations as Python of the same number of rows, definitions beginning on the same rows."""
    rows = text.split("\n")
    row = 0
    while row < len(rows):
        if match := _TYPE.match(rows[row]):
            rows[row] = f"{match[1]}class {(match[2] or 'anonymous').split('.')[-1]}:"
        elif match := _FUNCTION.match(rows[row]) or _METHOD.match(rows[row]):
            if (end := _header_end(rows, row)) is None:
                rows[row] = _as_python_row(rows[row])
            else:
                rows[row : end + 1] = [f"{match[1]}def {match[2]}():", *[""] * (end - row)]
                row = end
        else:
            rows[row] = _as_python_row(rows[row])
        row += 1
    return "\n".join(rows)


def _as_python_row(row: str) -> str:
    """Rewrites a row that begins no function or type."""
    if match := _BLOCK.match(row):
        return f"{match[1]}if 1:"
    if match := _CONDITION.match(row):
        return row.replace(match[2], match[2].lower(), 1)
    if match := _FOR_FROM.match(row):
        return f"{match[1]}for {match[2]} in _:"
    if (match := _STATEMENT.match(row)) and not row.rstrip().endswith(("(", "[", "{", "\\", ",")):
        return f"{match[1]}pass"
    return row


def _header_end(rows: list[str], first: int) -> int | None:
    """Finds the row where a function's header ends: brackets closed and a colon last; None for a mere declaration."""
    depth = 0
    for row in range(first, min(first + _MAX_HEADER_ROWS, len(rows))):
        code = re.sub(r"#.*|'[^']*'|\"[^\"]*\"", "", rows[row]).rstrip()
        depth += sum(code.count(opening) for opening in "([{") - sum(code.count(closing) for closing in ")]}")
        if depth <= 0:
            return row if code.endswith(":") else None
    return None
