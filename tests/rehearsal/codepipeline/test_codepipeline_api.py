"""CodePipeline's API over fake actions; every answer has to fit botocore's own model."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from rehearsal.aws.service_api import ApiError, Caller
from rehearsal.codepipeline.actions.action import ActionContext
from rehearsal.codepipeline.actions.approval import ApprovalAction, Approvals
from rehearsal.codepipeline.codepipeline_api import CodePipelineApi
from rehearsal.codepipeline.definition import StageDeclaration
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline, PipelineStore
from rehearsal.codepipeline.engine import Engine
from rehearsal.run_events import ApprovalAnswered, ApprovalRequested, ExecutionEnded, Status
from tests.rehearsal.codepipeline.fake_cloud import (
    ACCOUNT,
    REGION,
    Bench,
    FolderArtifacts,
    NoArtifactRoles,
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


def test_executions_that_succeeded_in_a_stage_are_those_of_the_pipelines_version(world: World) -> None:
    first = world.bench.release(world.pipeline, "c1")
    second = world.bench.release(world.pipeline, "c2")

    def found(stage: str) -> list[str]:
        asked = {"succeededInStage": {"stageName": stage}}
        answer = world.call("ListPipelineExecutions", pipelineName="release", filter=asked)
        return [summary["pipelineExecutionId"] for summary in answer["pipelineExecutionSummaries"]]

    assert (found("Prod"), found("Prut")) == ([second.id, first.id], [])
    world.pipeline.version += 1
    assert found("Prod") == []


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
