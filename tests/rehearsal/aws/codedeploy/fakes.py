"""The rest of the local cloud as CodeDeploy sees it: a clock turned by hand, and fakes that keep all in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.aws.cloudwatch.errors import AlarmNotFound
from rehearsal.aws.codedeploy.alias_provider import AliasProvider
from rehearsal.aws.codedeploy.codedeploy import CodeDeploy
from rehearsal.aws.codedeploy.codedeploy_api import CodeDeployApi
from rehearsal.aws.codedeploy.deployment import AliasShift, DeploymentGroup, RollbackEvent
from rehearsal.aws.codedeploy.ports import Services
from rehearsal.aws.codedeploy.state_changes import tell_state_to
from rehearsal.aws.eventbridge.service_events import ServiceEvent
from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult
from rehearsal.aws.lambda_host.routing import Routing
from rehearsal.aws.service_api import Caller
from rehearsal.run_events import EventLog, RunEvent

ACCOUNT, REGION = "222222222222", "eu-west-1"
START = 1_800_000_000.0
ROLE = f"arn:aws:iam::{ACCOUNT}:role/codedeploy"
FUNCTION = FunctionArn(ACCOUNT, REGION, "cars")
ALIAS = FUNCTION.qualified("live")
CALLER = Caller(ACCOUNT, REGION)
PRE_HOOK = str(FunctionArn(ACCOUNT, REGION, "pre"))
EVIDENCE_HOOK = str(FunctionArn(ACCOUNT, REGION, "evidence"))


class ManualClock:
    """Time passes only while somebody waits, ten seconds at a step; `at` runs something at a time after the start."""

    def __init__(self) -> None:
        self._now = START
        self._plans: list[tuple[float, Callable[[], None]]] = []

    def at(self, seconds: float, action: Callable[[], None]) -> None:
        self._plans.append((START + seconds, action))

    def now(self) -> float:
        return self._now

    def to_wall(self, aws: float) -> float:
        return aws - 1000

    @property
    def seconds(self) -> float:
        return self._now - START

    def wait_until(self, condition: Callable[[], bool], timeout: float | None = None) -> bool:
        deadline = self._now + (float("inf") if timeout is None else timeout)
        while not condition():
            self._wait_for_hooks()
            if condition():
                return True
            if self._now >= deadline:
                return False
            self._now = min(self._now + 10, deadline)
            for plan in [plan for plan in self._plans if plan[0] <= self._now]:
                self._plans.remove(plan)
                plan[1]()
        return True

    def hold(self) -> AbstractContextManager[None]:
        return nullcontext()

    def _wait_for_hooks(self) -> None:
        for thread in threading.enumerate():
            if thread.name.startswith("hook-") and thread is not threading.current_thread():
                thread.join(5)


@dataclass
class FakeFunctions:
    """`hooks` maps a hook's ARN to what it does with its event; what is kept and retired is remembered."""

    hooks: dict[str, Callable[[dict[str, str]], InvocationResult]] = field(default_factory=dict)
    snapshots: list[str] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)
    """Versions of the function that is deployed."""
    retired_hooks: list[str] = field(default_factory=list)
    invoked: list[tuple[str, dict[str, str], bool]] = field(default_factory=list)

    def invoke(
        self,
        function_arn: str,
        event: Any,
        *,
        asynchronous: bool = False,
        during: Callable[[], AbstractContextManager[object]],
    ) -> InvocationResult:
        self.invoked.append((function_arn, event, asynchronous))
        with during():
            return self.hooks[function_arn](event)

    def snapshot(self, function: FunctionArn, version: str) -> None:
        self.snapshots.append(version)

    def warm(self, function: FunctionArn, version: str) -> None:
        pass

    def refresh(self, function: FunctionArn) -> None:
        pass

    def retire(self, function: FunctionArn, version: str) -> None:
        if function == FUNCTION:
            self.retired.append(version)
        else:
            self.retired_hooks.append(f"{function}:{version}")


