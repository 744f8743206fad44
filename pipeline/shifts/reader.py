"""Reads the traffic shifts of an execution in a stage from CodeDeploy, by the stage's read-only role.

CodeDeploy does not know executions: a deployment is of the action in whose time, and in whose stack, it was created;
for a stage has one execution at a time. It must not change anything.
Sources: CodeDeploy API reference (ListDeployments, BatchGetDeployments, ListDeploymentTargets, GetDeploymentTarget);
CloudFormation API reference (ListStackResources).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from pipeline.executions.execution import ActionStatus, Execution
from pipeline.shifts.shift import Shift, shift_of

APPLICATION, GROUP = "AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup"
SLACK = timedelta(minutes=1)
"""So much earlier than its action may a deployment seem to be created: two services tell the times."""

BATCH = 25
"""BatchGetDeployments takes as many."""


@dataclass(frozen=True)
class StageClients:
    """Of the stage's account, by its reader's role."""

    cloudformation: Any
    codedeploy: Any
    cloudwatch: Any


Connect = Callable[[], StageClients]

NOT_READ = (ClientError, BotoCoreError, LookupError, TypeError, ValueError)
"""What reading another account may end in: refused, not reached, or not in the shape that is documented."""


@dataclass(frozen=True)
class Window:
    """When the stack was deployed. `until` is None while it is."""

    stack: str
    since: datetime
    until: datetime | None


def windows_of(execution: Execution, stage: str) -> list[Window]:
    """The stacks that it deployed in the stage, and when: a stage that was retried has several of one."""
    return [
        Window(
            stack=action.stack,
            since=action.started_at,
            until=None if action.status is ActionStatus.IN_PROGRESS else action.updated_at,
        )
        for action in execution.actions_of(stage)
        if action.stack is not None
    ]


def read_shifts(clients: StageClients, execution: Execution, stage: str) -> list[Shift]:
    """Those of the execution in the stage, with what put them back, in the order of their creation.

    Raises botocore's ClientError and BotoCoreError; KeyError or ValueError where an answer is not as documented.
    """
    found: dict[str, Shift] = {}
    groups: dict[str, list[Mapping[str, str]]] = {}
    for window in windows_of(execution, stage):
        if window.stack not in groups:
            groups[window.stack] = list(_groups(clients, window.stack))
        for names in groups[window.stack]:
            for shift in _in_window(clients.codedeploy, window, names):
                found[shift.deployment_id] = shift
    return sorted(found.values(), key=lambda shift: shift.created_at)


def lambda_target(codedeploy: Any, deployment_id: str) -> Mapping[str, Any]:
    """What the deployment does to its one alias, a LambdaTarget; {} where it has none."""
    ids = codedeploy.list_deployment_targets(deploymentId=deployment_id)["targetIds"]
    if not ids:
        return {}
    target = codedeploy.get_deployment_target(deploymentId=deployment_id, targetId=ids[0])["deploymentTarget"]
    found: Mapping[str, Any] = target.get("lambdaTarget", {})
    return found


def _groups(clients: StageClients, stack: str) -> Iterator[Mapping[str, str]]:
    """Of a stack as CDK writes it, with an application for each group: which is whose, the names do not tell."""
    pages = clients.cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    found = [resource for page in pages for resource in page["StackResourceSummaries"]]
    of_type = {
        kind: [each["PhysicalResourceId"] for each in found if each["ResourceType"] == kind]
        for kind in (APPLICATION, GROUP)
    }
    for application in of_type[APPLICATION]:
        for group in of_type[GROUP]:
            yield {"applicationName": application, "deploymentGroupName": group}


def _in_window(codedeploy: Any, window: Window, names: Mapping[str, str]) -> Iterator[Shift]:
    created = {"start": window.since - SLACK, **({"end": window.until} if window.until is not None else {})}
    pages = codedeploy.get_paginator("list_deployments").paginate(**names, createTimeRange=created)
    try:
        ids = [found for page in pages for found in page["deployments"]]
    except ClientError as error:
        if error.response["Error"]["Code"] == "DeploymentGroupDoesNotExistException":
            return  # the group of another application
        raise
    if not ids:
        return
    for info in _infos(codedeploy, ids):
        target = lambda_target(codedeploy, info["deploymentId"])
        if target:
            yield shift_of(info, target, stack=window.stack)


def _infos(codedeploy: Any, ids: list[str]) -> Iterator[Mapping[str, Any]]:
    """Of these and of what put them back, which may have been created when CloudFormation had heard of the failure."""
    told: set[str] = set()
    while waiting := [name for name in dict.fromkeys(ids) if name not in told]:
        infos = codedeploy.batch_get_deployments(deploymentIds=waiting[:BATCH])["deploymentsInfo"]
        told.update(waiting[:BATCH])
        ids += [back for info in infos if (back := info.get("rollbackInfo", {}).get("rollbackDeploymentId"))]
        yield from infos
