"""The guardian is tested by really killing: a run that cannot clean up is the case it is there for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal.errors import EngineError
from rehearsal.machine.guardian import HAS_KEEPERS, MARK, GuardedProcess, Guardian

REPOSITORY = Path(__file__).parents[3]
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
# Leaves its session, its parent and (where that is found) its environment, and writes its id where the test finds it.
DAEMON = """
import os, sys, time
WRITES = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(60)"
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve(sys.executable, [sys.executable, "-c", WRITES, sys.argv[1]], ENVIRONMENT)
    os._exit(0)
while not os.path.isfile(sys.argv[1]) or not os.path.getsize(sys.argv[1]):
    time.sleep(0.01)
""".replace("ENVIRONMENT", "{}" if HAS_KEEPERS else "os.environ")
STAYS = "time.sleep(60)"
NEEDS_A_KEEPER = pytest.mark.skipif(not HAS_KEEPERS, reason="only Linux gives orphans to another parent than init")
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
    # Given a run with a child and a daemon that left the child's group and environment, which kills itself
    pid_file = tmp_path / "daemon"

    # When
    run = subprocess.run(
        [sys.executable, "-c", KILLED_RUN.format(daemon=DAEMON + STAYS), str(pid_file)],
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
            guardian.popen([sys.executable, "-c", DAEMON + STAYS, tmp_path / "daemon"])
            daemon = read_pid(tmp_path / "daemon")

        assert not is_running(daemon)
        assert sleeper.wait(5) == -signal.SIGKILL
        assert is_running(stranger.pid)
    finally:
        stranger.kill()
        stranger.wait()


def test_wait_ends_what_the_process_left_in_its_group(tmp_path: Path) -> None:
    leaves_a_child = (
        "import os, subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-c', sys.argv[1], sys.argv[2]])\n"
        "while not os.path.isfile(sys.argv[2]): pass"
    )

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


@NEEDS_A_KEEPER
def test_a_daemon_that_cleaned_its_environment_ends_with_its_command(tmp_path: Path) -> None:
    with Guardian() as guardian:
        process = guardian.popen([sys.executable, "-c", DAEMON, tmp_path / "daemon"])

        assert process.wait(10) == 0
        assert not is_running(read_pid(tmp_path / "daemon"))


@NEEDS_A_KEEPER
@pytest.mark.parametrize("end", [lambda guardian, process: guardian.kill(process), lambda _, process: process.kill()])
def test_a_daemon_that_cleaned_its_environment_ends_with_a_killed_command(
    tmp_path: Path, end: Callable[[Guardian, GuardedProcess], None]
) -> None:
    with Guardian() as guardian:
        process = guardian.popen([sys.executable, "-c", DAEMON + STAYS, tmp_path / "daemon"])
        daemon = read_pid(tmp_path / "daemon")

        end(guardian, process)

        assert process.wait(10) == -signal.SIGKILL
        assert not is_running(daemon)


@NEEDS_A_KEEPER
def test_a_command_that_kills_its_own_group_does_not_free_its_daemon(tmp_path: Path) -> None:
    kills_its_group = DAEMON + "os.kill(0, 9)"

    with Guardian() as guardian:
        process = guardian.popen([sys.executable, "-c", kills_its_group, tmp_path / "daemon"])

        assert process.wait(10) == -signal.SIGKILL
        assert not is_running(read_pid(tmp_path / "daemon"))


@NEEDS_A_KEEPER
def test_processes_that_fork_while_they_are_killed_end(tmp_path: Path) -> None:
    forks_on = """
import os, sys, time
os.setsid()
while True:
    if os.fork():
        os._exit(0)
    with open(sys.argv[1], "a") as file:
        file.write(".")
    time.sleep(0.001)
"""
    with Guardian() as guardian:
        guardian.popen(["/bin/sh", "-c", f"env -i {sys.executable} -c '{forks_on}' {tmp_path / 'alive'} & sleep 60"])
        deadline = time.monotonic() + 10
        while not (tmp_path / "alive").is_file() or (tmp_path / "alive").stat().st_size < 10:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    size = (tmp_path / "alive").stat().st_size
    time.sleep(0.3)  # a process that lives writes three hundred times
    assert (tmp_path / "alive").stat().st_size == size


@NEEDS_A_KEEPER
def test_a_command_ends_when_its_keeper_is_killed(tmp_path: Path) -> None:
    with Guardian() as guardian:
        process = guardian.popen([sys.executable, "-c", WRITES_ITS_ID, tmp_path / "command"])
        command = read_pid(tmp_path / "command")

        os.kill(process.pid, signal.SIGKILL)

        assert process.wait(10) == -signal.SIGKILL
        assert wait_until_gone(command)


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", -signal.SIGTERM), ("kill -SEGV $$", -signal.SIGSEGV),
     ("kill -KILL $$", -signal.SIGKILL)],
)  # fmt: skip
def test_returncode_is_that_of_the_command(script: str, code: int) -> None:
    with Guardian() as guardian:
        assert guardian.popen(["/bin/sh", "-c", script]).wait(10) == code


@NEEDS_A_KEEPER
def test_a_command_has_its_environment_folder_pipes_and_signals_as_if_it_were_started_directly(tmp_path: Path) -> None:
    tells = "env; pwd; cat; printf '<%s>' \"$@\"; ls /dev/fd; grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status"
    command = ["/bin/sh", "-c", tells, "sh", "an 'argument'", ""]
    environment = {"EMPTY": "", "ODD": "a=b\nc", "PATH": os.environ["PATH"]}
    expected = subprocess.run(
        command, cwd=tmp_path, env=environment, input="said", capture_output=True, text=True, check=True
    ).stdout

    with Guardian() as guardian:
        process = guardian.popen(
            command, cwd=tmp_path, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        told, _ = process.communicate("said", timeout=10)

    assert told.replace(f"{MARK}={guardian.mark}\n", "") == expected


def test_pipes_end_when_the_command_closes_them() -> None:
    closes = "exec 0<&- 1>&-; sleep 60"

    with Guardian() as guardian:
        process = guardian.popen(["/bin/sh", "-c", closes], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.read() == b""  # it would hang if the keeper held the pipe
            with pytest.raises(BrokenPipeError), process.stdin:
                process.stdin.write(b"?")


def test_popen_says_at_once_when_there_is_no_such_program(tmp_path: Path) -> None:
    with Guardian() as guardian:
        with pytest.raises(FileNotFoundError, match="no-such-program"):
            guardian.popen(["no-such-program"])
        with pytest.raises(FileNotFoundError, match="no-such-program"):
            guardian.popen([tmp_path / "no-such-program"])


def test_refuse_ends_what_runs_and_starts_nothing_more() -> None:
    with Guardian() as guardian:
        sleeper = guardian.popen(SLEEP)

        guardian.refuse("The local AWS has ended.")

        assert sleeper.wait(10) == -signal.SIGKILL
        with pytest.raises(EngineError, match="The local AWS has ended"):
            guardian.popen(SLEEP)


def test_close_is_quick_when_many_processes_run() -> None:
    with Guardian() as guardian:
        for _ in range(20):
            guardian.popen(SLEEP)
        started = time.monotonic()

    assert time.monotonic() - started < 3


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
