from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from rehearsal.errors import BadInput
from rehearsal.source.python_environment import python_variables, require_python

OWN = Path(sys.prefix)


def python_in(folder: Path, *, has_cdk: bool) -> Path:
    """A folder of programs, with a Python that says whether it has CDK."""
    folder.mkdir(parents=True)
    (folder / "python3").write_text(f"#!/bin/sh\nexit {0 if has_cdk else 1}\n")
    (folder / "python3").chmod(0o755)
    return folder


def path(*folders: Path) -> str:
    return os.pathsep.join(str(folder) for folder in folders)


@pytest.mark.parametrize("app", ["python3 app.py", "env python3 app.py", "STAGE=test python3 app.py"])
def test_rehearsals_own_environment_is_none_of_the_apps(tmp_path: Path, app: str) -> None:
    with pytest.raises(BadInput, match=r"is the rehearsal's own.*python3 -m venv \.venv.*activate") as caught:
        require_python(tmp_path, app, {"PATH": path(OWN / "bin"), "VIRTUAL_ENV": str(OWN)})

    assert str(OWN / "bin" / "python3") in str(caught.value)


@pytest.mark.parametrize("target", [None, "/nowhere/python3.9"])
def test_environment_of_the_app_without_a_python_is_none(tmp_path: Path, target: str | None) -> None:
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    if target is not None:
        (programs / "python3").symlink_to(target)

    with pytest.raises(BadInput, match=r"is the rehearsal's own"):
        require_python(tmp_path, "python3 app.py", {"PATH": path(OWN / "bin")})


def test_python_without_cdk_is_refused_and_it_is_said_what_to_do(tmp_path: Path) -> None:
    programs = python_in(tmp_path / "usr", has_cdk=False)

    with pytest.raises(BadInput, match=r"has no \.venv with a Python, and .*usr/python3 has no aws_cdk\. Make one"):
        require_python(tmp_path, "python3 app.py", {"PATH": path(programs)})


def test_environment_of_the_users_comes_before_the_rehearsals_own(tmp_path: Path) -> None:
    active = tmp_path / "active"
    programs = python_in(active / "bin", has_cdk=True)
    environment = {"PATH": path(OWN / "bin", programs), "VIRTUAL_ENV": str(active), "HOME": "/home/user"}

    require_python(tmp_path, "python3 app.py", environment)

    assert python_variables(tmp_path, environment) == {
        "PATH": path(programs, OWN / "bin"),
        "VIRTUAL_ENV": str(active),
        "HOME": "/home/user",
    }


@pytest.mark.parametrize("place", [".", "apps/cars"])
def test_environment_of_the_app_comes_before_an_active_one(tmp_path: Path, place: str) -> None:
    programs = python_in(tmp_path / ".venv" / "bin", has_cdk=True)
    environment = {"PATH": path(OWN / "bin", Path("/usr/bin")), "VIRTUAL_ENV": str(tmp_path / "active")}

    require_python(tmp_path / place, "python3 app.py", environment)

    assert python_variables(tmp_path / place, environment) == {
        "PATH": path(programs, Path("/usr/bin"), OWN / "bin"),
        "VIRTUAL_ENV": str(tmp_path / ".venv"),
    }


@pytest.mark.parametrize(
    "app", ["uv run app.py", "npx ts-node bin/app.ts", ".venv/bin/python app.py", "java -jar a", "python3 'a"]
)
def test_app_that_finds_its_packages_itself_is_left_to_it(tmp_path: Path, app: str) -> None:
    require_python(tmp_path, app, {"PATH": str(tmp_path)})


def test_environment_above_the_apps_repository_is_none_of_its_own(tmp_path: Path) -> None:
    python_in(tmp_path / ".venv" / "bin", has_cdk=True)
    (tmp_path / "app" / ".git").mkdir(parents=True)

    assert "VIRTUAL_ENV" not in python_variables(tmp_path / "app", {"PATH": "/usr/bin"})


def test_rehearsals_environment_that_is_the_apps_own_is_the_apps(tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(OWN)

    variables = python_variables(tmp_path, {"PATH": path(OWN / "bin", Path("/usr/bin")), "VIRTUAL_ENV": str(OWN)})

    assert variables["PATH"].split(os.pathsep)[0] == str(tmp_path / ".venv" / "bin")
    assert variables["VIRTUAL_ENV"] == str(tmp_path / ".venv")
