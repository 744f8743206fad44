"""CloudFormation's resource types of CodeDeploy: application, deployment group, deployment configuration.

It must not deploy. Source: AWS::CodeDeploy::Application, ::DeploymentGroup and ::DeploymentConfig in the template
reference (return values, and which changes are replacements).
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from typing import Any

from rehearsal.aws.codedeploy.codedeploy import CodeDeploy
from rehearsal.aws.codedeploy.deployment import DeploymentGroup, RollbackEvent
from rehearsal.aws.codedeploy.deployment_config import DEFAULT_CONFIG, DeploymentConfig, parse_traffic_routing
from rehearsal.aws.codedeploy.errors import CodeDeployRejection, NotThere
from rehearsal.aws.resource import ResourceFailed, ResourceRequest, ResourceResult, ResourceUnsupported, as_bool

APPLICATION = "AWS::CodeDeploy::Application"
GROUP = "AWS::CodeDeploy::DeploymentGroup"
CONFIG = "AWS::CodeDeploy::DeploymentConfig"
_MOST_ALARMS = 10
_IDENTITY = {
    APPLICATION: ("ApplicationName", "ComputePlatform"),
    GROUP: ("ApplicationName", "DeploymentGroupName"),
    CONFIG: ("DeploymentConfigName", "ComputePlatform", "TrafficRoutingConfig"),
}
_NAME = {APPLICATION: "ApplicationName", GROUP: "DeploymentGroupName", CONFIG: "DeploymentConfigName"}


class CodeDeployProvider:
    """See the module; it is a `ResourceProvider`."""

    resource_types = frozenset({APPLICATION, GROUP, CONFIG})

    def __init__(self, codedeploy: CodeDeploy) -> None:
        self._codedeploy = codedeploy

    def create(self, request: ResourceRequest) -> ResourceResult:
        require_lambda(request)
        name = request.properties.get(_NAME[request.resource_type]) or _generated_name(request)
        try:
            match request.resource_type:
                case "AWS::CodeDeploy::Application":
                    self._codedeploy.create_application(request.account, request.region, name)
                case "AWS::CodeDeploy::DeploymentGroup":
                    self._codedeploy.create_group(parse_group(request, name, str(uuid.uuid4())))
                case _:
                    config = DeploymentConfig(name, parse_traffic_routing(request.properties["TrafficRoutingConfig"]))
                    self._codedeploy.create_config(request.account, request.region, config)
        except (CodeDeployRejection, ValueError) as exc:
            raise ResourceFailed(str(exc)) from exc
        return ResourceResult(name)

    def update(self, request: ResourceRequest) -> ResourceResult:
        identity = _IDENTITY[request.resource_type]
        if any(request.properties.get(key) != request.old_properties.get(key) for key in identity):
            return self.create(request)
        name = str(request.physical_id)
        if request.resource_type == GROUP:
            require_lambda(request)
            try:
                application = str(request.properties["ApplicationName"])
                known = self._codedeploy.group(request.account, request.region, application, name)
                self._codedeploy.update_group(parse_group(request, name, known.group_id))
            except (CodeDeployRejection, ValueError) as exc:
                raise ResourceFailed(str(exc)) from exc
        return ResourceResult(name)

    def delete(self, request: ResourceRequest) -> None:
        account, region, name = request.account, request.region, str(request.physical_id)
        try:
            match request.resource_type:
                case "AWS::CodeDeploy::Application":
                    self._codedeploy.delete_application(account, region, name)
                case "AWS::CodeDeploy::DeploymentGroup":
                    self._codedeploy.delete_group(account, region, str(request.properties["ApplicationName"]), name)
                case _:
                    self._codedeploy.delete_config(account, region, name)
        except NotThere:
            return
        except CodeDeployRejection as exc:
            raise ResourceFailed(str(exc)) from exc


def parse_group(request: ResourceRequest, name: str, group_id: str) -> DeploymentGroup:
    """Raises ValueError for what CodeDeploy would refuse."""
    properties = request.properties
    alarms = properties.get("AlarmConfiguration") or {}
    names = tuple(str(alarm["Name"]) for alarm in alarms.get("Alarms") or [])
    if len(names) > _MOST_ALARMS:
        raise ValueError(f"The deployment group {name} has {len(names)} alarms; {_MOST_ALARMS} are allowed.")
    is_watched = as_bool(alarms.get("Enabled", bool(names)))
    return DeploymentGroup(
        account=request.account,
        region=request.region,
        application=str(properties["ApplicationName"]),
        name=name,
        group_id=group_id,
        service_role_arn=str(properties["ServiceRoleArn"]),
        config_name=str(properties.get("DeploymentConfigName") or DEFAULT_CONFIG),
        alarms=names if is_watched else (),
        is_poll_failure_ignored=as_bool(alarms.get("IgnorePollAlarmFailure", False)),
        rollback_events=_rollback_events(properties.get("AutoRollbackConfiguration") or {}),
    )


def _rollback_events(configuration: Mapping[str, Any]) -> frozenset[RollbackEvent]:
    if not as_bool(configuration.get("Enabled", False)):
        return frozenset()
    return frozenset(RollbackEvent(event) for event in configuration.get("Events") or [])


def require_lambda(request: ResourceRequest) -> None:
    """A group takes its platform from its application, so it names none."""
    platform = request.properties.get("ComputePlatform")
    if request.resource_type != GROUP and platform != "Lambda":
        wanted = f"deploys to Lambda only, not to {platform or 'Server'}"
        raise ResourceUnsupported(f"{request.logical_id}: the local CodeDeploy {wanted}.")


def _generated_name(request: ResourceRequest) -> str:
    suffix = secrets.token_hex(6).upper()
    return f"{request.stack_name[:40]}-{request.logical_id[:40]}-{suffix}"
