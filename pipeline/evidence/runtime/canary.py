"""What staging's traffic shifts say of the versions that this release brings: deployments, traffic, errors, alarms.

A deployment is found by the version that it shifted to, the one that staging has now, and not by time: a function that
this execution did not change was shifted to in an earlier one, and that is its proof. It must not change anything.
Sources: CodeDeploy API reference (ListDeployments, BatchGetDeployments, GetDeploymentTarget); Lambda developer guide,
"Types of metrics" (the dimensions Resource and ExecutedVersion); CloudWatch API reference (GetMetricData).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pipeline.evidence.runtime.executions import iso
from pipeline.evidence.runtime.model import GONE, Alarm, Canary, Deployment, Traffic
from pipeline.shifts.reader import BATCH, lambda_target
from pipeline.shifts.traffic import lambda_query, read_minutes, state_of

Template = Mapping[str, Any]
_LATEST = 25
"""Among so many deployments of a group the one to staging's version is looked for."""

_LONGEST = timedelta(hours=3)


@dataclass(frozen=True)
class Clients:
    """Of the stage's account, by its reader's role."""

    cloudformation: Any
    codedeploy: Any
    cloudwatch: Any


@dataclass(frozen=True)
class Shifted:
    """An alias that CodeDeploy shifts, by logical ids."""

    stack: str
    function: str
    version: str
    application: str
    group: str


def shifted_aliases(templates: Mapping[str, Template]) -> Iterator[Shifted]:
    for stack, template in sorted(templates.items()):
        for resource in template.get("Resources", {}).values():
            update = resource.get("UpdatePolicy", {}).get("CodeDeployLambdaAliasUpdate")
            if resource["Type"] == "AWS::Lambda::Alias" and update is not None:
                yield Shifted(
                    stack=stack,
                    function=resource["Properties"]["FunctionName"]["Ref"],
                    version=resource["Properties"]["FunctionVersion"]["Fn::GetAtt"][0],
                    application=update["ApplicationName"]["Ref"],
                    group=update["DeploymentGroupName"]["Ref"],
                )


def canary(clients: Clients, templates: Mapping[str, Template], *, wanted: Mapping[str, str]) -> Canary:
    """`templates` are staging's; `wanted` names the functions to tell of: their logical id by staging's stack."""
    deployments, without = [], {}
    for shifted in shifted_aliases(templates):
        if wanted.get(shifted.stack) != shifted.function:
            continue
        found = _deployment(clients, shifted)
        if isinstance(found, str):
            without[f"{shifted.stack}/{shifted.function}"] = found
        else:
            deployments.append(found)
    return Canary(tuple(deployments), without)


def _deployment(clients: Clients, shifted: Shifted) -> Deployment | str:
    """The deployment, or why there is none."""
    physical = _physical_ids(clients.cloudformation, shifted.stack)
    missing = [name for name in (shifted.version, shifted.application, shifted.group) if name not in physical]
    if missing:
        return f"Stack {shifted.stack} has no {', '.join(missing)}: staging runs something else by now."
    version = physical[shifted.version].rpartition(":")[2]
    names = {
        "applicationName": physical[shifted.application],
        "deploymentGroupName": physical[shifted.group],
    }
    for info in _latest(clients.codedeploy, names):
        target = lambda_target(clients.codedeploy, info["deploymentId"]).get("lambdaFunctionInfo", {})
        if target.get("targetVersion") == version:
            return _told(clients, shifted, info, target, clients.codedeploy.get_deployment_group(**names))
    return f"No traffic was shifted to version {version}: it was the first of its alias."


def _latest(codedeploy: Any, names: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The newest first. In which order ListDeployments tells them, no page says."""
    ids = [
        found
        for page in codedeploy.get_paginator("list_deployments").paginate(**names)
        for found in page["deployments"]
    ]
    infos = [
        info
        for start in range(0, len(ids), BATCH)
        for info in codedeploy.batch_get_deployments(deploymentIds=ids[start : start + BATCH])["deploymentsInfo"]
    ]
    return sorted(infos, key=lambda info: info["createTime"], reverse=True)[:_LATEST]


def _physical_ids(cloudformation: Any, stack: str) -> dict[str, str]:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return {
        found["LogicalResourceId"]: found.get("PhysicalResourceId", "")
        for page in pages
        for found in page["StackResourceSummaries"]
    }


def _told(
    clients: Clients,
    shifted: Shifted,
    info: Mapping[str, Any],
    target: Mapping[str, Any],
    group: Mapping[str, Any],
) -> Deployment:
    started, ended = info.get("startTime", info["createTime"]), info.get("completeTime")
    until = ended or started + _LONGEST
    minutes, traffic = _traffic(clients.cloudwatch, target, started, until)
    alarms = [alarm["name"] for alarm in group["deploymentGroupInfo"].get("alarmConfiguration", {}).get("alarms", [])]
    return Deployment(
        stack=shifted.stack,
        function=target["functionName"],
        deployment_id=info["deploymentId"],
        status=info["status"],
        from_version=target.get("currentVersion", ""),
        to_version=target["targetVersion"],
        started_at=iso(started),
        ended_at=iso(ended) if ended else None,
        problem=info.get("errorInformation", {}).get("message"),
        minutes=minutes,
        traffic=traffic,
        alarms=tuple(_alarms(clients.cloudwatch, alarms, started, until)),
    )


def _traffic(
    cloudwatch: Any, target: Mapping[str, Any], started: datetime, until: datetime
) -> tuple[tuple[str, ...], tuple[Traffic, ...]]:
    """The minutes of the shift and what each version did in them."""
    versions = [version for version in (target.get("currentVersion"), target["targetVersion"]) if version]
    queries = [
        lambda_query(
            f"{metric.lower()}{number}",
            metric,
            function=target["functionName"],
            alias=target["functionAlias"],
            version=version,
        )
        for number, version in enumerate(versions)
        for metric in ("Invocations", "Errors")
    ]
    first = started.replace(second=0, microsecond=0)
    last = until.replace(second=0, microsecond=0) + timedelta(minutes=1)
    values = read_minutes(cloudwatch, queries, first, last)
    times = sorted({time for series in values.values() for time in series})
    return tuple(iso(time) for time in times), tuple(
        Traffic(
            version=version,
            invocations=tuple(values[f"invocations{number}"].get(time) for time in times),
            errors=tuple(values[f"errors{number}"].get(time) for time in times),
        )
        for number, version in enumerate(versions)
    )


def _alarms(cloudwatch: Any, names: list[str], started: datetime, until: datetime) -> Iterator[Alarm]:
    if not names:
        return
    found = cloudwatch.describe_alarms(AlarmNames=names, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    states = {
        alarm["AlarmName"]: alarm["StateValue"]
        for alarm in (*found.get("MetricAlarms", ()), *found.get("CompositeAlarms", ()))
    }
    for name in names:
        yield Alarm(name, states.get(name, GONE), _went_off(cloudwatch, name, started, until))


def _went_off(cloudwatch: Any, name: str, started: datetime, until: datetime) -> bool:
    history = cloudwatch.describe_alarm_history(
        AlarmName=name, HistoryItemType="StateUpdate", StartDate=started, EndDate=until
    )
    return any(state_of(item) == "ALARM" for item in history["AlarmHistoryItems"])
