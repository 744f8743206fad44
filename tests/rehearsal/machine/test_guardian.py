"""The guardian is tested by really killing: a run that cannot clean up is the case it is there for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rehearsal.errors import EngineError
from rehearsal.machine.guardian import Guardian

REPOSITORY = Path(__file__).parents[3]
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# Leaves its session and its parent, as a daemon does, and writes its id where the test finds it.
DAEMON = """
import os, pathlib, sys, time
if os.fork() == 0:
    os.setsid()
    pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
    time.sleep(60)
"""
WRITES_ITS_ID = """
import os, pathlib, sys, time
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(60)
"""
SAYS_GOODBYE = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print(flush=True)
time.sleep(60)
"""
KILLED_RUN = """
import os, signal, sys
from pathlib import Path
from rehearsal.machine.guardian import Guardian
guardian = Guardian()
sleeper = guardian.popen([sys.executable, "-c", "import time; time.sleep(60)"])
daemon = guardian.popen([sys.executable, "-c", {daemon!r}, sys.argv[1]])
while not Path(sys.argv[1]).is_file() or not Path(sys.argv[1]).read_text():
    pass
print(sleeper.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def is_running(pid: int) -> bool:
    """A zombie does not run: it waits for its parent to read its exit code."""
    listed = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listed.stdout.strip()[:1] not in ("", "Z")


def wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while is_running(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def read_pid(file: Path) -> int:
    deadline = time.monotonic() + 10
    while not file.is_file() or not file.read_text():
        assert time.monotonic() < deadline, f"{file} was not written"
        time.sleep(0.02)
    return int(file.read_text())


def test_guardian_ends_groups_and_daemons_when_the_run_is_killed(tmp_path: Path) -> None:
    # Given a run with a child and a daemon that left the child's group, which kills itself
    pid_file = tmp_path / "daemon"

    # When
    run = subprocess.run(
        [sys.executable, "-c", KILLED_RUN.format(daemon=DAEMON), str(pid_file)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=30,
    )

    # Then
    assert run.returncode == -signal.SIGKILL
    assert wait_until_gone(int(run.stdout))
    assert wait_until_gone(read_pid(pid_file))


def test_close_ends_groups_and_daemons_and_no_process_of_others(tmp_path: Path) -> None:
    stranger = subprocess.Popen(SLEEP)
    try:
        with Guardian() as guardian:
            sleeper = guardian.popen(SLEEP)
            guardian.popen([sys.executable, "-c", DAEMON, tmp_path / "daemon"])
            daemon = read_pid(tmp_path / "daemon")

        assert not is_running(daemon)
        assert sleeper.wait(5) == -signal.SIGKILL
        assert is_running(stranger.pid)
    finally:
        stranger.kill()
        stranger.wait()


def test_wait_ends_what_the_process_left_in_its_group(tmp_path: Path) -> None:
    leaves_a_child = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1], sys.argv[2]])"

    with Guardian() as guardian:
        process = guardian.popen([sys.executable, "-c", leaves_a_child, WRITES_ITS_ID, tmp_path / "left"])
        left = read_pid(tmp_path / "left")

        assert process.wait(10) == 0
        assert wait_until_gone(left)


def test_kill_gives_the_process_its_grace() -> None:
    with Guardian() as guardian:
        process = guardian.popen([sys.executable, "-c", SAYS_GOODBYE], stdout=subprocess.PIPE)
        assert process.stdout is not None
        with process.stdout:
            process.stdout.readline()
            guardian.kill(process, grace_seconds=10)

        assert process.returncode == 7


def test_popen_starts_nothing_when_the_watcher_was_killed() -> None:
    guardian = Guardian()
    os.kill(guardian._watcher.pid, signal.SIGKILL)
    guardian._watcher.wait()

    with pytest.raises(EngineError, match="was killed"):
        guardian.popen(SLEEP)

    guardian.close()


def test_popen_starts_nothing_when_the_guardian_is_closed() -> None:
    guardian = Guardian()
    guardian.close()

    with pytest.raises(EngineError, match="ended"):
        guardian.popen(SLEEP)
