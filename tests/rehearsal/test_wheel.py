"""The tool as others get it: built, installed into an empty environment, and used on an app that knows nothing of it.

Alone among the tests it needs the package registries, or caches that they have filled: the app has builds of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import uv

from tests.rehearsal.apps import FOLDER as APPS
from tests.rehearsal.apps import ROOT, make_repository

NOT_IN_THE_WHEEL = {"rehearsal/ruff.toml", "rehearsal/requirements.in"}
LONGEST_SECONDS = 600


@dataclass(frozen=True)
class Installed:
    """`programs` is the bin folder of an environment that holds the wheel and what it depends on, and nothing else."""

    wheel: Path
    programs: Path

    def run(self, *command: str, folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.programs / command[0], *command[1:]],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    for name in _tracked():
        target = folder / "source" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    _uv("build", "--wheel", "--out-dir", str(folder / "dist"), str(folder / "source"))
    (wheel,) = (folder / "dist").glob("*.whl")
    _uv("venv", "--python", sys.executable, str(folder / "venv"))
    _uv("pip", "install", "--python", str(folder / "venv"), str(wheel))
    return Installed(wheel, folder / "venv" / "bin")


@pytest.fixture
def environment(request: pytest.FixtureRequest) -> Iterator[Mapping[str, str]]:
    """A user's, with nothing of this project on the PATH. The tool's cache is kept for the next time."""
    own = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    path = [entry for entry in os.environ["PATH"].split(os.pathsep) if not Path(entry).is_relative_to(ROOT)]
    with tempfile.TemporaryDirectory(prefix="wheel-") as temporary:
        yield {
            **own,
            "PATH": os.pathsep.join(path),
            "TMPDIR": temporary,
            "XDG_CACHE_HOME": str(request.config.cache.mkdir("wheel")),
        }


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A repository of its own, with packages of the versions that this project has."""
    return make_repository(APPS / "greeter", tmp_path / "greeter")


def test_wheel_holds_the_tool_and_nothing_else_of_the_repository(installed: Installed) -> None:
    names = {name for name in zipfile.ZipFile(installed.wheel).namelist() if ".dist-info/" not in name}

    assert names == {name for name in _tracked() if name.startswith("rehearsal/")} - NOT_IN_THE_WHEEL


@pytest.mark.parametrize("command", [("rehearse",), ("python", "-m", "rehearsal")])
def test_installed_tool_says_what_it_can(
    command: tuple[str, ...], installed: Installed, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    ended = installed.run(*command, "--help", folder=tmp_path, environment=environment)

    assert ended.returncode == 0
    assert ended.stdout.startswith("usage: rehearse [-h] run|plan")


def test_installed_tool_plans_and_releases_an_app_and_leaves_its_folder_alone(
    installed: Installed, app: Path, tmp_path: Path, environment: Mapping[str, str]
) -> None:
    # given
    report = tmp_path / "report.json"
    before = _files(app)

    # when
    planned = installed.run("rehearse", "plan", folder=app, environment=environment)
    ended = installed.run(
        *("rehearse", "run", "--approve", "--report", str(report)), folder=app, environment=environment
    )

    # then
    assert planned.returncode == 0, planned.stdout
    assert "Greeter.Deploy" in planned.stdout
    assert ended.returncode == 0, ended.stdout
    released = json.loads(report.read_text())
    assert released["result"] == "Released"
    assert [stage["name"] for stage in released["stages"]] == ["Source", "Build", "UpdatePipeline", "Prod"]
    assert "Greet" in [action["name"] for action in released["stages"][-1]["actions"]]
    assert _files(app) == before
    assert (Path(environment["XDG_CACHE_HOME"]) / "rehearsal" / "codebuild").is_dir()


def _tracked() -> list[str]:
    """Files of the repository as they are now; what is left over from other work is not among them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _uv(*arguments: str) -> None:
    done = subprocess.run([uv.find_uv_bin(), *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _files(folder: Path) -> dict[str, bytes]:
    """All but git's own, by path; what is a link to elsewhere is not followed."""
    return {
        str(path.relative_to(folder)): b"" if path.is_symlink() or path.is_dir() else path.read_bytes()
        for path in folder.rglob("*")
        if ".git" not in path.relative_to(folder).parts
    }
