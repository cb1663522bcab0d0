"""Cython rewritten as Python, row for row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xtr_pipeline.corpus.cython_syntax import as_python


@pytest.mark.parametrize(
    ("cython", "python"),
    [
        ("cdef class Buffer:", "class Buffer:"),
        ("cdef struct point:", "class point:"),
        ("    cpdef int total(self) except -1:", "    def total():"),
        ("cdef inline void* f(char *a,\n        int b) nogil:", "def f():\n"),
        ("def plain(self, int a):", "def plain():"),
        ('cdef extern from "a.h":', "if 1:"),
        ("with nogil:", "if 1:"),
        ("for i from 0 <= i < n:", "for i in _:"),
        ("    cdef int a = 1", "    pass"),
        ("IF UNAME == 1:", "if UNAME == 1:"),
        ("value = <char *> other", "value = <char *> other"),
    ],
)
def test_declarations_become_python(cython: str, python: str):
    assert as_python(cython) == python


def test_a_declaration_without_a_body_is_no_function():
    assert as_python("    int total(int a)\n    cdef int f(int a)") == "    int total(int a)\n    pass"


@given(st.text(alphabet="cdef class():\n =,<>*ab", max_size=200))
def test_the_number_of_rows_stays(text: str):
    assert as_python(text).count("\n") == text.count("\n")
