"""What the page's buttons do: they call the pipeline's own API, as its account, and change nothing else.

It must not decide whether that may be: CodePipeline does.
"""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.errors import EngineError
from rehearsal.local_pipeline import LocalPipeline
from rehearsal.page.controls import ApprovalResult, Refused
from rehearsal.up.pipeline_client import PipelineClient


class PageControls:
    """`Controls` of the pipeline that `local` answers; it raises EngineError where there is none yet."""

    def __init__(self, local: Callable[[], LocalPipeline]) -> None:
        self._local = local

    def put_approval_result(self, result: ApprovalResult) -> None:
        self._client().put_approval_result(result)

    def stop_pipeline_execution(self, execution_id: str, reason: str) -> None:
        self._client().stop_pipeline_execution(execution_id, reason)

    def retry_stage_execution(self, stage: str) -> None:
        self._client().retry_stage_execution(stage)

    def rollback_stage(self, stage: str, target_execution_id: str) -> None:
        self._client().rollback_stage(stage, target_execution_id)

    def _client(self) -> PipelineClient:
        try:
            local = self._local()
        except EngineError as exc:
            raise Refused(str(exc)) from exc
        pipeline = local.deployed()
        return PipelineClient(local.cloud.clients.root(pipeline.account, pipeline.region), pipeline.name)