@dataclass
class FakeAliases:
    routings: dict[FunctionArn, Routing] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    denial: str | None = None

    def create(self, alias: FunctionArn, routing: Routing, *, description: str) -> None:
        if alias in self.routings:
            raise _client_error("ResourceConflictException", f"Alias already exists: {alias}")
        self.routings[alias] = routing

    def routing(self, alias: FunctionArn) -> Routing:
        if alias not in self.routings:
            raise _client_error("ResourceNotFoundException", f"Alias not found: {alias}")
        return self.routings[alias]

    def set_routing(self, alias: FunctionArn, routing: Routing, *, description: str | None = None) -> None:
        self.routing(alias)
        self.routings[alias] = routing

    def delete(self, alias: FunctionArn) -> None:
        self.routing(alias)
        del self.routings[alias]

    def role_of(self, function: FunctionArn, version: str) -> str:
        return self.roles.get(version, "role")

    def may_invoke(self, role_arn: str, function_arn: str, *, region: str) -> str | None:
        return self.denial


@dataclass
class FakeAlarms:
    states: dict[str, str] = field(default_factory=dict)

    def alarm_state(self, account: str, region: str, name: str) -> str:
        if name not in self.states:
            raise AlarmNotFound(account, region, name)
        return self.states[name]


@dataclass
class FakeStacks:
    rolling_back: bool = False

    def is_rolling_back(self, account: str, region: str, stack_id: str) -> bool:
        return self.rolling_back


class World:
    """CodeDeploy with a group `cars` in the application `cars`, and an alias `live` on version 1."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.functions = FakeFunctions()
        self.aliases = FakeAliases({ALIAS: Routing("1")})
        self.stacks = FakeStacks()
        self.alarms = FakeAlarms({"errors": "INSUFFICIENT_DATA", "slow": "OK"})
        self.event_log = EventLog(self.clock.now, time.time)
        self.told: list[ServiceEvent] = []
        self.codedeploy = CodeDeploy(
            Services(
                clock=self.clock,
                functions=self.functions,
                aliases=self.aliases,
                stacks=self.stacks,
                alarms=self.alarms,
                event_log=self.event_log,
                tell_state=tell_state_to(self.told.append),
            )
        )
        self.api = CodeDeployApi(self.codedeploy)
        self.provider = AliasProvider(self.codedeploy)
        self.codedeploy.create_application(ACCOUNT, REGION, "cars")
        self.group()

    def group(self, **changes: Any) -> DeploymentGroup:
        """The group, changed."""
        group = DeploymentGroup(
            **{
                "account": ACCOUNT,
                "region": REGION,
                "application": "cars",
                "name": "cars",
                "group_id": "id",
                "service_role_arn": ROLE,
                "config_name": "CodeDeployDefault.LambdaCanary10Percent10Minutes",
                "alarms": ("errors", "slow"),
                "rollback_events": frozenset(RollbackEvent),
                **changes,
            }
        )
        self.codedeploy.delete_group(*group.key)
        self.codedeploy.create_group(group)
        return group

    def reporting(self, status: str, **result: Any) -> Callable[[dict[str, str]], InvocationResult]:
        """A hook that calls back with a status."""

        def hook(event: dict[str, str]) -> InvocationResult:
            self.api.call("PutLifecycleEventHookExecutionStatus", callback(event, status), CALLER)
            return InvocationResult(version="1", payload=b"null", **result)

        return hook

    def events(self, kind: type[RunEvent]) -> list[Any]:
        return [event for event in self.event_log.events if isinstance(event, kind)]


def shift(**changes: Any) -> AliasShift:
    return AliasShift(**{"alias": ALIAS, "from_version": "1", "to_version": "2", **changes})


def callback(event: dict[str, str], status: str) -> dict[str, str]:
    return {
        "deploymentId": event["DeploymentId"],
        "lifecycleEventHookExecutionId": event["LifecycleEventHookExecutionId"],
        "status": status,
    }


def _client_error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "operation")
