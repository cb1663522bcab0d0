"""The text of a unit."""

from __future__ import annotations

from xtr_pipeline.corpus.rendering import render_unit, render_units
from xtr_pipeline.corpus.units import CodeUnit, units_frame


def test_path_symbol_docstring_and_dedented_body_stand_below_each_other():
    text = render_unit("src/q.py", "Queue.put", "Adds an item.", "    def put(self, item):\n        self.add(item)")

    assert text == "src/q.py\nQueue.put\nAdds an item.\ndef put(self, item):\n    self.add(item)"


def test_a_symbol_that_path_and_body_already_hold_has_no_line():
    assert render_unit("src/q.py", "put", "", "def put(item): ...") == "src/q.py\ndef put(item): ..."
    assert render_unit("src/q.py", "q", "", "import os") == "src/q.py\nimport os"


def test_a_later_part_names_its_function():
    assert render_unit("src/q.py", "put", "", "return 1") == "src/q.py\nput\nreturn 1"


def test_a_name_inside_a_longer_word_does_not_count_as_shown():
    assert render_unit("src/q.py", "put", "", "return output") == "src/q.py\nput\nreturn output"


def test_a_unit_of_docstring_alone_has_no_empty_lines():
    assert render_unit("a.py", "a", "Words.", "") == "a.py\nWords."


def test_frames_are_rendered_row_by_row_in_their_order():
    units = [
        CodeUnit("b.py", "g", "function", "python", 1, 1, 0, "", "def g(): ..."),
        CodeUnit("a.py", "f", "function", "python", 1, 1, 0, "Doc.", "def f(): ..."),
    ]

    assert render_units(units_frame(units, "r", "1")) == ["b.py\ndef g(): ...", "a.py\nDoc.\ndef f(): ..."]
