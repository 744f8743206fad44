"""When a failed change began to harm, and when that was over: by the traffic shifts of it that CodeDeploy has told.

In: an execution, its stage, its shifts, and when the stage was right again by CodePipeline. Out: `Harm`. It is pure.
What it goes by:
- *By its shifts alone* has a change failed whose every failed action deployed a stack in which a traffic shift failed.
  What was wrong with it is the versions of those shifts, so it begins when the first of them gets traffic, and is over
  when the last of them has none: when CodeDeploy has put all of them back. What else it had brought had passed its own
  gates; the stage's rollback takes that back later. Where none of them ever got traffic, there was no harm.
- Any other failed change (by its tests, its bake, something else in a stack; stopped by a person; taken back later) may
  have failed by anything that it brought. It begins with the first traffic of any of its versions, or, where CodeDeploy
  tells of none, with its deployment, and is over when the stage was rolled back, or the next change had got through.
- Where both are known, the earlier end counts. Without shifts all is as CodePipeline tells it.
Source: CodeDeploy user guide, "Redeploy and roll back a deployment with CodeDeploy".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pipeline.executions.execution import ActionRun, ActionStatus, Execution, ExecutionStatus
from pipeline.shifts.shift import Shift, put_back_at, released


@dataclass(frozen=True, kw_only=True)
class Harm:
    """`began_at` is None where there was none, and then `ended_at` is when that was clear. `ended_at` is None while it
    goes on, as far as is known.
    """

    began_at: datetime | None
    ended_at: datetime | None


def harm_of(
    execution: Execution, *, stage: str, shifts: Sequence[Shift], deployed_at: datetime, restored_at: datetime | None
) -> Harm:
    """Of a failed change. `deployed_at` is when it began to deploy, `restored_at` when CodePipeline had restored it."""
    own = released(shifts)
    if has_failed_by_shifts_alone(execution, stage, own):
        failed = [shift for shift in own if shift.has_failed]
        ends = [put_back_at(shift, shifts) for shift in failed]
        put_back = max((end for end in ends if end is not None), default=None) if None not in ends else None
        begins = [shift.traffic_from for shift in failed if shift.traffic_from is not None]
        return Harm(began_at=min(begins, default=None), ended_at=_earlier(put_back, restored_at))
    begins = [shift.traffic_from for shift in own if shift.traffic_from is not None]
    return Harm(began_at=min(begins, default=deployed_at), ended_at=restored_at)


def has_failed_by_shifts_alone(execution: Execution, stage: str, shifts: Sequence[Shift]) -> bool:
    """Whether each action that failed the execution in the stage deployed a stack in which a shift failed."""
    last_runs: dict[str, ActionRun] = {action.name: action for action in execution.actions_of(stage)}
    failed = [action for action in last_runs.values() if action.status is ActionStatus.FAILED]
    stacks = {shift.stack for shift in shifts if shift.has_failed}
    return (
        execution.status is ExecutionStatus.FAILED
        and bool(failed)
        and all(action.stack is not None and action.stack in stacks for action in failed)
    )


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)
