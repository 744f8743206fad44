"""What a pipeline does now, as a picture for a terminal: stages and actions, executions, what waits for a person.

It must not ask anything: it is given what CodePipeline answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rehearsal.console.table import table
from rehearsal.page.stored_objects import shown_at
from rehearsal.up.pipeline_client import Waiting

_MARKS = {
    "Succeeded": "✔",
    "InProgress": "⋯",
    "Failed": "✘",
    "Stopped": "■",
    "Abandoned": "■",
    "Superseded": "↷",
    "Cancelled": "↻",
    "Skipped": "-",
}
_SHOWN_EXECUTIONS = 5
_SHORT = 8
Answer = Mapping[str, Any]


def draw_status(
    state: Answer,
    executions: Sequence[Answer],
    waiting: Sequence[Waiting],
    *,
    page_url: str = "",
    width: int | None = None,
) -> str:
    """`state` is GetPipelineState's answer, `executions` ListPipelineExecutions' summaries, the newest first."""
    titles = {execution["pipelineExecutionId"]: _title(execution) for execution in executions}
    return "\n".join(_lines(state, executions, waiting, titles, page_url, width))


def _lines(
    state: Answer,
    executions: Sequence[Answer],
    waiting: Sequence[Waiting],
    titles: Mapping[str, str],
    page_url: str,
    width: int | None,
) -> Iterator[str]:
    yield f"Pipeline {state['pipelineName']}, version {state['pipelineVersion']}"
    yield ""
    yield from table(("Stage", "State", "Execution"), [_stage(stage, titles) for stage in _rows(state)], width)
    if executions:
        yield ""
        rows = [_execution(execution) for execution in executions[:_SHOWN_EXECUTIONS]]
        yield from table(("Execution", "Status", "Started by", "Commit"), rows, width)
    for item in waiting:
        execution = f"{item.execution_id[:_SHORT]} {titles.get(item.execution_id, '')}".rstrip()
        yield ""
        yield f"? {item.stage}/{item.action} waits for you: execution {execution}"
        if item.url:
            yield f"  {to_look_at(item, page_url)}"
        yield f"  rehearse approve --execution {item.execution_id[:_SHORT]}, or rehearse reject"


def to_look_at(waiting: Waiting, page_url: str) -> str:
    where = shown_at(
        waiting.url,
        page_url=page_url,
        execution_id=waiting.execution_id,
        stage=waiting.stage,
        action=waiting.action,
    )
    return f"What to look at: {where}"


def _rows(state: Answer) -> Iterator[tuple[str, str, str]]:
    """Name, state and execution: a stage, then its actions below it."""
    for stage in state["stageStates"]:
        latest = stage.get("latestExecution") or {}
        yield stage["stageName"], latest.get("status", ""), latest.get("pipelineExecutionId", "")
        if not (stage.get("inboundTransitionState") or {}).get("enabled", True):
            yield "· (nothing may enter: its transition is disabled)", "", ""
        for action in stage["actionStates"]:
            yield f"· {action['actionName']}", (action.get("latestExecution") or {}).get("status", ""), ""


def _stage(row: tuple[str, str, str], titles: Mapping[str, str]) -> tuple[str, str, str]:
    name, status, execution_id = row
    execution = f"{execution_id[:_SHORT]} {titles.get(execution_id, '')}".strip()
    return name, _marked(status), execution


def _execution(execution: Answer) -> tuple[str, str, str, str]:
    trigger = execution.get("trigger", {}).get("triggerType", "")
    return execution["pipelineExecutionId"][:_SHORT], _marked(execution["status"]), trigger, _title(execution)


def _title(execution: Answer) -> str:
    """The commit's id and title, of what its sources have told."""
    for revision in execution.get("sourceRevisions") or []:
        return f"{revision['revisionId'][:_SHORT]} {revision.get('revisionSummary', '')}".strip()
    return str(execution.get("trigger", {}).get("triggerDetail", ""))[:_SHORT]


def _marked(status: str) -> str:
    return f"{_MARKS.get(status, ' ')} {status}" if status else ""
