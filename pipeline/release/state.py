"""The pipeline's present state, in types: GetPipelineState, parsed once.

It must not ask CodePipeline, nor draw. Source: CodePipeline API reference, GetPipelineState.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

IN_PROGRESS = "InProgress"
SUCCEEDED = "Succeeded"


@dataclass(frozen=True, kw_only=True)
class ActionState:
    """`status` is None of what has never run. `token` is an open approval's, which its answer has to bring."""

    name: str
    status: str | None = None
    changed_at: datetime | None = None
    summary: str = ""
    token: str | None = None


@dataclass(frozen=True, kw_only=True)
class StageState:
    """`execution_id` and `status` are of the latest execution in it; `waiting` are those that queue before it."""

    name: str
    execution_id: str | None
    status: str | None
    is_rollback: bool
    actions: Sequence[ActionState]
    waiting: Sequence[str]
    disabled_reason: str | None


@dataclass(frozen=True, kw_only=True)
class PipelineState:
    name: str
    version: int
    stages: Sequence[StageState]

    def stage(self, name: str) -> StageState | None:
        return next((stage for stage in self.stages if stage.name == name), None)

    def open_approvals(self) -> list[tuple[StageState, ActionState]]:
        return [
            (stage, action)
            for stage in self.stages
            for action in stage.actions
            if action.token is not None and action.status == IN_PROGRESS
        ]


def pipeline_state(answer: Mapping[str, Any]) -> PipelineState:
    return PipelineState(
        name=answer["pipelineName"],
        version=answer["pipelineVersion"],
        stages=[_stage(stage) for stage in answer.get("stageStates", [])],
    )


def _stage(told: Mapping[str, Any]) -> StageState:
    latest = told.get("latestExecution", {})
    transition = told.get("inboundTransitionState", {"enabled": True})
    one = [told["inboundExecution"]] if "inboundExecution" in told else []
    waiting = told.get("inboundExecutions") or one
    return StageState(
        name=told["stageName"],
        execution_id=latest.get("pipelineExecutionId"),
        status=latest.get("status"),
        is_rollback=latest.get("type") == "ROLLBACK",
        actions=[_action(action) for action in told.get("actionStates", [])],
        waiting=[execution["pipelineExecutionId"] for execution in waiting],
        disabled_reason=None
        if transition.get("enabled", True)
        else transition.get("disabledReason", "no reason given"),
    )


def _action(told: Mapping[str, Any]) -> ActionState:
    latest = told.get("latestExecution", {})
    return ActionState(
        name=told["actionName"],
        status=latest.get("status"),
        changed_at=latest.get("lastStatusChange"),
        summary=latest.get("summary", ""),
        token=latest.get("token"),
    )
