"""What the machine lacks is said in one line, with what to do, before anything is installed."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.synthesis import ROOT

SCRIPT = ROOT / "scripts" / "prepare.py"
VENV_WITHOUT_PACKAGES = """
import sys
from pathlib import Path
python = Path(sys.argv[-1], "bin", "python")
python.parent.mkdir(parents=True, exist_ok=True)
python.unlink(missing_ok=True)
python.symlink_to(sys.executable)
"""

PIP_THAT_MAKES_A_UV = """
import sys
from pathlib import Path
venv = Path(sys.argv[sys.argv.index("-r") + 1]).parent
(venv / "pip.called").write_text(" ".join(sys.argv))
uv = venv / "bin" / "uv"
uv.write_text(f"#!/bin/sh\\necho $* > {venv}/uv.called\\n")
uv.chmod(0o755)
"""
UV_HASHES = f"    --hash=sha256:{'1' * 64} \\\n    --hash=sha256:{'2' * 64}\n"


def prepare(folder: Path, **programs: str) -> subprocess.CompletedProcess[str]:
    """Runs a copy in `folder`, on a machine that has these programs alone, each answering with a text."""
    script = folder / "scripts" / "prepare.py"
    script.parent.mkdir(exist_ok=True)
    script.write_text(SCRIPT.read_text())
    for name, answer in programs.items():
        program = folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\necho {answer}\n")
        program.chmod(0o755)
    return subprocess.run(
        [sys.executable, script], env={"PATH": str(folder / "bin")}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("programs", "words"),
    [
        ({}, "git is needed"),
        ({"git": "git"}, "there is no `node` on the PATH"),
        ({"git": "git", "node": "v18.20.8", "npm": "10"}, "`node` is v18.20.8"),
        ({"git": "git", "node": "v22.1.0"}, "npm is needed"),
    ],
)
def test_missing_or_old_tool_is_named_and_nothing_is_made(tmp_path: Path, programs: dict[str, str], words: str) -> None:
    ended = prepare(tmp_path, **programs)

    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith("prepare: ")
    assert words in line
    assert not (tmp_path / ".venv").exists()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What `prepare.py` reads of one; `python -m` looks in the folder first: a real venv, with a pip, takes seconds."""
    for name in ("package.json", "package-lock.json"):
        (tmp_path / name).write_text("")
    (tmp_path / "constraints.txt").write_text(
        f"other==2 \\\n    --hash=sha256:{'0' * 64}\nuv==1 \\\n{UV_HASHES}uvloop==3 \\\n    --hash=sha256:{'3' * 64}\n"
    )
    (tmp_path / "venv.py").write_text(VENV_WITHOUT_PACKAGES)
    return tmp_path


def test_failing_install_ends_with_its_command_and_what_to_do(project: Path) -> None:
    (project / "pip.py").write_text("raise SystemExit('no such version')")

    ended = prepare(project, git="git", node="v22.1.0", npm="false")

    assert ended.returncode == 2
    assert "no such version" in ended.stderr
    assert f"this failed: {project}/.venv/bin/python -m pip install" in ended.stderr
    assert "mend that, then run again" in ended.stderr
    assert not (project / ".venv" / ".prepared").exists()


def test_packages_and_what_installs_them_are_installed_by_their_hashes_alone(project: Path) -> None:
    # given
    (project / "pip.py").write_text(PIP_THAT_MAKES_A_UV)

    # when
    prepare(project, git="git", node="v22.1.0", npm="10")

    # then
    by_pip, by_uv = (project / ".venv" / f"{name}.called" for name in ("pip", "uv"))
    assert "--require-hashes" in by_pip.read_text()
    assert (project / ".venv" / "uv.txt").read_text() == f"uv==1 \\\n{UV_HASHES}"
    assert by_uv.read_text().split()[-3:] == ["--require-hashes", "-r", "constraints.txt"]


def test_old_python_can_read_the_script_and_is_told_so() -> None:
    ast.parse(SCRIPT.read_text(), feature_version=(3, 6))
    assert "if sys.version_info < PYTHON_MINIMUM" in SCRIPT.read_text()
