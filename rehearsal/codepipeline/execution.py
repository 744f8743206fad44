"""Pipeline executions, and what is known of each: its stages, actions, variables and artifacts.

State alone: it must not run anything. Source: API_PipelineExecution, API_ActionExecutionDetail.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from rehearsal.codepipeline.actions.action import Action, ActionDeclaration
from rehearsal.codepipeline.artifacts import StoredArtifact
from rehearsal.codepipeline.definition import PipelineDefinition, StageDeclaration
from rehearsal.run_events import Status


class ExecutionType(StrEnum):
    STANDARD = "STANDARD"
    ROLLBACK = "ROLLBACK"


class Trigger(StrEnum):
    """What started an execution, in the words of CodePipeline's API."""

    WEBHOOK = "WebhookV2"
    START = "StartPipelineExecution"
    AUTOMATED_ROLLBACK = "AutomatedRollback"
    MANUAL_ROLLBACK = "ManualRollback"


@dataclass(frozen=True, kw_only=True)
class Source:
    """What an execution releases: `action` stands for every Source action of the pipeline."""

    action: Action
    commit: str
    message: str = ""
    author: str = ""


@dataclass(frozen=True, kw_only=True)
class StoppedBy:
    """What stopped a release: an action, or a rule of a condition."""

    stage: str
    action: str
    gate: str
    reason: str


@dataclass
class ActionExecution:
    declaration: ActionDeclaration
    status: Status = Status.IN_PROGRESS
    started_at: float = field(default_factory=time.time)
    ended_at: float | None = None
    reason: str = ""
    gate: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def seconds(self) -> float:
        return (self.ended_at or time.time()) - self.started_at


@dataclass
class StageExecution:
    declaration: StageDeclaration
    status: Status = Status.IN_PROGRESS
    started_at: float = field(default_factory=time.time)
    ended_at: float | None = None
    reason: str = ""
    actions: list[ActionExecution] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.declaration.name

    @property
    def seconds(self) -> float:
        return (self.ended_at or time.time()) - self.started_at

    def succeeded_actions(self) -> frozenset[str]:
        return frozenset(action.declaration.name for action in self.actions if action.status is Status.SUCCEEDED)

    def first_failure(self) -> ActionExecution | None:
        return next((action for action in self.actions if action.status is Status.FAILED), None)


@dataclass
class Execution:
    """`number` counts a pipeline's executions from 1; a higher one is newer.

    `attempt` counts how often it was begun: a retry of a stage begins it again. One that `is_stop_requested` ends when
    its actions have ended; those end at once where it `is_abandoned` too. `variables` is keyed by namespace, then by
    name; `artifacts` by the artifact's name. `rollback_target` is the execution whose revision a ROLLBACK execution
    deploys again.
    """

    number: int
    version: int
    definition: PipelineDefinition
    source: Source
    trigger: Trigger
    type: ExecutionType = ExecutionType.STANDARD
    rollback_target: str | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: Status = Status.IN_PROGRESS
    reason: str = ""
    started_at: float = field(default_factory=time.time)
    ended_at: float | None = None
    stages: list[StageExecution] = field(default_factory=list)
    variables: dict[str, dict[str, str]] = field(default_factory=dict)
    artifacts: dict[str, StoredArtifact] = field(default_factory=dict)
    stopped_by: StoppedBy | None = None
    is_stop_requested: bool = False
    is_abandoned: bool = False
    stop_reason: str = ""
    attempt: int = 1

    def __post_init__(self) -> None:
        self.variables.setdefault("codepipeline", {})["PipelineExecutionId"] = self.id
        defaults = {name: value for name, value in self.definition.variables.items() if value is not None}
        self.variables.setdefault("variables", {}).update(defaults)

    def stop(self, *, is_abandoned: bool, reason: str) -> None:
        """Source: API_StopPipelineExecution."""
        self.stop_reason = reason
        self.is_abandoned = self.is_abandoned or is_abandoned
        self.is_stop_requested = True

    def resume(self) -> None:
        """It is in progress again, after it had ended."""
        self.attempt += 1
        self.status, self.reason, self.ended_at, self.stopped_by = Status.IN_PROGRESS, "", None, None
        self.is_stop_requested, self.is_abandoned, self.stop_reason = False, False, ""

    def stage(self, name: str) -> StageExecution | None:
        """The latest run of that stage in this execution."""
        return next((stage for stage in reversed(self.stages) if stage.name == name), None)

    def action_executions(self) -> Iterator[tuple[StageExecution, ActionExecution]]:
        for stage in self.stages:
            for action in stage.actions:
                yield stage, action
