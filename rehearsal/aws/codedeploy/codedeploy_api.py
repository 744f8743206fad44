"""The operations of CodeDeploy that hooks, tools and people call. It must not decide anything.

Source: the CodeDeploy API reference; shapes and names are the API's. Times are on the caller's wall clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from rehearsal.aws.codedeploy.answers import Answers
from rehearsal.aws.codedeploy.api_resources import resource_arns
from rehearsal.aws.codedeploy.codedeploy import CodeDeploy
from rehearsal.aws.codedeploy.deployment import Deployment, LifecycleEventStatus
from rehearsal.aws.codedeploy.deployment_config import PREDEFINED
from rehearsal.aws.codedeploy.errors import CodeDeployRejection
from rehearsal.aws.service_api import ApiError, Caller

_Answer = Mapping[str, Any]
_REPORTABLE = ("Succeeded", "Failed")


class CodeDeployApi:
    """See the module; it is a `ServiceApi`."""

    service = "codedeploy"

    def __init__(self, codedeploy: CodeDeploy) -> None:
        self._codedeploy = codedeploy
        self._answers = Answers(self._wall_time)
        self._handlers: dict[str, Callable[[Mapping[str, Any], Caller], _Answer]] = {
            "PutLifecycleEventHookExecutionStatus": self._put_hook_status,
            "GetDeployment": self._get_deployment,
            "BatchGetDeployments": self._batch_get_deployments,
            "ListDeployments": self._list_deployments,
            "StopDeployment": self._stop_deployment,
            "ListDeploymentTargets": self._list_targets,
            "GetDeploymentTarget": self._get_target,
            "BatchGetDeploymentTargets": self._batch_get_targets,
            "GetDeploymentGroup": self._get_group,
            "BatchGetDeploymentGroups": self._batch_get_groups,
            "ListDeploymentGroups": self._list_groups,
            "GetApplication": self._get_application,
            "ListApplications": self._list_applications,
            "GetDeploymentConfig": self._get_config,
            "ListDeploymentConfigs": self._list_configs,
        }
        self.operations = frozenset(self._handlers)

    def resources(self, operation: str, parameters: Mapping[str, Any], caller: Caller) -> list[str]:
        return resource_arns(parameters, caller, self._codedeploy.deployments(caller.account, caller.region))

    def call(self, operation: str, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        try:
            return self._handlers[operation](parameters, caller)
        except CodeDeployRejection as exc:
            raise ApiError(exc.code, str(exc)) from exc

    def _wall_time(self, aws: float) -> datetime:
        return datetime.fromtimestamp(self._codedeploy.services.clock.to_wall(aws), UTC)

    def _deployment(self, identity: str, caller: Caller) -> Deployment:
        return self._codedeploy.deployment(caller.account, caller.region, identity)

    def _put_hook_status(self, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        status = str(parameters.get("status"))
        if status not in _REPORTABLE:
            message = f"The status is {status}; a hook reports Succeeded or Failed."
            raise CodeDeployRejection("InvalidLifecycleEventHookExecutionStatusException", message)
        identity = str(parameters.get("lifecycleEventHookExecutionId"))
        deployment_id = str(parameters.get("deploymentId"))
        place = (caller.account, caller.region)
        self._codedeploy.put_hook_status(*place, deployment_id, identity, LifecycleEventStatus(status))
        return {"lifecycleEventHookExecutionId": identity}

    def _get_deployment(self, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        return {"deploymentInfo": self._answers.deployment(self._deployment(parameters["deploymentId"], caller))}

    def _batch_get_deployments(self, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        wanted = set(parameters["deploymentIds"])
        found = [d for d in self._codedeploy.deployments(caller.account, caller.region) if d.deployment_id in wanted]
        return {"deploymentsInfo": [self._answers.deployment(deployment) for deployment in found]}

    def _list_deployments(self, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        application, group = parameters.get("applicationName"), parameters.get("deploymentGroupName")
        statuses = parameters.get("includeOnlyStatuses") or ()
        created = parameters.get("createTimeRange") or {}
        return {
            "deployments": [
                deployment.deployment_id
                for deployment in self._codedeploy.deployments(caller.account, caller.region)
                if application in (None, deployment.group.application)
                and group in (None, deployment.group.name)
                and (not statuses or deployment.status in statuses)
                and _is_within(self._wall_time(deployment.created_at), created)
            ]
        }

    def _stop_deployment(self, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        is_rollback_wanted = bool(parameters.get("autoRollbackEnabled", False))
        identity = str(parameters["deploymentId"])
        self._codedeploy.stop(caller.account, caller.region, identity, is_rollback_wanted=is_rollback_wanted)
        return {"status": "Pending", "statusMessage": f"Deployment {identity} is being stopped."}

    def _list_targets(self, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        return {"targetIds": [self._answers.target_id(self._deployment(parameters["deploymentId"], caller))]}

    def _get_target(self, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        return {"deploymentTarget": self._answers.target(self._deployment(parameters["deploymentId"], caller))}

    def _batch_get_targets(self, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        return {"deploymentTargets": [self._answers.target(self._deployment(parameters["deploymentId"], caller))]}

    def _get_group(self, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        application, name = str(parameters["applicationName"]), str(parameters["deploymentGroupName"])
        group = self._codedeploy.group(caller.account, caller.region, application, name)
        return {"deploymentGroupInfo": self._answers.group(group)}

    def _batch_get_groups(self, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        groups = self._codedeploy.groups(caller.account, caller.region, str(parameters["applicationName"]))
        wanted = set(parameters["deploymentGroupNames"])
        return {"deploymentGroupsInfo": [self._answers.group(group) for group in groups if group.name in wanted]}

    def _list_groups(self, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        application = str(parameters["applicationName"])
        groups = self._codedeploy.groups(caller.account, caller.region, application)
        return {"applicationName": application, "deploymentGroups": [group.name for group in groups]}

    def _get_application(self, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        name = str(parameters["applicationName"])
        identity = self._codedeploy.application_id(caller.account, caller.region, name)
        return {"application": {"applicationId": identity, "applicationName": name, "computePlatform": "Lambda"}}

    def _list_applications(self, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        return {"applications": self._codedeploy.applications(caller.account, caller.region)}

    def _get_config(self, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        name = str(parameters["deploymentConfigName"])
        config = self._codedeploy.config(caller.account, caller.region, name)
        return {"deploymentConfigInfo": self._answers.config(config)}

    def _list_configs(self, parameters: Mapping[str, Any], caller: Caller) -> _Answer:
        return {"deploymentConfigsList": [*PREDEFINED, *self._codedeploy.configs(caller.account, caller.region)]}


def _is_within(time: datetime, time_range: Mapping[str, Any]) -> bool:
    start, end = time_range.get("start"), time_range.get("end")
    return (start is None or time >= start) and (end is None or time < end)
