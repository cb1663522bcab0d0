"""Where indexes of a user's folders lie."""

from __future__ import annotations

from pathlib import Path

from xtr_pipeline.retrieval.cache_folder import folder_cache, user_cache

HOME = Path("/home/u")


def test_xtr_cache_wins_everywhere() -> None:
    environ = {"XTR_CACHE": "/big/disk", "XDG_CACHE_HOME": "/xdg"}
    assert user_cache(environ, "linux", HOME) == user_cache(environ, "darwin", HOME) == Path("/big/disk")


def test_linux_follows_xdg() -> None:
    assert user_cache({"XDG_CACHE_HOME": "/xdg"}, "linux", HOME) == Path("/xdg/xtr")
    assert user_cache({}, "linux", HOME) == Path("/home/u/.cache/xtr")


def test_a_relative_xdg_folder_is_ignored_as_its_specification_says() -> None:
    assert user_cache({"XDG_CACHE_HOME": "cache"}, "linux", HOME) == Path("/home/u/.cache/xtr")


def test_macos_has_its_own_place() -> None:
    assert user_cache({}, "darwin", HOME) == Path("/home/u/Library/Caches/xtr")


def test_two_folders_of_the_same_name_do_not_share_a_cache(tmp_path: Path) -> None:
    one, other = tmp_path / "a" / "src", tmp_path / "b" / "src"
    assert folder_cache(tmp_path, one) != folder_cache(tmp_path, other)
    assert folder_cache(tmp_path, one).name.startswith("src-")


def test_a_folder_has_one_cache_however_it_is_reached(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "src")
    assert folder_cache(tmp_path, tmp_path / "link") == folder_cache(tmp_path, tmp_path / "src")
