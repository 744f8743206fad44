"""The seam for the rules of stage conditions, and CloudWatchAlarm, the one rule that this machine can evaluate.

It must not know what a stage does when a rule fails.
Source: "Rule structure reference" and its page "CloudWatchAlarm", CodePipeline user guide.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rehearsal.codepipeline.definition import ConditionKind, Rule
from rehearsal.codepipeline.surroundings import WaitingClock
from rehearsal.run_events import AlarmChanged, RunEvent

if TYPE_CHECKING:
    import boto3

_MINUTE_SECONDS = 60.0


class RuleFailed(Exception):
    """The rule said no; its text is the reason."""


@dataclass(frozen=True, kw_only=True)
class RuleContext:
    """`configuration` has its variables replaced; `session` holds the rule's role in the rule's region."""

    kind: ConditionKind
    configuration: Mapping[str, str]
    session: boto3.Session
    is_stopped: Callable[[], bool]


class RuleProvider(Protocol):
    """Evaluates one kind of rule: returning means Succeeded, RuleFailed means Failed."""

    def evaluate(self, rule: Rule, context: RuleContext) -> None: ...


class CloudWatchAlarmRule:
    """Waits for an alarm (before entry), or watches one (after the stage).

    `WaitTime` is in minutes. Before entry it is how long an alarm that is in one of `AlarmStates` may take to leave
    it; an alarm that is well at first lets the stage start at once. After the stage it is how long the alarm is
    watched: entering one of the states fails the rule at once. `AlarmStates` defaults to ALARM.

    It listens to the event log only to know when to look again; what it sees comes from DescribeAlarms.
    """

    def __init__(self, clock: WaitingClock) -> None:
        self._clock = clock
        self._changes = 0
        self._lock = threading.Lock()

    def __call__(self, event: RunEvent) -> None:
        if isinstance(event, AlarmChanged):
            with self._lock:
                self._changes += 1

    def evaluate(self, rule: Rule, context: RuleContext) -> None:
        name = context.configuration.get("AlarmName", "")
        states = _states(context.configuration.get("AlarmStates"))
        seconds = _wait_minutes(rule, context.configuration.get("WaitTime")) * _MINUTE_SECONDS
        if context.kind is ConditionKind.BEFORE_ENTRY:
            self._wait_until_it_leaves(name, states, seconds, context)
        else:
            self._watch(name, states, seconds, context)

    def _wait_until_it_leaves(self, name: str, states: frozenset[str], seconds: float, context: RuleContext) -> None:
        deadline = self._clock.now() + seconds
        while (state := _alarm_state(name, context.session)) in states:
            remaining = deadline - self._clock.now()
            if remaining <= 0 or not self._wait_for_change(remaining, context):
                raise RuleFailed(f"Alarm {name} is {state}, and was so for the {seconds / 60:g} minutes of WaitTime.")

    def _watch(self, name: str, states: frozenset[str], seconds: float, context: RuleContext) -> None:
        deadline = self._clock.now() + seconds
        while (state := _alarm_state(name, context.session)) not in states:
            remaining = deadline - self._clock.now()
            if remaining <= 0 or not self._wait_for_change(remaining, context):
                state = _alarm_state(name, context.session)
                break
        if state in states:
            raise RuleFailed(f"Alarm {name} is {state}; it was watched for {seconds / 60:g} minutes.")

    def _wait_for_change(self, seconds: float, context: RuleContext) -> bool:
        """Whether an alarm changed before the time was over."""
        seen = self._changes
        self._clock.wait_until(lambda: self._changes != seen or context.is_stopped(), timeout=seconds)
        return self._changes != seen


def _states(text: str | None) -> frozenset[str]:
    names = (text or "ALARM").replace("[", "").replace("]", "").replace('"', "")
    return frozenset(name.strip() for name in names.split(",") if name.strip())


def _wait_minutes(rule: Rule, text: str | None) -> float:
    try:
        minutes = float(text or 0)
    except ValueError:
        minutes = -1.0
    if minutes < 0:
        raise RuleFailed(f"Rule {rule.name}: WaitTime is '{text}'; allowed is a number of minutes.")
    return minutes


def _alarm_state(name: str, session: boto3.Session) -> str:
    answer = session.client("cloudwatch").describe_alarms(
        AlarmNames=[name], AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    for alarm in [*answer.get("MetricAlarms", []), *answer.get("CompositeAlarms", [])]:
        return str(alarm["StateValue"])
    raise RuleFailed(f"The alarm {name} does not exist in {session.region_name}.")
