from __future__ import annotations

import json
from pathlib import Path

import pytest

from rehearsal.errors import EngineError
from rehearsal.page.chart import LOCK, chart_folder
from rehearsal.page.files import CHART_FILES


def test_library_is_fetched_once_and_kept(tmp_path: Path) -> None:
    fetched: list[Path] = []

    def install(folder: Path) -> None:
        assert (folder / "package-lock.json").read_bytes() == LOCK.read_bytes()
        fetched.append(folder)
        dist = folder / "node_modules" / "uplot" / "dist"
        dist.mkdir(parents=True)
        for name in CHART_FILES:
            (dist / name).write_text("")

    folders = {chart_folder(tmp_path, install=install) for _ in range(2)}

    (folder,) = folders
    assert sorted(path.name for path in folder.iterdir()) == sorted(CHART_FILES)
    assert len(fetched) == 1


def test_nothing_is_kept_of_a_library_that_could_not_be_fetched(tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise EngineError("no registry")

    with pytest.raises(EngineError, match="no registry"):
        chart_folder(tmp_path, install=fail)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_lock_pins_the_library_with_its_hash_and_names_no_registry() -> None:
    locked = json.loads(LOCK.read_text())["packages"]
    wanted = json.loads(LOCK.with_name("package.json").read_text())["dependencies"]

    assert locked[""]["dependencies"] == wanted
    assert {name: package["version"] for name, package in locked.items() if name} == {
        f"node_modules/{name}": version for name, version in wanted.items()
    }
    assert all("integrity" in package for name, package in locked.items() if name)
    assert "resolved" not in LOCK.read_text()
