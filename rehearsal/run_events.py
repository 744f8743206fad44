"""What happens in a run, as typed, versioned events: all that the console, the report and the live page read.

It must not know who listens, and an event holds plain data only (never a client, a path of ours or a secret).
`at` is wall-clock seconds since the epoch, `aws_at` seconds since the epoch on the run's clock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

SCHEMA_VERSION = 1


class Status(StrEnum):
    """The statuses of CodePipeline's executions, stages and actions."""

    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    SUPERSEDED = "Superseded"
    CANCELLED = "Cancelled"
    SKIPPED = "Skipped"
    ERRORED = "Errored"


@dataclass(frozen=True, kw_only=True)
class RunEvent:
    """The base of every event; the emitter stamps `at` and `aws_at`."""

    at: float = 0.0
    aws_at: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Notice(RunEvent):
    """A sentence for the person at the terminal; `detail` may hold more lines."""

    text: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class ExecutionStarted(RunEvent):
    """`attempt` is higher than 1 where a stage of an execution that had ended is tried again, and what follows it."""

    execution_id: str
    pipeline: str
    commit: str
    trigger: str
    stages: tuple[str, ...] = ()
    title: str = ""
    author: str = ""
    execution_type: str = "STANDARD"
    version: int = 0
    attempt: int = 1


@dataclass(frozen=True, kw_only=True)
class ExecutionEnded(RunEvent):
    execution_id: str
    status: Status
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class PipelineMutated(RunEvent):
    """Self-mutation changed the pipeline: `version` counts its definitions from 1."""

    version: int
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class StageStarted(RunEvent):
    """It `is_resumed` where it failed before in the same execution, and is tried again."""

    execution_id: str
    stage: str
    is_resumed: bool = False


@dataclass(frozen=True, kw_only=True)
class StageEnded(RunEvent):
    execution_id: str
    stage: str
    status: Status
    seconds: float
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ActionStarted(RunEvent):
    execution_id: str
    stage: str
    action: str
    provider: str


@dataclass(frozen=True, kw_only=True)
class ActionOutput(RunEvent):
    """One line of an action's output, secrets already replaced."""

    stage: str
    action: str
    line: str
    execution_id: str = ""


@dataclass(frozen=True, kw_only=True)
class BuildPhaseStarted(RunEvent):
    """A build entered a phase, in CodeBuild's spelling (PRE_BUILD)."""

    stage: str
    action: str
    phase: str
    execution_id: str = ""


@dataclass(frozen=True, kw_only=True)
class BuildCommandStarted(RunEvent):
    """A build runs a command of its buildspec; it may have several lines, secrets already replaced."""

    stage: str
    action: str
    phase: str
    command: str
    execution_id: str = ""


@dataclass(frozen=True, kw_only=True)
class ActionEnded(RunEvent):
    execution_id: str
    stage: str
    action: str
    provider: str
    status: Status
    seconds: float
    reason: str = ""
    gate: str | None = None


@dataclass(frozen=True, kw_only=True)
class ApprovalRequested(RunEvent):
    execution_id: str
    stage: str
    action: str
    comment: str = ""
    url: str = ""
    token: str = ""


@dataclass(frozen=True, kw_only=True)
class ApprovalExpired(RunEvent):
    """A question has ended unanswered: nobody answered in time, or its execution was stopped."""

    execution_id: str
    stage: str
    action: str


@dataclass(frozen=True, kw_only=True)
class ApprovalAnswered(RunEvent):
    """`by` says who: a principal's ARN and how it answered, or the local run itself."""

    execution_id: str
    stage: str
    action: str
    is_approved: bool
    by: str = ""
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class StageRolledBack(RunEvent):
    """`OnFailure: ROLLBACK` put the stage back to the execution named, or could not, with the reason.

    `execution_id` is the execution that failed in the stage.
    """

    stage: str
    to_execution_id: str | None
    status: Status
    reason: str = ""
    execution_id: str = ""


@dataclass(frozen=True, kw_only=True)
class RuleEvaluated(RunEvent):
    """A rule of a stage condition was evaluated. `condition` is BeforeEntry, OnSuccess or OnFailure."""

    stage: str
    condition: str
    rule: str
    provider: str
    status: Status
    reason: str = ""
    execution_id: str = ""


