"""What CodePipeline tells of a release: its commit, what prod runs, what was pushed since, where Prod would go back.

It must not change anything. Sources: CodePipeline API reference (GetPipelineState, ListPipelineExecutions,
SucceededInStageFilter, GetPipelineExecution); CodePipeline user guide, "Configure stage rollback".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pipeline.evidence.runtime.errors import EvidenceError
from pipeline.evidence.runtime.model import Commit, InProd, Push, Rollback

PUSHES = 50
"""At most so many are listed: the link that compares has all."""

CodePipeline = Any


def summaries(codepipeline: CodePipeline, pipeline: str) -> list[Mapping[str, Any]]:
    """The executions of twelve months, the newest first, as far as the first 300."""
    pages = codepipeline.get_paginator("list_pipeline_executions").paginate(
        pipelineName=pipeline, PaginationConfig={"MaxItems": 300}
    )
    return [summary for page in pages for summary in page["pipelineExecutionSummaries"]]


def commit_of(found: Iterable[Mapping[str, Any]], execution_id: str, *, author: str | None, url: str) -> Commit:
    """Raises EvidenceError when the execution is not among them."""
    for summary in found:
        if summary["pipelineExecutionId"] == execution_id:
            commit_id, title = _revision(summary)
            return Commit(commit_id, title, author or None, url.replace("{commit}", commit_id))
    raise EvidenceError(
        f"CodePipeline does not list execution {execution_id}: the evidence is made by a step of that execution."
    )


def in_prod(
    codepipeline: CodePipeline, pipeline: str, stage: str, found: Iterable[Mapping[str, Any]]
) -> tuple[InProd, bool]:
    """What the stage runs by CodePipeline's word, and whether anything was ever released to it."""
    by_id = {summary["pipelineExecutionId"]: summary for summary in found}
    for state in codepipeline.get_pipeline_state(name=pipeline)["stageStates"]:
        if state["stageName"] == stage and "latestExecution" in state:
            return _running(state["latestExecution"], stage, by_id), True
    return InProd(None, None, f"Nothing was released to {stage} yet.", None), False


def _running(latest: Mapping[str, Any], stage: str, by_id: Mapping[str, Mapping[str, Any]]) -> InProd:
    execution_id = latest["pipelineExecutionId"]
    if latest["status"] != "Succeeded":
        doing = "is in it now" if latest["status"] == "InProgress" else f"ended there as {latest['status']}"
        return InProd(
            None, None, f"The last execution of {stage}, {execution_id}, {doing}: it may run parts of it.", None
        )
    reason = "It succeeded there last."
    if latest.get("type") == "ROLLBACK":
        target = by_id.get(execution_id, {}).get("rollbackMetadata", {}).get("rollbackTargetPipelineExecutionId")
        reason = f"{stage} was rolled back to it by execution {execution_id}."
        execution_id = target
    if execution_id not in by_id:
        return InProd(None, None, f"CodePipeline does not list any more what {stage} runs ({execution_id}).", None)
    return InProd(execution_id, _revision(by_id[execution_id])[0], reason, None)


def pushes_since(found: Iterable[Mapping[str, Any]], execution_id: str, running: InProd) -> tuple[Push, ...]:
    """Executions up to this one that brought another commit than the one before, the newest first."""
    begun, pushes, last_commit = False, [], ""
    for summary in found:
        begun = begun or summary["pipelineExecutionId"] == execution_id
        if summary["pipelineExecutionId"] == running.execution_id:
            break
        if not begun or summary.get("executionType") == "ROLLBACK":
            continue
        commit_id, title = _revision(summary)
        if commit_id not in (last_commit, running.commit_id):
            status = summary["status"]
            pushes.append(Push(commit_id, title, summary["pipelineExecutionId"], iso(summary["startTime"]), status))
            last_commit = commit_id
    return tuple(pushes[:PUSHES])


def rollback_of(codepipeline: CodePipeline, pipeline: str, stage: str) -> Rollback:
    """What an automatic rollback would deploy: the stage's latest success in this version of the pipeline."""
    answer = codepipeline.list_pipeline_executions(
        pipelineName=pipeline, maxResults=1, filter={"succeededInStage": {"stageName": stage}}
    )
    found = answer["pipelineExecutionSummaries"]
    if not found:
        return Rollback(
            None,
            None,
            f"No execution has succeeded in {stage} since the pipeline was last changed, and CodePipeline rolls back "
            f"only within a version of it: what fails in {stage} stays as it fell.",
        )
    target = found[0]
    if target.get("executionType") == "ROLLBACK":
        return Rollback(
            None, None, f"The latest success of {stage} was a rollback, and a rollback cannot go back to a rollback."
        )
    commit_id, title = _revision(target)
    return Rollback(target["pipelineExecutionId"], commit_id, f"The latest success of {stage}: {title}")


def iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds")


def _revision(summary: Mapping[str, Any]) -> tuple[str, str]:
    """Commit id and the first line of its message. A connection tells the message inside of a JSON document."""
    revisions = summary.get("sourceRevisions") or [{}]
    message = str(revisions[0].get("revisionSummary", ""))
    with suppress(ValueError, KeyError, TypeError):  # as CodeCommit tells it: the message itself
        message = str(json.loads(message)["CommitMessage"])
    return str(revisions[0].get("revisionId", "")), next(iter(message.splitlines()), "")
