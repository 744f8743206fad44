"""What CodePipeline tells of a release: its commit, what prod runs, what was pushed since, where Prod would go back.

It must not change anything. Sources: CodePipeline API reference (GetPipelineState, ListPipelineExecutions,
SucceededInStageFilter, GetPipelineExecution); CodePipeline user guide, "Configure stage rollback".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline.evidence.runtime.errors import EvidenceError
from pipeline.evidence.runtime.model import Commit, InProd, Push, Rollback
from pipeline.executions.execution import Execution, ExecutionType
from pipeline.executions.record import Record

PUSHES = 50
"""At most so many are listed: the link that compares has all."""
_LISTED = 300

CodePipeline = Any


def listed(codepipeline: CodePipeline, pipeline: str) -> list[Execution]:
    """The executions of twelve months, the newest first, as far as the first 300; without their actions."""
    return Record(codepipeline, pipeline).latest(_LISTED)


def commit_of(found: Iterable[Execution], execution_id: str, *, author: str | None, url: str) -> Commit:
    """Raises EvidenceError when the execution is not among them."""
    for execution in found:
        if execution.id == execution_id:
            commit_id, title = _revision(execution)
            return Commit(commit_id, title, author or None, url.replace("{commit}", commit_id))
    raise EvidenceError(
        f"CodePipeline does not list execution {execution_id}: the evidence is made by a step of that execution."
    )


def in_prod(codepipeline: CodePipeline, pipeline: str, stage: str, found: Iterable[Execution]) -> tuple[InProd, bool]:
    """What the stage runs by CodePipeline's word, and whether anything was ever released to it."""
    by_id = {execution.id: execution for execution in found}
    for state in codepipeline.get_pipeline_state(name=pipeline)["stageStates"]:
        if state["stageName"] == stage and "latestExecution" in state:
            return _running(state["latestExecution"], stage, by_id), True
    return InProd(None, None, f"Nothing was released to {stage} yet.", None), False


def _running(latest: Mapping[str, Any], stage: str, by_id: Mapping[str, Execution]) -> InProd:
    execution_id: str | None = latest["pipelineExecutionId"]
    if latest["status"] != "Succeeded":
        doing = "is in it now" if latest["status"] == "InProgress" else f"ended there as {latest['status']}"
        return InProd(
            None, None, f"The last execution of {stage}, {execution_id}, {doing}: it may run parts of it.", None
        )
    reason = "It succeeded there last."
    if latest.get("type") == ExecutionType.ROLLBACK:
        reason = f"{stage} was rolled back to it by execution {execution_id}."
        back = by_id.get(str(execution_id))
        execution_id = back.rollback_target if back is not None else None
    if execution_id is None or execution_id not in by_id:
        return InProd(None, None, f"CodePipeline does not list any more what {stage} runs ({execution_id}).", None)
    return InProd(execution_id, _revision(by_id[execution_id])[0], reason, None)


def pushes_since(found: Iterable[Execution], execution_id: str, running: InProd) -> tuple[Push, ...]:
    """Executions up to this one that brought another commit than the one before, the newest first."""
    begun, pushes, last_commit = False, [], ""
    for execution in found:
        begun = begun or execution.id == execution_id
        if execution.id == running.execution_id:
            break
        if not begun or execution.type is ExecutionType.ROLLBACK:
            continue
        commit_id, title = _revision(execution)
        if commit_id not in (last_commit, running.commit_id):
            pushes.append(Push(commit_id, title, execution.id, iso(execution.started_at), execution.status))
            last_commit = commit_id
    return tuple(pushes[:PUSHES])


def rollback_of(codepipeline: CodePipeline, pipeline: str, stage: str) -> Rollback:
    """What an automatic rollback would deploy: the stage's latest success in this version of the pipeline."""
    found = Record(codepipeline, pipeline).succeeded_in(stage)
    if not found:
        return Rollback(
            None,
            None,
            f"No execution has succeeded in {stage} since the pipeline was last changed, and CodePipeline rolls back "
            f"only within a version of it: what fails in {stage} stays as it fell.",
        )
    target = found[0]
    if target.type is ExecutionType.ROLLBACK:
        return Rollback(
            None, None, f"The latest success of {stage} was a rollback, and a rollback cannot go back to a rollback."
        )
    commit_id, title = _revision(target)
    return Rollback(target.id, commit_id, f"The latest success of {stage}: {title}")


def iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds")


def _revision(execution: Execution) -> tuple[str, str]:
    """Commit id and title; two "" where its source has told none."""
    return (execution.commit.id, execution.commit.title) if execution.commit is not None else ("", "")
