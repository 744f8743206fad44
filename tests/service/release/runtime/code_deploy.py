"""CodeDeploy, as the hooks see it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


class FakeCodeDeploy:
    """Remembers the first verdict of each hook execution and refuses the next, as CodeDeploy does."""

    class exceptions:
        class LifecycleEventAlreadyCompletedException(Exception):
            pass

    def __init__(self, *, began: datetime | None = None, creator: str = "CloudFormation") -> None:
        self.reports: list[tuple[str, str, str]] = []
        self.refused_reports = 0
        self._began = began or datetime.now(UTC)
        self.creator = creator

    def put_lifecycle_event_hook_execution_status(
        self,
        *,
        deploymentId: str,
        lifecycleEventHookExecutionId: str,
        status: str,
    ) -> None:
        if any(execution_id == lifecycleEventHookExecutionId for _, execution_id, _ in self.reports):
            self.refused_reports += 1
            raise self.exceptions.LifecycleEventAlreadyCompletedException
        self.reports.append((deploymentId, lifecycleEventHookExecutionId, status))

    def get_deployment(self, *, deploymentId: str) -> dict[str, Any]:
        return {"deploymentInfo": {"deploymentId": deploymentId, "createTime": self._began, "creator": self.creator}}

    @property
    def verdicts(self) -> list[str]:
        return [status for _, _, status in self.reports]
