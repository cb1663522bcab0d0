"""Cutting files and trees: what becomes a unit, what is skipped and why, and that no line gets lost."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtr_pipeline.corpus.cutting import FileCut, cut_file, cut_tree, module_name
from xtr_pipeline.corpus.parts import WINDOW
from xtr_pipeline.corpus.source_text import MAX_FILE_BYTES, MAX_LINE_CHARACTERS
from xtr_pipeline.corpus.units import UNIT_SCHEMA, CodeUnit, content_hash, units_frame
from xtr_pipeline_tests.corpus.samples import SAMPLES, Sample

WORD = re.compile(r"[^\W_]+")
MARKUP = {"doc", "moduledoc"}
"""Words that only mark an Elixir docstring as one."""


def _units(path: str, text: str) -> list[CodeUnit]:
    cut = cut_file(path, text.encode())
    assert not cut.skipped
    return list(cut.units)


def _found(units: list[CodeUnit]) -> list[tuple[str, str]]:
    return [(unit.kind, unit.symbol) for unit in units]


def _lost_lines(text: str, cut: FileCut) -> list[str]:
    """Lines with a word that no unit spanning them shows."""
    lost = []
    for number, line in enumerate(text.split("\n"), start=1):
        around = [unit for unit in cut.units if unit.start_line <= number <= unit.end_line]
        shown = {word for unit in around for word in WORD.findall(f"{unit.docstring}\n{unit.body}")}
        if not set(WORD.findall(line)) - MARKUP <= shown:
            lost.append(line)
    return lost


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.path)
def test_each_language_gives_its_functions_methods_and_types(sample: Sample):
    cut = cut_file(sample.path, sample.text.encode())

    assert cut.language == sample.language
    assert not cut.has_syntax_error or sample.language == "cython"
    found = [(unit.kind, unit.symbol) for unit in cut.units]
    for expected in sample.units:
        assert expected in found


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.path)
def test_each_language_splits_docstrings_off_without_their_markup(sample: Sample):
    units = {unit.symbol: unit for unit in _units(sample.path, sample.text)}

    for symbol, docstring in sample.docstrings.items():
        assert units[symbol].docstring == docstring
        assert docstring.split("\n")[0] not in units[symbol].body


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.path)
def test_no_line_of_any_language_gets_lost(sample: Sample):
    assert _lost_lines(sample.text, cut_file(sample.path, sample.text.encode())) == []


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(SAMPLES),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4),
    st.integers(1, 6),
)
def test_no_line_gets_lost_in_shuffled_repeated_and_broken_files(
    sample: Sample, swaps: list[tuple[int, int]], repeats: int
):
    lines = (sample.text * repeats).split("\n")
    for one, other in swaps:
        first, second = one % len(lines), other % len(lines)
        lines[first], lines[second] = lines[second], lines[first]
    text = "\n".join(lines)

    cut = cut_file(sample.path, text.encode())

    assert _lost_lines(text, cut) == []
    ids = [(unit.symbol, unit.start_line, unit.end_line) for unit in cut.units]
    assert len(ids) == len(set(ids))
    assert all(unit.body.count("\n") < WINDOW.lines for unit in cut.units)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["a.py", "a.rs", "a.c", "a.ts", "a.pyx", "a.sql"]), st.binary(max_size=300))
def test_any_bytes_are_cut_or_skipped_with_a_reason(path: str, data: bytes):
    cut = cut_file(path, data)

    assert bool(cut.skipped) != bool(cut.units)
    units_frame(cut.units, "r", "1")


def test_a_long_function_is_cut_into_parts_that_follow_each_other():
    body = "".join(f"    total_{number} = compute(total_{number}, {number})\n" for number in range(120))
    units = _units("m.py", f"def long(a):\n    '''Adds a lot.'''\n{body}    return a\n")

    assert [unit.part for unit in units] == list(range(len(units)))
    assert len(units) > 3
    assert {unit.symbol for unit in units} == {"long"}
    assert [unit.docstring for unit in units] == ["Adds a lot."] + [""] * (len(units) - 1)
    for before, after in pairwise(units):
        assert after.start_line == before.end_line + 1
    assert max(unit.end_line for unit in units) == 123


def test_a_long_docstring_leaves_room_for_the_code_beside_it_and_goes_on_in_the_next_part():
    docs = "".join(f"    Sentence number {number} says something about the thing at hand.\n" for number in range(40))
    units = _units("m.py", f'def f(a):\n    """Explain.\n\n{docs}    """\n    return launch(a)\n')

    assert "Explain." in units[0].docstring
    assert "return launch(a)" in units[0].body
    assert "Sentence number 39" in units[-1].docstring


def test_a_type_keeps_its_header_fields_and_an_outline_of_its_methods():
    units = _units(
        "m.py",
        "class Queue(Base):\n    '''First in, first out.'''\n    limit = 3\n\n"
        "    def put(self, item):\n        self.items.append(item)\n",
    )

    assert _found(units) == [("type", "Queue"), ("method", "Queue.put")]
    assert units[0].body == "class Queue(Base):\n    limit = 3\n    def put(self, item):"
    assert units[0].docstring == "First in, first out."
    assert units[1].body == "    def put(self, item):\n        self.items.append(item)"


def test_what_stands_between_definitions_is_the_module_unit():
    units = _units("pkg/tool.py", "'''Tools.'''\nimport os\n\ndef f():\n    pass\n\nLIMIT = 3\n")

    module = next(unit for unit in units if unit.kind == "module")
    assert (module.symbol, module.docstring, module.body) == ("tool", "Tools.", "import os\n\nLIMIT = 3")
    assert (module.start_line, module.end_line) == (1, 7)


def test_a_file_of_one_liners_is_merged_and_a_short_file_is_not():
    def file_of(count: int) -> list[CodeUnit]:
        return _units("m.rs", "".join(f"fn f{number}() -> u8 {{ {number} }}\n\n" for number in range(count)))

    assert [unit.symbol for unit in file_of(3)] == ["f0", "f1", "f2"]
    merged = file_of(60)
    assert len(merged) <= 5
    assert merged[0].symbol == "f0, f1, f2, +21"


def test_functions_inside_a_very_long_function_become_units():
    steps = "        a = a * 2 + 1\n" * 8
    inner = "".join(f"    def step_{number}(a):\n{steps}        return a\n\n" for number in range(12))
    units = _units("m.py", f"def factory():\n{inner}    return step_1\n")

    assert ("function", "factory.step_3") in _found(units)


def test_a_licence_header_is_in_no_unit_but_the_words_on_the_file_are():
    text = (
        "/*\n * queue.c: a ring buffer for frames.\n *\n * Copyright (c) 2020 A. Uthor\n * All rights reserved.\n */\n"
        "#include <stdio.h>\n\nint push(int a) { return a; }\n"
    )
    cut = cut_file("queue.c", text.encode())

    module = next(unit for unit in cut.units if unit.kind == "module")
    assert module.docstring == "queue.c: a ring buffer for frames."
    assert "Copyright" not in "".join(unit.docstring + unit.body for unit in cut.units)
    assert cut.licence_lines >= 2


def test_a_header_with_classes_is_read_as_cpp_and_one_without_as_c():
    assert cut_file("a.h", b"class A { int b; };\n").language == "cpp"
    assert cut_file("a.h", b"struct a { int b; };\n").language == "c"


def test_a_script_is_known_by_its_first_line():
    assert cut_file("bin/tool", b"#!/usr/bin/env python3\nprint(1)\n").language == "python"
    assert cut_file("bin/tool", b"#!/bin/sh -e\necho 1\n").language == "bash"
    assert cut_file("bin/tool", b"#!/usr/bin/perl -w\nprint 1;\n").units[0].kind == "window"
    assert cut_file("bin/tool", b"just words\n").skipped == "no known ending"


def test_other_text_is_cut_into_windows():
    text = "".join(f"INSERT INTO t VALUES ({number}, 'value');\n" for number in range(100))
    units = _units("db/schema.sql", text)

    assert {unit.kind for unit in units} == {"window"}
    assert units[0].language == "sql"
    assert units[-1].end_line == 100


@pytest.mark.parametrize(
    ("path", "reason"),
    [("README.md", "documentation"), ("data.json", "data"), ("setup.cfg", "configuration"), ("a.min.js", "minified")],
)
def test_documentation_data_and_configuration_are_no_source(path: str, reason: str):
    assert cut_file(path, b"some: text\n").skipped == reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"\n  \n", "empty"),
        (b"\x00\x01\x02", "binary"),
        (b"x = 1\n" * (5_000_000 // 6), "too large"),
        (b"var a = '" + b"A" * 200_000 + b"';", "minified"),
        (b"# Generated by the protocol buffer compiler.  DO NOT EDIT!\nx = 1\n", "generated"),
        (b"// Code generated by stringer; DO NOT EDIT.\n", "generated"),
        (b"# Copyright 2020 A. Uthor\n", "no words"),
        (b"var a=function(b){return b};" * 20 + b"\n" + b"var c=function(b){return b};" * 20, "minified"),
    ],
)
def test_what_is_not_worth_cutting_is_skipped_with_its_reason(data: bytes, reason: str):
    assert cut_file("a.py", data).skipped == reason


@pytest.mark.parametrize(
    "line",
    ["# Most of these are automatically generated by matching", "# Initially generated with care", "x = generated"],
)
def test_code_that_speaks_of_generating_is_cut(line: str):
    assert cut_file("a.py", f"{line}\n".encode()).skipped == ""


def test_a_file_of_the_largest_size_is_still_cut():
    line = b"value = 1 # padding padding padding\n"
    assert cut_file("a.py", line * (MAX_FILE_BYTES // len(line))).skipped == ""


def test_one_line_of_200_kb_in_a_file_of_code_is_shortened_and_counted():
    cut = cut_file("a.py", b"import os\n\nDATA = '" + b"A" * 200_000 + b"'\n\ndef f():\n    return DATA\n")

    assert cut.long_lines == 1
    assert ("function", "f") in _found(list(cut.units))
    assert max(len(line) for unit in cut.units for line in unit.body.split("\n")) <= MAX_LINE_CHARACTERS


def test_bytes_that_are_not_utf_8_are_replaced_and_counted():
    cut = cut_file("a.py", b"name = 'caf\xe9'\n")

    assert cut.lossy
    assert cut.units[0].body == "name = 'caf\ufffd'"


def test_line_ends_of_other_systems_and_a_byte_order_mark_make_no_difference():
    text = "def f(a):\n    return a\n\nclass B:\n    c = 1\n"

    plain = cut_file("a.py", text.encode()).units
    assert cut_file("a.py", text.replace("\n", "\r\n").encode()).units == plain
    assert cut_file("a.py", text.replace("\n", "\r").encode()).units == plain
    assert cut_file("a.py", b"\xef\xbb\xbf" + text.encode()).units == plain


def test_a_syntax_error_is_counted_and_the_rest_is_cut():
    cut = cut_file("a.py", b"def good(a):\n    return a\n\ndef bad(:\n    oops(\n\ndef fine():\n    return 1\n")

    assert cut.has_syntax_error
    assert ("function", "good") in _found(list(cut.units))


def test_the_name_of_an_index_file_is_its_folders():
    assert module_name("src/a/__init__.py") == "a"
    assert module_name("src/a/mod.rs") == "a"
    assert module_name("main.rs") == "main"
    assert module_name("src/b.py") == "b"


def _tree(root: Path) -> Path:
    files = {
        "src/a.py": b"def f(a):\n    return a\n",
        "src/b.rs": b"/// Doubles.\nfn g(a: u8) -> u8 {\n    a * 2\n}\n",
        "src/broken.py": b"def h(:\n",
        "src/latin.c": b"/* caf\xe9 */\nint i;\n",
        "src/notes.md": b"# Notes\n",
        "src/empty.py": b"",
        "src/tests/t.py": b"def test(): pass\n",
    }
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def test_a_tree_becomes_a_frame_of_the_schema_and_a_report_that_adds_up(tmp_path: Path):
    cut = cut_tree(_tree(tmp_path), "repo", "1.0", ["src"], ["**/tests/**"])

    assert cut.units.schema == UNIT_SCHEMA
    assert cut.units["path"].unique().sort().to_list() == ["src/a.py", "src/b.rs", "src/broken.py", "src/latin.c"]
    assert cut.units.filter(pl.col("symbol") == "g")["unit_id"].to_list() == ["repo/src/b.rs#g@1-4"]
    assert cut.report.files == 4
    assert cut.report.units == cut.units.height
    assert cut.report.files_by_language == {"c": 1, "python": 2, "rust": 1}
    assert sum(cut.report.units_by_kind.values()) == cut.units.height
    assert cut.report.skipped == {"documentation": 1, "empty": 1}
    assert cut.report.skipped_paths == {"documentation": ("src/notes.md",), "empty": ("src/empty.py",)}
    assert cut.report.syntax_errors == {"python": 1}
    assert cut.report.lossy == 1


def test_cutting_a_tree_twice_gives_the_same(tmp_path: Path):
    root = _tree(tmp_path)

    first = cut_tree(root, "repo", "1.0", ["."], [])
    second = cut_tree(root, "repo", "1.0", ["."], [])

    assert first.units.equals(second.units)
    assert first.report == second.report


def test_the_content_hash_depends_on_docstring_and_body_alone():
    unit = CodeUnit("a.py", "f", "function", "python", 1, 2, 0, "Doc.", "def f(): ...")
    moved = CodeUnit("b/c.py", "f", "function", "python", 11, 12, 0, "Doc.", "def f(): ...")

    hashes = units_frame([unit, moved], "r", "1")["content_hash"].to_list()
    assert hashes == [content_hash("Doc.", "def f(): ...")] * 2
    assert content_hash("Doc!", "def f(): ...") not in hashes


def test_units_with_the_same_id_are_an_error_that_names_them():
    unit = CodeUnit("a.py", "f", "function", "python", 1, 2, 0, "", "def f(): ...")

    with pytest.raises(ValueError, match=re.escape("r/a.py#f@1-2")):
        units_frame([unit, unit], "r", "1")
