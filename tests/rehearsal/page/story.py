"""Releases as a run tells them, made up: what the page's tests need, no longer than that.

good_release(1)        a first release, from source to prod
asking_release(2)      up to the question before prod
stopped_canary(3)      stopped in staging by an alarm, with its shift, and the stage's rollback
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

from rehearsal.run_events import (
    ActionEnded,
    ActionOutput,
    ActionShape,
    ActionStarted,
    AlarmChanged,
    AlarmEvaluated,
    ApprovalAnswered,
    ApprovalRequested,
    BuildCommandStarted,
    BuildPhaseStarted,
    CanarySampled,
    CommitFound,
    DeploymentEnded,
    DeploymentStarted,
    ExecutionEnded,
    ExecutionStarted,
    LifecycleEventEnded,
    LifecycleEventStarted,
    PipelineDefined,
    RunEvent,
    StageEnded,
    StageRolledBack,
    StageShape,
    StageStarted,
    Status,
    TrafficShifted,
    UpStarted,
)

STAGES = (
    StageShape("Source", (ActionShape("Commit", "GitHub", "Source", 1),)),
    StageShape("Build", (ActionShape("Synth", "CodeBuild", "Build", 1),)),
    StageShape(
        "Staging",
        (
            ActionShape("Database.Deploy", "CloudFormation", "Deploy", 1),
            ActionShape("Api.Deploy", "CloudFormation", "Deploy", 2),
            ActionShape("EndToEnd", "CodeBuild", "Build", 3),
        ),
        on_failure="ROLLBACK",
    ),
    StageShape("ApproveProd", (ActionShape("Approve", "Manual", "Approval", 1),)),
    StageShape(
        "Prod",
        (
            ActionShape("Database.Deploy", "CloudFormation", "Deploy", 1),
            ActionShape("Api.Deploy", "CloudFormation", "Deploy", 2),
        ),
        on_failure="ROLLBACK",
    ),
)
NAMES = tuple(stage.name for stage in STAGES)
PIPELINE = PipelineDefined(pipeline="Cars", version=1, stages=STAGES)
UP = UpStarted(project="/src/car-manager", branch="main", run_id="run-1")
BEGINNING: tuple[RunEvent, ...] = (UP, PIPELINE)
ALARM = "Staging-Api-NewVersionErrors1A2B3C4D"
TITLE = "Cars: a map square for the pilot"
_PROVIDERS = {(stage.name, action.name): action.provider for stage in STAGES for action in stage.actions}
_MINUTE = 60.0


def execution_id(number: int) -> str:
    return f"{number:08d}-0000-4000-8000-000000000000"


def commit_id(number: int) -> str:
    return f"{number:x}" * 40


def timed(events: Iterable[RunEvent], *, at: float = 1_790_000_000.0, seconds: float = 1.0) -> Iterator[RunEvent]:
    """Stamps events that far apart; an AWS minute passes with each."""
    for count, event in enumerate(events):
        yield dataclasses.replace(event, at=at + count * seconds, aws_at=event.aws_at or at + count * _MINUTE)


def begun(number: int, *, title: str = TITLE, version: int = 1) -> Iterator[RunEvent]:
    yield CommitFound(commit=commit_id(number), title=title, author="Ada", branch="main")
    yield ExecutionStarted(
        execution_id=execution_id(number), pipeline="Cars", commit=commit_id(number), trigger="WebhookV2",
        stages=NAMES, title=title, author="Ada", version=version,
    )  # fmt: skip


def stage_started(number: int, stage: str) -> StageStarted:
    return StageStarted(execution_id=execution_id(number), stage=stage)


def stage_ended(number: int, stage: str, status: Status = Status.SUCCEEDED, reason: str = "") -> StageEnded:
    return StageEnded(execution_id=execution_id(number), stage=stage, status=status, seconds=12.0, reason=reason)


def started(number: int, stage: str, action: str) -> ActionStarted:
    provider = _PROVIDERS[stage, action]
    return ActionStarted(execution_id=execution_id(number), stage=stage, action=action, provider=provider)


def ended(
    number: int,
    stage: str,
    action: str,
    status: Status = Status.SUCCEEDED,
    *,
    reason: str = "",
    gate: str | None = None,
) -> ActionEnded:
    return ActionEnded(
        execution_id=execution_id(number), stage=stage, action=action, provider=_PROVIDERS[stage, action],
        status=status, seconds=4.0, reason=reason, gate=gate,
    )  # fmt: skip


def said(number: int, stage: str, action: str, line: str) -> ActionOutput:
    return ActionOutput(execution_id=execution_id(number), stage=stage, action=action, line=line)


def asked(number: int, *, token: str = "token-1") -> ApprovalRequested:
    return ApprovalRequested(
        execution_id=execution_id(number), stage="ApproveProd", action="Approve",
        comment=f"Look at the canary. Evidence {64 * 'a'}.", url="https://example.com/runbook", token=token,
    )  # fmt: skip


def execution_ended(number: int, status: Status = Status.SUCCEEDED, reason: str = "") -> ExecutionEnded:
    return ExecutionEnded(execution_id=execution_id(number), status=status, reason=reason)


def passed(number: int, stage: str) -> Iterator[RunEvent]:
    """The stage, from its beginning to its success."""
    yield stage_started(number, stage)
    for name, action in _PROVIDERS:
        if name == stage:
            yield started(number, stage, action)
            yield said(number, stage, action, f"{action} says something")
            yield ended(number, stage, action)
    yield stage_ended(number, stage)


def asking_release(number: int) -> Iterator[RunEvent]:
    yield from begun(number)
    for stage in ("Source", "Build", "Staging"):
        yield from passed(number, stage)
    yield stage_started(number, "ApproveProd")
    yield started(number, "ApproveProd", "Approve")
    yield asked(number)


def approved(number: int) -> Iterator[RunEvent]:
    """The rest of a release that asks."""
    yield ApprovalAnswered(
        execution_id=execution_id(number), stage="ApproveProd", action="Approve", is_approved=True, by="the page"
    )
    yield ended(number, "ApproveProd", "Approve")
    yield stage_ended(number, "ApproveProd")
    yield from passed(number, "Prod")
    yield execution_ended(number)


def good_release(number: int) -> Iterator[RunEvent]:
    yield from asking_release(number)
    yield from approved(number)


def canary(number: int, *, minutes: int, failing_from: int, began: float = 1_790_010_000.0) -> Iterator[RunEvent]:
    """A shift that takes ten percent more every two minutes, and whose alarm fires at the last."""
    deployment, function = f"d-CANARY{number}", "staging-api"
    yield DeploymentStarted(
        deployment_id=deployment, account="222222222222", function=function, alias="live", from_version="3",
        to_version="4", config="Canary", alarms=(ALARM,), stage="Staging", execution_id=execution_id(number),
        aws_at=began - _MINUTE,
    )  # fmt: skip
    yield LifecycleEventStarted(
        deployment_id=deployment, function=function, lifecycle_event="BeforeAllowTraffic", aws_at=began - _MINUTE
    )
    yield LifecycleEventEnded(
        deployment_id=deployment,
        function=function,
        lifecycle_event="BeforeAllowTraffic",
        status=Status.SUCCEEDED,
        aws_at=began - 1.0,
    )
    for minute in range(minutes):
        weight, at = 10.0 * (minute // 2 + 1), began + minute * _MINUTE
        if minute % 2 == 0:
            yield TrafficShifted(
                deployment_id=deployment,
                function=function,
                aws_seconds=minute * _MINUTE,
                weight_percent=weight,
                aws_at=at,
            )
        calls = round(60 * weight / 100)
        errors = calls // 3 if minute >= failing_from else 0
        yield CanarySampled(
            deployment_id=deployment, aws_seconds=(minute + 1) * _MINUTE, weight_percent=weight,
            old_calls=60 - calls, old_errors=0, new_calls=calls, new_errors=errors, aws_at=at + _MINUTE,
        )  # fmt: skip
        state = "ALARM" if errors >= 3 else "OK"
        yield AlarmEvaluated(
            account="222222222222", alarm=ALARM, value=errors - 1.5, threshold=0.0,
            comparison="GreaterThanThreshold", state=state, aws_at=at + _MINUTE,
        )  # fmt: skip


def stopped_canary(number: int, *, back_to: int) -> Iterator[RunEvent]:
    yield from begun(number)
    for stage in ("Source", "Build"):
        yield from passed(number, stage)
    yield stage_started(number, "Staging")
    yield started(number, "Staging", "Database.Deploy")
    yield ended(number, "Staging", "Database.Deploy")
    yield started(number, "Staging", "Api.Deploy")
    yield from canary(number, minutes=5, failing_from=3)
    reason = f"Alarm {ALARM} fired: 4 errors where chance explains 1."
    yield AlarmChanged(account="222222222222", alarm=ALARM, old_state="OK", new_state="ALARM", reason=reason)
    yield DeploymentEnded(
        deployment_id=f"d-CANARY{number}", account="222222222222", function="staging-api", from_version="3",
        to_version="4", status=Status.FAILED, alarm=ALARM, gate="canary-alarm", reason=reason,
        aws_at=1_790_010_000.0 + 5 * _MINUTE,
    )  # fmt: skip
    yield ended(number, "Staging", "Api.Deploy", Status.FAILED, reason=reason, gate="canary-alarm")
    yield stage_ended(number, "Staging", Status.FAILED)
    yield from rolled_back(number, back_to=back_to)
    yield execution_ended(number, Status.FAILED, reason)


def rolled_back(number: int, *, back_to: int) -> Iterator[RunEvent]:
    rollback = number + 100
    yield ExecutionStarted(
        execution_id=execution_id(rollback), pipeline="Cars", commit=commit_id(back_to), trigger="AutomatedRollback",
        stages=("Staging",), title="What served before", author="Ada", execution_type="ROLLBACK", version=1,
    )  # fmt: skip
    yield from passed(rollback, "Staging")
    yield execution_ended(rollback)
    yield StageRolledBack(
        stage="Staging", to_execution_id=execution_id(back_to), status=Status.SUCCEEDED,
        execution_id=execution_id(number),
    )  # fmt: skip


def building(number: int) -> Iterator[RunEvent]:
    """A build in the middle of a command."""
    yield from begun(number)
    yield from passed(number, "Source")
    yield stage_started(number, "Build")
    yield started(number, "Build", "Synth")
    execution = execution_id(number)
    yield BuildPhaseStarted(execution_id=execution, stage="Build", action="Synth", phase="BUILD")
    yield BuildCommandStarted(
        execution_id=execution, stage="Build", action="Synth", phase="BUILD", command="pytest -n logical"
    )
