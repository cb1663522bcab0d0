"""Dagster is known to orchestration alone."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "xtr_pipeline"


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


def test_dagster_is_imported_in_orchestration_only() -> None:
    users = {path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if "dagster" in imported(path)}
    assert users
    assert {user.parts[0] for user in users} == {"orchestration"}


def test_mlx_is_imported_through_the_one_door_or_beside_it() -> None:
    users = {path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py") if "mlx" in imported(path)}
    assert users <= {"encoder", "training"}


def test_no_file_is_longer_than_300_lines() -> None:
    long = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py") if path.read_text().count("\n") > 300}
    assert long == set()
