"""The resources that CodeDeploy's operations are authorized on. It must not decide who may do what.

Source: "Actions, resources, and condition keys for AWS CodeDeploy" (service authorization reference).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.aws.codedeploy.deployment import Deployment
from rehearsal.aws.service_api import Caller


def resource_arns(parameters: Mapping[str, Any], caller: Caller, deployments: Iterable[Deployment]) -> list[str]:
    """Deployment groups, an application or a deployment configuration, as the parameters name them.

    A deployment is authorized on its group; `deployments` are those of the caller's account and region.
    """
    prefix = f"arn:aws:codedeploy:{caller.region}:{caller.account}"
    wanted = {*parameters.get("deploymentIds", ()), parameters.get("deploymentId")}
    found = [deployment.group for deployment in deployments if deployment.deployment_id in wanted]
    if found:
        return sorted({f"{prefix}:deploymentgroup:{group.application}/{group.name}" for group in found})
    if config := parameters.get("deploymentConfigName"):
        return [f"{prefix}:deploymentconfig:{config}"]
    application = parameters.get("applicationName")
    groups = parameters.get("deploymentGroupNames") or [parameters.get("deploymentGroupName")]
    if application and any(groups):
        return [f"{prefix}:deploymentgroup:{application}/{group}" for group in groups]
    return [f"{prefix}:application:{application}"] if application else []
