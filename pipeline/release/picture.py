"""The pipeline as a picture for a terminal: a line for each stage, and below it what of it is not done.

It must not ask CodePipeline.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pipeline.executions.execution import Execution
from pipeline.executions.release_text import commit_text, duration_text
from pipeline.release.state import IN_PROGRESS, SUCCEEDED, ActionState, PipelineState, StageState

_MARKS = {SUCCEEDED: "✓", "Failed": "✗", "Stopped": "✗", "Abandoned": "✗", "Cancelled": "-", IN_PROGRESS: "●"}
_NOT_RUN = "·"
_REASON_LETTERS = 160


def picture(state: PipelineState, executions: Mapping[str, Execution], *, now: datetime) -> str:
    """`executions` has those that the state names, by id; one that it has not is shown by its id."""
    width = max((len(stage.name) for stage in state.stages), default=0)
    lines = [f"{state.name}, version {state.version}", ""]
    for stage in state.stages:
        if stage.disabled_reason is not None:
            lines.append(f"  ║ closed: {stage.disabled_reason}")
        lines += [f"  ○ {'':{width}}  waits: {_commit(execution_id, executions)}" for execution_id in stage.waiting]
        lines.append(_stage_line(stage, executions, width))
        lines += [f"      {_action_line(action, now)}" for action in stage.actions if _is_shown(action)]
    return "\n".join([*lines, "", *_next_steps(state)])


def _stage_line(stage: StageState, executions: Mapping[str, Execution], width: int) -> str:
    if stage.execution_id is None:
        return f"  {_NOT_RUN} {stage.name:{width}}  has not run"
    kind = ", by a rollback" if stage.is_rollback else ""
    status = "" if stage.status == SUCCEEDED else f" ({stage.status})"
    mark = _MARKS.get(stage.status or "", _NOT_RUN)
    return f"  {mark} {stage.name:{width}}  {_commit(stage.execution_id, executions)}{kind}{status}"


def _action_line(action: ActionState, now: datetime) -> str:
    since = f" for {duration_text(now - action.changed_at)}" if action.changed_at is not None else ""
    if action.status == IN_PROGRESS:
        return f"{_MARKS[IN_PROGRESS]} {action.name} {'waits for an answer' if action.token else 'runs'}{since}"
    reason = " ".join(action.summary.split())
    shown = reason if len(reason) <= _REASON_LETTERS else f"{reason[: _REASON_LETTERS - 1]}…"
    return f"{_MARKS.get(action.status or '', _NOT_RUN)} {action.name}: {shown or action.status}"


def _is_shown(action: ActionState) -> bool:
    return action.status not in (None, SUCCEEDED)


def _commit(execution_id: str, executions: Mapping[str, Execution]) -> str:
    execution = executions.get(execution_id)
    return commit_text(execution) if execution is not None else f"execution {execution_id}"


def _next_steps(state: PipelineState) -> list[str]:
    asked = [
        f"{stage.name} asks. Answer: python -m pipeline.release approve --execution {stage.execution_id}"
        for stage, _ in state.open_approvals()
    ]
    failed = [stage.name for stage in state.stages if stage.status == "Failed"]
    return [*asked, *(f"{name} has failed. What to do: docs/runbook/release.md" for name in failed)]
