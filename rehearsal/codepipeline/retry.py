"""Which run of a stage can be tried again, by CodePipeline's rules, and what of it stays.

It must not run it: the engine does. Source: API_RetryStageExecution, "Configure stage retry".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.execution import ActionExecution, Execution, ExecutionType, StageExecution
from rehearsal.run_events import Status

_FAILED = (Status.FAILED, Status.ERRORED)


class RetryMode(StrEnum):
    FAILED_ACTIONS = "FAILED_ACTIONS"
    ALL_ACTIONS = "ALL_ACTIONS"


class StageNotRetryable(Exception):
    """The stage has not failed in that execution, or the pipeline is another by now; its text is the reason."""


class NotLatestExecution(Exception):
    """A later execution has been in the stage."""


@dataclass(frozen=True)
class Retry:
    """`kept` are the actions that succeeded and do not run again."""

    execution: Execution
    stage: str
    kept: tuple[ActionExecution, ...]


def retry_of(pipeline: DeployedPipeline, stage: str, execution: Execution, mode: RetryMode) -> Retry:
    """Raises StageNotRetryable and NotLatestExecution. To be called with the pipeline's lock."""
    latest = pipeline.latest_in(stage)
    record = execution.stage(stage)
    if record is None or latest is None:
        raise StageNotRetryable(f"Execution {execution.id} has not been in stage {stage}.")
    if latest is not execution:
        raise NotLatestExecution(
            f"Execution {latest.id} was in stage {stage} after {execution.id}, which is out of date."
        )
    if execution.status is Status.IN_PROGRESS or record.status not in _FAILED:
        state = _state(execution, record)
        raise StageNotRetryable(f"Stage {stage} of execution {execution.id} is {state}, not Failed.")
    if execution.type is ExecutionType.ROLLBACK:
        raise StageNotRetryable(f"Execution {execution.id} is a rollback, which is not tried again: roll back anew.")
    if execution.version != pipeline.version:
        raise StageNotRetryable(
            f"The pipeline is in version {pipeline.version}, and execution {execution.id} was started in version "
            f"{execution.version}."
        )
    succeeded = record.succeeded_actions()
    if mode is RetryMode.ALL_ACTIONS:
        return Retry(execution, stage, ())
    if len(succeeded) == len(record.declaration.actions):
        raise StageNotRetryable(f"Stage {stage} contains no failed actions; ALL_ACTIONS runs all of them again.")
    return Retry(execution, stage, tuple(action for action in record.actions if action.declaration.name in succeeded))


def _state(execution: Execution, record: StageExecution) -> Status:
    return Status.IN_PROGRESS if execution.status is Status.IN_PROGRESS else record.status
