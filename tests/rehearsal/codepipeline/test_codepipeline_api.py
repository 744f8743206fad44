"""CodePipeline's API over fake actions; every answer has to fit botocore's own model."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from rehearsal.aws.service_api import ApiError, Caller
from rehearsal.codepipeline.actions.action import ActionContext
from rehearsal.codepipeline.actions.approval import ApprovalAction, Approvals
from rehearsal.codepipeline.codepipeline_api import CodePipelineApi
from rehearsal.codepipeline.definition import ExecutionMode, StageDeclaration
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline, PipelineStore
from rehearsal.codepipeline.engine import Engine
from rehearsal.codepipeline.execution import Source, Trigger
from rehearsal.run_events import (
    ApprovalAnswered,
    ApprovalExpired,
    ApprovalRequested,
    ExecutionEnded,
    StageEnded,
    StageStarted,
    Status,
)
from tests.rehearsal.codepipeline.fake_cloud import (
    ACCOUNT,
    REGION,
    Bench,
    FolderArtifacts,
    NoArtifactRoles,
    SourceOf,
    action,
    deploy_stage,
    deployed,
    fails_when,
    source_stage,
)

CALLER = Caller(ACCOUNT, REGION, "arn:aws:iam::111111111111:user/boss")
MODEL = botocore.session.get_session().get_service_model("codepipeline")


class World:
    """A deployed pipeline and the API in front of it."""

    def __init__(self, home: Path, *stages: StageDeclaration, bad_commit: str = "") -> None:
        self.bench = Bench.make(home, {"Prod/EndToEnd": fails_when(bad_commit, "broken")})
        self.approvals = Approvals(lambda _: None)
        self.pipeline: DeployedPipeline = deployed(*stages)
        store = PipelineStore()
        store.add(self.pipeline)
        self.bench.engine = Engine(
            self.bench.cloud,
            artifacts=FolderArtifacts(home / "artifacts"),
            artifact_roles=NoArtifactRoles(),
            actions={
                ("Build", "CodeBuild"): self.bench.actions,
                ("Deploy", "CloudFormation"): self.bench.actions,
                ("Approval", "Manual"): ApprovalAction(self.approvals),
            },
            rules={},
        )
        self.api = CodePipelineApi(store, self.bench.engine, self.approvals)

    def call(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        answer = self.api.call(operation, parameters, CALLER)
        shape = MODEL.operation_model(operation).output_shape
        if shape is None:
            assert answer == {}
            return answer
        report = ParamValidator().validate(answer, shape)
        assert not report.has_errors(), report.generate_report()
        return answer


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, source_stage(), deploy_stage("Prod"))


def test_state_shows_the_latest_run_of_every_action(world: World) -> None:
    world.bench.release(world.pipeline)

    state = world.call("GetPipelineState", name="release")

    statuses = {
        action["actionName"]: action["latestExecution"]["status"]
        for stage in state["stageStates"]
        for action in stage["actionStates"]
    }
    assert statuses == {"Commit": "Succeeded", "Deploy": "Succeeded", "EndToEnd": "Succeeded"}


def test_executions_are_listed_newest_first(world: World) -> None:
    world.bench.release(world.pipeline, "c1")
    world.bench.release(world.pipeline, "c2")

    answer = world.call("ListPipelineExecutions", pipelineName="release")

    commits = [summary["sourceRevisions"][0]["revisionId"] for summary in answer["pipelineExecutionSummaries"]]
    assert commits == ["c2", "c1"]


def test_executions_are_listed_that_succeeded_in_a_stage_in_the_pipelines_version(tmp_path: Path) -> None:
    # given
    world = World(tmp_path, source_stage(), deploy_stage("Prod"), bad_commit="bad")
    world.bench.release(world.pipeline, "of the version before")
    world.pipeline.update(world.pipeline.definition, {})
    good = world.bench.release(world.pipeline, "good")
    world.bench.release(world.pipeline, "bad")
    # when
    in_prod, in_source = (
        world.call("ListPipelineExecutions", pipelineName="release", filter={"succeededInStage": {"stageName": stage}})
        for stage in ("Prod", "Source")
    )
    # then
    assert [found["pipelineExecutionId"] for found in in_prod["pipelineExecutionSummaries"]] == [good.id]
    assert len(in_source["pipelineExecutionSummaries"]) == 2


def test_variables_of_an_actions_configuration_are_resolved(tmp_path: Path) -> None:
    question = {"CustomData": "Execution #{codepipeline.PipelineExecutionId}, #{Nobody.Gave}"}
    known = {"CustomData": "Execution #{codepipeline.PipelineExecutionId}"}
    asks = [action(name, configuration=asked) for name, asked in (("Known", known), ("Unknown", question))]
    world = World(tmp_path, source_stage(), StageDeclaration(name="Asks", actions=tuple(asks)))
    execution = world.bench.release(world.pipeline)

    answer = world.call("ListActionExecutions", pipelineName="release")

    inputs = {detail["actionName"]: detail["input"] for detail in answer["actionExecutionDetails"]}
    assert inputs["Known"]["configuration"] == known
    assert inputs["Known"]["resolvedConfiguration"] == {"CustomData": f"Execution {execution.id}"}
    assert "resolvedConfiguration" not in inputs["Unknown"]


def test_execution_and_its_actions_can_be_read(world: World) -> None:
    execution = world.bench.release(world.pipeline)

    answer = world.call("GetPipelineExecution", pipelineName="release", pipelineExecutionId=execution.id)
    details = world.call("ListActionExecutions", pipelineName="release", filter={"pipelineExecutionId": execution.id})

    assert answer["pipelineExecution"]["status"] == "Succeeded"
    assert [detail["actionName"] for detail in details["actionExecutionDetails"]] == ["EndToEnd", "Deploy", "Commit"]


def test_pipeline_is_answered_with_the_names_of_the_api(tmp_path: Path) -> None:
    world = World(tmp_path, source_stage())
    world.pipeline.properties = {
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/pipeline",
        "RestartExecutionOnUpdate": "true",
        "ArtifactStore": {"Type": "S3", "Location": "bucket"},
        "Stages": [
            {
                "Name": "Source",
                "Actions": [
                    {
                        "Name": "Commit",
                        "RunOrder": "1",
                        "ActionTypeId": {"Category": "Source", "Owner": "AWS", "Provider": "S3", "Version": "1"},
                        "Configuration": {"S3Bucket": "b"},
                    }
                ],
            }
        ],
    }

    answer = world.call("GetPipeline", name="release")

    (stage,) = answer["pipeline"]["stages"]
    assert stage["actions"][0]["configuration"] == {"S3Bucket": "b"}
    assert answer["pipeline"]["version"] == 1


def test_unknown_pipeline_is_not_found(world: World) -> None:
    with pytest.raises(ApiError) as caught:
        world.call("GetPipelineState", name="nobody")

    assert caught.value.code == "PipelineNotFoundException"


@pytest.mark.parametrize(("answer", "status"), [("Approved", Status.SUCCEEDED), ("Rejected", Status.FAILED)])
def test_open_approval_is_answered_with_its_token(tmp_path: Path, answer: str, status: Status) -> None:
    approve = StageDeclaration(name="Approve", actions=(action("Ask", category="Approval", provider="Manual"),))
    world = World(tmp_path, source_stage(), approve)
    asked = threading.Event()
    world.bench.cloud.event_log.subscribe(lambda event: asked.set() if isinstance(event, ApprovalRequested) else None)
    thread = threading.Thread(target=world.bench.release, args=(world.pipeline,), daemon=True)
    thread.start()
    assert asked.wait(5)
    token = _wait_for_token(world)

    world.call(
        "PutApprovalResult",
        pipelineName="release",
        stageName="Approve",
        actionName="Ask",
        result={"summary": "looked at it", "status": answer},
        token=token,
    )

    thread.join(5)
    assert world.pipeline.executions[0].status is status
    (answered,) = world.bench.cloud.events(ApprovalAnswered)
    assert (answered.is_approved, answered.by, answered.summary) == (
        answer == "Approved",
        "arn:aws:iam::111111111111:user/boss through the API",
        "looked at it",
    )


def _wait_for_token(world: World) -> str:
    for _ in range(100):
        request = world.approvals.find("release", "Approve", "Ask")
        if request is not None:
            state = world.call("GetPipelineState", name="release")
            return str(state["stageStates"][1]["actionStates"][0]["latestExecution"]["token"])
        threading.Event().wait(0.02)
    raise AssertionError("The approval was never asked for.")


def test_answer_that_comes_a_second_time_is_refused_as_completed_and_a_stopped_question_has_expired(
    tmp_path: Path,
) -> None:
    approve = StageDeclaration(name="Approve", actions=(action("Ask", category="Approval", provider="Manual"),))
    world = World(tmp_path, source_stage(), approve)

    def answer(token: str) -> None:
        world.call(
            "PutApprovalResult", pipelineName="release", stageName="Approve", actionName="Ask", token=token,
            result={"summary": "", "status": "Approved"},
        )  # fmt: skip

    def code(token: str) -> str:
        with pytest.raises(ApiError) as refused:
            answer(token)
        return refused.value.code

    first = threading.Thread(target=world.bench.release, args=(world.pipeline,))
    first.start()
    answered = _wait_for_token(world)
    answer(answered)
    first.join(5)
    second = threading.Thread(target=world.bench.release, args=(world.pipeline,))
    second.start()
    stopped = _wait_for_token(world)
    execution = world.pipeline.executions[-1]
    world.call("StopPipelineExecution", pipelineName="release", pipelineExecutionId=execution.id, abandon=True)
    second.join(5)

    assert code(answered) == "ApprovalAlreadyCompletedException"
    assert code(stopped) == "InvalidApprovalTokenException"
    requested = world.bench.cloud.events(ApprovalRequested)
    assert [event.token for event in requested] == [answered, stopped]
    (expired,) = world.bench.cloud.events(ApprovalExpired)
    assert (expired.execution_id, expired.stage, expired.action) == (execution.id, "Approve", "Ask")
    assert (execution.status, execution.reason) == (Status.STOPPED, "The execution was stopped.")


def test_wrong_token_is_refused(world: World) -> None:
    with pytest.raises(ApiError) as caught:
        world.call(
            "PutApprovalResult",
            pipelineName="release",
            stageName="Approve",
            actionName="Ask",
            result={"summary": "", "status": "Approved"},
            token="11111111-1111-1111-1111-111111111111",
        )

    assert caught.value.code == "InvalidApprovalTokenException"


def test_stage_is_rolled_back_to_the_execution_that_is_named(world: World) -> None:
    good = world.bench.release(world.pipeline, "c1")
    world.bench.release(world.pipeline, "c2")
    ended = threading.Event()
    world.bench.cloud.event_log.subscribe(lambda event: ended.set() if isinstance(event, ExecutionEnded) else None)

    answer = world.call("RollbackStage", pipelineName="release", stageName="Prod", targetPipelineExecutionId=good.id)

    assert ended.wait(5)
    assert world.bench.actions.ran[-2:] == ["Prod/Deploy c1", "Prod/EndToEnd c1"]
    rollback = world.call(
        "GetPipelineExecution", pipelineName="release", pipelineExecutionId=answer["pipelineExecutionId"]
    )["pipelineExecution"]
    assert rollback["executionType"] == "ROLLBACK"
    assert rollback["rollbackMetadata"] == {"rollbackTargetPipelineExecutionId": good.id}
    listed = world.call("ListPipelineExecutions", pipelineName="release")["pipelineExecutionSummaries"]
    assert [(found["executionType"], found["sourceRevisions"][0]["revisionId"]) for found in listed] == [
        ("ROLLBACK", "c1"),
        ("STANDARD", "c2"),
        ("STANDARD", "c1"),
    ]


def test_stage_is_not_rolled_back_to_an_execution_of_an_older_version(world: World) -> None:
    good = world.bench.release(world.pipeline)
    world.pipeline.update(world.pipeline.definition, {})

    with pytest.raises(ApiError) as caught:
        world.call("RollbackStage", pipelineName="release", stageName="Prod", targetPipelineExecutionId=good.id)

    assert caught.value.code == "UnableToRollbackStageException"


def test_running_execution_is_stopped(tmp_path: Path) -> None:
    world = World(tmp_path, source_stage(), deploy_stage("Prod"))

    def stop(context: ActionContext) -> None:
        world.call("StopPipelineExecution", pipelineName="release", pipelineExecutionId=context.execution_id)

    world.bench.actions.script["Prod/Deploy"] = stop

    execution = world.bench.release(world.pipeline)

    assert execution.status is Status.STOPPED
    assert world.bench.actions.ran == ["Prod/Deploy c1"]


def test_stage_that_is_running_is_not_rolled_back_and_a_rollback_keeps_executions_out(world: World) -> None:
    good = world.bench.release(world.pipeline, "c1")
    names = {"pipelineName": "release", "stageName": "Prod", "targetPipelineExecutionId": good.id}
    is_inside, may_end = threading.Event(), threading.Event()

    def wait(_: ActionContext) -> None:
        is_inside.set()
        assert may_end.wait(5)

    def refusal() -> str:
        with pytest.raises(ApiError) as caught:
            world.call("RollbackStage", **names)
        return f"{caught.value.code} {caught.value}"

    world.bench.actions.script["Prod/Deploy"] = wait
    releasing = threading.Thread(target=world.bench.release, args=(world.pipeline, "c2"))
    releasing.start()
    assert is_inside.wait(5)
    while_released = refusal()
    may_end.set()
    releasing.join(5)

    is_inside.clear()
    may_end.clear()
    world.call("RollbackStage", **names)
    assert is_inside.wait(5)
    while_rolled_back = refusal()
    releasing = threading.Thread(target=world.bench.release, args=(world.pipeline, "c3"))
    releasing.start()
    deadline = time.monotonic() + 5
    while len(world.bench.cloud.events(StageEnded)) < 5:  # the last is the Source of c3
        assert time.monotonic() < deadline
        time.sleep(0.01)
    may_end.set()
    releasing.join(5)

    for refused in (while_released, while_rolled_back):
        assert refused.startswith("UnableToRollbackStageException")
        assert "currently running" in refused
    assert len(world.pipeline.executions) == 4, "what is refused leaves none"
    *_, rollback, newest = world.pipeline.executions
    in_prod = [
        (type(event), event.execution_id)
        for event in world.bench.cloud.event_log.events
        if isinstance(event, StageStarted | StageEnded) and event.stage == "Prod"
    ]
    assert in_prod[-3:] == [(StageEnded, rollback.id), (StageStarted, newest.id), (StageEnded, newest.id)]
    assert newest.status is Status.SUCCEEDED


def test_stage_is_in_the_execution_that_entered_it_last_and_not_in_the_one_that_was_started_last(
    tmp_path: Path,
) -> None:
    # given a release that waits for its approval while the stage behind it is rolled back
    ask = action("Ask", category="Approval", provider="Manual")
    world = World(tmp_path, source_stage(), StageDeclaration(name="Approve", actions=(ask,)), deploy_stage("Prod"))
    seen: list[Mapping[str, Any]] = []
    world.bench.actions.script["Prod/Deploy"] = lambda _: seen.append(_prod_of(world))

    def approve() -> None:
        token = _wait_for_token(world)
        result = {"summary": "", "status": "Approved"}
        names = {"pipelineName": "release", "stageName": "Approve", "actionName": "Ask"}
        world.call("PutApprovalResult", **names, result=result, token=token)

    def release(commit: str) -> threading.Thread:
        thread = threading.Thread(target=world.bench.release, args=(world.pipeline, commit), daemon=True)
        thread.start()
        return thread

    first = release("c1")
    approve()
    first.join(5)
    second = release("c2")
    _wait_for_token(world)
    good, waiting = world.pipeline.executions
    world.call("RollbackStage", pipelineName="release", stageName="Prod", targetPipelineExecutionId=good.id)
    rollback = world.pipeline.executions[-1]
    deadline = time.monotonic() + 5
    while rollback.status is Status.IN_PROGRESS:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    # when it is approved
    approve()
    second.join(5)
    # then the stage was in it, and it is what the stage succeeded with last
    assert [(found["pipelineExecutionId"], found["type"]) for found in seen] == [
        (good.id, "STANDARD"),
        (rollback.id, "ROLLBACK"),
        (waiting.id, "STANDARD"),
    ]
    assert world.pipeline.last_success("Prod") is waiting
    states = world.call("GetPipelineState", name="release")["stageStates"][2]
    assert states["latestExecution"]["pipelineExecutionId"] == waiting.id
    own = [deployed.id for stage, deployed in waiting.action_executions() if stage.name == "Prod"]
    assert [found["latestExecution"]["actionExecutionId"] for found in states["actionStates"]] == own


def _prod_of(world: World) -> Mapping[str, Any]:
    found: Mapping[str, Any] = world.call("GetPipelineState", name="release")["stageStates"][2]["latestExecution"]
    return found


def test_approval_that_the_state_shows_is_of_the_execution_that_it_shows(tmp_path: Path) -> None:
    approve = StageDeclaration(name="Approve", actions=(action("Ask", category="Approval", provider="Manual"),))
    world = World(tmp_path, source_stage(), approve)
    world.pipeline.definition = replace(world.pipeline.definition, execution_mode=ExecutionMode.PARALLEL)
    source = Source(action=SourceOf("c1"), commit="c1")
    executions = [world.pipeline.new_execution(source, Trigger.START) for _ in range(2)]
    threads = []
    for count, execution in enumerate(reversed(executions), start=1):
        threads.append(
            threading.Thread(target=world.bench.engine.follow, args=(world.pipeline, execution), daemon=True)
        )
        threads[-1].start()
        deadline = time.monotonic() + 5
        while world.approvals.find("release", "Approve", "Ask", execution.id) is None:
            assert time.monotonic() < deadline, f"question {count} is not open"
            time.sleep(0.01)

    approve_state = world.call("GetPipelineState", name="release")["stageStates"][1]

    tokens = {event.execution_id: event.token for event in world.bench.cloud.events(ApprovalRequested)}
    shown = approve_state["latestExecution"]["pipelineExecutionId"]
    assert approve_state["actionStates"][0]["latestExecution"]["token"] == tokens[shown]
    world.bench.engine.stop()
    for thread in threads:
        thread.join(5)
