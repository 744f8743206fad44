"""What a build may see of the machine. Making its Python needs packages, so the processes are faked."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rehearsal.codebuild.sandbox import make_sandbox
from rehearsal.errors import EngineError


class FakeStart:
    """Runs `true` instead of every command, and `false` instead of those that have the word `fails_if`."""

    def __init__(self, *, fails_if: str = "") -> None:
        self._fails_if = fails_if
        self.commands: list[list[str]] = []

    def __call__(self, args: list[str], **options: Any) -> subprocess.Popen[bytes]:
        self.commands.append(args)
        program = "false" if self._fails_if in args else "true"
        return subprocess.Popen([program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


EGRESS = {"HTTPS_PROXY": "http://rehearsal:secret@127.0.0.1:1", "NO_PROXY": "127.0.0.1"}


@pytest.fixture
def user_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "user"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return home


def test_make_sandbox_keeps_home_programs_and_installations_of_the_build_in_its_folder(
    user_home: Path, tmp_path: Path
) -> None:
    sandbox = make_sandbox(tmp_path / "build", cache=tmp_path / "cache", start=FakeStart(), egress=EGRESS)

    environment, folder = sandbox.environment, tmp_path / "build"
    own = [Path(environment[name]) for name in ("HOME", "TMPDIR", "VIRTUAL_ENV", "NPM_CONFIG_PREFIX")]
    assert all(path.is_relative_to(folder) for path in own)
    first = environment["PATH"].split(os.pathsep)[:4]
    assert first == [str(folder / name) for name in ("python/bin", "npm/bin", "home/.local/bin", "tools")]
    assert {path.name for path in (folder / "tools").iterdir()} >= {"node", "npm", "npx", "git"}


def test_make_sandbox_shares_the_caches(user_home: Path, tmp_path: Path) -> None:
    environments = [
        make_sandbox(tmp_path / name, cache=tmp_path / "cache", start=FakeStart(), egress=EGRESS).environment
        for name in ("1", "2")
    ]

    for name in ("PIP_CACHE_DIR", "UV_CACHE_DIR", "NPM_CONFIG_CACHE", "JSII_RUNTIME_PACKAGE_CACHE_ROOT", "CDK_HOME"):
        assert environments[0][name] == environments[1][name]
        assert Path(environments[0][name]).is_relative_to(tmp_path / "cache")


def test_make_sandbox_lets_in_where_packages_come_from_and_nothing_else(
    user_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PIP_INDEX_URL": "https://mirror/simple",
        "HTTPS_PROXY": "http://proxy:1",
        "npm_config_registry": "https://mirror/npm",
        "PIP_TARGET": "/elsewhere",
        "NPM_CONFIG_PREFIX": "/elsewhere",
        "PYTHONPATH": "/elsewhere",
        "NODE_PATH": "/elsewhere",
        "AWS_PROFILE": "prod",
        "GITHUB_TOKEN": "private",
    }.items():
        monkeypatch.setenv(name, value)

    environment = make_sandbox(
        tmp_path / "build", cache=tmp_path / "cache", start=FakeStart(), egress=EGRESS
    ).environment

    assert environment["PIP_INDEX_URL"] == "https://mirror/simple"
    assert environment["HTTPS_PROXY"] == EGRESS["HTTPS_PROXY"]
    assert environment["npm_config_registry"] == "https://mirror/npm"
    assert environment.keys().isdisjoint({"PIP_TARGET", "PYTHONPATH", "NODE_PATH", "AWS_PROFILE", "GITHUB_TOKEN"})
    assert "/elsewhere" not in environment.values()


def test_make_sandbox_copies_the_users_package_settings(user_home: Path, tmp_path: Path) -> None:
    (user_home / ".npmrc").write_text("registry=https://mirror/npm\n")
    (user_home / ".config" / "pip").mkdir(parents=True)
    (user_home / ".config" / "pip" / "pip.conf").write_text("[global]\n")

    sandbox = make_sandbox(tmp_path / "build", cache=tmp_path / "cache", start=FakeStart(), egress=EGRESS)
    (sandbox.home / ".npmrc").write_text("changed by the build")

    assert (user_home / ".npmrc").read_text() == "registry=https://mirror/npm\n"
    assert (sandbox.home / ".config" / "pip" / "pip.conf").read_text() == "[global]\n"
    assert stat.S_IMODE((sandbox.home / ".npmrc").stat().st_mode) == 0o600


def test_make_sandbox_lets_npx_fetch_what_it_runs_though_the_user_s_own_does_not(
    user_home: Path, tmp_path: Path
) -> None:
    (user_home / ".npmrc").write_text("yes=false\n")

    sandbox = make_sandbox(tmp_path / "build", cache=tmp_path / "cache", start=FakeStart(), egress=EGRESS)

    said = subprocess.run(
        ["npm", "config", "get", "yes"], env=dict(sandbox.environment), stdout=subprocess.PIPE, text=True, check=True
    ).stdout
    assert said.strip() == "true"


def test_make_sandbox_makes_a_python_of_the_runs_version_with_pinned_packages(user_home: Path, tmp_path: Path) -> None:
    start = FakeStart()

    make_sandbox(tmp_path / "build", cache=tmp_path / "cache", start=start, egress=EGRESS)

    venv, install = start.commands
    assert venv[1] == "venv"
    assert sys.executable in venv
    packages = [word for word in install[3:] if not word.startswith(("-", "/"))]
    assert packages
    assert all("==" in package for package in packages)


def test_make_sandbox_fetches_the_packages_when_the_cache_has_them_not(user_home: Path, tmp_path: Path) -> None:
    start = FakeStart(fails_if="--offline")

    make_sandbox(tmp_path / "build", cache=tmp_path / "cache", start=start, egress=EGRESS)

    assert ["--offline" in command for command in start.commands] == [False, True, False]


def test_make_sandbox_is_our_own_error_when_no_python_can_be_made(user_home: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="Python of a build could not be made"):
        make_sandbox(tmp_path / "build", cache=tmp_path / "cache", start=FakeStart(fails_if="venv"), egress=EGRESS)


def test_pip_comes_with_bytecode_that_is_made_once_and_is_of_its_own_source(user_home: Path, tmp_path: Path) -> None:
    # given a Python with a pip, as uv makes it
    def with_pip(name: str, source: str) -> Path:
        pip = tmp_path / name / "python/lib/python3.11/site-packages/pip"
        pip.mkdir(parents=True)
        (pip / "__init__.py").write_text(source)
        make_sandbox(tmp_path / name, cache=tmp_path / "cache", start=FakeStart(), egress=EGRESS)
        (made,) = (pip / "__pycache__").iterdir()
        return made

    # when
    first, second, other = with_pip("1", "a = 1"), with_pip("2", "a = 1"), with_pip("3", "a = 2")

    # then
    assert first.read_bytes() == second.read_bytes()
    imported = [sys.executable, "-c", "import pip; print(pip.a)"]
    found = [
        subprocess.check_output(imported, env={"PYTHONPATH": str(bytecode.parents[2])}, text=True).strip()
        for bytecode in (first, other)
    ]
    assert found == ["1", "2"]
