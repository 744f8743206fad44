"""Tells EventBridge each change of state of executions, stages and actions, as CodePipeline does.

In: the run's events. Out: `ServiceEvent`s on the default bus of the pipeline's account and region. It must not decide
states. What the local run itself broke (Errored) has no state of CodePipeline's, and is told to nobody.

Source: "Monitoring CodePipeline events" (fields, states); the example of an approval there and in what subscribers keep
of theirs (`version` and `pipeline-execution-attempt` are floats).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from rehearsal.aws.eventbridge.service_events import ServiceEvent
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline, PipelineStore
from rehearsal.codepipeline.execution import ActionExecution, Execution
from rehearsal.run_events import (
    ActionEnded,
    ActionStarted,
    ExecutionEnded,
    ExecutionStarted,
    RunEvent,
    StageEnded,
    StageStarted,
    Status,
)

_SOURCE = "aws.codepipeline"
_STARTED = "STARTED"
_RESUMED = "RESUMED"
_STATES = {
    Status.SUCCEEDED: "SUCCEEDED",
    Status.FAILED: "FAILED",
    Status.STOPPED: "STOPPED",
    Status.SUPERSEDED: "SUPERSEDED",
    Status.CANCELLED: "CANCELED",
}


class StateChanges:
    """A listener of the run's events; `put` takes what is to be told."""

    def __init__(self, store: PipelineStore, put: Callable[[ServiceEvent], None]) -> None:
        self._store = store
        self._put = put

    def __call__(self, event: RunEvent) -> None:
        match event:
            case ExecutionStarted():
                if event.attempt == 1:
                    self._tell("Pipeline", event.execution_id, _STARTED, _trigger)
                else:
                    self._tell("Pipeline", event.execution_id, _RESUMED, _nothing)
            case ExecutionEnded():
                self._tell("Pipeline", event.execution_id, _STATES.get(event.status), _nothing)
            case StageStarted(stage=stage):
                begun = _RESUMED if event.is_resumed else _STARTED
                self._tell("Stage", event.execution_id, begun, lambda _: {"stage": stage})
            case StageEnded(stage=stage):
                self._tell("Stage", event.execution_id, _STATES.get(event.status), lambda _: {"stage": stage})
            case ActionStarted(stage=stage, action=action):
                self._tell("Action", event.execution_id, _STARTED, lambda found: _action(found, stage, action))
            case ActionEnded(stage=stage, action=action):
                state, reason = _STATES.get(event.status), event.reason
                self._tell("Action", event.execution_id, state, lambda found: _action(found, stage, action, reason))
            case _:
                pass

    def _tell(
        self, what: str, execution_id: str, state: str | None, more: Callable[[Execution], Mapping[str, Any]]
    ) -> None:
        found = self._store.find_execution(execution_id)
        if found is None or state is None:
            return
        pipeline, execution = found
        self._put(
            ServiceEvent(
                account=pipeline.account,
                region=pipeline.region,
                source=_SOURCE,
                detail_type=f"CodePipeline {what} Execution State Change",
                resources=[pipeline.arn],
                detail={**_common(pipeline, execution), "state": state, **more(execution)},
            )
        )


def _common(pipeline: DeployedPipeline, execution: Execution) -> dict[str, Any]:
    return {
        "pipeline": pipeline.name,
        "execution-id": execution.id,
        "start-time": _time(execution.started_at),
        "version": float(execution.version),
        "pipeline-execution-attempt": float(execution.attempt),
    }


def _nothing(_: Execution) -> dict[str, Any]:
    return {}


def _trigger(execution: Execution) -> dict[str, Any]:
    """Told when an execution starts, and not again."""
    detail = execution.rollback_target or execution.source.commit
    return {"execution-trigger": {"trigger-type": str(execution.trigger), "trigger-detail": detail}}


def _action(execution: Execution, stage: str, name: str, reason: str = "") -> dict[str, Any]:
    record = _find_action(execution, stage, name)
    told: dict[str, Any] = {"stage": stage, "action": name}
    if record is not None:
        kind = record.declaration.action_type
        told["start-time"] = _time(record.started_at)
        told["action-execution-id"] = record.id
        told["type"] = {
            "owner": kind.owner,
            "provider": kind.provider,
            "category": kind.category,
            "version": kind.version,
        }
    return {**told, "execution-result": {"external-execution-summary": reason}} if reason else told


def _find_action(execution: Execution, stage: str, name: str) -> ActionExecution | None:
    ran = execution.stage(stage)
    actions = ran.actions if ran is not None else []
    return next((action for action in actions if action.declaration.name == name), None)


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
