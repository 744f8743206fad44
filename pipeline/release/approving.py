"""Answers an open approval: shows what it is about, asks, and answers that question and no other.

What was shown is remembered by its execution and its token, which CodePipeline makes anew for each question. Between
showing and answering both are read again. It must not decide what a good answer is.
Source: CodePipeline API reference, PutApprovalResult (token; summary of at most 512 characters).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pipeline.executions.execution import Execution
from pipeline.executions.record import Record
from pipeline.executions.release_text import commit_text, duration_text
from pipeline.release.errors import CannotAsk, Declined, Refused
from pipeline.release.evidence import Asked
from pipeline.release.state import PipelineState, pipeline_state

if TYPE_CHECKING:
    from mypy_boto3_codepipeline import CodePipelineClient

LONGEST_SUMMARY = 512


@dataclass(frozen=True, kw_only=True)
class Question:
    """An open approval, as it was shown. `comment` and `link`, which leads to the evidence, are the approval's own."""

    stage: str
    action: str
    token: str
    execution: Execution
    comment: str
    link: str
    since: datetime | None

    @property
    def asked(self) -> Asked:
        return Asked(execution_id=self.execution.id, comment=self.comment, link=self.link)


def find_question(
    client: CodePipelineClient, pipeline: str, *, execution_id: str | None, prod_stage: str
) -> tuple[Question, str]:
    """The open question, and the text that shows it. Raises Refused when there is none, or not that one."""
    state = pipeline_state(client.get_pipeline_state(name=pipeline))
    question = open_question(client, state, execution_id)
    has_prod = state.stage(prod_stage) is not None
    runs = next(iter(Record(client, pipeline).succeeded_in(prod_stage)), None) if has_prod else None
    lines = [
        f"{question.stage} of {pipeline} asks:",
        "",
        f"  {question.comment or 'Go on?'}",
        "",
        f"  Commit:      {commit_text(question.execution)}",
        f"  Execution:   {question.execution.id}",
        f"  Prod runs:   {commit_text(runs) if runs is not None else 'no release of this version of the pipeline'}",
    ]
    if question.link:
        lines.append(f"  To look at:  {question.link}")
    if question.since is not None:
        lines.append(f"  Open for:    {duration_text(datetime.now(UTC) - question.since)}")
    stage = state.stage(question.stage)
    lines += [f"  Behind it waits execution {waiting}" for waiting in (stage.waiting if stage is not None else ())]
    return question, "\n".join(lines)


def answer(
    client: CodePipelineClient,
    pipeline: str,
    question: Question,
    *,
    is_approved: bool,
    reason: str,
    confirm: Callable[[str], bool],
) -> None:
    """Raises Declined when the person says no, and Refused when the question is not the one that was shown."""
    if len(reason) > LONGEST_SUMMARY:
        raise CannotAsk(f"The reason has {len(reason)} characters; CodePipeline keeps at most {LONGEST_SUMMARY}.")
    verb = "Approve" if is_approved else "Reject"
    if not confirm(f"{verb} {commit_text(question.execution)}?"):
        raise Declined("Nothing was answered.")
    _require_same(client, pipeline, question)
    client.put_approval_result(
        pipelineName=pipeline,
        stageName=question.stage,
        actionName=question.action,
        result={"summary": reason, "status": "Approved" if is_approved else "Rejected"},
        token=question.token,
    )


def open_question(client: CodePipelineClient, state: PipelineState, execution_id: str | None) -> Question:
    """Raises Refused when none is open, or not that one, and CannotAsk when several are."""
    found = state.open_approvals()
    if execution_id is not None:
        asked = [(stage, action) for stage, action in found if stage.execution_id == execution_id]
        if found and not asked:
            others = ", ".join(str(stage.execution_id) for stage, _ in found)
            raise Refused(
                f"Execution {execution_id} asks nothing now; {others} does. Look at that one first: `status`."
            )
        found = asked
    if not found:
        raise Refused("No approval is open. `status` shows where the pipeline is.")
    if len(found) > 1:
        raise CannotAsk(f"{len(found)} approvals are open: name one by --execution. `status` shows them.")
    (stage, action) = found[0]
    assert stage.execution_id is not None
    assert action.token is not None
    # An approval waits for seven days at most, and its execution has begun before.
    execution = Record(client, state.name).find(stage.execution_id, since=datetime.now(UTC) - timedelta(days=30))
    asked_by = [run for run in execution.actions_of(stage.name) if run.name == action.name]
    return Question(
        stage=stage.name,
        action=action.name,
        token=action.token,
        execution=execution,
        comment=asked_by[-1].comment if asked_by else "",
        link=asked_by[-1].link if asked_by else "",
        since=action.changed_at,
    )


def _require_same(client: CodePipelineClient, pipeline: str, question: Question) -> None:
    state = pipeline_state(client.get_pipeline_state(name=pipeline))
    for stage, action in state.open_approvals():
        if stage.name == question.stage and action.name == question.action:
            if (stage.execution_id, action.token) == (question.execution.id, question.token):
                return
            raise Refused(
                f"Meanwhile {stage.name} asks about another execution, {stage.execution_id}. Nothing was answered: "
                "look at that one first."
            )
    raise Refused("Meanwhile the question was answered, or has timed out. Nothing was answered.")
