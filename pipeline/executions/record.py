"""Reads executions from CodePipeline, the only place that keeps them: whoever asks again gets the truth again.

So nobody here remembers what events have said, and an event that comes twice, late or in another order changes nothing.
It must not change anything. Sources: CodePipeline API reference, ListPipelineExecutions and ListActionExecutions.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from pipeline.executions.execution import Execution, execution_of

if TYPE_CHECKING:
    from mypy_boto3_codepipeline import CodePipelineClient


class UnknownExecution(LookupError):
    """CodePipeline has no such execution; the message says what was looked for."""


class Record:
    """Executions of one pipeline. What is over is read once, for as long as the object lives, unless it changes."""

    def __init__(self, client: CodePipelineClient, pipeline: str) -> None:
        self._client = client
        self._pipeline = pipeline
        self._known: dict[tuple[str, Any], Execution] = {}

    def since(self, moment: datetime) -> list[Execution]:
        """Those that began at `moment` or later, newest first, each with its actions."""
        return [self._read(summary) for summary in self._summaries(since=moment)]

    def latest(self, count: int) -> list[Execution]:
        """The newest ones, newest first, without their actions: a call for a hundred."""
        return [execution_of(summary) for summary in islice(self._summaries(), count)]

    def find(self, execution_id: str, *, since: datetime) -> Execution:
        """One of them, with its actions. Raises UnknownExecution."""
        for summary in self._summaries(since=since):
            if summary["pipelineExecutionId"] == execution_id:
                return self._read(summary)
        raise UnknownExecution(f"Pipeline {self._pipeline} has no execution {execution_id} since {since:%Y-%m-%d}.")

    def succeeded_in(self, stage: str) -> list[Execution]:
        """Those that succeeded in the stage in the pipeline's current version, newest first, without their actions."""
        pages = self._client.get_paginator("list_pipeline_executions").paginate(
            pipelineName=self._pipeline, filter={"succeededInStage": {"stageName": stage}}
        )
        return [execution_of(summary) for page in pages for summary in page["pipelineExecutionSummaries"]]

    def _summaries(self, *, since: datetime | None = None) -> Iterator[Any]:
        """Newest first, as CodePipeline lists them."""
        pages = self._client.get_paginator("list_pipeline_executions").paginate(pipelineName=self._pipeline)
        for page in pages:
            for summary in page["pipelineExecutionSummaries"]:
                if since is not None and summary["startTime"] < since:
                    return
                yield summary

    def _read(self, summary: Any) -> Execution:
        key = (summary["pipelineExecutionId"], summary["lastUpdateTime"])
        if key not in self._known:
            execution = execution_of(summary, list(self._details(summary["pipelineExecutionId"])))
            if not execution.is_over:
                return execution
            self._known[key] = execution
        return self._known[key]

    def _details(self, execution_id: str) -> Iterator[Any]:
        pages = self._client.get_paginator("list_action_executions").paginate(
            pipelineName=self._pipeline, filter={"pipelineExecutionId": execution_id}
        )
        for page in pages:
            yield from page["actionExecutionDetails"]
