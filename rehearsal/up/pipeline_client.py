"""The running pipeline through CodePipeline's own API, for the commands and the page: what it does, and what a person
decides.

It must not know who asks. Each refusal of CodePipeline is a `Refused` with a sentence; `EngineError` where the local
AWS does not answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.errors import EngineError
from rehearsal.page.controls import ApprovalResult, Refused

if TYPE_CHECKING:
    import boto3

Answer = TypeVar("Answer")
_LONGEST_REASON = 200
_WORDS = {
    "ApprovalAlreadyCompletedException": "The approval was already answered.",
    "InvalidApprovalTokenException": "The approval is not open any more: it was answered, or its execution has ended.",
    "PipelineExecutionNotStoppableException": "The execution has ended already.",
    "DuplicatedStopRequestException": "The execution is being stopped already.",
}


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """An approval that is open, the execution that waits for it, and `url`, its link to what is to be looked at."""

    stage: str
    action: str
    token: str
    execution_id: str
    url: str = ""


class PipelineClient:
    """`session` is of the pipeline's account and region."""

    def __init__(self, session: boto3.Session, pipeline: str) -> None:
        self.pipeline = pipeline
        self._client = cast("Any", session.client("codepipeline"))

    def state(self) -> dict[str, Any]:
        """As GetPipelineState answers."""
        return self._ask(lambda: self._client.get_pipeline_state(name=self.pipeline))

    def executions(self) -> list[dict[str, Any]]:
        """The newest first, as ListPipelineExecutions answers."""
        answer = self._ask(lambda: self._client.list_pipeline_executions(pipelineName=self.pipeline))
        return list(answer["pipelineExecutionSummaries"])

    def actions(self) -> list[dict[str, Any]]:
        """The newest first, as ListActionExecutions answers."""
        answer = self._ask(lambda: self._client.list_action_executions(pipelineName=self.pipeline))
        return list(answer["actionExecutionDetails"])

    def waiting(self) -> list[Waiting]:
        return [replace(found, url=self._url(found)) for found in _waiting(self.state())]

    def put_approval_result(self, result: ApprovalResult) -> None:
        self._ask(
            lambda: self._client.put_approval_result(
                pipelineName=self.pipeline,
                stageName=result.stage,
                actionName=result.action,
                token=result.token,
                result={"status": "Approved" if result.is_approved else "Rejected", "summary": result.summary},
            )
        )

    def stop_pipeline_execution(self, execution_id: str, reason: str) -> None:
        """Its actions end at once."""
        self._ask(
            lambda: self._client.stop_pipeline_execution(
                pipelineName=self.pipeline,
                pipelineExecutionId=execution_id,
                abandon=True,
                reason=reason[:_LONGEST_REASON],
            )
        )

    def retry_stage_execution(self, stage: str) -> None:
        """What failed in the stage, of the execution that was in it last."""
        latest = next((found["latestExecution"] for found in self._stages(stage) if "latestExecution" in found), None)
        if latest is None:
            raise Refused(f"No execution has been in stage {stage} yet.")
        self._ask(
            lambda: self._client.retry_stage_execution(
                pipelineName=self.pipeline,
                stageName=stage,
                pipelineExecutionId=latest["pipelineExecutionId"],
                retryMode="FAILED_ACTIONS",
            )
        )

    def rollback_stage(self, stage: str, target_execution_id: str) -> None:
        self._ask(
            lambda: self._client.rollback_stage(
                pipelineName=self.pipeline, stageName=stage, targetPipelineExecutionId=target_execution_id
            )
        )

    def _url(self, waiting: Waiting) -> str:
        """Where the approval's link leads, its variables resolved; "" where it has none."""
        answer = self._ask(
            lambda: self._client.list_action_executions(
                pipelineName=self.pipeline, filter={"pipelineExecutionId": waiting.execution_id}
            )
        )
        for detail in answer["actionExecutionDetails"]:
            if (detail["stageName"], detail["actionName"]) == (waiting.stage, waiting.action):
                given = detail.get("input", {})
                told = given.get("resolvedConfiguration") or given.get("configuration") or {}
                return str(told.get("ExternalEntityLink", ""))
        return ""

    def _stages(self, name: str) -> list[dict[str, Any]]:
        return [stage for stage in self.state()["stageStates"] if stage["stageName"] == name]

    def _ask(self, call: Callable[[], Answer]) -> Answer:
        try:
            return call()
        except ClientError as exc:
            error = exc.response.get("Error", {})
            code = error.get("Code", "")
            raise Refused(_WORDS.get(code) or f"CodePipeline says: {error.get('Message', exc)} ({code})") from exc
        except BotoCoreError as exc:
            raise EngineError(f"The local AWS does not answer: {exc}") from exc


def _waiting(state: dict[str, Any]) -> Iterator[Waiting]:
    for stage in state["stageStates"]:
        for action in stage["actionStates"]:
            if token := action.get("latestExecution", {}).get("token"):
                yield Waiting(
                    stage=stage["stageName"],
                    action=action["actionName"],
                    token=token,
                    execution_id=stage["latestExecution"]["pipelineExecutionId"],
                )
