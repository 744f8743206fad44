"""What the engine knows, in the shapes of CodePipeline's API.

It must not change anything. Source: botocore, codepipeline 2015-07-09.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from rehearsal.codepipeline.actions.approval import Approvals
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.execution import ActionExecution, Execution, ExecutionType, StageExecution
from rehearsal.codepipeline.variables import resolve_configuration
from rehearsal.errors import ActionFailed
from rehearsal.run_events import Status

# Statuses that an action or a stage of the API does not have.
_ACTION_STATUS = {
    Status.ERRORED: "Failed",
    Status.STOPPED: "Abandoned",
    Status.SKIPPED: "Abandoned",
}


_COMMIT_DATES = ("AuthorDate", "CommitterDate")
"""Output variables of source actions ("Variables reference")."""


def now() -> datetime:
    return datetime.now(UTC)


def pipeline_summary(pipeline: DeployedPipeline) -> dict[str, Any]:
    return {
        "name": pipeline.name,
        "version": pipeline.version,
        "pipelineType": pipeline.definition.pipeline_type,
        "executionMode": pipeline.definition.execution_mode,
    }


def pipeline(pipeline: DeployedPipeline) -> dict[str, Any]:
    """GetPipeline: the CloudFormation properties are the API's structure with capital letters."""
    structure = _with_small_letters(pipeline.properties)
    for name in ("restartExecutionOnUpdate", "tags", "disableInboundStageTransitions"):
        structure.pop(name, None)
    for stage in structure.get("stages", []):
        for action in stage.get("actions", []):
            action["runOrder"] = int(action.get("runOrder", 1))
            if "timeoutInMinutes" in action:
                action["timeoutInMinutes"] = int(action["timeoutInMinutes"])
    if "artifactStores" in structure:
        structure["artifactStores"] = {entry["region"]: entry["artifactStore"] for entry in structure["artifactStores"]}
    return {
        "pipeline": {**structure, "name": pipeline.name, "version": pipeline.version},
        "metadata": {"pipelineArn": pipeline.arn},
    }


def pipeline_state(pipeline: DeployedPipeline, approvals: Approvals) -> dict[str, Any]:
    """GetPipelineState: the latest run of each stage, with the token of an approval that is open."""
    return {
        "pipelineName": pipeline.name,
        "pipelineVersion": pipeline.version,
        "stageStates": [
            {
                "stageName": stage.name,
                "inboundTransitionState": _transition_state(pipeline, stage.name),
                "actionStates": [
                    _action_state(pipeline, stage.name, action.name, approvals) for action in stage.actions
                ],
                **_latest_execution(pipeline, stage.name),
            }
            for stage in pipeline.definition.stages
        ],
    }


def _transition_state(pipeline: DeployedPipeline, stage: str) -> dict[str, Any]:
    disabled = pipeline.disabled_transitions.get(stage)
    if disabled is None:
        return {"enabled": True}
    return {
        "enabled": False,
        "disabledReason": disabled.reason,
        "lastChangedBy": disabled.changed_by,
        "lastChangedAt": _time(disabled.changed_at),
    }


def execution(pipeline: DeployedPipeline, run: Execution) -> dict[str, Any]:
    return {
        "pipelineName": pipeline.name,
        "pipelineVersion": run.version,
        "pipelineExecutionId": run.id,
        "status": _execution_status(run),
        "statusSummary": run.reason,
        "artifactRevisions": _revisions(run),
        "variables": [
            {"name": name, "resolvedValue": value} for name, value in run.variables.get("variables", {}).items()
        ],
        "trigger": {"triggerType": run.trigger, "triggerDetail": run.source.commit},
        "executionMode": run.definition.execution_mode,
        "executionType": run.type,
        **_rollback_metadata(run),
    }


def execution_summary(run: Execution) -> dict[str, Any]:
    return {
        "pipelineExecutionId": run.id,
        "status": _execution_status(run),
        "statusSummary": run.reason,
        "startTime": _time(run.started_at),
        "lastUpdateTime": _time(run.ended_at or run.started_at),
        "sourceRevisions": [
            {
                "actionName": name,
                "revisionId": run.source.commit,
                "revisionSummary": run.source.message or run.source.commit,
            }
            for name in _source_actions(run)
        ],
        "trigger": {"triggerType": run.trigger, "triggerDetail": run.source.commit},
        **({"stopTrigger": {"reason": run.stop_reason}} if run.is_stop_requested else {}),
        "executionMode": run.definition.execution_mode,
        "executionType": run.type,
        **_rollback_metadata(run),
    }


