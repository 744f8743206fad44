"""Tells EventBridge each change of state of a deployment, as CodeDeploy does.

In: a deployment whose status has just changed. Out: a `ServiceEvent` on the default bus of its account and region. It
must not change states.
Sources: EventBridge reference, "AWS CodeDeploy events"; the example of a deployment's event in CodeDeploy's user guide,
"Monitoring deployments with Amazon CloudWatch Events" (`instanceGroupId` is the deployment group's id).
"""

from __future__ import annotations

from collections.abc import Callable

from rehearsal.aws.codedeploy.deployment import Deployment, DeploymentStatus
from rehearsal.aws.eventbridge.service_events import ServiceEvent

_STATES = {
    DeploymentStatus.IN_PROGRESS: "START",
    DeploymentStatus.SUCCEEDED: "SUCCESS",
    DeploymentStatus.FAILED: "FAILURE",
    DeploymentStatus.STOPPED: "STOP",
}


def tell_state_to(put: Callable[[ServiceEvent], None]) -> Callable[[Deployment], None]:
    """To be called with each deployment whose status has changed."""

    def tell(deployment: Deployment) -> None:
        if deployment.status in _STATES:
            put(state_change(deployment))

    return tell


def state_change(deployment: Deployment) -> ServiceEvent:
    group = deployment.group
    prefix = f"arn:aws:codedeploy:{group.region}:{group.account}"
    return ServiceEvent(
        account=group.account,
        region=group.region,
        source="aws.codedeploy",
        detail_type="CodeDeploy Deployment State-change Notification",
        resources=[
            f"{prefix}:application:{group.application}",
            f"{prefix}:deploymentgroup:{group.application}/{group.name}",
        ],
        detail={
            "instanceGroupId": group.group_id,
            "region": group.region,
            "application": group.application,
            "deploymentId": deployment.deployment_id,
            "state": _STATES[deployment.status],
            "deploymentGroup": group.name,
        },
    )
