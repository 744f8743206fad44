"""The pipelines that CloudFormation deployed in this run, with their versions and executions.

State alone: it must not run anything.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.codepipeline.definition import PipelineDefinition
from rehearsal.codepipeline.execution import Execution, ExecutionType, Source, StageExecution, Trigger
from rehearsal.run_events import Status


@dataclass(frozen=True)
class DisabledTransition:
    """Nothing may enter the stage. `changed_at` is wall-clock seconds since the epoch, `changed_by` an ARN or "".

    Source: API TransitionState.
    """

    reason: str
    changed_by: str = ""
    changed_at: float = field(default_factory=time.time)


@dataclass
class DeployedPipeline:
    """`version` rises with every update of the resource; `properties` are its resolved CloudFormation properties.

    `disabled_transitions` is keyed by the stage that they lead into. `restarted_version` is the last one for which an
    execution was started anew.
    """

    account: str
    region: str
    name: str
    definition: PipelineDefinition
    properties: Mapping[str, Any]
    stack_name: str = ""
    logical_id: str = ""
    version: int = 1
    executions: list[Execution] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    disabled_transitions: dict[str, DisabledTransition] = field(default_factory=dict)
    restarted_version: int = 1

    def __post_init__(self) -> None:
        self._disable_as_declared(before={})

    @property
    def arn(self) -> str:
        return f"arn:aws:codepipeline:{self.region}:{self.account}:{self.name}"

    def update(self, definition: PipelineDefinition, properties: Mapping[str, Any]) -> None:
        with self.lock:
            before, self.definition = self.definition.disabled_transitions, definition
            self.properties = properties
            self.version += 1
            self._disable_as_declared(before)

    def is_restart_due(self) -> bool:
        """Whether the update to this version starts an execution; True once for each version.

        CloudFormation starts one (RestartExecutionOnUpdate), however many the update has cancelled.
        """
        with self.lock:
            is_due = self.definition.is_restarted_on_update and self.restarted_version != self.version
            self.restarted_version = self.version
            return is_due

    def _disable_as_declared(self, before: Mapping[str, str]) -> None:
        """What the template has ever disabled is as it says now; what somebody else has disabled stays so.

        AWS does not say what becomes of the latter when the stack is updated.
        """
        declared = self.definition.disabled_transitions
        for stage in before.keys() - declared.keys():
            self.disabled_transitions.pop(stage, None)
        self.disabled_transitions |= {stage: DisabledTransition(reason) for stage, reason in declared.items()}

    def new_execution(self, source: Source, trigger: Trigger) -> Execution:
        with self.lock:
            execution = Execution(
                number=len(self.executions) + 1,
                version=self.version,
                definition=self.definition,
                source=source,
                trigger=trigger,
            )
            self.executions.append(execution)
            return execution

    def new_rollback(self, target: Execution, trigger: Trigger) -> Execution:
        """An execution of type ROLLBACK: it has the target's source, artifacts and variables.

        Source: "Configure stage rollback", CodePipeline user guide.
        """
        with self.lock:
            execution = Execution(
                number=len(self.executions) + 1,
                version=self.version,
                definition=self.definition,
                source=target.source,
                trigger=trigger,
                type=ExecutionType.ROLLBACK,
                rollback_target=target.id,
                variables={namespace: dict(values) for namespace, values in target.variables.items()},
                artifacts=dict(target.artifacts),
            )
            self.executions.append(execution)
            return execution

    def execution(self, execution_id: str) -> Execution | None:
        return next((execution for execution in self.executions if execution.id == execution_id), None)

    def succeeded_in(self, stage: str) -> list[Execution]:
        """Those that did in the current version, oldest first: what ListPipelineExecutions's SucceededInStage is."""
        ran = [(found, found.stage(stage)) for found in self.executions if found.version == self.version]
        return [found for found, its in ran if its is not None and its.status is Status.SUCCEEDED]

    def in_stage(self, stage: str) -> list[tuple[Execution, StageExecution]]:
        """Those that are or were in the stage, with their latest run of it, in the order in which that began.

        Which is not the one in which they were started: a rollback enters at once, before older ones that wait.
        """
        ran = [(found, found.stage(stage)) for found in list(self.executions)]
        return sorted(((found, its) for found, its in ran if its is not None), key=lambda pair: pair[1].started_at)

    def latest_in(self, stage: str) -> Execution | None:
        return next((found for found, _ in reversed(self.in_stage(stage))), None)

    def last_success(self, stage: str, *kinds: ExecutionType) -> Execution | None:
        """The latest execution, of one of these types or of any, that succeeded in the stage, whatever its version."""
        for execution, ran in reversed(self.in_stage(stage)):
            if ran.status is Status.SUCCEEDED and (not kinds or execution.type in kinds):
                return execution
        return None


class PipelineStore:
    """Every deployed pipeline, by account, region and name; safe to use from several threads."""

    def __init__(self) -> None:
        self._pipelines: dict[tuple[str, str, str], DeployedPipeline] = {}
        self._lock = threading.Lock()

    def add(self, pipeline: DeployedPipeline) -> None:
        with self._lock:
            self._pipelines[pipeline.account, pipeline.region, pipeline.name] = pipeline

    def remove(self, account: str, region: str, name: str) -> None:
        with self._lock:
            self._pipelines.pop((account, region, name), None)

    def find(self, account: str, region: str, name: str) -> DeployedPipeline | None:
        return self._pipelines.get((account, region, name))

    def find_execution(self, execution_id: str) -> tuple[DeployedPipeline, Execution] | None:
        with self._lock:
            pipelines = list(self._pipelines.values())
        found = ((pipeline, pipeline.execution(execution_id)) for pipeline in pipelines)
        return next(((pipeline, execution) for pipeline, execution in found if execution is not None), None)

    def in_account(self, account: str, region: str) -> tuple[DeployedPipeline, ...]:
        with self._lock:
            found = [pipeline for key, pipeline in self._pipelines.items() if key[:2] == (account, region)]
        return tuple(sorted(found, key=lambda pipeline: pipeline.name))
