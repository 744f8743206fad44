"""A run that is ended in the middle, politely or not, leaves no process behind, and the next one works.

The next one also removes what a killed one could not. Where not the run is ended but its emulator, the run says so.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from rehearsal.machine.run_folder import LOGS, PREFIX, sweep

PROJECT = Path(__file__).resolve().parents[2]
MIDDLE = "• Build (CodeBuild)"  # said when the pipeline's own build has begun
BUILD_SHELL = "driver.sh"
BEGIN_SECONDS = 180
END_SECONDS = 20


@pytest.fixture
def report(tmp_path: Path) -> Path:
    return tmp_path / "report.json"


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Not pytest's, whose names are too long for the sockets of a run."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def run(report: Path, temporary: Path) -> Iterator[subprocess.Popen[str]]:
    """A release by the command line, in the middle of its build."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rehearsal", "run", "--approve", "--report", report],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 143)]
)
def test_nothing_is_left_when_a_run_is_ended(
    run: subprocess.Popen[str], temporary: Path, number: signal.Signals, code: int
) -> None:
    # given a run, the next one after the last that was ended, that has its local AWS, its functions and a build going
    children = _children_of_a_build(run)
    (folder,) = temporary.glob(f"{PREFIX}*")

    # when
    run.send_signal(number)

    # then
    run.communicate(timeout=END_SECONDS)
    assert run.returncode == code
    _, alive = psutil.wait_procs(children, timeout=END_SECONDS)
    assert [process for process in alive if _runs(process)] == []
    sweep(within=temporary)  # as the next run does
    assert [path.name for path in folder.iterdir()] == [LOGS]


def test_the_run_is_at_fault_when_its_emulator_ends(run: subprocess.Popen[str], report: Path) -> None:
    # given
    children = _children_of_a_build(run)
    emulator = next(child for child in children if _words(child)[1:4] == ["-m", "uvicorn", "ministack.app:app"])

    # when
    emulator.kill()

    # then
    output, _ = run.communicate(timeout=END_SECONDS)
    assert run.returncode == 2
    assert "The local AWS (MiniStack) has ended in the middle of the run (killed by SIGKILL)" in output
    assert "This is an error of the local run, not of the commit." in output
    assert "Stopped" not in output
    assert json.loads(report.read_text())["result"] == "Errored"
    logs = Path(output.partition("Logs: ")[2].splitlines()[0])
    assert (logs / "ministack.log").is_file()
    _, alive = psutil.wait_procs(children, timeout=END_SECONDS)
    assert [process for process in alive if _runs(process)] == []


def _children_of_a_build(run: subprocess.Popen[str]) -> list[psutil.Process]:
    """All that the run has started, when its build has begun: the watcher, the emulator and the build's shell."""
    assert _reads(run, MIDDLE), "the run ended before its build began"
    deadline = time.monotonic() + END_SECONDS
    while True:
        children = list(psutil.Process(run.pid).children(recursive=True))
        if any(BUILD_SHELL in word for child in children for word in _words(child)):
            return children
        assert time.monotonic() < deadline, f"only {children} run"
        time.sleep(0.1)


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []


def _runs(process: psutil.Process) -> bool:
    """A zombie has ended: only its parent has not asked yet."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _reads(run: subprocess.Popen[str], words: str) -> bool:
    """Whether it says them; it is ended when it has not in time."""
    assert run.stdout is not None
    timer = threading.Timer(BEGIN_SECONDS, run.kill)
    timer.start()
    try:
        return any(words in line for line in run.stdout)
    finally:
        timer.cancel()