def _source_actions(run: Execution) -> list[str]:
    """Those that have run. A rollback runs none and has its target's revisions ("View rollback status details")."""
    ran = [action.declaration for _, action in run.action_executions()]
    declared = [action for stage in run.definition.stages for action in stage.actions]
    actions = declared if run.type is ExecutionType.ROLLBACK else ran
    return [action.name for action in actions if action.action_type.category == "Source"]


def action_execution(run: Execution, stage: StageExecution, action: ActionExecution) -> dict[str, Any]:
    declaration = action.declaration
    kind = declaration.action_type
    return {
        "pipelineExecutionId": run.id,
        "actionExecutionId": action.id,
        "pipelineVersion": run.version,
        "stageName": stage.name,
        "actionName": declaration.name,
        "startTime": _time(action.started_at),
        "lastUpdateTime": _time(action.ended_at or action.started_at),
        "status": _ACTION_STATUS.get(action.status, action.status),
        "input": {
            "actionTypeId": {
                "category": kind.category, "owner": kind.owner, "provider": kind.provider, "version": kind.version,
            },
            "configuration": dict(declaration.configuration),
            **_resolved(declaration.configuration, run),
            "inputArtifacts": [{"name": name} for name in declaration.input_artifacts],
            **({"namespace": declaration.namespace} if declaration.namespace else {}),
        },
        "output": {
            "outputArtifacts": [{"name": name} for name in declaration.output_artifacts],
            "outputVariables": run.variables.get(declaration.namespace or "", {}),
            "executionResult": {"externalExecutionSummary": action.reason},
        },
    }  # fmt: skip


def _resolved(configuration: Mapping[str, str], run: Execution) -> dict[str, Any]:
    """Nothing where a variable is missing: that has failed the action."""
    try:
        return {"resolvedConfiguration": resolve_configuration(configuration, run.variables)}
    except ActionFailed:
        return {}


def _action_state(
    pipeline: DeployedPipeline, stage_name: str, action_name: str, approvals: Approvals
) -> dict[str, Any]:
    for run, stage in reversed(pipeline.in_stage(stage_name)):
        for action in stage.actions:
            if action.declaration.name == action_name:
                request = approvals.find(pipeline.name, stage_name, action_name, run.id)
                latest = {
                    "actionExecutionId": action.id,
                    "status": _ACTION_STATUS.get(action.status, action.status),
                    **({"summary": action.reason} if action.reason else {}),
                    "lastStatusChange": _time(action.ended_at or action.started_at),
                    **({"token": request.token} if request else {}),
                }
                return {"actionName": action_name, "latestExecution": latest}
    return {"actionName": action_name}


def _latest_execution(pipeline: DeployedPipeline, stage_name: str) -> dict[str, Any]:
    ran = pipeline.in_stage(stage_name)
    if not ran:
        return {}
    run, stage = ran[-1]
    status = {Status.ERRORED: "Failed"}.get(stage.status, stage.status)
    return {"latestExecution": {"pipelineExecutionId": run.id, "status": status, "type": ExecutionType(run.type)}}


def _revisions(run: Execution) -> list[dict[str, Any]]:
    return [
        {"name": name, "revisionId": artifact.revision, "revisionSummary": run.source.message or run.source.commit}
        for name, artifact in run.artifacts.items()
        if artifact.revision
    ]


def _rollback_metadata(run: Execution) -> dict[str, Any]:
    return (
        {"rollbackMetadata": {"rollbackTargetPipelineExecutionId": run.rollback_target}} if run.rollback_target else {}
    )


def _execution_status(run: Execution) -> str:
    if run.status is Status.IN_PROGRESS and run.is_stop_requested:
        return "Stopping"
    return {Status.ERRORED: "Failed"}.get(run.status, run.status)


def with_times(answer: Any, as_told: Callable[[float], float]) -> Any:
    """The answer with each time in it as callers are told it; a commit's dates, too: its age is of one clock."""
    match answer:
        case datetime():
            return _time(as_told(answer.timestamp()))
        case Mapping():
            return {
                name: _told_date(value, as_told) if name in _COMMIT_DATES else with_times(value, as_told)
                for name, value in answer.items()
            }
        case list():
            return [with_times(value, as_told) for value in answer]
        case _:
            return answer


def _told_date(text: str, as_told: Callable[[float], float]) -> str:
    """As it is where it is no date: a build may export a variable of that name."""
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        return text
    return _time(as_told(date.timestamp())).isoformat(timespec="seconds").replace("+00:00", "Z")


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _with_small_letters(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_small_letters(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    return {
        key[:1].lower() + key[1:]: item if key == "Configuration" else _with_small_letters(item)
        for key, item in value.items()
    }
