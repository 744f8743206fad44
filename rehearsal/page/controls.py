"""What the page's buttons ask for: the seam between the page, which knows HTTP, and the pipeline's own API.

It must not know either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Refused(Exception):
    """It cannot be done now: what was asked about is gone, was answered, or is not as it was shown. Says why."""


@dataclass(frozen=True, kw_only=True)
class ApprovalResult:
    """`token` has to be that of the question that was shown."""

    execution_id: str
    stage: str
    action: str
    token: str
    is_approved: bool
    summary: str


class Controls(Protocol):
    """Each raises Refused. They may take a moment: not to be called in an event loop."""

    def put_approval_result(self, result: ApprovalResult) -> None: ...

    def stop_pipeline_execution(self, execution_id: str, reason: str) -> None: ...

    def retry_stage_execution(self, stage: str) -> None: ...

    def rollback_stage(self, stage: str, target_execution_id: str) -> None: ...
