"""The folder of the cold start is real files, and both sides of it run."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from xtr_pipeline.bench.cold_start import Folder, cold_start, collect_files
from xtr_pipeline.encoder.checkpoint import load_encoder, save_encoder

TINY_BERT = Path(__file__).parents[1] / "encoder" / "fixtures" / "tiny_bert"


def sources(root: Path) -> list[tuple[Path, list[str]]]:
    for name in ("one", "two"):
        (root / name / "pkg").mkdir(parents=True)
        for number in range(2):
            (root / name / "pkg" / f"m{number}.py").write_text(f"def watch_{name}_{number}():\n    return {number}\n")
    return [(root / name, ["pkg/m0.py", "pkg/m1.py"]) for name in ("one", "two")]


def test_the_first_files_are_copied_and_cut_as_a_search_cuts_them(tmp_path: Path) -> None:
    folder = collect_files(sources(tmp_path / "from"), 3, tmp_path / "folder")
    assert folder.files == 3
    assert sorted(str(path.relative_to(folder.path)) for path in folder.path.rglob("*.py")) == [
        "one/pkg/m0.py",
        "one/pkg/m1.py",
        "two/pkg/m0.py",
    ]
    # a unit and an outline of each file
    assert (folder.units, len(folder.texts)) == (3, 6)
    assert any("watch_two_0" in text for text in folder.texts)


def test_too_few_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="9 files are wanted and 4 are there"):
        collect_files(sources(tmp_path / "from"), 9, tmp_path / "folder")


@pytest.mark.skipif(find_spec("sentence_transformers") is None, reason="needs the extra: pip install -e .[torch]")
def test_both_sides_run_in_processes_of_their_own(tmp_path: Path) -> None:
    folder = collect_files(sources(tmp_path / "from"), 4, tmp_path / "folder")
    # as we write it: the fixture's own modules.json names PyLate's class, which sentence-transformers will not import
    save_encoder(load_encoder(TINY_BERT), tmp_path / "model")
    said: list[str] = []
    figures = cold_start(tmp_path / "model", folder, 16, pairs=1, tell=said.append)
    assert (figures["files"], figures["units"], figures["texts"], figures["pairs"]) == (4, 4, 8, 1)
    assert figures["median"] == pytest.approx(figures["ours"] / figures["theirs"])
    assert [line.split()[2] for line in said] == ["xtr", "sentence-transformers"]


def test_what_a_failing_side_said_is_told(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "nowhere", 0, 0, ())
    with pytest.raises(RuntimeError, match=r"xtr search failed with exit code 2: .*is not a folder"):
        cold_start(TINY_BERT, folder, 16, pairs=1, tell=lambda _: None)
