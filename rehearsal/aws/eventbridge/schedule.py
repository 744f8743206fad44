"""EventBridge rules with a schedule, on the run's clock: at each AWS minute, what is due invokes its functions.

Topics and queues among its targets get the event as those of a rule with a pattern do (event_delivery.py).

The emulator would run them on wall-clock time. Rules with an event pattern stay the emulator's. The clock does not
reach the next minute before what was begun in this one has ended. It must not know what the functions do.
Source: AWS::Events::Rule in the template reference; "Lambda functions as targets" (asynchronous invocation).
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.eventbridge.rule_targets import MatchedEvent
from rehearsal.aws.eventbridge.schedule_expression import Schedule, parse_schedule
from rehearsal.aws.lambda_host.function import FunctionArn, Invoker
from rehearsal.aws.resource import ResourceFailed, ResourceRequest, ResourceResult, ResourceUnsupported
from rehearsal.errors import RehearsalError
from rehearsal.machine.clock import Clock, ClockClosed, Work

AFTER_ALARMS = 100
_DELIVERED_SERVICES = frozenset({"sns", "sqs"})
_RETRY_ATTEMPTS = 185
_MAXIMUM_AGE_SECONDS = 24 * 3600
_TARGET_KEYS = frozenset({"Arn", "Id", "Input", "RetryPolicy", "DeadLetterConfig"})
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Target:
    """`input` is the constant event, None for the scheduled event itself; `given` is the target as it is declared."""

    arn: str
    input: Any = None
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_delivered(self) -> bool:
        return _service(self.arn) in _DELIVERED_SERVICES


@dataclass(frozen=True, kw_only=True)
class Rule:
    account: str
    region: str
    name: str
    schedule: Schedule
    is_enabled: bool
    targets: tuple[Target, ...]
    created_at: float

    @property
    def arn(self) -> str:
        return f"arn:aws:events:{self.region}:{self.account}:rule/{self.name}"


class Schedules:
    """See the module; it is a `ResourceProvider`. `deliver` takes what is for a topic or a queue, and returns."""

    resource_types = frozenset({"AWS::Events::Rule"})

    def __init__(self, clock: Clock, functions: Invoker, deliver: Callable[[MatchedEvent], None]) -> None:
        self._clock = clock
        self._functions = functions
        self._deliver = deliver
        self._lock = threading.Lock()
        self._rules: dict[str, Rule] = {}
        clock.every_minute(self.run_due, name="schedules", order=AFTER_ALARMS)

    def create(self, request: ResourceRequest) -> ResourceResult:
        name = request.properties.get("Name") or _generated_name(request)
        return self._put(request, str(name), created_at=self._clock.now())

    def update(self, request: ResourceRequest) -> ResourceResult:
        if request.properties.get("Name") != request.old_properties.get("Name"):
            return self.create(request)
        with self._lock:
            known = self._rules.get(_arn(request, str(request.physical_id)))
        created_at = known.created_at if known else self._clock.now()
        return self._put(request, str(request.physical_id), created_at=created_at)

    def delete(self, request: ResourceRequest) -> None:
        with self._lock:
            self._rules.pop(_arn(request, str(request.physical_id)), None)

    def run_due(self, at: float) -> None:
        """Begins what runs in the AWS minute that starts at `at`."""
        with self._lock:
            rules = list(self._rules.values())
        for rule in rules:
            if rule.is_enabled and rule.schedule.is_due(at, created_at=rule.created_at):
                for target in rule.targets:
                    if target.is_delivered:
                        self._deliver(_matched(rule, target, at))
                        continue
                    work = self._clock.begin_work(f"{rule.name} → {FunctionArn.parse(target.arn).name}")
                    threading.Thread(target=self._invoke, args=(rule, target, at, work), daemon=True).start()

    def _invoke(self, rule: Rule, target: Target, at: float, work: Work) -> None:
        event = _scheduled_event(rule, at) if target.input is None else target.input
        begun: list[Work] = [work]

        def during() -> Work:
            return begun.pop() if begun else self._clock.begin_work(work.name)

        try:
            self._functions.invoke(target.arn, event, asynchronous=True, during=during)
        except ClockClosed:
            return
        except (RehearsalError, ClientError, BotoCoreError) as exc:
            log.warning("The rule %s could not invoke %s: %s", rule.name, target.arn, exc)
        finally:
            work.done()

    def _put(self, request: ResourceRequest, name: str, *, created_at: float) -> ResourceResult:
        rule = parse_rule(request, name, created_at)
        with self._lock:
            self._rules[rule.arn] = rule
        return ResourceResult(name, {"Arn": rule.arn})


def parse_rule(request: ResourceRequest, name: str, created_at: float) -> Rule:
    """Raises ResourceFailed for what EventBridge refuses, ResourceUnsupported for what the local run does not have."""
    properties = request.properties
    try:
        schedule = parse_schedule(str(properties["ScheduleExpression"]))
    except ValueError as exc:
        raise ResourceFailed(f"Parameter ScheduleExpression is not valid. {exc}") from exc
    if properties.get("EventPattern"):
        raise ResourceUnsupported(
            f"{request.logical_id} has a schedule and an event pattern; the local run has one of them."
        )
    return Rule(
        account=request.account,
        region=request.region,
        name=name,
        schedule=schedule,
        is_enabled=str(properties.get("State", "ENABLED")) != "DISABLED",
        targets=tuple(_parse_target(request, target) for target in properties.get("Targets") or ()),
        created_at=created_at,
    )


def _parse_target(request: ResourceRequest, target: dict[str, Any]) -> Target:
    unknown = sorted(set(target) - _TARGET_KEYS)
    if unknown:
        raise ResourceUnsupported(f"{request.logical_id}: a target's {', '.join(unknown)} is not supported locally.")
    arn = str(target["Arn"])
    if _service(arn) not in _DELIVERED_SERVICES:
        try:
            FunctionArn.parse(arn)
        except ValueError as exc:
            raise ResourceUnsupported(
                f"{request.logical_id}: the target {arn} is no Lambda function, topic or queue."
            ) from exc
    try:
        return Target(arn, json.loads(target["Input"]) if "Input" in target else None, target)
    except ValueError as exc:
        raise ResourceFailed(f"JSON syntax error in input for target {target.get('Id')}: {exc}") from exc


def _service(arn: str) -> str:
    return arn.split(":")[2] if arn.count(":") > 1 else ""


def _matched(rule: Rule, target: Target, at: float) -> MatchedEvent:
    """The scheduled event as a match of the rule, for one of its targets."""
    event, retry = json.dumps(_scheduled_event(rule, at)), target.given.get("RetryPolicy") or {}
    return MatchedEvent(
        rule_arn=rule.arn,
        target_arn=target.arn,
        dead_letter_arn=str((target.given.get("DeadLetterConfig") or {}).get("Arn", "")),
        retry_attempts=int(str(retry.get("MaximumRetryAttempts", _RETRY_ATTEMPTS))),
        maximum_age_seconds=float(str(retry.get("MaximumEventAgeInSeconds", _MAXIMUM_AGE_SECONDS))),
        event=event,
        payload=str(target.given.get("Input") or event),
    )


def _scheduled_event(rule: Rule, at: float) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": rule.account,
        "time": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": rule.region,
        "resources": [rule.arn],
        "detail": {},
    }


def _arn(request: ResourceRequest, name: str) -> str:
    return f"arn:aws:events:{request.region}:{request.account}:rule/{name}"


def _generated_name(request: ResourceRequest) -> str:
    return f"{request.stack_name[:24]}-{request.logical_id[:24]}-{secrets.token_hex(6).upper()}"
