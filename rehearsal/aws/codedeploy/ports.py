"""What CodeDeploy needs of the rest of the local cloud, so that a test can stand in for it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from rehearsal.aws.codedeploy.deployment import Deployment
from rehearsal.aws.lambda_host.function import FunctionArn, Invoker
from rehearsal.aws.lambda_host.routing import Routing
from rehearsal.aws.stack_changes import StackChanges
from rehearsal.run_events import EventLog


class Functions(Invoker, Protocol):
    """The Lambda host."""

    def snapshot(self, function: FunctionArn, version: str) -> None: ...

    def warm(self, function: FunctionArn, version: str) -> None: ...

    def refresh(self, function: FunctionArn) -> None: ...

    def retire(self, function: FunctionArn, version: str) -> None: ...


class Aliases(Protocol):
    """The Lambda API's aliases; errors are botocore's ClientError. An alias is a qualified ARN."""

    def create(self, alias: FunctionArn, routing: Routing, *, description: str) -> None: ...

    def routing(self, alias: FunctionArn) -> Routing: ...

    def set_routing(self, alias: FunctionArn, routing: Routing, *, description: str | None = None) -> None: ...

    def delete(self, alias: FunctionArn) -> None: ...

    def role_of(self, function: FunctionArn, version: str) -> str: ...

    def may_invoke(self, role_arn: str, function_arn: str, *, region: str) -> str | None:
        """None when the role may invoke the function, else the words of IAM."""
        ...


class Stacks(Protocol):
    """CloudFormation's."""

    def is_rolling_back(self, account: str, region: str, stack_id: str) -> bool: ...


class Alarms(Protocol):
    """CloudWatch. The state is OK, ALARM or INSUFFICIENT_DATA; CloudWatchRejection for an alarm that is not there."""

    def alarm_state(self, account: str, region: str, name: str) -> str: ...


class Time(Protocol):
    """The run's clock."""

    def now(self) -> float: ...

    def to_wall(self, aws: float) -> float: ...

    def wait_until(self, condition: Callable[[], bool], timeout: float | None = None) -> bool: ...

    def hold(self) -> AbstractContextManager[None]: ...


def _tell_nobody(_: Deployment) -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Services:
    """What every deployment uses. `tell_state` hears of each deployment whose status has changed."""

    clock: Time
    functions: Functions
    aliases: Aliases
    stacks: Stacks
    alarms: Alarms
    event_log: EventLog
    stack_changes: StackChanges = field(default_factory=StackChanges)
    tell_state: Callable[[Deployment], None] = _tell_nobody
