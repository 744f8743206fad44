"""The CloudWatchAlarm rule, by its page in the CodePipeline user guide; times are AWS seconds."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.codepipeline.definition import ConditionKind, Rule
from rehearsal.codepipeline.rule import CloudWatchAlarmRule, RuleContext, RuleFailed
from rehearsal.run_events import AlarmChanged
from tests.rehearsal.codepipeline.fake_cloud import FakeClock

RULE = Rule(name="Bake", provider="CloudWatchAlarm")
MINUTE = 60.0


class FakeAlarms:
    """One alarm that changes its state at given times; stands for the session and the client."""

    region_name = "eu-west-1"

    def __init__(self, state: str) -> None:
        self.clock = FakeClock()
        self.rule = CloudWatchAlarmRule(self.clock)
        self.state = state

    def client(self, service: str) -> FakeAlarms:
        assert service == "cloudwatch"
        return self

    def describe_alarms(self, *, AlarmNames: list[str], AlarmTypes: list[str]) -> dict[str, Any]:
        assert AlarmTypes == ["MetricAlarm", "CompositeAlarm"]
        return {"MetricAlarms": [{"StateValue": self.state}] if AlarmNames == ["errors"] else []}

    def becomes(self, state: str, *, at: float) -> None:
        def change() -> None:
            self.state = state
            self.rule(AlarmChanged(account="1", alarm="errors", old_state="", new_state=state))

        self.clock.at[at] = change

    def evaluate(self, kind: ConditionKind, **configuration: str) -> None:
        context = RuleContext(
            kind=kind,
            configuration={"AlarmName": "errors", **configuration},
            session=self,  # type: ignore[arg-type]
            is_stopped=lambda: False,
        )
        self.rule.evaluate(RULE, context)


def test_entry_starts_the_stage_at_once_when_the_alarm_is_ok() -> None:
    alarms = FakeAlarms("OK")

    alarms.evaluate(ConditionKind.BEFORE_ENTRY, WaitTime="30")

    assert alarms.clock.now() == 0


def test_entry_waits_until_the_alarm_leaves_its_state() -> None:
    alarms = FakeAlarms("ALARM")
    alarms.becomes("OK", at=7 * MINUTE)

    alarms.evaluate(ConditionKind.BEFORE_ENTRY, WaitTime="30")

    assert alarms.clock.now() == 7 * MINUTE


def test_entry_fails_when_the_alarm_stays_for_the_whole_wait_time() -> None:
    alarms = FakeAlarms("ALARM")

    with pytest.raises(RuleFailed, match="30 minutes"):
        alarms.evaluate(ConditionKind.BEFORE_ENTRY, WaitTime="30")

    assert alarms.clock.now() == 30 * MINUTE, "WaitTime is in minutes"


def test_bake_succeeds_only_after_the_whole_wait_time() -> None:
    alarms = FakeAlarms("OK")

    alarms.evaluate(ConditionKind.ON_SUCCESS, WaitTime="10")

    assert alarms.clock.now() == 10 * MINUTE


def test_bake_fails_as_soon_as_the_alarm_fires() -> None:
    alarms = FakeAlarms("OK")
    alarms.becomes("INSUFFICIENT_DATA", at=2 * MINUTE)
    alarms.becomes("ALARM", at=3 * MINUTE)

    with pytest.raises(RuleFailed, match="errors is ALARM"):
        alarms.evaluate(ConditionKind.ON_SUCCESS, WaitTime="10")

    assert alarms.clock.now() == 3 * MINUTE


def test_bake_watches_the_states_that_it_is_given() -> None:
    alarms = FakeAlarms("OK")
    alarms.becomes("INSUFFICIENT_DATA", at=2 * MINUTE)

    with pytest.raises(RuleFailed, match="INSUFFICIENT_DATA"):
        alarms.evaluate(ConditionKind.ON_SUCCESS, WaitTime="10", AlarmStates="ALARM,INSUFFICIENT_DATA")


def test_rule_looks_once_when_it_has_no_wait_time() -> None:
    alarms = FakeAlarms("ALARM")

    with pytest.raises(RuleFailed):
        alarms.evaluate(ConditionKind.ON_SUCCESS)

    assert alarms.clock.now() == 0


def test_rule_fails_when_the_alarm_does_not_exist() -> None:
    with pytest.raises(RuleFailed, match="nobody does not exist in eu-west-1"):
        FakeAlarms("OK").evaluate(ConditionKind.ON_SUCCESS, AlarmName="nobody")


@pytest.mark.parametrize("wait", ["soon", "-1"])
def test_rule_fails_when_its_wait_time_is_no_number_of_minutes(wait: str) -> None:
    with pytest.raises(RuleFailed, match=wait):
        FakeAlarms("OK").evaluate(ConditionKind.ON_SUCCESS, WaitTime=wait)
