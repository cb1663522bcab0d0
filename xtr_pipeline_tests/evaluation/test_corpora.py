"""The repositories that a spec asks about."""

from pathlib import Path

import pytest

from xtr_pipeline.corpus.registry import Registry
from xtr_pipeline.corpus.source_repo import PathSource, SourceRepo
from xtr_pipeline.evaluation.corpora import CorporaError, folder_corpora, registry_corpora
from xtr_pipeline.evaluation.queries import EvalQuery, SpecError


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    root = tmp_path / "sources"
    for repo, file in (("first", "pkg/prune.py"), ("second", "url.py")):
        (root / repo / file).parent.mkdir(parents=True, exist_ok=True)
        (root / repo / file).write_text("def work(things):\n    return [thing for thing in things if thing]\n")
    (root / "bare").mkdir()
    return root


def asking(repo: str, file: str) -> EvalQuery:
    return EvalQuery(f"{repo}-1", repo, "keyword", "work", (file,))


def registered(sources: Path, *names: str) -> Registry:
    return Registry(
        tuple(SourceRepo(name, "eval", PathSource(str(sources / name)), (".",), (), "MIT") for name in names)
    )


def test_plain_folders_are_cut_in_the_order_of_the_spec(sources: Path, tmp_path: Path):
    lines: list[str] = []
    queries = [asking("second", "url.py"), asking("first", "pkg/prune.py")]
    corpora = folder_corpora(queries, sources, tmp_path / "home", lines.append)
    assert [corpus.repo for corpus in corpora] == ["second", "first"]
    assert set(corpora[1].units["path"]) == {"pkg/prune.py"}
    assert corpora[0].cache != corpora[1].cache
    assert all(corpus.cache.is_relative_to(tmp_path / "home") for corpus in corpora)
    assert [line.partition(":")[0] for line in lines] == ["second", "first"]


def test_every_folder_that_is_missing_or_bare_is_named(sources: Path, tmp_path: Path):
    queries = [asking("first", "pkg/prune.py"), asking("nowhere", "a.py"), asking("bare", "a.py")]
    with pytest.raises(CorporaError) as caught:
        folder_corpora(queries, sources, tmp_path, lambda _: None)
    for part in ("'nowhere': there is no folder", "'bare': nothing to search", "--source-root"):
        assert part in str(caught.value)


def test_a_relevant_file_that_is_missing_is_named(sources: Path, tmp_path: Path):
    with pytest.raises(
        SpecError, match=r"'prune\.py' is not among the 1 files of 'first' .did you mean 'pkg/prune\.py'"
    ):
        folder_corpora([asking("first", "prune.py")], sources, tmp_path, lambda _: None)


def test_repos_of_the_registry_are_fetched_and_cut(sources: Path, tmp_path: Path):
    registry = registered(sources, "first", "second")
    home = tmp_path / "home"
    (corpus,) = registry_corpora([asking("second", "url.py")], registry, home, home / "downloads", lambda _: None)
    assert corpus.repo == "second"
    assert set(corpus.units["path"]) == {"url.py"}
    assert corpus.cache == home / "index" / "second"
    assert (home / "sources" / "second").is_dir()


def test_repos_that_the_registry_does_not_hold_are_all_named_before_anything_is_fetched(sources: Path, tmp_path: Path):
    queries = [asking("first", "pkg/prune.py"), asking("other", "a.py"), asking("another", "a.py")]
    with pytest.raises(CorporaError) as caught:
        registry_corpora(queries, registered(sources, "first"), tmp_path, tmp_path / "downloads", lambda _: None)
    for part in ("'other' is not in the registry", "'another' is not in the registry", "holds first"):
        assert part in str(caught.value)
    assert not (tmp_path / "downloads").exists()
