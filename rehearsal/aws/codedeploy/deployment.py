"""What CodeDeploy knows of deployment groups and deployments. It must not act on them.

Source: the CodeDeploy API's DeploymentGroupInfo, DeploymentInfo and LambdaTarget.
"""

from __future__ import annotations

import secrets
import string
import threading
from dataclasses import dataclass, field
from enum import StrEnum

from rehearsal.aws.lambda_host.function import FunctionArn
from rehearsal.aws.stack_changes import StackChange


class DeploymentStatus(StrEnum):
    CREATED = "Created"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"


class Creator(StrEnum):
    """Of a deployment, as its DeploymentInfo says it."""

    CLOUDFORMATION = "CloudFormation"
    CLOUDFORMATION_ROLLBACK = "CloudFormationRollback"
    ROLLBACK = "codeDeployRollback"


class LifecycleEventName(StrEnum):
    BEFORE = "BeforeAllowTraffic"
    SHIFT = "AllowTraffic"
    AFTER = "AfterAllowTraffic"


class LifecycleEventStatus(StrEnum):
    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    SKIPPED = "Skipped"


class RollbackEvent(StrEnum):
    FAILURE = "DEPLOYMENT_FAILURE"
    ALARM = "DEPLOYMENT_STOP_ON_ALARM"
    STOP = "DEPLOYMENT_STOP_ON_REQUEST"


@dataclass(frozen=True, kw_only=True)
class DeploymentGroup:
    account: str
    region: str
    application: str
    name: str
    group_id: str
    service_role_arn: str
    config_name: str
    alarms: tuple[str, ...] = ()
    is_poll_failure_ignored: bool = False
    rollback_events: frozenset[RollbackEvent] = frozenset()

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.account, self.region, self.application, self.name


@dataclass(frozen=True, kw_only=True)
class AliasShift:
    """What a deployment is to do: the alias (a qualified ARN) goes from one version to another; hooks may be None."""

    alias: FunctionArn
    from_version: str
    to_version: str
    before_hook: str | None = None
    after_hook: str | None = None


@dataclass
class LifecycleEvent:
    name: LifecycleEventName
    status: LifecycleEventStatus = LifecycleEventStatus.PENDING
    started_at: float | None = None
    ended_at: float | None = None
    hook_execution_id: str | None = None
    message: str = ""


@dataclass
class Deployment:
    """`created_at` and the other times are in seconds since the epoch on the run's clock.

    `change` says which action of a pipeline deploys the stack. `rolled_back_by` is the id of the deployment that puts
    this one back, `rolls_back` of the one that this puts back. `lock` guards the lifecycle events' statuses, which a
    hook's callback and the deployment's own thread both set.
    """

    deployment_id: str
    group: DeploymentGroup
    shift: AliasShift
    created_at: float
    creator: Creator = Creator.CLOUDFORMATION
    change: StackChange = field(default_factory=StackChange)
    status: DeploymentStatus = DeploymentStatus.CREATED
    started_at: float | None = None
    ended_at: float | None = None
    error_code: str = ""
    error_message: str = ""
    is_stop_requested: bool = False
    is_rollback_requested: bool = False
    rolled_back_by: str | None = None
    rolls_back: str | None = None
    weight_percent: float = 0.0
    shifts: list[tuple[float, float]] = field(default_factory=list)
    events: dict[LifecycleEventName, LifecycleEvent] = field(
        default_factory=lambda: {name: LifecycleEvent(name) for name in LifecycleEventName}
    )
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_over(self) -> bool:
        return self.status in (DeploymentStatus.SUCCEEDED, DeploymentStatus.FAILED, DeploymentStatus.STOPPED)


def new_deployment_id() -> str:
    """`d-` and nine letters or digits."""
    return "d-" + "".join(secrets.choice(string.ascii_uppercase + string.digits) for _ in range(9))
