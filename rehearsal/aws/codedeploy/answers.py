"""How CodeDeploy's API describes deployments, groups and configurations. It must not look anything up.

Source: DeploymentInfo, LambdaTarget, DeploymentGroupInfo and DeploymentConfigInfo of the API reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, assert_never

from rehearsal.aws.codedeploy.deployment import Deployment, DeploymentGroup, LifecycleEvent
from rehearsal.aws.codedeploy.deployment_config import AllAtOnce, Canary, DeploymentConfig, Linear

_STYLE = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}


class Answers:
    """`time` turns seconds since the epoch on the run's clock into a time on the caller's."""

    def __init__(self, time: Callable[[float], datetime]) -> None:
        self._time = time

    def deployment(self, deployment: Deployment) -> Mapping[str, Any]:
        group = deployment.group
        info: dict[str, Any] = {
            "applicationName": group.application,
            "deploymentGroupName": group.name,
            "deploymentConfigName": group.config_name,
            "deploymentId": deployment.deployment_id,
            "status": deployment.status.value,
            "createTime": self._time(deployment.created_at),
            "creator": deployment.creator,
            "ignoreApplicationStopFailures": False,
            "computePlatform": "Lambda",
            "deploymentStyle": _STYLE,
            "autoRollbackConfiguration": _auto_rollback(group),
        }
        rollback = {
            "rollbackDeploymentId": deployment.rolled_back_by,
            "rollbackTriggeringDeploymentId": deployment.rolls_back,
        }
        if any(rollback.values()):
            info["rollbackInfo"] = {name: value for name, value in rollback.items() if value}
        if deployment.error_code:
            info["errorInformation"] = {"code": deployment.error_code, "message": deployment.error_message}
        return {**info, **self._times(("startTime", deployment.started_at), ("completeTime", deployment.ended_at))}

    def target_id(self, deployment: Deployment) -> str:
        alias = deployment.shift.alias
        return f"{alias.name}:{alias.qualifier}"

    def target(self, deployment: Deployment) -> Mapping[str, Any]:
        shift = deployment.shift
        function = {
            "functionName": shift.alias.name,
            "functionAlias": shift.alias.qualifier,
            "currentVersion": shift.from_version,
            "targetVersion": shift.to_version,
            "targetVersionWeight": deployment.weight_percent / 100,
        }
        target: dict[str, Any] = {
            "deploymentId": deployment.deployment_id,
            "targetId": self.target_id(deployment),
            "targetArn": str(shift.alias),
            "status": deployment.status.value if deployment.is_over else "InProgress",
            "lifecycleEvents": [self._lifecycle_event(event) for event in deployment.events.values()],
            "lambdaFunctionInfo": function,
        }
        if deployment.status.value == "Stopped":
            target["status"] = "Failed"  # a target's statuses have no Stopped
        return {"deploymentTargetType": "LambdaTarget", "lambdaTarget": target}

    def group(self, group: DeploymentGroup) -> Mapping[str, Any]:
        return {
            "applicationName": group.application,
            "deploymentGroupId": group.group_id,
            "deploymentGroupName": group.name,
            "deploymentConfigName": group.config_name,
            "serviceRoleArn": group.service_role_arn,
            "computePlatform": "Lambda",
            "deploymentStyle": _STYLE,
            "autoRollbackConfiguration": _auto_rollback(group),
            "alarmConfiguration": {
                "enabled": bool(group.alarms),
                "ignorePollAlarmFailure": group.is_poll_failure_ignored,
                "alarms": [{"name": name} for name in group.alarms],
            },
        }

    def config(self, config: DeploymentConfig) -> Mapping[str, Any]:
        return {
            "deploymentConfigName": config.name,
            "computePlatform": "Lambda",
            "trafficRoutingConfig": _routing(config),
        }

    def _lifecycle_event(self, event: LifecycleEvent) -> Mapping[str, Any]:
        described = {"lifecycleEventName": event.name.value, "status": event.status.value}
        return {**described, **self._times(("startTime", event.started_at), ("endTime", event.ended_at))}

    def _times(self, *times: tuple[str, float | None]) -> dict[str, datetime]:
        return {name: self._time(time) for name, time in times if time is not None}


def _auto_rollback(group: DeploymentGroup) -> Mapping[str, Any]:
    return {"enabled": bool(group.rollback_events), "events": sorted(group.rollback_events)}


def _routing(config: DeploymentConfig) -> Mapping[str, Any]:
    routing = config.routing
    match routing:
        case AllAtOnce():
            return {"type": "AllAtOnce"}
        case Canary(percent, minutes):
            shares = {"canaryPercentage": percent, "canaryInterval": minutes}
            return {"type": "TimeBasedCanary", "timeBasedCanary": shares}
        case Linear(percent, minutes):
            shares = {"linearPercentage": percent, "linearInterval": minutes}
            return {"type": "TimeBasedLinear", "timeBasedLinear": shares}
    assert_never(routing)
