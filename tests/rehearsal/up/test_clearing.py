from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from rehearsal.codepipeline.artifacts import StoredArtifact
from rehearsal.codepipeline.clearance import NotCleared
from rehearsal.codepipeline.execution import Execution, Source, Trigger
from rehearsal.errors import Unsupported
from rehearsal.local_pipeline import LocalPipeline
from rehearsal.plan.plan import Plan, make_plan
from rehearsal.run_events import CommitRefused, Notice
from rehearsal.source.assembly import read_assembly
from rehearsal.source.settings import Settings
from rehearsal.up.clearing import BuiltPlans
from tests.rehearsal.codepipeline.fake_cloud import FakeCloud, FolderArtifacts, SourceOf, deployed, source_stage

CASES = Path(__file__).parents[1] / "cases"


@dataclass
class FakeProject:
    settings: Settings = field(default_factory=Settings)


class FakeLocal:
    """A pipeline that runs, planned as the case says; it keeps what it was told to prepare."""

    def __init__(self, home: Path) -> None:
        self.cloud = FakeCloud(home)
        self.project = FakeProject()
        self.plan = make_plan(read_assembly(CASES / "nodejs"), Settings())
        self.prepared: list[Plan] = []
        self.error: Exception | None = None

    def prepare(self, plan: Plan) -> None:
        if self.error is not None:
            raise self.error
        self.prepared.append(plan)


class World:
    def __init__(self, home: Path) -> None:
        (home / "artifacts").mkdir()
        self.local = FakeLocal(home)
        self.artifacts = FolderArtifacts(home / "artifacts")
        self.pipeline = deployed(source_stage())
        self.clear = BuiltPlans(lambda: cast("LocalPipeline", self.local), self.artifacts)

    def execution(self, *folders: Path, revision: str | None = None) -> Execution:
        """One whose builds have put out these folders."""
        source = Source(action=SourceOf("c1"), commit="c1", message="One")
        execution = self.pipeline.new_execution(source, Trigger.WEBHOOK)
        for folder in folders:
            store = self.pipeline.definition.artifact_store("eu-west-1")
            assert store is not None
            session: Any = self.local.cloud.clients.root("111111111111", "eu-west-1")
            stored = self.artifacts.upload(folder, name=folder.name, pipeline="p", store=store, session=session)
            execution.artifacts[folder.name] = StoredArtifact(stored.name, stored.bucket, stored.key, revision)
        return execution

    def told(self) -> list[str]:
        return [event.text for event in self.local.cloud.events(Notice)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_what_was_built_is_planned_and_prepared(world: World) -> None:
    world.clear(world.pipeline, world.execution(CASES / "nodejs"))

    assert [plan.name for plan in world.local.prepared] == [world.local.plan.name]
    assert world.told() == [], "an earlier commit had all of it"


def test_only_what_is_new_is_told(world: World) -> None:
    other = make_plan(read_assembly(CASES / "vpc"), Settings())

    world.clear(world.pipeline, world.execution(CASES / "vpc"))
    world.clear(world.pipeline, world.execution(CASES / "vpc"))

    assert other.not_rehearsed
    assert world.told() == [*(f"Not rehearsed: {text}." for text in other.not_rehearsed), *other.notices]


def test_commit_that_this_machine_cannot_run_is_refused_by_name(world: World) -> None:
    with pytest.raises(NotCleared, match="nothing of it was deployed") as refused:
        world.clear(world.pipeline, world.execution(CASES / "unsupported"))

    (told,) = world.local.cloud.events(CommitRefused)
    assert (told.commit, told.title) == ("c1", "One")
    assert "resource type AWS::Synthetics::Canary" in told.reason
    assert told.reason in str(refused.value)
    assert world.local.prepared == []


def test_commit_whose_surroundings_cannot_be_made_is_refused(world: World) -> None:
    world.local.error = Unsupported("not here")

    with pytest.raises(NotCleared, match="not here"):
        world.clear(world.pipeline, world.execution(CASES / "nodejs"))


def test_source_with_a_manifest_of_its_own_is_no_assembly(world: World) -> None:
    world.clear(world.pipeline, world.execution(CASES / "unsupported", revision="c1"))

    assert world.local.prepared == []


def test_build_without_an_assembly_is_left_to_cloudformation(world: World, tmp_path: Path) -> None:
    other = tmp_path / "site"
    other.mkdir()
    (other / "index.html").write_text("hello")

    world.clear(world.pipeline, world.execution(other))

    assert world.local.prepared == []
