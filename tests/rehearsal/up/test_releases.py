from __future__ import annotations

import io
import tarfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from rehearsal.codepipeline.actions.action import ActionContext
from rehearsal.codepipeline.gate import Gate
from rehearsal.errors import EngineError
from rehearsal.local_pipeline import LocalPipeline
from rehearsal.run_events import CommitRefused, Notice, Status
from rehearsal.source.commit import Commit
from rehearsal.up.releases import Releases
from tests.rehearsal.codepipeline.fake_cloud import Bench, deploy_stage, deployed, fails, source_stage
from tests.rehearsal.codepipeline.test_engine import build_stage


class FakeLocal:
    def __init__(self, bench: Bench) -> None:
        self.engine, self.cloud = bench.engine, bench.cloud
        self.pipeline = deployed(source_stage(), build_stage(), deploy_stage("Prod"))

    def deployed(self) -> object:
        return self.pipeline


class World:
    def __init__(self, home: Path) -> None:
        self.bench = Bench.make(home)
        self.local = FakeLocal(self.bench)
        self.releases = Releases(cast("LocalPipeline", self.local))

    @property
    def statuses(self) -> list[Status]:
        return [execution.status for execution in self.local.pipeline.executions]

    def wait(self) -> None:
        until(lambda: self.releases.is_idle)
        self.releases.join()


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def commit(name: str) -> Commit:
    """One whose only file, `commit`, holds its name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("commit")
        entry.size = len(name)
        archive.addfile(entry, io.BytesIO(name.encode()))
    return Commit(
        id=name, message=f"Commit {name}", author="n", author_email="e@e", date="", committer_date="", branch="main",
        archive=buffer.getvalue(),
    )  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_commit_that_comes_during_a_release_is_released_beside_it(world: World) -> None:
    may_end = threading.Event()

    def wait(_: ActionContext) -> None:
        assert may_end.wait(10)

    world.bench.actions.script["Build/Synth"] = wait
    world.releases.begin(commit("c1"))
    until(lambda: "Build/Synth c1" in world.bench.actions.ran)
    world.releases.begin(commit("c2"))
    was_idle = world.releases.is_idle
    until(lambda: len(world.local.pipeline.executions[1].stages) == 1)
    world.releases.begin(commit("c3"))
    until(lambda: world.statuses[1] is Status.SUPERSEDED)
    may_end.set()
    world.wait()

    assert not was_idle
    assert world.statuses == [Status.SUCCEEDED, Status.SUPERSEDED, Status.SUCCEEDED]


def test_error_of_one_execution_ends_no_other_and_is_told(world: World) -> None:
    def break_(context: ActionContext) -> None:
        if any((folder / "commit").read_text() == "c1" for folder in context.inputs.values()):
            raise EngineError("our own fault")

    world.bench.actions.script["Build/Synth"] = break_
    world.releases.begin(commit("c1"))
    world.wait()
    world.releases.begin(commit("c2"))
    world.wait()

    assert world.statuses == [Status.ERRORED, Status.SUCCEEDED]
    (notice,) = world.bench.cloud.events(Notice)
    assert notice.text.startswith("Commit c1 is not released for an error of the local run")
    assert notice.detail == "our own fault"


def test_commit_that_does_not_synthesize_is_refused(world: World) -> None:
    world.bench.actions.script["Build/Synth"] = fails("no synthesis", gate=Gate.SYNTH)
    world.releases.begin(commit("c1"))
    world.wait()
    until(lambda: bool(world.bench.cloud.events(CommitRefused)))

    (refused,) = world.bench.cloud.events(CommitRefused)
    assert (refused.commit, refused.title, refused.reason) == ("c1", "Commit c1", "no synthesis")
    assert world.statuses == [Status.FAILED]
