"""Disabled transitions between stages: what holds an execution, and how a release ends that nobody will let on."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from rehearsal.aws.service_api import ApiError
from rehearsal.codepipeline.definition import ExecutionMode
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.execution import Source, Trigger
from rehearsal.run_events import Status
from tests.rehearsal.codepipeline.fake_cloud import Bench, SourceOf, deploy_stage, deployed, source_stage
from tests.rehearsal.codepipeline.test_codepipeline_api import CALLER, World

FREEZE = {"Prod": "change freeze"}


def frozen(mode: ExecutionMode = ExecutionMode.SUPERSEDED) -> DeployedPipeline:
    pipeline = deployed(source_stage(), deploy_stage("Staging"), deploy_stage("Prod"), mode=mode)
    pipeline.update(replace(pipeline.definition, disabled_transitions=FREEZE), {})
    return pipeline


def test_a_release_ends_before_the_stage_that_is_closed_and_says_why(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path)

    execution = bench.release(frozen())

    assert execution.status is Status.STOPPED
    assert bench.actions.ran == ["Staging/Deploy c1", "Staging/EndToEnd c1"]
    stopped = execution.stopped_by
    assert (stopped.stage, stopped.action, stopped.gate) == ("Prod", "InboundTransition", "condition")
    assert stopped.reason.startswith("The inbound transition of stage Prod is disabled: change freeze\n")
    assert "enable-stage-transition --pipeline-name release --stage-name Prod" in stopped.reason


def test_an_update_without_the_freeze_lets_the_next_release_through(tmp_path: Path) -> None:
    bench, pipeline = Bench.make(tmp_path), frozen()
    bench.release(pipeline)

    pipeline.update(replace(pipeline.definition, disabled_transitions={}), {})

    assert bench.release(pipeline, "c2").status is Status.SUCCEEDED


def test_an_update_keeps_what_somebody_else_has_disabled(tmp_path: Path) -> None:
    world = World(tmp_path, source_stage(), deploy_stage("Prod"))
    world.call(
        "DisableStageTransition",
        pipelineName="release",
        stageName="Prod",
        transitionType="Inbound",
        reason="incident",
    )

    world.pipeline.update(world.pipeline.definition, {})

    assert list(world.pipeline.disabled_transitions) == ["Prod"]


@pytest.mark.parametrize("mode", list(ExecutionMode))
def test_an_execution_waits_until_the_transition_is_enabled(tmp_path: Path, mode: ExecutionMode) -> None:
    bench, pipeline = Bench.make(tmp_path), frozen(mode)
    execution = pipeline.new_execution(Source(action=SourceOf("c1"), commit="c1"), Trigger.START)
    running = threading.Thread(target=bench.engine.run, args=(pipeline, execution))
    running.start()
    running.join(0.3)
    ran_while_closed = list(bench.actions.ran)

    del pipeline.disabled_transitions["Prod"]
    running.join(5)

    assert ran_while_closed == ["Staging/Deploy c1", "Staging/EndToEnd c1"]
    assert execution.status is Status.SUCCEEDED


def test_a_newer_execution_supersedes_one_that_is_held(tmp_path: Path) -> None:
    bench, pipeline = Bench.make(tmp_path), frozen()
    sources = [Source(action=SourceOf(commit), commit=commit) for commit in ("c1", "c2")]
    older, newer = (pipeline.new_execution(source, Trigger.START) for source in sources)
    first = threading.Thread(target=bench.engine.run, args=(pipeline, older))
    second = threading.Thread(target=bench.engine.run, args=(pipeline, newer))
    first.start()
    first.join(0.3)

    second.start()
    first.join(5)
    held = newer.status
    bench.engine.stop()
    second.join(5)

    assert (older.status, held) == (Status.SUPERSEDED, Status.IN_PROGRESS)


def test_the_state_names_the_transition_that_is_disabled_until_it_is_enabled(tmp_path: Path) -> None:
    world = World(tmp_path, source_stage(), deploy_stage("Prod"))
    where = {"pipelineName": "release", "stageName": "Prod", "transitionType": "Inbound"}

    world.call("DisableStageTransition", reason="incident", **where)

    source, prod = world.call("GetPipelineState", name="release")["stageStates"]
    assert source["inboundTransitionState"] == {"enabled": True}
    state = prod["inboundTransitionState"]
    assert (state["enabled"], state["disabledReason"], state["lastChangedBy"]) == (False, "incident", CALLER.arn)
    assert world.bench.release(world.pipeline).status is Status.STOPPED

    world.call("EnableStageTransition", **where)

    assert world.bench.release(world.pipeline, "c2").status is Status.SUCCEEDED


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"stageName": "Nowhere"}, "StageNotFoundException"), ({"transitionType": "Outbound"}, "ValidationException")],
)
def test_a_transition_that_is_not_there_cannot_be_disabled(tmp_path: Path, changes: dict[str, str], code: str) -> None:
    world = World(tmp_path, source_stage(), deploy_stage("Prod"))
    where = {"pipelineName": "release", "stageName": "Prod", "transitionType": "Inbound"} | changes

    with pytest.raises(ApiError) as refused:
        world.call("DisableStageTransition", reason="incident", **where)

    assert refused.value.code == code
