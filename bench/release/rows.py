"""What is measured of a side, one function a measurement: each answers figures by the name of their row.

It must not compare, nor know which side it measures.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.processes import Usage
from bench.release.driver import CALLS, STAGING
from bench.release.report import Moment, build_commands, parse_times, seconds_of_ten_aws_minutes
from bench.release.sides import Clone, Side

SPEED = 120
CALL_SECONDS = 10
CHANGED_FILE = "service/cars/car.py"
PIPELINE_TEMPLATE = "cdk.out/AutonomousCarManagerPipeline.template.json"
_HERE = Path(__file__).parent
_GB = 1e9


@dataclass(frozen=True)
class Row:
    """`aim` bounds the ratio of this commit to the other: at most, or where `is_more_better` at least."""

    unit: str
    aim: float | None = None
    is_more_better: bool = False


Figures = Mapping[str, float]

EVERYDAY = "everyday release, commit to Released"
TEN_MINUTES = "ten AWS minutes of a canary wave"
ONE_CALLER = "signed requests of journeys, one caller"
EIGHT_CALLERS = "signed requests of journeys, eight callers"
ONE_READER = "signed `GET` of a car, one caller"
EIGHT_READERS = "signed `GET` of a car, eight callers"
FIRST = "`make run`, first"
FIRST_MEMORY = "`make run`, first: peak memory"
AGAIN = "`make run` again"
AGAIN_MEMORY = "`make run` again: peak memory"
BUILD_CPU = "the Build's commands: processor time"
BUILD = "the Build's commands"
BUILD_MEMORY = "the Build: peak memory"
TEST = "`make test`"
TEST_CPU = "`make test`: processor time"
CI = "`.ci/run`"

ROWS: Mapping[str, Row] = {
    EVERYDAY: Row("s", 0.25),
    TEN_MINUTES: Row("s", 0.10),
    ONE_CALLER: Row("/s", 8, is_more_better=True),
    EIGHT_CALLERS: Row("/s", 8, is_more_better=True),
    ONE_READER: Row("/s", is_more_better=True),
    EIGHT_READERS: Row("/s", is_more_better=True),
    FIRST: Row("s", 0.45),
    FIRST_MEMORY: Row("GB", 0.6),
    AGAIN: Row("s", 0.30),
    AGAIN_MEMORY: Row("GB", 0.6),
    BUILD_CPU: Row("s", 0.30),
    BUILD: Row("s"),
    BUILD_MEMORY: Row("GB"),
    TEST: Row("s", 0.50),
    TEST_CPU: Row("s"),
    CI: Row("s", 0.45),
}


def everyday(side: Side) -> Figures:
    """HEAD is released, then a commit on top of it that changes every unit's bundle; then its API is called."""
    clone = side.prepared()
    result = clone.folder / "everyday.json"
    clone.run("git", "reset", "--quiet", "--hard", side.commit, log="everyday")
    clone.run(
        *(clone.python, _HERE / "driver.py", clone.layout.module, str(SPEED), CHANGED_FILE),
        *(_HERE / "caller.py", str(CALL_SECONDS), result),
        log="everyday",
    )
    clone.run("git", "reset", "--quiet", "--hard", side.commit, log="everyday")
    return everyday_figures(json.loads(result.read_text()))


def everyday_figures(measured: Mapping[str, Any]) -> Figures:
    """Of the driver's result."""
    readers, callers = (measured["requests_per_second"][what] for what in CALLS)
    moments = [Moment(*shift) for shift in measured["shifts"]]
    return {
        EVERYDAY: measured["seconds"],
        TEN_MINUTES: seconds_of_ten_aws_minutes(moments, STAGING),
        ONE_CALLER: callers["1"],
        EIGHT_CALLERS: callers["8"],
        ONE_READER: readers["1"],
        EIGHT_READERS: readers["8"],
    }


def make_run(side: Side) -> Figures:
    """A fresh clone with warm package caches, from `make run` to Released; and once more."""
    with side.removed_clone() as clone:
        side.copy_packages(clone)
        first = clone.run("make", "run", log="first", samples_memory=True)
        again = clone.run("make", "run", log="again", samples_memory=True)
    return {
        FIRST: first.seconds,
        FIRST_MEMORY: first.peak_bytes / _GB,
        AGAIN: again.seconds,
        AGAIN_MEMORY: again.peak_bytes / _GB,
    }


def build(side: Side) -> Figures:
    """The commands of the pipeline's Build by themselves: in a copy without .git, nothing of an earlier one there."""
    side.prepared().run("make", "synth", log="synth")
    commands = build_commands(json.loads((side.prepared().source / PIPELINE_TEMPLATE).read_text()))
    with side.removed_clone() as clone:
        times = clone.folder / "times"
        _drop_repository(clone)
        usage: Usage = clone.run("bash", "-c", commands.script(str(times)), log="build", samples_memory=True)
        seconds, cpu_seconds = parse_times(times.read_text())
    return {BUILD_CPU: cpu_seconds, BUILD: seconds, BUILD_MEMORY: usage.peak_bytes / _GB}


def _drop_repository(clone: Clone) -> None:
    """Tracked files alone, as the source action packs them."""
    archive = clone.folder / "source.tar"
    clone.run("git", "archive", "--output", archive, "HEAD", log="archive")
    clone.source.rename(clone.folder / "cloned")
    with tarfile.open(archive) as packed:
        packed.extractall(clone.source, filter="data")


def make_test(side: Side) -> Figures:
    """In a clone that has been tested before, as a developer's has: tools keep what they know of files."""
    usage = side.prepared().run("make", "test", log="test")
    return {TEST: usage.seconds, TEST_CPU: usage.cpu_seconds}


def ci(side: Side) -> Figures:
    """It clones, and fetches every package anew."""
    with side.removed_clone() as clone:
        return {CI: clone.run(".ci/run", log="ci").seconds}


MEASUREMENTS: Mapping[str, Callable[[Side], Figures]] = {
    "everyday": everyday,
    "run": make_run,
    "build": build,
    "test": make_test,
    "ci": ci,
}
"""By the name that `--only` takes; in this order, for what the first leaves in caches the others find."""
