"""A run that is ended in the middle, politely or not, leaves no process behind, and the next one works."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

PROJECT = Path(__file__).resolve().parents[2]
MIDDLE = "• Build (CodeBuild)"  # said when the pipeline's own build has begun
BEGIN_SECONDS = 180
END_SECONDS = 20


@pytest.fixture
def run() -> Iterator[subprocess.Popen[str]]:
    """A release by the command line, in the middle of its build."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rehearsal", "run", "--approve"], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 143)]
)
def test_nothing_is_left_when_a_run_is_ended(run: subprocess.Popen[str], number: signal.Signals, code: int) -> None:
    # given a run, the next one after the last that was ended, that has its local AWS, its functions and a build going
    assert _reads(run, MIDDLE), "the run ended before its build began"
    time_of_children = time.monotonic() + END_SECONDS
    while len(children := psutil.Process(run.pid).children(recursive=True)) < 3:
        assert time.monotonic() < time_of_children, f"only {children} run"
        time.sleep(0.1)

    # when
    run.send_signal(number)

    # then
    run.communicate(timeout=END_SECONDS)
    assert run.returncode == code
    _, alive = psutil.wait_procs(children, timeout=END_SECONDS)
    assert [process for process in alive if _runs(process)] == []


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
