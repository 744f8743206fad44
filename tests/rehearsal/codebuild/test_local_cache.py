"""What one build leaves for the next: folders of the source, whole, and never instead of the source's own files."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.codebuild.local_cache import LocalCache


def _source(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    folder.mkdir(exist_ok=True)
    return folder


def test_next_build_finds_what_the_last_one_left(tmp_path: Path) -> None:
    # given
    cache = LocalCache(tmp_path / "cache", (".mypy_cache/**/*", "build/deep/**/*"))
    cache.save(_source(tmp_path / "first", {".mypy_cache/3.11/a.json": "a", "build/deep/b": "b", "build/c": "c"}))
    # when
    second = _source(tmp_path / "second", {})
    cache.restore(second)
    # then
    assert (second / ".mypy_cache/3.11/a.json").read_text() == "a"
    assert (second / "build/deep/b").read_text() == "b"
    assert not (second / "build/c").exists()


def test_what_a_build_removed_is_gone_for_the_next(tmp_path: Path) -> None:
    cache = LocalCache(tmp_path / "cache", ("kept/**/*",))
    cache.save(_source(tmp_path / "first", {"kept/old": "1"}))
    cache.save(_source(tmp_path / "second", {"kept/new": "2"}))
    third = _source(tmp_path / "third", {})
    cache.restore(third)
    assert [path.name for path in (third / "kept").iterdir()] == ["new"]


def test_files_of_the_source_win_over_the_cache(tmp_path: Path) -> None:
    cache = LocalCache(tmp_path / "cache", ("kept/**/*",))
    cache.save(_source(tmp_path / "first", {"kept/file": "from the cache"}))
    second = _source(tmp_path / "second", {"kept/file": "from the commit"})
    cache.restore(second)
    assert (second / "kept/file").read_text() == "from the commit"


def test_build_that_left_nothing_keeps_what_was_there(tmp_path: Path) -> None:
    cache = LocalCache(tmp_path / "cache", ("kept/**/*",))
    cache.save(_source(tmp_path / "first", {"kept/file": "1"}))
    cache.save(_source(tmp_path / "second", {}))
    third = _source(tmp_path / "third", {})
    cache.restore(third)
    assert (third / "kept/file").read_text() == "1"


@pytest.mark.parametrize("path", ["/root/.cache/pip/**/*", "../outside/**/*", "~/.npm/**/*", "**/*", "*.txt", ""])
def test_paths_outside_the_source_are_left_alone(tmp_path: Path, path: str) -> None:
    cache = LocalCache(tmp_path / "cache", (path,))
    cache.save(_source(tmp_path / "first", {"file.txt": "1"}))
    cache.restore(_source(tmp_path / "second", {}))
    assert not (tmp_path / "cache").exists()
