from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "background.py"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def background(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPT, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_command_goes_on_beside_others_and_ends_as_it_would_alone(folder: Path) -> None:
    # given one that goes on until others have done something
    os.mkfifo(folder / "others")
    started = background("start", "types", "sh", "-c", "echo begun; cat others; echo wrong >&2; exit 3")
    # when they have, and it is waited for
    (folder / "others").write_text("others are done\n")
    ended = background("wait", "types")
    # then all that it said is there, and its exit code
    assert (started.returncode, started.stdout, started.stderr) == (0, "", "")
    assert (ended.returncode, ended.stdout) == (3, "begun\nothers are done\nwrong\n")


def test_wait_is_over_when_the_command_is(folder: Path) -> None:
    os.mkfifo(folder / "others")
    background("start", "types", "cat", "others")
    waiting = subprocess.Popen([sys.executable, SCRIPT, "wait", "types"])
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(0.3)

    (folder / "others").write_text("")

    assert waiting.wait(30) == 0


def test_command_that_a_signal_ends_has_failed() -> None:
    background("start", "types", "sh", "-c", "kill -9 $$")

    assert background("wait", "types").returncode == 128 + signal.SIGKILL


def test_one_that_is_killed_with_all_that_watches_it_has_failed(folder: Path) -> None:
    background("start", "types", "sh", "-c", "echo $PPID; exec sleep 60")
    log = folder / ".background" / "types.log"
    deadline = time.monotonic() + 30
    while not log.read_text().endswith("\n") and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(int(log.read_text()), signal.SIGKILL)  # a process group of its own, and so its id

    ended = background("wait", "types")

    assert ended.returncode == 1
    assert ended.stderr.startswith("background: types was killed before its end")


def test_command_is_waited_for_when_what_watches_it_is_killed(folder: Path) -> None:
    os.mkfifo(folder / "others")
    background("start", "types", "sh", "-c", "echo $PPID; cat others")
    log = folder / ".background" / "types.log"
    deadline = time.monotonic() + 30
    while not log.read_text().endswith("\n") and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(int(log.read_text()), signal.SIGKILL)

    again = background("start", "types", "true")
    (folder / "others").write_text("")

    assert (again.returncode, again.stderr) == (1, "background: types is still running: wait for it first.\n")
    assert background("wait", "types").returncode == 1


def test_program_that_is_not_there_is_named() -> None:
    background("start", "types", "no-such-program")
    ended = background("wait", "types")

    assert ended.returncode == 1
    assert ended.stdout == "background: no-such-program cannot be run: No such file or directory\n"


def test_what_was_not_started_is_not_waited_for(folder: Path) -> None:
    ended = background("wait", "types")

    assert (ended.returncode, ended.stderr) == (1, f"background: types was not started in {folder}.\n")


def test_same_name_is_not_started_twice_at_once(folder: Path) -> None:
    os.mkfifo(folder / "others")
    background("start", "types", "cat", "others")

    again = background("start", "types", "true")

    assert (again.returncode, again.stderr) == (1, "background: types is still running: wait for it first.\n")
    (folder / "others").write_text("")
    assert background("wait", "types").returncode == 0
    assert background("start", "types", "false").returncode == 0
    assert background("wait", "types").returncode == 1


@pytest.mark.parametrize(
    "arguments",
    [[], ["start"], ["start", "types"], ["start", "../types", "true"], ["wait"], ["wait", "a/b"], ["stop", "types"]],
)
def test_usage_is_told(arguments: list[str]) -> None:
    told = background(*arguments)

    assert told.returncode == 2
    assert "usage: background.py start NAME COMMAND" in told.stderr
