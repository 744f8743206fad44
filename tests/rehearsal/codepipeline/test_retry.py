"""RetryStageExecution, and stopping with and without abandoning what runs."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rehearsal.aws.service_api import ApiError
from rehearsal.codepipeline.actions.action import ActionContext
from rehearsal.codepipeline.execution import Execution
from rehearsal.errors import ActionFailed
from rehearsal.run_events import ExecutionEnded, ExecutionStarted, RunEvent, StageStarted, Status
from tests.rehearsal.codepipeline.fake_cloud import deploy_stage, source_stage
from tests.rehearsal.codepipeline.test_codepipeline_api import World


class FailsOnce:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self, _: ActionContext) -> None:
        self.count += 1
        if self.count == 1:
            raise ActionFailed("no luck")


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, source_stage(), deploy_stage("Staging"), deploy_stage("Prod"))
    world.bench.actions.script["Staging/EndToEnd"] = FailsOnce()
    return world


def _retry(world: World, execution: Execution, mode: str = "FAILED_ACTIONS", stage: str = "Staging") -> None:
    """Answers when the execution has ended again."""
    ended = threading.Event()

    def hear(event: RunEvent) -> None:
        if isinstance(event, ExecutionEnded):
            ended.set()

    world.bench.cloud.event_log.subscribe(hear)
    answer = world.call(
        "RetryStageExecution",
        pipelineName="release",
        stageName=stage,
        pipelineExecutionId=execution.id,
        retryMode=mode,
    )
    assert answer == {"pipelineExecutionId": execution.id}
    assert ended.wait(5)


@pytest.mark.parametrize(
    ("mode", "again"),
    [("FAILED_ACTIONS", ["Staging/EndToEnd c1"]), ("ALL_ACTIONS", ["Staging/Deploy c1", "Staging/EndToEnd c1"])],
)
def test_retry_runs_what_failed_or_all_and_goes_on(world: World, mode: str, again: list[str]) -> None:
    execution = world.bench.release(world.pipeline)
    world.bench.actions.ran.clear()

    _retry(world, execution, mode)

    assert execution.status is Status.SUCCEEDED
    assert world.bench.actions.ran == [*again, "Prod/Deploy c1", "Prod/EndToEnd c1"]
    assert len(world.pipeline.executions) == 1


def test_retry_is_told_as_another_attempt(world: World) -> None:
    execution = world.bench.release(world.pipeline)

    _retry(world, execution)

    assert [event.attempt for event in world.bench.cloud.events(ExecutionStarted)] == [1, 2]
    resumed = [event.stage for event in world.bench.cloud.events(StageStarted) if event.is_resumed]
    assert resumed == ["Staging"]
    state = world.call("GetPipelineState", name="release")
    statuses = [action["latestExecution"]["status"] for action in state["stageStates"][1]["actionStates"]]
    assert statuses == ["Succeeded", "Succeeded"]


def _refusal(world: World, **changes: Any) -> str:
    wanted = {"pipelineName": "release", "stageName": "Staging", "retryMode": "FAILED_ACTIONS", **changes}
    with pytest.raises(ApiError) as refused:
        world.call("RetryStageExecution", **wanted)
    return refused.value.code


def test_retry_is_refused_where_codepipeline_refuses_it(world: World) -> None:
    failed = world.bench.release(world.pipeline, "c1")
    succeeded = world.bench.release(world.pipeline, "c2")

    assert _refusal(world, pipelineExecutionId=failed.id) == "NotLatestPipelineExecutionException"
    assert _refusal(world, pipelineExecutionId=succeeded.id) == "StageNotRetryableException"
    assert _refusal(world, pipelineExecutionId="none") == "StageNotRetryableException"
    assert _refusal(world, pipelineExecutionId=failed.id, stageName="None") == "StageNotFoundException"
    assert _refusal(world, pipelineExecutionId=failed.id, stageName="Prod") == "StageNotRetryableException"


def test_retry_is_refused_when_the_pipeline_has_changed(world: World) -> None:
    failed = world.bench.release(world.pipeline)

    world.pipeline.update(replace(world.pipeline.definition), {})

    assert _refusal(world, pipelineExecutionId=failed.id) == "StageNotRetryableException"


def _running(world: World) -> tuple[Execution, threading.Event]:
    """An execution in Staging/Deploy, which ends when the second event is set, or when it is abandoned."""
    has_begun, may_end = threading.Event(), threading.Event()

    def work(context: ActionContext) -> None:
        has_begun.set()
        while not may_end.wait(0.01):
            if context.is_stopped():
                raise ActionFailed("abandoned")

    world.bench.actions.script["Staging/Deploy"] = work
    threading.Thread(target=world.bench.release, args=(world.pipeline,), daemon=True).start()
    assert has_begun.wait(5)
    return world.pipeline.executions[-1], may_end


def _ended(world: World) -> threading.Event:
    ended = threading.Event()
    world.bench.cloud.event_log.subscribe(lambda event: ended.set() if isinstance(event, ExecutionEnded) else None)
    return ended


def test_stop_lets_what_runs_come_to_its_end(world: World) -> None:
    execution, may_end = _running(world)
    ended = _ended(world)
    stop = {"pipelineName": "release", "pipelineExecutionId": execution.id, "reason": "lunch"}

    world.call("StopPipelineExecution", **stop)
    stopping = world.call("GetPipelineExecution", pipelineName="release", pipelineExecutionId=execution.id)
    is_ended_before = ended.wait(0.3)
    with pytest.raises(ApiError) as refused:
        world.call("StopPipelineExecution", **stop)
    may_end.set()

    assert ended.wait(5)
    assert not is_ended_before
    assert stopping["pipelineExecution"]["status"] == "Stopping"
    assert refused.value.code == "DuplicatedStopRequestException"
    assert (execution.status, execution.reason) == (Status.STOPPED, "The execution was stopped. lunch")
    assert world.bench.actions.ran == ["Staging/Deploy c1"]


def test_stop_that_abandons_ends_what_runs(world: World) -> None:
    execution, _ = _running(world)
    ended = _ended(world)

    world.call("StopPipelineExecution", pipelineName="release", pipelineExecutionId=execution.id, abandon=True)

    assert ended.wait(5)
    assert execution.status is Status.STOPPED
