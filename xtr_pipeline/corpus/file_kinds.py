"""What a selected file is to the corpus: a language with a grammar, other source text (line windows), or no source.

Any text file is cut, except names that are documentation, data or configuration: those say where something is written
about and not where it is done, and in many trees they outweigh the code (locales, fixtures, change logs, lock files).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath

from xtr_pipeline.corpus.grammar_tables import GRAMMARS
from xtr_pipeline.corpus.grammar_tables.systems import CPP
from xtr_pipeline.corpus.grammars import Grammar

DOCUMENTATION = frozenset(
    [
        ".1",
        ".2",
        ".3",
        ".4",
        ".5",
        ".6",
        ".7",
        ".8",
        ".adoc",
        ".asciidoc",
        ".bib",
        ".markdown",
        ".md",
        ".mdx",
        ".org",
        ".pod",
        ".rdoc",
        ".rst",
        ".tex",
        ".texi",
        ".texinfo",
        ".textile",
        ".txt",
        ".wiki",
    ]
)
DATA = frozenset(
    [
        ".arb",
        ".bibtex",
        ".cast",
        ".crt",
        ".csv",
        ".diff",
        ".dict",
        ".eml",
        ".geojson",
        ".gpx",
        ".har",
        ".ipynb",
        ".json",
        ".json5",
        ".jsonl",
        ".jsonc",
        ".kml",
        ".ldif",
        ".list",
        ".lock",
        ".log",
        ".map",
        ".mo",
        ".ndjson",
        ".nt",
        ".out",
        ".patch",
        ".pem",
        ".po",
        ".pot",
        ".pub",
        ".resx",
        ".rtf",
        ".snap",
        ".srt",
        ".sum",
        ".svg",
        ".tab",
        ".tsv",
        ".ttl",
        ".vcf",
        ".wkt",
        ".xlf",
        ".xliff",
        ".xml",
        ".xsd",
        ".yaml",
        ".yml",
    ]
)
CONFIGURATION = frozenset(
    [
        ".cfg",
        ".conf",
        ".config",
        ".csproj",
        ".desktop",
        ".editorconfig",
        ".env",
        ".in",
        ".ini",
        ".iml",
        ".manifest",
        ".mod",
        ".pc",
        ".plist",
        ".pri",
        ".pro",
        ".prefs",
        ".properties",
        ".service",
        ".sln",
        ".spec",
        ".toml",
        ".typed",
        ".vcxproj",
        ".version",
    ]
)
SOURCE_FILE_NAMES = frozenset(
    [
        "brewfile",
        "build",
        "build.bazel",
        "cmakelists.txt",
        "containerfile",
        "dockerfile",
        "earthfile",
        "gnumakefile",
        "jenkinsfile",
        "justfile",
        "makefile",
        "meson.build",
        "procfile",
        "tiltfile",
        "workspace",
    ]
)
_CPP_HEADER = re.compile(r"^\s*(?:class|namespace|template\s*<|public:|private:|protected:|using\s+\w)", re.MULTILINE)


@dataclass(frozen=True)
class FileKind:
    """What a file is: `grammar` to parse it with, else line windows named `language`, else `skipped` says why not."""

    language: str
    grammar: Grammar | None = None
    skipped: str | None = None


def kind_by_name(path: str) -> FileKind | None:
    """Tells a file's kind from its path; None where only the first line (`#!`) can tell."""
    name = PurePosixPath(path).name.lower()
    suffix = PurePosixPath(name).suffix
    by_extension, by_file_name, _ = _grammar_names()
    if ".min." in name:
        return FileKind("", skipped="minified")
    if grammar := by_file_name.get(name) or by_extension.get(suffix):
        return FileKind(grammar.language, grammar)
    if name in SOURCE_FILE_NAMES:
        return FileKind(name.split(".")[0])
    for reason, suffixes in (("documentation", DOCUMENTATION), ("data", DATA), ("configuration", CONFIGURATION)):
        if suffix in suffixes:
            return FileKind("", skipped=reason)
    if suffix and not name.startswith("."):
        return FileKind(suffix.removeprefix("."))
    return None


def kind_by_content(by_name: FileKind | None, text: str) -> FileKind:
    """Settles what the name left open: scripts by their first line, and C++ headers that are called `.h`."""
    if by_name is None:
        return _kind_of_script(text.split("\n", 1)[0])
    if by_name.language == "c" and _CPP_HEADER.search(text):
        return FileKind(CPP.language, CPP)
    return by_name


def _kind_of_script(first_line: str) -> FileKind:
    """A file without an ending is source only if its first line names an interpreter."""
    match = re.match(r"#!\s*(\S+)(?:\s+(?:-\S+\s+)*(\S+))?", first_line)
    if match is None:
        return FileKind("", skipped="no known ending")
    program = PurePosixPath(match[1]).name
    if program == "env" and match[2]:
        program = match[2]
    _, _, by_interpreter = _grammar_names()
    grammar = by_interpreter.get(program) or by_interpreter.get(program.rstrip("0123456789."))
    return FileKind(grammar.language, grammar) if grammar else FileKind(program)


@cache
def _grammar_names() -> tuple[dict[str, Grammar], dict[str, Grammar], dict[str, Grammar]]:
    """The tables turned round: ending -> grammar, whole file name -> grammar, interpreter -> grammar."""
    return (
        {name: grammar for grammar in GRAMMARS for name in grammar.extensions},
        {name: grammar for grammar in GRAMMARS for name in grammar.file_names},
        {name: grammar for grammar in GRAMMARS for name in grammar.interpreters},
    )
