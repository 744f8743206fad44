"""An assembly that is known from the last run is used for the same commit and packages alone."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from pathlib import Path

import pytest

from rehearsal.source.commit import Commit
from rehearsal.source.known_assembly import KnownAssembly
from rehearsal.source.project import Project
from rehearsal.source.settings import Settings

COMMIT = Commit(id="a" * 40, message="", author="", author_email="", date="", committer_date="", branch="", archive=b"")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    directory = tmp_path / "project"
    (directory / ".venv/lib/python3.13/site-packages/constructs-10.1.dist-info").mkdir(parents=True)
    (directory / "node_modules").mkdir()
    (directory / "node_modules/.package-lock.json").write_text("{}")
    return Project(directory=directory, top=directory, cdk=tmp_path / "cdk")


@pytest.fixture
def assembly(tmp_path: Path) -> Path:
    made = tmp_path / "cdk.out"
    (made / "asset.1").mkdir(parents=True)
    (made / "manifest.json").write_text("{}")
    return made


def test_take_gives_what_was_kept_of_the_commit(tmp_path: Path, project: Project, assembly: Path) -> None:
    KnownAssembly(tmp_path / "kept", project, COMMIT).keep(assembly)

    assert KnownAssembly(tmp_path / "kept", project, COMMIT).take(tmp_path / "taken")
    assert sorted(path.name for path in (tmp_path / "taken").iterdir()) == ["asset.1", "manifest.json"]


def test_take_gives_nothing_for_another_commit_and_the_last_kept_alone_stays(
    tmp_path: Path, project: Project, assembly: Path
) -> None:
    other = dataclasses.replace(COMMIT, id="b" * 40)
    KnownAssembly(tmp_path / "kept", project, COMMIT).keep(assembly)

    assert not KnownAssembly(tmp_path / "kept", project, other).take(tmp_path / "taken")
    KnownAssembly(tmp_path / "kept", project, other).keep(assembly)
    assert not KnownAssembly(tmp_path / "kept", project, COMMIT).take(tmp_path / "taken")
    assert len(list((tmp_path / "kept").iterdir())) == 1
    assert not (tmp_path / "taken").exists()


@pytest.mark.parametrize(
    "installed", [".venv/lib/python3.13/site-packages/cdk-2.dist-info", "node_modules/.package-lock.json"]
)
def test_take_gives_nothing_when_packages_were_installed_since(
    tmp_path: Path, project: Project, assembly: Path, installed: str
) -> None:
    KnownAssembly(tmp_path / "kept", project, COMMIT).keep(assembly)
    (project.directory / installed).write_text("other")

    assert not KnownAssembly(tmp_path / "kept", project, COMMIT).take(tmp_path / "taken")


@pytest.mark.parametrize(
    "settings", [Settings(account="222222222222"), Settings(region="eu-west-1"), Settings(context={"a": ["b"]})]
)
def test_take_gives_nothing_for_other_settings(
    tmp_path: Path, project: Project, assembly: Path, settings: Settings
) -> None:
    KnownAssembly(tmp_path / "kept", project, COMMIT).keep(assembly)

    other = dataclasses.replace(project, settings=settings)

    assert not KnownAssembly(tmp_path / "kept", other, COMMIT).take(tmp_path / "taken")


def test_take_gives_what_was_kept_although_the_app_left_caches_of_its_own(
    tmp_path: Path, project: Project, assembly: Path
) -> None:
    KnownAssembly(tmp_path / "kept", project, COMMIT).keep(assembly)
    (project.directory / "node_modules/.cache").mkdir()
    (project.directory / ".venv/lib/python3.13/site-packages/__pycache__").mkdir()

    assert KnownAssembly(tmp_path / "kept", project, COMMIT).take(tmp_path / "taken")


def test_cache_that_cannot_be_written_ends_no_run(tmp_path: Path, project: Project, assembly: Path) -> None:
    (tmp_path / "kept").write_text("a file")

    KnownAssembly(tmp_path / "kept", project, COMMIT).keep(assembly)

    assert (tmp_path / "kept").read_text() == "a file"


def test_nothing_is_kept_when_the_projects_packages_are_not_known(tmp_path: Path, assembly: Path) -> None:
    bare = Project(directory=tmp_path, top=tmp_path, cdk=tmp_path / "cdk")
    KnownAssembly(tmp_path / "kept", bare, COMMIT).keep(assembly)

    assert not KnownAssembly(tmp_path / "kept", bare, COMMIT).take(tmp_path / "taken")
    assert not (tmp_path / "kept").exists()


def test_assembly_that_another_run_replaces_while_it_is_copied_is_not_taken(
    tmp_path: Path, project: Project, assembly: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = KnownAssembly(tmp_path / "kept", project, COMMIT)
    known.keep(assembly)
    copy = shutil.copytree

    def copy_a_part(source: Path, target: Path) -> None:
        monkeypatch.setattr(shutil, "copytree", copy)
        copy(source, target)
        (target / "asset.1").unlink()
        known.keep(assembly)

    monkeypatch.setattr(shutil, "copytree", copy_a_part)

    assert not known.take(tmp_path / "taken")
    assert not (tmp_path / "taken").exists()


def test_runs_at_the_same_time_do_not_disturb_each_other(tmp_path: Path, project: Project, assembly: Path) -> None:
    def keep_and_take(name: str) -> None:
        for turn in range(20):
            commit = dataclasses.replace(COMMIT, id=f"{turn % 3}" * 40)
            KnownAssembly(tmp_path / "kept", project, commit).keep(assembly)
            target = tmp_path / f"{name}-{turn}"
            if KnownAssembly(tmp_path / "kept", project, commit).take(target):
                whole.append((target / "manifest.json").exists() and (target / "asset.1").exists())

    whole: list[bool] = []
    threads = [threading.Thread(target=keep_and_take, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert whole
    assert all(whole)
