"""What CodeDeploy knows of a traffic shift, in types: parsed once, here, from the shapes of its API.

It must not ask CodeDeploy (`reader.py` does), nor know which release a shift is of. Sources: CodeDeploy API reference,
DeploymentInfo, LambdaTarget, LambdaFunctionInfo, LifecycleEvent, RollbackInfo; user guide, "Redeploy and roll back a
deployment with CodeDeploy" (a rollback is a deployment of its own).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class DeploymentStatus(StrEnum):
    CREATED = "Created"
    QUEUED = "Queued"
    IN_PROGRESS = "InProgress"
    BAKING = "Baking"
    READY = "Ready"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"


BEFORE, ALLOW, AFTER = "BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"
_CREATORS_OF_WAYS_BACK = ("codeDeployRollback", "CloudFormationRollback")
_NOT_BEGUN = ("Pending", "Skipped")
_OVER = (DeploymentStatus.SUCCEEDED, DeploymentStatus.FAILED, DeploymentStatus.STOPPED)


@dataclass(frozen=True, kw_only=True)
class Shift:
    """One deployment of a function's alias. `traffic_from` is when the new version began to get traffic, None: it never
    did. `failed_event` is the lifecycle event that failed, "" for none.

    `is_way_back` is of one that puts another back: CodeDeploy's own, or CloudFormation's.
    """

    deployment_id: str
    stack: str
    function: str
    alias: str
    from_version: str
    to_version: str
    status: DeploymentStatus
    created_at: datetime
    ended_at: datetime | None = None
    traffic_from: datetime | None = None
    failed_event: str = ""
    error_code: str = ""
    reason: str = ""
    rolled_back_by: str = ""
    is_way_back: bool = False

    @property
    def is_over(self) -> bool:
        return self.status in _OVER

    @property
    def has_failed(self) -> bool:
        return self.status in (DeploymentStatus.FAILED, DeploymentStatus.STOPPED)


def shift_of(info: Mapping[str, Any], target: Mapping[str, Any], *, stack: str) -> Shift:
    """From a DeploymentInfo and its LambdaTarget. Raises KeyError or ValueError where they are no such thing."""
    function = target["lambdaFunctionInfo"]
    rollback = info.get("rollbackInfo", {})
    error = info.get("errorInformation", {})
    return Shift(
        deployment_id=info["deploymentId"],
        stack=stack,
        function=function["functionName"],
        alias=function["functionAlias"],
        from_version=function.get("currentVersion", ""),
        to_version=function["targetVersion"],
        status=DeploymentStatus(info["status"]),
        created_at=info["createTime"],
        ended_at=info.get("completeTime"),
        traffic_from=_traffic_from(info, target),
        failed_event=next((each["lifecycleEventName"] for each in _events(target) if each["status"] == "Failed"), ""),
        error_code=error.get("code", ""),
        reason=error.get("message", ""),
        rolled_back_by=rollback.get("rollbackDeploymentId", ""),
        is_way_back=info.get("creator") in _CREATORS_OF_WAYS_BACK or "rollbackTriggeringDeploymentId" in rollback,
    )


def put_back_at(shift: Shift, shifts: Iterable[Shift]) -> datetime | None:
    """When the version before had all traffic again, of one that is over; None where it has not, as far as is known.

    One that failed and never moved traffic is back when it ends. `shifts` are those among which the way back is looked
    for.
    """
    if shift.has_failed and shift.traffic_from is None:
        return shift.ended_at
    ways_back = [
        other.ended_at
        for other in shifts
        if other.status is DeploymentStatus.SUCCEEDED
        and other.ended_at is not None
        and (other.deployment_id == shift.rolled_back_by or _goes_back(other, shift))
    ]
    return min(ways_back, default=None)


def released(shifts: Iterable[Shift]) -> list[Shift]:
    """Those that brought something, in the order of their creation: not those that put one of them back, whoever says
    to have made these; it may have been a person.
    """
    found: list[Shift] = []
    for shift in sorted(shifts, key=lambda each: each.created_at):
        is_reverse = any(shift.from_version == other.to_version and _goes_back(shift, other) for other in found)
        if not shift.is_way_back and not is_reverse:
            found.append(shift)
    return found


def _goes_back(other: Shift, shift: Shift) -> bool:
    return (
        (other.function, other.alias, other.to_version) == (shift.function, shift.alias, shift.from_version)
        and other.created_at >= shift.created_at
        and other.deployment_id != shift.deployment_id
    )


def _traffic_from(info: Mapping[str, Any], target: Mapping[str, Any]) -> datetime | None:
    """Where CodeDeploy does not tell of the lifecycle event, the deployment's start: somebody may have got it."""
    allow = next((event for event in _events(target) if event["lifecycleEventName"] == ALLOW), None)
    if allow is None:
        begun: datetime = info.get("startTime", info["createTime"])
        return begun
    return None if allow["status"] in _NOT_BEGUN else allow.get("startTime")


def _events(target: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = target.get("lifecycleEvents", ())
    return found
