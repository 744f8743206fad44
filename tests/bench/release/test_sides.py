from __future__ import annotations

from pathlib import Path

from bench.release.sides import LAYOUTS, Clone, copy_packages


def make_clone(folder: Path, layout_file: str) -> Clone:
    clone = Clone(folder)
    (clone.source / layout_file).parent.mkdir(parents=True)
    (clone.source / layout_file).write_text("")
    return clone


def test_cache_of_a_clone_is_where_its_layout_keeps_it(tmp_path: Path) -> None:
    now, before = (make_clone(tmp_path / str(number), file) for number, file in enumerate(LAYOUTS))

    assert now.cache == tmp_path / "0" / "cache" / "rehearsal"
    assert before.cache == tmp_path / "1" / "source" / ".local" / "cache"


def test_packages_come_along_and_what_runs_know_of_the_project_does_not(tmp_path: Path) -> None:
    kept = ("codebuild/uv/wheel", "lambda/packages/1/module.py")
    left = ("assemblies/1/manifest.json", "codebuild/local/Build/.mypy_cache/entry")
    for name in (*kept, *left):
        (tmp_path / "from" / name).parent.mkdir(parents=True)
        (tmp_path / "from" / name).write_text(name)

    copy_packages(tmp_path / "from", tmp_path / "to")

    found = {str(path.relative_to(tmp_path / "to")) for path in (tmp_path / "to").rglob("*") if path.is_file()}
    assert found == set(kept)
