"""Runs one stage of an execution: its entry condition, its actions in run order, retries, and its other conditions.

It decides whether the stage succeeded and whether it has to be rolled back; it must not roll back (rollback.py), nor
know the stages before and after.

Source: "How do stage conditions work?", "Configure stage rollback", "Configure automatic stage retry".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from rehearsal.codepipeline.actions.action import ActionDeclaration
from rehearsal.codepipeline.conditions import Conditions
from rehearsal.codepipeline.definition import Condition, ConditionKind, ConditionResult, StageDeclaration
from rehearsal.codepipeline.execution import ActionExecution, Execution, ExecutionType, StageExecution, StoppedBy
from rehearsal.codepipeline.gate import Gate
from rehearsal.codepipeline.retry import Retry
from rehearsal.codepipeline.surroundings import Surroundings
from rehearsal.machine.threads import run_together
from rehearsal.run_events import StageEnded, StageStarted, Status

RunAction = Callable[[Execution, str, ActionExecution], None]


@dataclass(frozen=True)
class StageOutcome:
    """`stopped_by` is None when the stage succeeded or was skipped."""

    status: Status
    stopped_by: StoppedBy | None = None
    is_rollback_due: bool = False


@dataclass(frozen=True, kw_only=True)
class StageRun:
    """One run of a stage. `run_action` runs an action and leaves its status in the record that it is given.

    `retry` says what of an earlier run stays.
    """

    cloud: Surroundings
    execution: Execution
    declaration: StageDeclaration
    conditions: Conditions
    run_action: RunAction
    is_stopped: Callable[[], bool]
    retry: Retry | None = None

    def run(self) -> StageOutcome:
        """Emits StageStarted and StageEnded around it all. Any RehearsalError is raised on.

        What is no Exception is a signal that ends the run: then the stage is Stopped.
        """
        record = StageExecution(self.declaration)
        self.execution.stages.append(record)
        self.cloud.event_log.emit(
            StageStarted(execution_id=self.execution.id, stage=self.declaration.name, is_resumed=self.retry is not None)
        )
        outcome = StageOutcome(Status.STOPPED)
        try:
            outcome = self._outcome(record)
        except Exception:
            outcome = StageOutcome(Status.ERRORED)
            raise
        finally:
            self._end(record, outcome)
        return outcome

    @property
    def _is_rollback(self) -> bool:
        return self.execution.type is ExecutionType.ROLLBACK

    def _outcome(self, record: StageExecution) -> StageOutcome:
        refused = self._enter()
        if refused is not None:
            return refused
        kept = self.retry.kept if self.retry is not None else ()
        record.actions.extend(kept)
        self._run_actions(record, skip=frozenset(action.declaration.name for action in kept))
        if self._is_retry_due(record):
            self._retry(record)
        if self.is_stopped():
            return StageOutcome(Status.STOPPED)
        failure = record.first_failure()
        if failure is not None:
            return self._after_failure(failure)
        return self._after_success()

    def _enter(self) -> StageOutcome | None:
        """AWS does not say whether a rollback evaluates BeforeEntry; here it does not, so that nothing can block it."""
        condition = self.declaration.before_entry
        if condition is None or self._is_rollback:
            return None
        stopped_by = self._evaluate(ConditionKind.BEFORE_ENTRY, condition)
        if stopped_by is None:
            return None
        if condition.result is ConditionResult.SKIP:
            return StageOutcome(Status.SKIPPED)
        return StageOutcome(Status.FAILED, stopped_by)

    def _after_failure(self, failure: ActionExecution) -> StageOutcome:
        stopped_by = StoppedBy(
            stage=self.declaration.name,
            action=failure.declaration.name,
            gate=failure.gate or Gate.BUILD,
            reason=failure.reason,
        )
        on_failure = self.declaration.on_failure
        if on_failure is None or self._is_rollback:
            return StageOutcome(Status.FAILED, stopped_by)
        is_rollback_due = on_failure.result is ConditionResult.ROLLBACK
        if on_failure.condition is not None:
            has_failed = self._evaluate(ConditionKind.ON_FAILURE, on_failure.condition) is not None
            is_rollback_due |= has_failed and on_failure.condition.result is ConditionResult.ROLLBACK
        return StageOutcome(Status.FAILED, stopped_by, is_rollback_due)

    def _after_success(self) -> StageOutcome:
        condition = self.declaration.on_success
        if condition is None or self._is_rollback:
            return StageOutcome(Status.SUCCEEDED)
        stopped_by = self._evaluate(ConditionKind.ON_SUCCESS, condition)
        if self.is_stopped():
            return StageOutcome(Status.STOPPED)
        if stopped_by is None:
            return StageOutcome(Status.SUCCEEDED)
        return StageOutcome(Status.FAILED, stopped_by, condition.result is ConditionResult.ROLLBACK)

    def _evaluate(self, kind: ConditionKind, condition: Condition) -> StoppedBy | None:
        return self.conditions.evaluate(self.declaration.name, kind, condition)

    def _is_retry_due(self, record: StageExecution) -> bool:
        on_failure = self.declaration.on_failure
        is_retry = on_failure is not None and on_failure.result is ConditionResult.RETRY
        return is_retry and not self._is_rollback and record.first_failure() is not None and not self.is_stopped()

    def _retry(self, record: StageExecution) -> None:
        """Once, as CodePipeline does: all actions, or those that failed and the ones that did not run."""
        on_failure = self.declaration.on_failure
        is_all = on_failure is not None and on_failure.is_retry_of_all_actions
        skip = frozenset() if is_all else record.succeeded_actions()
        record.actions = [action for action in record.actions if action.declaration.name in skip]
        self._run_actions(record, skip=skip)

    def _run_actions(self, record: StageExecution, *, skip: frozenset[str]) -> None:
        for group in self.declaration.by_run_order():
            if self.is_stopped() or record.first_failure() is not None:
                return
            self._run_group(record, [action for action in group if action.name not in skip])

    def _run_group(self, record: StageExecution, group: list[ActionDeclaration]) -> None:
        records = [ActionExecution(action) for action in group]
        record.actions.extend(records)
        run_together(
            lambda action: self.run_action(self.execution, self.declaration.name, action),
            records,
            name=self.declaration.name,
            is_lost=lambda: self.cloud.failure.has_happened,
        )

    def _end(self, record: StageExecution, outcome: StageOutcome) -> None:
        record.status = outcome.status
        record.reason = outcome.stopped_by.reason if outcome.stopped_by else ""
        record.ended_at = time.time()
        self.cloud.event_log.emit(
            StageEnded(
                execution_id=self.execution.id,
                stage=self.declaration.name,
                status=outcome.status,
                seconds=record.seconds,
                reason=record.reason,
            )
        )
