"""CodePipeline's API, as far as steps, hooks and tools need it: read pipelines and executions, answer approvals, start,
stop, retry and roll back, disable and enable transitions.

It must not run a pipeline itself: the engine does. Names and shapes are boto3's (botocore, codepipeline 2015-07-09).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from rehearsal.aws.service_api import ApiError, Caller
from rehearsal.codepipeline import codepipeline_answers as answers
from rehearsal.codepipeline.actions.approval import (
    ApprovalAlreadyCompleted,
    ApprovalAnswer,
    Approvals,
    InvalidApprovalToken,
)
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline, DisabledTransition, PipelineStore
from rehearsal.codepipeline.engine import Engine
from rehearsal.codepipeline.execution import Execution, Trigger
from rehearsal.codepipeline.retry import NotLatestExecution, RetryMode, StageNotRetryable
from rehearsal.codepipeline.rollback import RollbackUnavailable
from rehearsal.errors import RehearsalError
from rehearsal.run_events import Status

Parameters = Mapping[str, Any]
Answer = Mapping[str, Any]


class CodePipelineApi:
    """Serves the operations below to callers of the pipeline's account and region."""

    service = "codepipeline"

    def __init__(
        self, store: PipelineStore, engine: Engine, approvals: Approvals, *, as_told: Callable[[float], float] = float
    ) -> None:
        """`as_told` says what a moment of the wall clock is to callers; by default what it is."""
        self._as_told = as_told
        self._store = store
        self._engine = engine
        self._approvals = approvals
        self._operations: Mapping[str, Callable[[Parameters, Caller], Answer]] = {
            "ListPipelines": self._list_pipelines,
            "GetPipeline": self._get_pipeline,
            "GetPipelineState": self._get_pipeline_state,
            "GetPipelineExecution": self._get_pipeline_execution,
            "ListPipelineExecutions": self._list_pipeline_executions,
            "ListActionExecutions": self._list_action_executions,
            "PutApprovalResult": self._put_approval_result,
            "StartPipelineExecution": self._start_pipeline_execution,
            "StopPipelineExecution": self._stop_pipeline_execution,
            "RetryStageExecution": self._retry_stage_execution,
            "RollbackStage": self._rollback_stage,
            "DisableStageTransition": self._disable_stage_transition,
            "EnableStageTransition": self._enable_stage_transition,
        }
        self.operations = frozenset(self._operations)

    def resources(self, operation: str, parameters: Parameters, caller: Caller) -> list[str]:
        """The pipeline, its stage, or its action. Source: the service authorization reference of CodePipeline."""
        pipeline = parameters.get("pipelineName") or parameters.get("name")
        named = [pipeline, parameters.get("stageName"), parameters.get("actionName")]
        path = "/".join(str(name) for name in named if name)
        return [f"arn:aws:codepipeline:{caller.region}:{caller.account}:{path}"] if pipeline else []

    def call(self, operation: str, parameters: Parameters, caller: Caller) -> Answer:
        answer: Answer = answers.with_times(self._operations[operation](parameters, caller), self._as_told)
        return answer

    def _list_pipelines(self, _: Parameters, caller: Caller) -> Answer:
        pipelines = self._store.in_account(caller.account, caller.region)
        return {"pipelines": [answers.pipeline_summary(pipeline) for pipeline in pipelines]}

    def _get_pipeline(self, parameters: Parameters, caller: Caller) -> Answer:
        return answers.pipeline(self._pipeline(parameters["name"], caller))

    def _get_pipeline_state(self, parameters: Parameters, caller: Caller) -> Answer:
        return answers.pipeline_state(self._pipeline(parameters["name"], caller), self._approvals)

    def _get_pipeline_execution(self, parameters: Parameters, caller: Caller) -> Answer:
        pipeline = self._pipeline(parameters["pipelineName"], caller)
        execution = _execution(pipeline, parameters["pipelineExecutionId"])
        return {"pipelineExecution": answers.execution(pipeline, execution)}

    def _list_pipeline_executions(self, parameters: Parameters, caller: Caller) -> Answer:
        pipeline = self._pipeline(parameters["pipelineName"], caller)
        filtered = (parameters.get("filter") or {}).get("succeededInStage")
        found = pipeline.executions
        if filtered is not None:
            found = pipeline.succeeded_in(_stage(pipeline, filtered["stageName"]))
        newest_first = list(reversed(found))[: parameters.get("maxResults", 100)]
        return {"pipelineExecutionSummaries": [answers.execution_summary(run) for run in newest_first]}

    def _list_action_executions(self, parameters: Parameters, caller: Caller) -> Answer:
        pipeline = self._pipeline(parameters["pipelineName"], caller)
        wanted = (parameters.get("filter") or {}).get("pipelineExecutionId")
        details = [
            answers.action_execution(run, stage, action)
            for run in reversed(pipeline.executions)
            if wanted in (None, run.id)
            for stage, action in reversed(list(run.action_executions()))
        ]
        return {"actionExecutionDetails": details[: parameters.get("maxResults", 100)]}

    def _put_approval_result(self, parameters: Parameters, caller: Caller) -> Answer:
        pipeline = self._pipeline(parameters["pipelineName"], caller)
        result = parameters["result"]
        path = (pipeline.name, parameters["stageName"], parameters["actionName"])
        if not self._approvals.is_of(parameters["token"], path):
            raise ApiError(
                "InvalidApprovalTokenException", "The approval request already received a response or expired."
            )
        by = f"{caller.arn or caller.account} through the API"
        answer = ApprovalAnswer(result["status"] == "Approved", result.get("summary", ""), by)
        try:
            self._approvals.answer(parameters["token"], answer)
        except ApprovalAlreadyCompleted as exc:
            raise ApiError("ApprovalAlreadyCompletedException", "The approval action was already completed.") from exc
        except InvalidApprovalToken as exc:
            raise ApiError("InvalidApprovalTokenException", "No open approval has this token.") from exc
        return {"approvedAt": answers.now()}

    def _start_pipeline_execution(self, parameters: Parameters, caller: Caller) -> Answer:
        """With the newest commit of what the pipeline's executions come from (`Engine.newest_source`)."""
        pipeline = self._pipeline(parameters["name"], caller)
        if not pipeline.executions:
            raise ApiError("ConflictException", "No commit was released yet, so there is no source to start with.")
        execution = pipeline.new_execution(self._engine.newest_source(pipeline), Trigger.START)
        self._in_background(lambda: self._engine.follow(pipeline, execution))
        return {"pipelineExecutionId": execution.id}

    def _stop_pipeline_execution(self, parameters: Parameters, caller: Caller) -> Answer:
        pipeline = self._pipeline(parameters["pipelineName"], caller)
        execution = _execution(pipeline, parameters["pipelineExecutionId"])
        if execution.status is not Status.IN_PROGRESS:
            raise ApiError("PipelineExecutionNotStoppableException", f"Execution {execution.id} is {execution.status}.")
        if execution.is_abandoned or (execution.is_stop_requested and not parameters.get("abandon")):
            raise ApiError("DuplicatedStopRequestException", f"Execution {execution.id} is being stopped already.")
        execution.stop(is_abandoned=bool(parameters.get("abandon")), reason=str(parameters.get("reason") or ""))
        return {"pipelineExecutionId": execution.id}

    def _retry_stage_execution(self, parameters: Parameters, caller: Caller) -> Answer:
        pipeline = self._pipeline(parameters["pipelineName"], caller)
        stage = _stage(pipeline, parameters["stageName"])
        execution = _found_execution(pipeline, parameters["pipelineExecutionId"], "StageNotRetryableException")
        try:
            retry = self._engine.begin_retry(pipeline, stage, execution, RetryMode(parameters["retryMode"]))
        except StageNotRetryable as exc:
            raise ApiError("StageNotRetryableException", str(exc)) from exc
        except NotLatestExecution as exc:
            raise ApiError("NotLatestPipelineExecutionException", str(exc)) from exc
        self._in_background(lambda: self._engine.run_retry(pipeline, retry))
        return {"pipelineExecutionId": execution.id}

    def _rollback_stage(self, parameters: Parameters, caller: Caller) -> Answer:
        pipeline = self._pipeline(parameters["pipelineName"], caller)
        stage, target = _stage(pipeline, parameters["stageName"]), parameters["targetPipelineExecutionId"]
        _execution(pipeline, target)
        try:
            execution = self._engine.begin_rollback(pipeline, stage, target)
        except RollbackUnavailable as exc:
            raise ApiError("UnableToRollbackStageException", str(exc)) from exc
        self._in_background(lambda: self._engine.run_rollback(pipeline, stage, execution))
        return {"pipelineExecutionId": execution.id}

    def _disable_stage_transition(self, parameters: Parameters, caller: Caller) -> Answer:
        pipeline = self._pipeline(parameters["pipelineName"], caller)
        stage = _inbound(pipeline, parameters)
        with pipeline.lock:
            pipeline.disabled_transitions[stage] = DisabledTransition(parameters["reason"], caller.arn)
        return {}

    def _enable_stage_transition(self, parameters: Parameters, caller: Caller) -> Answer:
        pipeline = self._pipeline(parameters["pipelineName"], caller)
        with pipeline.lock:
            pipeline.disabled_transitions.pop(_inbound(pipeline, parameters), None)
        return {}

    def _pipeline(self, name: str, caller: Caller) -> DeployedPipeline:
        pipeline = self._store.find(caller.account, caller.region, name)
        if pipeline is None:
            raise ApiError(
                "PipelineNotFoundException",
                f"Account '{caller.account}' does not have a pipeline with name '{name}' in {caller.region}.",
            )
        return pipeline

    def _in_background(self, work: Callable[[], object]) -> None:
        def run() -> None:
            with suppress(RehearsalError):  # the events tell it
                work()

        threading.Thread(target=run, name="execution", daemon=True).start()


def _stage(pipeline: DeployedPipeline, name: str) -> str:
    if all(declared.name != name for declared in pipeline.definition.stages):
        raise ApiError("StageNotFoundException", f"Pipeline {pipeline.name} has no stage {name}.")
    return name


def _inbound(pipeline: DeployedPipeline, parameters: Parameters) -> str:
    """The stage whose inbound transition is meant; outbound ones are none of CloudFormation's, nor served here."""
    if parameters["transitionType"] != "Inbound":
        raise ApiError(
            "ValidationException",
            f"transitionType {parameters['transitionType']} is not supported by the local CodePipeline; Inbound is.",
        )
    return _stage(pipeline, parameters["stageName"])


def _execution(pipeline: DeployedPipeline, execution_id: str) -> Execution:
    return _found_execution(pipeline, execution_id, "PipelineExecutionNotFoundException")


def _found_execution(pipeline: DeployedPipeline, execution_id: str, otherwise: str) -> Execution:
    """`otherwise` is the code of the error where there is none: not every operation has the same."""
    execution = pipeline.execution(execution_id)
    if execution is None:
        raise ApiError(otherwise, f"Pipeline {pipeline.name} has no execution {execution_id}.")
    return execution
