"""A command that looks at what a release has left: in the app's folder, with the run's profiles and nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.check import run_check
from rehearsal.machine.guardian import Guardian
from rehearsal.source.project import Project


def check(command: str, folder: Path) -> tuple[int, list[str]]:
    said: list[str] = []
    with Guardian() as guardian:
        code = run_check(
            command,
            Project(directory=folder, top=folder, cdk=folder / "cdk"),
            guardian,
            profiles=folder / "profiles",
            home=folder / "home",
            egress={},
            say=said.append,
        )
    return code, said


def test_check_runs_in_the_folder_with_the_profiles_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "the-users-own")

    code, said = check("pwd; echo $AWS_CONFIG_FILE; echo [$AWS_PROFILE]", tmp_path)

    assert (code, said) == (0, [str(tmp_path), str(tmp_path / "profiles"), "[]"])


def test_check_that_fails_says_so_by_its_code(tmp_path: Path) -> None:
    assert check("echo an alarm >&2; exit 7", tmp_path) == (7, ["an alarm"])
