"""A build's `sleep` waits on the run's clock, and else is the system's."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.codebuild.sleep import sleeping_on
from rehearsal.machine.clock import Clock


@pytest.fixture
def clock() -> Iterator[Clock]:
    made = Clock(speed=600)
    yield made
    made.close()


@pytest.fixture
def sleep(clock: Clock, tmp_path: Path) -> Iterator[str]:
    with sleeping_on(clock, tmp_path / "sleep", tmp_path / "s", lambda: True) as folder:
        yield str(folder / "sleep")


@pytest.mark.parametrize(("arguments", "seconds"), [(["600"], 600), (["10m"], 600), (["300.5", "0.1h", ".5m"], 690.5)])
def test_sleep_takes_aws_seconds(clock: Clock, sleep: str, arguments: list[str], seconds: float) -> None:
    began, wall = clock.now(), time.monotonic()

    done = subprocess.run([sleep, *arguments], check=False)

    assert done.returncode == 0
    assert seconds <= clock.now() - began
    assert time.monotonic() - wall < 30


def test_what_is_no_time_is_answered_by_the_systems_own_program(sleep: str) -> None:
    done = subprocess.run([sleep, "long"], check=False, capture_output=True, text=True)

    assert done.returncode != 0
    assert "long" in done.stderr


def test_sleeper_that_is_killed_keeps_nobody_waiting(clock: Clock, sleep: str) -> None:
    sleeper = subprocess.Popen([sleep, "100d"])
    deadline = time.monotonic() + 20
    while clock.rate == 1:
        assert time.monotonic() < deadline

    sleeper.kill()
    sleeper.wait()

    while clock.rate != 1:
        assert time.monotonic() < deadline


def test_sleeper_ends_with_the_build(clock: Clock, tmp_path: Path) -> None:
    with sleeping_on(clock, tmp_path / "sleep", tmp_path / "s", lambda: True) as folder:
        sleeper = subprocess.Popen([str(folder / "sleep"), "100d"])
        deadline = time.monotonic() + 20
        while clock.rate == 1:
            assert time.monotonic() < deadline

    assert sleeper.wait(timeout=20) == 1
    assert not (tmp_path / "s").exists()


def test_what_is_no_bake_sleeps_as_long_as_it_says(clock: Clock, tmp_path: Path) -> None:
    """It may wait for something real: a server that it has started, say."""
    with sleeping_on(clock, tmp_path / "sleep", tmp_path / "s", lambda: False) as folder:
        wall = time.monotonic()
        done = subprocess.run([str(folder / "sleep"), "1.5"], check=False)

    assert done.returncode == 0
    assert time.monotonic() - wall >= 1.5
    assert clock.rate == 1
