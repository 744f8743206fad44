"""The commands over a CodePipeline that answers as it is told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from rehearsal.errors import EngineError
from rehearsal.page.action_logs import ActionLogs
from rehearsal.page.controls import ApprovalResult, Refused
from rehearsal.run_events import ActionEnded, ActionOutput, ActionStarted, Status
from rehearsal.up import commands
from rehearsal.up.commands import Reached
from rehearsal.up.pipeline_client import PipelineClient
from rehearsal.up.record import Running, UpFolder
from rehearsal.up.status import draw_status

E1, E2 = "11111111-aaaa", "22222222-bbbb"
PAGE = "http://127.0.0.1:1/secret/"
RUNNING = Running(
    process_id=1, project="/app", branch="main", started_at=0.0, page_url=PAGE, pipeline="release", profiles="/p"
)
OBJECT = "https://eu-west-1.console.aws.amazon.com/s3/object/evidence?region=eu-west-1&prefix=e/index.html"


def _action(name: str, status: str | None, **more: Any) -> dict[str, Any]:
    latest = {"status": status, "lastStatusChange": datetime.now(UTC), **more} if status else None
    return {"actionName": name, **({"latestExecution": latest} if latest else {})}


def _stage(name: str, status: str, execution_id: str, *actions: dict[str, Any]) -> dict[str, Any]:
    return {
        "stageName": name,
        "inboundTransitionState": {"enabled": True},
        "latestExecution": {"pipelineExecutionId": execution_id, "status": status},
        "actionStates": list(actions),
    }


def _summary(execution_id: str, status: str, commit: str, title: str) -> dict[str, Any]:
    return {
        "pipelineExecutionId": execution_id,
        "status": status,
        "sourceRevisions": [{"revisionId": commit, "revisionSummary": title}],
        "trigger": {"triggerType": "WebhookV2"},
    }


def _detail(execution_id: str, stage: str, name: str, status: str) -> dict[str, Any]:
    return {"pipelineExecutionId": execution_id, "stageName": stage, "actionName": name, "status": status}


class CodePipeline:
    """Answers what it holds, and keeps what it is asked to do. `refusal` is the code of the error of every request."""

    def __init__(self) -> None:
        self.stages = [
            _stage("Build", "Succeeded", E2, _action("Synth", "Succeeded")),
            _stage("Approve", "InProgress", E1, _action("Ask", "InProgress", token="t1")),
            {
                "stageName": "Prod",
                "inboundTransitionState": {"enabled": False},
                "actionStates": [_action("Deploy", None)],
            },
        ]
        self.summaries = [
            _summary(E2, "InProgress", "2222222bbb", "Two"),
            _summary(E1, "InProgress", "1111111aaa", "One"),
        ]
        self.link = ""
        self.actions = [_detail(E1, "Approve", "Ask", "Succeeded"), _detail(E2, "Build", "Synth", "Succeeded")]
        self.asked: list[dict[str, Any]] = []
        self.refusal = ""

    def get_pipeline_state(self, *, name: str) -> dict[str, Any]:
        return {"pipelineName": name, "pipelineVersion": 3, "stageStates": self.stages}

    def list_pipeline_executions(self, *, pipelineName: str) -> dict[str, Any]:
        return {"pipelineExecutionSummaries": self.summaries}

    def list_action_executions(self, *, pipelineName: str, filter: dict[str, str] | None = None) -> dict[str, Any]:
        if filter is None:
            return {"actionExecutionDetails": self.actions}
        assert filter["pipelineExecutionId"] in (E1, E2)
        resolved = {"ExternalEntityLink": self.link} if self.link else {}
        details = [
            {"stageName": "Build", "actionName": "Synth"},
            {"stageName": "Approve", "actionName": "Ask", "input": {"resolvedConfiguration": resolved}},
        ]
        return {"actionExecutionDetails": details}

    def put_approval_result(self, **parameters: Any) -> None:
        self._ask("PutApprovalResult", parameters)

    def stop_pipeline_execution(self, **parameters: Any) -> None:
        self._ask("StopPipelineExecution", parameters)

    def retry_stage_execution(self, **parameters: Any) -> None:
        self._ask("RetryStageExecution", parameters)

    def rollback_stage(self, **parameters: Any) -> None:
        self._ask("RollbackStage", parameters)

    def _ask(self, operation: str, parameters: dict[str, Any]) -> None:
        if self.refusal == "no answer":
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")
        if self.refusal:
            raise ClientError({"Error": {"Code": self.refusal, "Message": "so it is"}}, operation)
        self.asked.append(parameters)


class Session:
    def __init__(self, pipeline: CodePipeline) -> None:
        self._pipeline = pipeline

    def client(self, service: str) -> CodePipeline:
        assert service == "codepipeline"
        return self._pipeline


class World:
    def __init__(self, cache: Path) -> None:
        self.pipeline = CodePipeline()
        self.folder = UpFolder(cache, "app")
        self.client = PipelineClient(cast("boto3.Session", Session(self.pipeline)), "release")
        self.reached = Reached(RUNNING, self.folder, self.client)
        self.said: list[str] = []

    @property
    def text(self) -> str:
        return "\n".join(self.said)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_status_draws_stages_executions_and_what_waits(world: World) -> None:
    client = world.client

    drawn = draw_status(client.state(), client.executions(), client.waiting())

    assert drawn == "\n".join(
        (
            "Pipeline release, version 3",
            "",
            "Stage                                              State         Execution",
            "─────────────────────────────────────────────────  ────────────  ─────────────────────",
            "Build                                              ✔ Succeeded   22222222 2222222b Two",
            "· Synth                                            ✔ Succeeded",
            "Approve                                            ⋯ InProgress  11111111 1111111a One",
            "· Ask                                              ⋯ InProgress",
            "Prod",
            "· (nothing may enter: its transition is disabled)",
            "· Deploy",
            "",
            "Execution  Status        Started by  Commit",
            "─────────  ────────────  ──────────  ────────────",
            "22222222   ⋯ InProgress  WebhookV2   2222222b Two",
            "11111111   ⋯ InProgress  WebhookV2   1111111a One",
            "",
            "? Approve/Ask waits for you: execution 11111111 1111111a One",
            "  rehearse approve --execution 11111111, or rehearse reject",
        )
    )


@pytest.mark.parametrize(("is_approved", "status"), [(True, "Approved"), (False, "Rejected")])
def test_answer_is_given_to_what_waits(world: World, is_approved: bool, status: str) -> None:
    commands.answer(world.reached, world.said.append, is_approved=is_approved, summary="why", execution=None)

    assert world.pipeline.asked == [
        {
            "pipelineName": "release",
            "stageName": "Approve",
            "actionName": "Ask",
            "token": "t1",
            "result": {"status": status, "summary": "why"},
        }
    ]
    assert world.said == [f"{status}: Approve/Ask of execution {E1}."]


@pytest.mark.parametrize(
    ("link", "address"),
    [(OBJECT, f"{PAGE}object/{E1}/Approve/Ask"), ("https://example.com/diff", "https://example.com/diff")],
)
def test_what_is_to_be_looked_at_is_said_by_status_and_with_the_answer(world: World, link: str, address: str) -> None:
    world.pipeline.link = link

    commands.status(world.reached, world.said.append)
    assert f"  What to look at: {address}\n  rehearse approve" in world.text

    world.said.clear()
    commands.answer(world.reached, world.said.append, is_approved=True, summary="", execution=None)
    assert world.said[0] == f"What to look at: {address}"


def _answer(world: World, execution: str | None) -> str:
    with pytest.raises(Refused) as refused:
        commands.answer(world.reached, world.said.append, is_approved=True, summary="", execution=execution)
    assert world.pipeline.asked == []
    return str(refused.value)


def test_answer_to_another_execution_than_the_one_that_waits_is_refused(world: World) -> None:
    assert _answer(world, E2) == f"Execution {E2} does not wait for an approval. What waits: Approve/Ask of {E1}."


def test_answer_where_nothing_waits_is_refused(world: World) -> None:
    world.pipeline.stages.pop(1)

    assert _answer(world, None) == "No approval is open, so there is nothing to answer."


def test_answer_to_several_needs_a_name(world: World) -> None:
    world.pipeline.stages.append(_stage("Late", "InProgress", E2, _action("Ask", "InProgress", token="t2")))

    assert _answer(world, None).endswith("Name one: --execution ID.")
    commands.answer(world.reached, world.said.append, is_approved=True, summary="", execution="2222")
    assert world.pipeline.asked[0]["token"] == "t2"


def test_stop_needs_a_name_where_several_run(world: World) -> None:
    with pytest.raises(Refused, match=r"Several executions run\. Name one"):
        commands.stop(world.reached, world.said.append, execution=None, reason="")

    commands.stop(world.reached, world.said.append, execution="1111", reason="x" * 300)

    assert world.pipeline.asked == [
        {"pipelineName": "release", "pipelineExecutionId": E1, "abandon": True, "reason": "x" * 200}
    ]


def test_stop_where_nothing_runs_is_refused(world: World) -> None:
    world.pipeline.summaries = [_summary(E1, "Succeeded", "1", "One")]

    with pytest.raises(Refused, match="No execution runs"):
        commands.stop(world.reached, world.said.append, execution=None, reason="")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ApprovalAlreadyCompletedException", "The approval was already answered."),
        ("InvalidApprovalTokenException", "The approval is not open any more"),
        ("StageNotRetryableException", r"CodePipeline says: so it is \(StageNotRetryableException\)"),
    ],
)
def test_refusal_of_codepipeline_is_a_sentence(world: World, code: str, words: str) -> None:
    world.pipeline.refusal = code
    result = ApprovalResult(execution_id=E1, stage="Approve", action="Ask", token="t", is_approved=True, summary="")

    with pytest.raises(Refused, match=words):
        world.client.put_approval_result(result)


def test_local_aws_that_does_not_answer_is_no_refusal(world: World) -> None:
    world.pipeline.refusal = "no answer"

    with pytest.raises(EngineError, match="The local AWS does not answer"):
        world.client.rollback_stage("Prod", E1)


def test_retry_is_of_the_execution_that_was_in_the_stage_last(world: World) -> None:
    world.client.retry_stage_execution("Build")

    assert world.pipeline.asked[0]["pipelineExecutionId"] == E2
    with pytest.raises(Refused, match="No execution has been in stage Prod yet"):
        world.client.retry_stage_execution("Prod")


def _log(world: World) -> ActionLogs:
    logs = ActionLogs(world.folder.logs)
    logs(ActionStarted(execution_id=E2, stage="Build", action="Synth", provider="CodeBuild"))
    for line in ("one", "two"):
        logs(ActionOutput(execution_id=E2, stage="Build", action="Synth", line=line))
    return logs


@pytest.mark.parametrize("name", ["Synth", "Build/Synth"])
def test_logs_show_what_an_action_said(world: World, name: str) -> None:
    _log(world)

    commands.logs(world.reached, world.said.append, action=name, is_followed=False)

    assert world.said == ["one\ntwo"]


def test_logs_are_followed_until_the_action_has_ended(world: World) -> None:
    logs = _log(world)
    world.pipeline.actions = [_detail(E2, "Build", "Synth", "InProgress")]

    def say(text: str) -> None:
        world.said.append(text)
        if len(world.said) == 1:
            logs(ActionOutput(execution_id=E2, stage="Build", action="Synth", line="three"))
            logs(
                ActionEnded(
                    execution_id=E2, stage="Build", action="Synth", provider="CodeBuild", status=Status.SUCCEEDED,
                    seconds=1.0,
                )
            )  # fmt: skip
            world.pipeline.actions = [_detail(E2, "Build", "Synth", "Succeeded")]

    commands.logs(world.reached, say, action="Synth", is_followed=True)

    assert world.said == ["one\ntwo", "three"]


def test_logs_of_an_action_that_is_none_are_refused(world: World) -> None:
    with pytest.raises(Refused, match="No action named Nobody has run yet"):
        commands.logs(world.reached, world.said.append, action="Nobody", is_followed=False)


def test_logs_are_of_the_execution_that_ran_the_action_though_another_is_in_its_stage(world: World) -> None:
    _log(world)
    world.pipeline.stages[0] = _stage("Build", "InProgress", E1, _action("Synth", "Succeeded"))
    world.pipeline.actions = [
        _detail(E1, "Build", "Install", "InProgress"),
        _detail(E2, "Build", "Synth", "Succeeded"),
    ]

    commands.logs(world.reached, world.said.append, action="Synth", is_followed=False)

    assert world.said == ["one\ntwo"]
