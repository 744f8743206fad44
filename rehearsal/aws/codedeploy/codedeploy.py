"""CodeDeploy for Lambda: applications, deployment groups and configurations of every account, and their deployments.

It must not know CloudFormation nor the API's shapes. Safe to use from several threads.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import replace

from rehearsal.aws.codedeploy.deployment import (
    AliasShift,
    Creator,
    Deployment,
    DeploymentGroup,
    LifecycleEventStatus,
    new_deployment_id,
)
from rehearsal.aws.codedeploy.deployment_config import DeploymentConfig, predefined
from rehearsal.aws.codedeploy.deployment_run import DeploymentRun
from rehearsal.aws.codedeploy.errors import CodeDeployRejection, DeploymentLimit, NotThere
from rehearsal.aws.codedeploy.ports import Services
from rehearsal.aws.stack_changes import StackChange

_Place = tuple[str, str]


class CodeDeploy:
    """See the module. `account, region` come first everywhere; unknown names raise NotThere."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._lock = threading.RLock()
        self._applications: dict[tuple[_Place, str], str] = {}
        self._groups: dict[tuple[str, str, str, str], DeploymentGroup] = {}
        self._configs: dict[tuple[_Place, str], DeploymentConfig] = {}
        self._deployments: dict[str, Deployment] = {}

    def create_application(self, account: str, region: str, name: str) -> None:
        with self._lock:
            if ((account, region), name) in self._applications:
                raise CodeDeployRejection("ApplicationAlreadyExistsException", f"Application already exists: {name}")
            self._applications[(account, region), name] = str(uuid.uuid4())

    def delete_application(self, account: str, region: str, name: str) -> None:
        """With its groups, as the API does. Nothing happens when it is not there."""
        with self._lock:
            self._applications.pop(((account, region), name), None)
            mine = [key for key in self._groups if key[:3] == (account, region, name)]
            for key in mine:
                del self._groups[key]

    def application_id(self, account: str, region: str, name: str) -> str:
        with self._lock:
            if ((account, region), name) not in self._applications:
                raise NotThere("ApplicationDoesNotExistException", f"No application found for name: {name}")
            return self._applications[(account, region), name]

    def applications(self, account: str, region: str) -> list[str]:
        with self._lock:
            return sorted(name for place, name in self._applications if place == (account, region))

    def create_group(self, group: DeploymentGroup) -> None:
        with self._lock:
            if group.key in self._groups:
                message = f"Deployment group name already exists: {group.name}"
                raise CodeDeployRejection("DeploymentGroupAlreadyExistsException", message)
            self._put_group(group)

    def update_group(self, group: DeploymentGroup) -> None:
        with self._lock:
            self.group(*group.key)
            self._put_group(group)

    def _put_group(self, group: DeploymentGroup) -> None:
        self.application_id(group.account, group.region, group.application)
        self.config(group.account, group.region, group.config_name)
        self._groups[group.key] = group

    def delete_group(self, account: str, region: str, application: str, name: str) -> None:
        """Nothing happens when it is not there."""
        with self._lock:
            self._groups.pop((account, region, application, name), None)

    def group(self, account: str, region: str, application: str, name: str) -> DeploymentGroup:
        with self._lock:
            group = self._groups.get((account, region, application, name))
        if group is None:
            self.application_id(account, region, application)
            message = f"No Deployment Group found for name: {name}"
            raise NotThere("DeploymentGroupDoesNotExistException", message)
        return group

    def groups(self, account: str, region: str, application: str) -> list[DeploymentGroup]:
        with self._lock:
            self.application_id(account, region, application)
            return [group for key, group in sorted(self._groups.items()) if key[:3] == (account, region, application)]

    def create_config(self, account: str, region: str, config: DeploymentConfig) -> None:
        with self._lock:
            if ((account, region), config.name) in self._configs or predefined(config.name):
                message = f"Deployment configuration already exists: {config.name}"
                raise CodeDeployRejection("DeploymentConfigAlreadyExistsException", message)
            self._configs[(account, region), config.name] = config

    def delete_config(self, account: str, region: str, name: str) -> None:
        """Nothing happens when it is not there."""
        with self._lock:
            users = [
                g.name for g in self._groups.values() if (g.account, g.region, g.config_name) == (account, region, name)
            ]
            if users:
                message = f"The deployment configuration {name} is used by deployment group {users[0]}"
                raise CodeDeployRejection("DeploymentConfigInUseException", message)
            self._configs.pop(((account, region), name), None)

    def config(self, account: str, region: str, name: str) -> DeploymentConfig:
        with self._lock:
            config = predefined(name) or self._configs.get(((account, region), name))
        if config is None:
            message = f"No Deployment Configuration found for name: {name}"
            raise NotThere("DeploymentConfigDoesNotExistException", message)
        return config

    def configs(self, account: str, region: str) -> list[str]:
        """The names of the account's own configurations."""
        with self._lock:
            return sorted(name for place, name in self._configs if place == (account, region))

    def deploy(
        self,
        group: DeploymentGroup,
        shift: AliasShift,
        creator: Creator = Creator.CLOUDFORMATION,
        change: StackChange | None = None,
    ) -> Deployment:
        """Shifts the alias, and returns when the deployment is over. DeploymentLimit when the group is deploying."""
        config = self.config(group.account, group.region, group.config_name)
        with self._lock:
            active = next((d for d in self._deployments.values() if d.group.key == group.key and not d.is_over), None)
            if active is not None:
                raise DeploymentLimit(group.name, active.deployment_id)
            now = self.services.clock.now()
            deployment = Deployment(new_deployment_id(), group, shift, now, creator, change or StackChange())
            self._deployments[deployment.deployment_id] = deployment
        DeploymentRun(deployment, config.name, config.routing.schedule(), self.services, self._new_rollback).run()
        return deployment

    def _new_rollback(self, deployment: Deployment) -> Deployment:
        """A deployment of its own, which takes the alias back to the version that it came from."""
        shift = deployment.shift
        back = replace(shift, from_version=shift.to_version, to_version=shift.from_version)
        now = self.services.clock.now()
        rollback = Deployment(new_deployment_id(), deployment.group, back, now, Creator.ROLLBACK, deployment.change)
        deployment.rolled_back_by, rollback.rolls_back = rollback.deployment_id, deployment.deployment_id
        with self._lock:
            self._deployments[rollback.deployment_id] = rollback
        return rollback

    def deployment(self, account: str, region: str, deployment_id: str) -> Deployment:
        with self._lock:
            deployment = self._deployments.get(deployment_id)
        if deployment is None or (deployment.group.account, deployment.group.region) != (account, region):
            message = f"The deployment {deployment_id} could not be found"
            raise NotThere("DeploymentDoesNotExistException", message)
        return deployment

    def deployments(self, account: str, region: str) -> list[Deployment]:
        """The latest first."""
        with self._lock:
            return [
                deployment
                for deployment in reversed(self._deployments.values())
                if (deployment.group.account, deployment.group.region) == (account, region)
            ]

    def all_deployments(self) -> list[Deployment]:
        """Of every account and region, the earliest first."""
        with self._lock:
            return list(self._deployments.values())

    def watched_alarms(self) -> set[tuple[str, str, str]]:
        """The account, region and name of every alarm that may stop a deployment that runs now."""
        return {
            (deployment.group.account, deployment.group.region, alarm)
            for deployment in self.all_deployments()
            if not deployment.is_over
            for alarm in deployment.group.alarms
        }

    def stop(self, account: str, region: str, deployment_id: str, *, is_rollback_wanted: bool) -> None:
        deployment = self.deployment(account, region, deployment_id)
        if deployment.is_over:
            message = f"The deployment {deployment_id} is already complete"
            raise CodeDeployRejection("DeploymentAlreadyCompletedException", message)
        deployment.is_rollback_requested = is_rollback_wanted
        deployment.is_stop_requested = True

    def put_hook_status(
        self, account: str, region: str, deployment_id: str, hook_execution_id: str, status: LifecycleEventStatus
    ) -> None:
        """A hook's callback; its first word counts."""
        deployment = self.deployment(account, region, deployment_id)
        with deployment.lock:
            events = deployment.events.values()
            event = next((known for known in events if known.hook_execution_id == hook_execution_id), None)
            if event is None:
                message = f"The lifecycle event hook execution ID {hook_execution_id} is not of {deployment_id}"
                raise CodeDeployRejection("InvalidLifecycleEventHookExecutionIdException", message)
            if event.status is not LifecycleEventStatus.IN_PROGRESS:
                message = f"The lifecycle event {event.name} of {deployment_id} is already {event.status}"
                raise CodeDeployRejection("LifecycleEventAlreadyCompletedException", message)
            event.ended_at = self.services.clock.now()
            event.status = status
