"""Where a project's files lie."""

from pathlib import Path

from xtr_pipeline.project_files import project_files

CHECKOUT = Path(__file__).resolve().parents[1]


def test_a_checkout_is_its_own_project() -> None:
    files = project_files({})
    assert (files.root, files.home, files.downloads) == (CHECKOUT, CHECKOUT / ".xtr", CHECKOUT / ".xtr" / "downloads")
    assert [path.name for path in files.specs] == ["code_queries.json", "semantic_queries.json"]
    assert all(path.exists() for path in (files.registry, files.ledger, files.reserved, *files.specs))


def test_run_storage_is_where_xtr_home_says(tmp_path: Path) -> None:
    assert project_files({"XTR_HOME": str(tmp_path)}).home == tmp_path.resolve()


def test_a_profile_keeps_its_own_storage_and_shares_the_downloads(tmp_path: Path) -> None:
    files = project_files({"XTR_HOME": str(tmp_path), "XTR_PROFILE": "quick"})
    assert files.home == tmp_path.resolve() / "quick"
    assert files.downloads == tmp_path.resolve() / "downloads"


def test_the_inputs_may_be_another_project(tmp_path: Path) -> None:
    assert project_files({"XTR_PROJECT": str(tmp_path)}).ledger == tmp_path.resolve() / "data" / "judgments"