@dataclass(frozen=True, kw_only=True)
class DeploymentStarted(RunEvent):
    """A CodeDeploy deployment of a Lambda alias began. A first deployment has no `from_version`.

    `alarms` are the names of those that may stop it. `stage` and `execution_id` are those of the action that deploys,
    "" where none is known to.
    """

    deployment_id: str
    account: str
    function: str
    alias: str
    from_version: str
    to_version: str
    config: str
    alarms: tuple[str, ...] = ()
    stage: str = ""
    execution_id: str = ""


@dataclass(frozen=True, kw_only=True)
class LifecycleEventStarted(RunEvent):
    """BeforeAllowTraffic, AllowTraffic or AfterAllowTraffic began."""

    deployment_id: str
    function: str
    lifecycle_event: str


@dataclass(frozen=True, kw_only=True)
class LifecycleEventEnded(RunEvent):
    """BeforeAllowTraffic, AllowTraffic or AfterAllowTraffic ended."""

    deployment_id: str
    function: str
    lifecycle_event: str
    status: Status
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TrafficShifted(RunEvent):
    """`weight_percent` of the alias's traffic goes to the new version, `aws_seconds` after the shift began."""

    deployment_id: str
    function: str
    aws_seconds: float
    weight_percent: float


@dataclass(frozen=True, kw_only=True)
class DeploymentEnded(RunEvent):
    """`alarm` names the alarm that stopped it; `gate` the gate (pre-traffic-hook, canary-alarm, evidence-hook)."""

    deployment_id: str
    account: str
    function: str
    from_version: str
    to_version: str
    status: Status
    shift: tuple[tuple[float, float], ...] = ()
    alarm: str | None = None
    gate: str | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class AlarmChanged(RunEvent):
    account: str
    alarm: str
    old_state: str
    new_state: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class AlarmEvaluated(RunEvent):
    """An alarm that a running deployment watches was evaluated, on the newest data point (None where it is missing).

    `comparison` is CloudWatch's operator. A composite alarm has neither value nor threshold.
    """

    account: str
    alarm: str
    value: float | None
    threshold: float | None
    comparison: str
    state: str


@dataclass(frozen=True, kw_only=True)
class CanarySampled(RunEvent):
    """The calls of both versions in one AWS minute of a shift; `aws_seconds` is its end, since the shift began."""

    deployment_id: str
    aws_seconds: float
    weight_percent: float
    old_calls: int
    old_errors: int
    new_calls: int
    new_errors: int


@dataclass(frozen=True, kw_only=True)
class UpStarted(RunEvent):
    """A `rehearse up` began; what was told before it belongs to earlier ones. `run_id` names it."""

    project: str
    branch: str
    run_id: str


@dataclass(frozen=True, kw_only=True)
class UpEnded(RunEvent):
    reason: str


@dataclass(frozen=True, kw_only=True)
class CommitFound(RunEvent):
    """The branch has a new commit, which is released."""

    commit: str
    title: str
    author: str
    branch: str


@dataclass(frozen=True, kw_only=True)
class CommitRefused(RunEvent):
    """The commit does not synthesize, or this machine could not run its pipeline; the world is as it was."""

    commit: str
    title: str
    reason: str


@dataclass(frozen=True)
class ActionShape:
    name: str
    provider: str
    category: str
    run_order: int


@dataclass(frozen=True)
class StageShape:
    """`on_failure` is ROLLBACK or ""."""

    name: str
    actions: tuple[ActionShape, ...]
    on_failure: str = ""


@dataclass(frozen=True, kw_only=True)
class PipelineDefined(RunEvent):
    """What the pipeline is from now on; `version` counts its definitions from 1."""

    pipeline: str
    version: int
    stages: tuple[StageShape, ...]


Listener = Callable[[RunEvent], None]


@dataclass
class EventLog:
    """Stamps events, keeps them in order, and hands each to every listener; safe to use from several threads.

    `clock_now` and `wall_now` give seconds since the epoch on the run's clock and on the wall. What goes on for days
    sets `is_kept` to False: then only the listeners have the events.
    """

    clock_now: Callable[[], float]
    wall_now: Callable[[], float]
    events: list[RunEvent] = field(default_factory=list)
    is_kept: bool = True
    _listeners: list[Listener] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def subscribe(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.append(listener)

    def emit(self, event: RunEvent) -> None:
        stamped = _stamp(event, at=self.wall_now(), aws_at=self.clock_now())
        with self._lock:
            if self.is_kept:
                self.events.append(stamped)
            for listener in self._listeners:
                listener(stamped)


def _stamp(event: RunEvent, *, at: float, aws_at: float) -> RunEvent:
    return replace(event, at=at, aws_at=aws_at)
