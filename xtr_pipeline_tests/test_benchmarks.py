"""The scripts in benchmarks/ run for hours and not in CI; what they import must be there all the same."""

import ast
import importlib
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[1] / "benchmarks").glob("*.py"))


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) > 5


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_what_a_script_imports_from_the_package_exists(script: Path) -> None:
    imports = [
        node for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)
    ]
    missing = [
        f"{node.module}.{name.name}"
        for node in imports
        if node.module and node.module.partition(".")[0] == "xtr_pipeline"
        for name in node.names
        if not hasattr(importlib.import_module(node.module), name.name)
    ]
    assert missing == []
