"""How a hook tells CodeDeploy its verdict: exactly once, whatever happens (PutLifecycleEventHookExecutionStatus).

A hook that says nothing holds the deployment for an hour. It must not know what a hook examines.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger

from service.cars import aws
from service.cars.settings import ServiceName

logger = Logger(service=ServiceName.RELEASE)


class ReleaseRefused(Exception):
    """The new version must not be released; the message says why."""


@dataclass(frozen=True)
class HookEvent:
    """What CodeDeploy sends a hook. It does not say which version: that comes from the hook's environment."""

    deployment_id: str
    execution_id: str

    @classmethod
    def parse(cls, event: dict[str, Any]) -> HookEvent:
        """`event` is {"DeploymentId", "LifecycleEventHookExecutionId"}."""
        return cls(deployment_id=event["DeploymentId"], execution_id=event["LifecycleEventHookExecutionId"])


@dataclass(frozen=True)
class Deployment:
    """What CodeDeploy knows of it; it was made at `began`."""

    deployment_id: str
    creator: str
    began: datetime


WAYS_BACK = frozenset({"CloudFormationRollback", "codeDeployRollback"})
"""Creators of deployments (CodeDeploy's DeploymentInfo) that bring an alias back to the version that it had."""


def give_verdict(event: dict[str, Any], examine: Callable[[Deployment], None]) -> None:
    """Reports Succeeded when `examine` ends well, Failed when it raises.

    A ReleaseRefused ends here; any other exception goes on after the report, so that Lambda counts it as an error.

    The way back is not examined: that version has served before, nothing calls it yet, and a refusal would leave the
    stack in UPDATE_ROLLBACK_FAILED with the bad version in use.
    """
    hook_event = HookEvent.parse(event)
    status = "Failed"
    try:
        deployment = _deployment(hook_event.deployment_id)
        if deployment.creator in WAYS_BACK:
            logger.info("a rollback is not examined", deployment_id=hook_event.deployment_id)
        else:
            examine(deployment)
        status = "Succeeded"
    except ReleaseRefused as refused:
        logger.error("release refused", reason=str(refused), deployment_id=hook_event.deployment_id)
    finally:
        _report(hook_event, status)


def _deployment(deployment_id: str) -> Deployment:
    info = aws.client("codedeploy").get_deployment(deploymentId=deployment_id)["deploymentInfo"]
    return Deployment(deployment_id, creator=info.get("creator", ""), began=info["createTime"].astimezone(UTC))


def _report(hook_event: HookEvent, status: str) -> None:
    """Lambda may deliver an asynchronous event twice: a verdict that is there already stays."""
    codedeploy = aws.client("codedeploy")
    try:
        codedeploy.put_lifecycle_event_hook_execution_status(
            deploymentId=hook_event.deployment_id,
            lifecycleEventHookExecutionId=hook_event.execution_id,
            status=status,  # type: ignore[arg-type]
        )
    except codedeploy.exceptions.LifecycleEventAlreadyCompletedException:
        logger.warning("this hook has reported before", deployment_id=hook_event.deployment_id)
    else:
        logger.info("reported", status=status, deployment_id=hook_event.deployment_id)
