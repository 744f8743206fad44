"""Where an execution is cleared, and that nothing of one that is not is deployed; one restart for one update."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal.codepipeline.actions.action import ActionContext
from rehearsal.codepipeline.clearance import NotCleared, stage_to_clear
from rehearsal.codepipeline.definition import ExecutionMode, StageDeclaration
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.engine import Engine
from rehearsal.codepipeline.execution import Execution, Source, Trigger
from rehearsal.run_events import ExecutionStarted, PipelineDefined, Status
from tests.rehearsal.codepipeline.fake_cloud import (
    Bench,
    NoArtifactRoles,
    SourceOf,
    action,
    deploy_stage,
    deployed,
    source_stage,
)
from tests.rehearsal.codepipeline.test_engine import build_stage

UPDATE = StageDeclaration(name="UpdatePipeline", actions=(action("SelfMutate", inputs=["Code"]),))


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        ((source_stage(), build_stage(), UPDATE, deploy_stage("Prod")), "UpdatePipeline"),
        ((source_stage(), deploy_stage("Prod")), "Prod"),
        ((source_stage(), build_stage()), None),
    ],
)
def test_execution_is_cleared_after_the_first_builds(
    stages: tuple[StageDeclaration, ...], expected: str | None
) -> None:
    assert stage_to_clear(deployed(*stages).definition) == expected


def test_nothing_of_an_execution_that_is_not_cleared_is_deployed(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path)
    asked: list[str] = []

    def refuse(_: DeployedPipeline, execution: Execution) -> None:
        asked.append(execution.source.commit)
        raise NotCleared("This machine cannot run it.")

    engine = Engine(
        bench.cloud,
        artifacts=bench.artifacts,
        artifact_roles=NoArtifactRoles(),
        actions={("Build", "CodeBuild"): bench.actions, ("Deploy", "CloudFormation"): bench.actions},
        rules={},
        clearance=refuse,
    )
    pipeline = deployed(source_stage(), build_stage(), UPDATE, deploy_stage("Prod"))

    execution = engine.release(pipeline, Source(action=SourceOf("c1"), commit="c1"))

    assert (execution.status, execution.reason) == (Status.STOPPED, "This machine cannot run it.")
    assert bench.actions.ran == ["Build/Synth c1"]
    assert asked == ["c1"]


def test_an_update_starts_one_execution_however_many_it_cancels(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path)
    pipeline = deployed(source_stage(), build_stage(), UPDATE, deploy_stage("Prod"), mode=ExecutionMode.PARALLEL)
    both = threading.Barrier(2, timeout=5)

    def meet(_: ActionContext) -> None:
        if pipeline.version == 1:
            both.wait()

    def update(_: ActionContext) -> None:
        if pipeline.version == 1:
            if both.wait() == 0:
                pipeline.update(replace(pipeline.definition), {})
            both.wait()

    bench.actions.script |= {"Build/Synth": meet, "UpdatePipeline/SelfMutate": update}
    sources = [Source(action=SourceOf(commit), commit=commit) for commit in ("c1", "c2")]
    executions = [pipeline.new_execution(source, Trigger.WEBHOOK) for source in sources]
    threads = [threading.Thread(target=bench.engine.follow, args=(pipeline, execution)) for execution in executions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)

    assert [execution.status for execution in pipeline.executions] == ["Cancelled", "Cancelled", "Succeeded"]
    assert pipeline.executions[-1].source.commit == "c2"


def test_definition_is_told_at_the_start_and_when_it_has_changed(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path)
    pipeline = deployed(source_stage(), deploy_stage("Prod"))
    bench.release(pipeline)
    bench.release(pipeline)

    pipeline.update(replace(pipeline.definition, stages=(*pipeline.definition.stages, UPDATE)), {})
    bench.release(pipeline)

    told = bench.cloud.events(PipelineDefined)
    assert [(event.version, [stage.name for stage in event.stages]) for event in told] == [
        (1, ["Source", "Prod"]),
        (2, ["Source", "Prod", "UpdatePipeline"]),
    ]
    assert [event.version for event in bench.cloud.events(ExecutionStarted)] == [1, 1, 2]
