"""Walks executions of a deployed pipeline, stage by stage, as CodePipeline does.

Input: a deployed pipeline and a source. Output: the execution with all that happened in it, and the events on the way.
Its parts, and what each must not do: stage_locks.py lets executions into stages and runs none; stage_run.py runs one
stage and does not know the others; action_run.py runs one action and does not know its stage's conditions;
conditions.py evaluates and does not act; rollback.py finds the way back and retry.py what is tried again, and neither
goes there. The engine itself must not know any provider of actions or rules, nor where the definition came from.

Source: "How pipeline executions work", "Configure stage rollback", "AWS::CodePipeline::Pipeline"
(RestartExecutionOnUpdate), "Disable or enable transitions between stages".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from rehearsal.codepipeline.action_run import ActionRun
from rehearsal.codepipeline.actions.action import Action, ActionDeclaration
from rehearsal.codepipeline.artifacts import Artifacts
from rehearsal.codepipeline.clearance import Clearance, NotCleared, needs_no_clearance, stage_to_clear
from rehearsal.codepipeline.conditions import Conditions
from rehearsal.codepipeline.definition import PipelineDefinition, StageDeclaration
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.execution import ActionExecution, Execution, ExecutionType, Source, StoppedBy, Trigger
from rehearsal.codepipeline.gate import DeploymentGates, Gate, gate_of_action
from rehearsal.codepipeline.retry import Retry, RetryMode, retry_of
from rehearsal.codepipeline.roles import ArtifactRoles
from rehearsal.codepipeline.rollback import RollbackUnavailable, rollback_target
from rehearsal.codepipeline.rule import RuleProvider
from rehearsal.codepipeline.stage_locks import StageLocks, Superseded
from rehearsal.codepipeline.stage_run import StageOutcome, StageRun
from rehearsal.codepipeline.surroundings import Surroundings
from rehearsal.errors import RehearsalError, Unsupported
from rehearsal.run_events import (
    ExecutionEnded,
    ExecutionStarted,
    PipelineDefined,
    PipelineMutated,
    StageRolledBack,
    Status,
)

ActionKey = tuple[str, str]
NewestSource = Callable[[DeployedPipeline], Source]
_STOPPED = "The execution was stopped."
_ENDED = "The run was ended."
_TRANSITION = "InboundTransition"


def last_released(pipeline: DeployedPipeline) -> Source:
    """What the newest execution releases: for whoever has no repository to look into."""
    return next(
        execution.source for execution in reversed(pipeline.executions) if execution.type is ExecutionType.STANDARD
    )


class Engine:
    """`actions` is keyed by category and provider (Source actions come with each execution), `rules` by provider.

    `newest_source` answers what an execution releases that nobody has named a commit for; `clearance` is asked once
    for each execution, before it may deploy.
    """

    def __init__(
        self,
        cloud: Surroundings,
        *,
        artifacts: Artifacts,
        artifact_roles: ArtifactRoles,
        actions: Mapping[ActionKey, Action],
        rules: Mapping[str, RuleProvider],
        newest_source: NewestSource = last_released,
        clearance: Clearance = needs_no_clearance,
    ) -> None:
        self._cloud = cloud
        self._artifacts = artifacts
        self._artifact_roles = artifact_roles
        self._actions = actions
        self._rules = rules
        self.newest_source = newest_source
        self._clearance = clearance
        self._deployment_gates = DeploymentGates()
        self._locks: dict[str, StageLocks] = {}
        self._told_versions: dict[str, int] = {}
        self._is_stopping = threading.Event()
        cloud.event_log.subscribe(self._deployment_gates)

    def stop(self) -> None:
        """Ends every execution as soon as its actions notice: the run is over."""
        self._is_stopping.set()

    def release(self, pipeline: DeployedPipeline, source: Source, trigger: Trigger = Trigger.WEBHOOK) -> Execution:
        """Runs a new execution, as `follow` does, for somebody who waits for its end: before a stage whose inbound
        transition is disabled it ends."""
        return self.follow(pipeline, pipeline.new_execution(source, trigger), waits_for_transitions=False)

    def follow(
        self, pipeline: DeployedPipeline, execution: Execution, *, waits_for_transitions: bool = True
    ) -> Execution:
        """Runs an execution to its end, and another on the new definition as long as one changes its own pipeline.

        Answers the last execution. Raises RehearsalError when the local run itself cannot go on.
        """
        execution = self.run(pipeline, execution, waits_for_transitions=waits_for_transitions)
        while execution.status is Status.CANCELLED and pipeline.is_restart_due():
            again = pipeline.new_execution(self.newest_source(pipeline), Trigger.START)
            execution = self.run(pipeline, again, waits_for_transitions=waits_for_transitions)
        return execution

    def run(self, pipeline: DeployedPipeline, execution: Execution, *, waits_for_transitions: bool = True) -> Execution:
        """Runs an execution through every stage of the definition that it was started with.

        Before a stage whose inbound transition is disabled it waits, as on AWS, until that is enabled; or it ends
        there, Stopped, for whoever waits for its end.
        """
        return self._run(pipeline, execution, None, waits_for_transitions)

    def begin_retry(self, pipeline: DeployedPipeline, stage: str, execution: Execution, mode: RetryMode) -> Retry:
        """The execution is in progress again, ready for `run_retry`. Raises StageNotRetryable, NotLatestExecution."""
        with pipeline.lock:
            retry = retry_of(pipeline, stage, execution, mode)
            execution.resume()
            return retry

    def run_retry(self, pipeline: DeployedPipeline, retry: Retry) -> Execution:
        """Runs the stage again, and then those after it."""
        return self._run(pipeline, retry.execution, retry, waits_for_transitions=True)

    def _run(
        self, pipeline: DeployedPipeline, execution: Execution, retry: Retry | None, waits_for_transitions: bool
    ) -> Execution:
        self._begin(pipeline, execution, tuple(stage.name for stage in execution.definition.stages))
        status, reason = Status.STOPPED, _ENDED  # unless something says otherwise, it is a signal that ends the run
        try:
            outcome = self._walk(pipeline, execution, waits_for_transitions, retry)
            self._cloud.failure.require_none()
            status, reason = outcome
        except NotCleared as exc:
            status, reason = Status.STOPPED, str(exc)
        except Superseded:
            status, reason = Status.SUPERSEDED, "A newer execution went on while this one waited for its next stage."
        except Exception as exc:
            status, reason = Status.ERRORED, str(exc)
            raise
        finally:
            self._end(execution, status, reason)
        return execution

    def begin_rollback(self, pipeline: DeployedPipeline, stage: str, target_id: str) -> Execution:
        """A ROLLBACK execution with the target's artifacts and variables, in the stage and ready for `run_rollback`.

        Raises RollbackUnavailable, also where the stage is running: two would deploy the same stacks.
        """
        target = rollback_target(pipeline, stage, target_id)
        locks = self._locks_of(pipeline)
        execution = locks.take(stage, lambda: pipeline.new_rollback(target, Trigger.MANUAL_ROLLBACK))
        if execution is None:
            raise RollbackUnavailable(f"Stage {stage} is currently running. Stop its execution, or wait for its end.")
        return execution

    def run_rollback(self, pipeline: DeployedPipeline, stage: str, execution: Execution) -> Execution:
        """Runs a ROLLBACK execution: the one stage, with the old artifacts and variables."""
        self._begin(pipeline, execution, (stage,))
        outcome = StageOutcome(Status.STOPPED)
        try:
            outcome = self._run_stage(pipeline, execution, pipeline.definition.stage(stage))
        except Exception:
            outcome = StageOutcome(Status.ERRORED)
            raise
        finally:
            self._locks_of(pipeline).leave(stage, execution)
            execution.stopped_by = outcome.stopped_by
            self._end(execution, outcome.status, outcome.stopped_by.reason if outcome.stopped_by else "")
        return execution

    def _walk(
        self, pipeline: DeployedPipeline, execution: Execution, waits: bool, retry: Retry | None
    ) -> tuple[Status, str]:
        locks = self._locks_of(pipeline)

        def is_stopped() -> bool:
            return self._is_stopped(execution)

        def is_open(stage: str) -> bool:
            return stage not in pipeline.disabled_transitions

        to_clear = stage_to_clear(execution.definition)
        for stage in _stages_from(execution.definition, retry):
            if stage.name == to_clear and not self._is_stopped(execution):
                self._clearance(pipeline, execution)
            if not (waits or is_open(stage.name)):
                return self._hold(pipeline, execution, stage)
            with locks.stage(stage.name, execution, is_stopped, is_open):
                if self._is_stopped(execution):
                    return Status.STOPPED, _stopped_words(execution)
                outcome = self._run_stage(pipeline, execution, stage, retry)
                if outcome.is_rollback_due:
                    self._roll_back_automatically(pipeline, stage.name, execution)
            if outcome.status not in (Status.SUCCEEDED, Status.SKIPPED):
                execution.stopped_by = outcome.stopped_by
                reason = _stopped_words(execution) if outcome.status is Status.STOPPED else ""
                return outcome.status, outcome.stopped_by.reason if outcome.stopped_by else reason
            if pipeline.version != execution.version:
                return self._cancel(pipeline, execution, stage)
        return Status.SUCCEEDED, ""

    def _locks_of(self, pipeline: DeployedPipeline) -> StageLocks:
        return self._locks.setdefault(pipeline.arn, StageLocks())

    def _hold(self, pipeline: DeployedPipeline, execution: Execution, stage: StageDeclaration) -> tuple[Status, str]:
        """Ends an execution that AWS would hold: here nobody will enable the transition, and a run must not hang."""
        transition = pipeline.disabled_transitions[stage.name]
        reason = (
            f"The inbound transition of stage {stage.name} is disabled: {transition.reason}\n"
            "On AWS the execution waits there until somebody enables it: aws codepipeline enable-stage-transition "
            f"--pipeline-name {pipeline.name} --stage-name {stage.name} --transition-type Inbound"
        )
        execution.stopped_by = StoppedBy(stage=stage.name, action=_TRANSITION, gate=Gate.CONDITION, reason=reason)
        return Status.STOPPED, reason

    def _cancel(self, pipeline: DeployedPipeline, execution: Execution, stage: StageDeclaration) -> tuple[Status, str]:
        """Ends an execution whose pipeline was updated while it ran; the update decides whether it restarts."""
        before, after = _action_paths(execution.definition.stages), _action_paths(pipeline.definition.stages)
        self._cloud.event_log.emit(
            PipelineMutated(
                version=pipeline.version,
                added=tuple(path for path in after if path not in before),
                removed=tuple(path for path in before if path not in after),
            )
        )
        self._tell_definition(pipeline)
        reason = "The pipeline's definition was updated before the execution could be completed."
        if not pipeline.definition.is_restarted_on_update:
            reason += " RestartExecutionOnUpdate is false, so nothing starts it again."
            execution.stopped_by = StoppedBy(
                stage=stage.name, action=stage.actions[-1].name, gate=Gate.DEPLOY, reason=reason
            )
        return Status.CANCELLED, reason

    def _run_stage(
        self,
        pipeline: DeployedPipeline,
        execution: Execution,
        declaration: StageDeclaration,
        retry: Retry | None = None,
    ) -> StageOutcome:
        def is_stopped() -> bool:
            return self._is_stopped(execution)

        return StageRun(
            cloud=self._cloud,
            execution=execution,
            declaration=declaration,
            conditions=Conditions(
                cloud=self._cloud, rules=self._rules, pipeline=pipeline, execution=execution, is_stopped=is_stopped
            ),
            run_action=lambda run, stage, record: self._run_action(pipeline, run, stage, record),
            is_stopped=is_stopped,
            retry=retry if retry is not None and retry.stage == declaration.name else None,
        ).run()

    def _run_action(
        self, pipeline: DeployedPipeline, execution: Execution, stage: str, record: ActionExecution
    ) -> None:
        def find_gate(action: ActionDeclaration, account: str, named: str | None) -> str:
            deployment = self._deployment_gates.find(account, since=record.started_at)
            return gate_of_action(execution.definition, stage, action, named=named, deployment=deployment)

        ActionRun(
            cloud=self._cloud,
            artifacts=self._artifacts,
            artifact_roles=self._artifact_roles,
            find_action=self._find_action,
            find_gate=find_gate,
            pipeline=pipeline,
            execution=execution,
            stage=stage,
            record=record,
            is_stopped=lambda: self._is_abandoned(execution),
        ).run()

    def _find_action(self, declaration: ActionDeclaration, execution: Execution) -> Action:
        kind = declaration.action_type
        if kind.category == "Source":
            return execution.source.action
        action = self._actions.get((kind.category, kind.provider))
        if action is None:
            raise Unsupported(
                f"Action {declaration.name} is of {kind.category} provider {kind.provider}, which this machine cannot "
                f"run. It can run {', '.join(sorted(provider for _, provider in self._actions))}."
            )
        return action

    def _roll_back_automatically(self, pipeline: DeployedPipeline, stage: str, failed: Execution) -> None:
        target, status, reason = None, Status.FAILED, ""
        try:
            found = rollback_target(pipeline, stage)
        except RollbackUnavailable as exc:
            reason = str(exc)
        else:
            execution = self.run_rollback(pipeline, stage, pipeline.new_rollback(found, Trigger.AUTOMATED_ROLLBACK))
            target, status, reason = execution.rollback_target, execution.status, execution.reason
        self._cloud.event_log.emit(
            StageRolledBack(stage=stage, to_execution_id=target, status=status, reason=reason, execution_id=failed.id)
        )

    def _is_stopped(self, execution: Execution) -> bool:
        return execution.is_stop_requested or self._is_abandoned(execution)

    def _is_abandoned(self, execution: Execution) -> bool:
        """Then its actions end as well: one that was stopped only lets those that run come to their end."""
        return self._is_stopping.is_set() or execution.is_abandoned or self._cloud.failure.has_happened

    def _tell_definition(self, pipeline: DeployedPipeline) -> None:
        """Where it is another than was told last."""
        with pipeline.lock:
            version, definition = pipeline.version, pipeline.definition
            is_known = self._told_versions.get(pipeline.arn) == version
            self._told_versions[pipeline.arn] = version
        if not is_known:
            stages = tuple(stage.shape() for stage in definition.stages)
            self._cloud.event_log.emit(PipelineDefined(pipeline=pipeline.name, version=version, stages=stages))

    def _begin(self, pipeline: DeployedPipeline, execution: Execution, stages: tuple[str, ...]) -> None:
        self._tell_definition(pipeline)
        self._cloud.event_log.emit(
            ExecutionStarted(
                execution_id=execution.id,
                pipeline=pipeline.name,
                commit=execution.source.commit,
                trigger=execution.trigger,
                stages=stages,
                title=execution.source.message,
                author=execution.source.author,
                execution_type=execution.type,
                version=execution.version,
                attempt=execution.attempt,
            )
        )

    def _end(self, execution: Execution, status: Status, reason: str) -> None:
        execution.status, execution.reason, execution.ended_at = status, reason, time.time()
        with suppress(RehearsalError):
            self._cloud.event_log.emit(ExecutionEnded(execution_id=execution.id, status=status, reason=reason))


def _stages_from(definition: PipelineDefinition, retry: Retry | None) -> tuple[StageDeclaration, ...]:
    names = [stage.name for stage in definition.stages]
    return definition.stages[names.index(retry.stage) if retry is not None else 0 :]


def _stopped_words(execution: Execution) -> str:
    return f"{_STOPPED} {execution.stop_reason}".rstrip()


def _action_paths(stages: tuple[StageDeclaration, ...]) -> tuple[str, ...]:
    return tuple(f"{stage.name}/{action.name}" for stage in stages for action in stage.actions)
