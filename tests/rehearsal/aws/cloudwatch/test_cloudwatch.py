"""Alarms over time: what is measured, minute by minute, and what the alarms make of it."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.cloudwatch.alarm_evaluation import AlarmState
from rehearsal.aws.cloudwatch.errors import AlarmNotFound, InvalidParameter
from rehearsal.run_events import AlarmEvaluated
from tests.rehearsal.aws.cloudwatch.conftest import (
    ACCOUNT,
    REGION,
    START,
    Stand,
    alarm_properties,
    math_alarm_properties,
)
from tests.rehearsal.aws.manual_time import eventually

OK, ALARM, INSUFFICIENT = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA


def _states(stand: Stand, name: str, minutes: int) -> list[AlarmState]:
    """The alarm's state after each of the evaluations at the ends of minutes 1 to `minutes`."""
    states = []
    for minute in range(1, minutes + 1):
        stand.evaluate(minutes=minute)
        states.append(stand.state(name))
    return states


def test_three_of_three_alarm_is_the_one_of_awss_figure(stand: Stand) -> None:
    """ "Alarm evaluation": threshold three units, breached in periods 3 to 5 and again, once, in period 9."""
    stand.put(AlarmName="figure", Statistic="Maximum", Threshold=3, EvaluationPeriods=3, DatapointsToAlarm=3)
    for period, value in enumerate([1, 2, 4, 5, 4, 2, 1, 2, 5, 2]):
        stand.measure(value, minute=period)

    states = _states(stand, "figure", 10)

    assert states[2:] == [OK, OK, ALARM, OK, OK, OK, OK, OK]


def test_period_of_five_minutes_is_evaluated_every_minute_on_the_last_five(stand: Stand) -> None:
    stand.put(Period=300, Threshold=2, ComparisonOperator="GreaterThanOrEqualToThreshold")
    stand.measure(1, minute=0)
    stand.measure(1, minute=5)

    stand.evaluate(minutes=5)
    at_minute_5 = stand.state("errors")
    stand.measure(1, minute=3)
    states = [at_minute_5, *_states(stand, "errors", 9)[5:]]

    assert states == [OK, ALARM, ALARM, ALARM, OK]


def test_new_alarm_has_insufficient_data_until_it_is_evaluated(stand: Stand) -> None:
    stand.put()

    status = stand.cloudwatch.alarm(ACCOUNT, REGION, "errors")

    assert (status.state, status.reason) == (INSUFFICIENT, "Unchecked: Initial alarm creation")
    assert status.arn == f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:errors"


def test_updated_alarm_keeps_its_state_until_it_is_evaluated(stand: Stand) -> None:
    stand.put()
    stand.measure(1, minute=0)
    stand.evaluate(minutes=1)

    stand.put(Threshold=10)
    after_update = stand.state("errors")
    stand.evaluate(minutes=1)

    assert (after_update, stand.state("errors")) == (ALARM, OK)


def test_state_that_was_set_lasts_until_the_next_evaluation(stand: Stand) -> None:
    stand.put()
    stand.measure(0, minute=0)
    stand.evaluate(minutes=1)

    stand.cloudwatch.set_alarm_state(ACCOUNT, REGION, "errors", ALARM, "testing")
    set_state = stand.cloudwatch.alarm(ACCOUNT, REGION, "errors")
    stand.evaluate(minutes=1)

    assert (set_state.state, set_state.reason) == (ALARM, "testing")
    assert stand.state("errors") is OK


def test_every_change_of_state_is_an_event_and_in_the_history(stand: Stand) -> None:
    stand.put(TreatMissingData="notBreaching")
    stand.measure(2, minute=1)

    _states(stand, "errors", 6)

    assert stand.changes() == [
        ("errors", "INSUFFICIENT_DATA", "OK"),
        ("errors", "OK", "ALARM"),
        ("errors", "ALARM", "OK"),
    ]
    history = stand.cloudwatch.history(ACCOUNT, REGION, "errors")
    assert [item.summary for item in history] == [
        'Alarm "errors" created',
        "Alarm updated from INSUFFICIENT_DATA to OK",
        "Alarm updated from OK to ALARM",
        "Alarm updated from ALARM to OK",
    ]


@pytest.mark.parametrize(
    ("treatment", "states"),
    [
        # The error of minute 1 stays in the evaluation range of three until the end of minute 4.
        ("notBreaching", [OK, ALARM, ALARM, ALARM, OK]),
        ("breaching", [ALARM, ALARM, ALARM, ALARM, ALARM]),
        ("ignore", [INSUFFICIENT, ALARM, ALARM, ALARM, ALARM]),
        ("missing", [INSUFFICIENT, ALARM, ALARM, ALARM, INSUFFICIENT]),
    ],
)
def test_alarm_after_a_metric_stopped_flowing(stand: Stand, treatment: str, states: list[AlarmState]) -> None:
    stand.put(TreatMissingData=treatment)
    stand.measure(1, minute=1)

    assert _states(stand, "errors", 5) == states


def test_alarm_sees_data_from_before_it_was_made(stand: Stand) -> None:
    stand.measure(1, minute=0)
    stand.put()

    stand.evaluate(minutes=1)

    assert stand.state("errors") is ALARM


def test_alarm_sees_its_own_dimensions_account_and_region_only(stand: Stand) -> None:
    stand.put(TreatMissingData="notBreaching")
    stand.measure(1, minute=0, FunctionName="cars", Resource="cars:live")
    stand.cloudwatch.put_metric("333333333333", REGION, "AWS/Lambda", "Errors", {"FunctionName": "cars"}, 1, at=START)
    stand.cloudwatch.put_metric(ACCOUNT, "eu-central-1", "AWS/Lambda", "Errors", {"FunctionName": "cars"}, 1, at=START)

    stand.evaluate(minutes=1)

    assert stand.state("errors") is OK


def test_canarys_error_rate_alarm_fires_at_two_of_three_minutes(stand: Stand) -> None:
    expression = "IF(FILL(invocations,0)>=5, 100*FILL(errors,0)/invocations, 0)"
    properties = math_alarm_properties(
        expression,
        "Invocations",
        "Errors",
        Threshold=1,
        EvaluationPeriods=3,
        DatapointsToAlarm=2,
        TreatMissingData="notBreaching",
    )
    stand.cloudwatch.put_metric_alarm(ACCOUNT, REGION, properties)
    for minute, (calls, errors) in enumerate([(12, 0), (4, 4), (12, 3), (12, 0), (12, 4), (12, 0), (0, 0)]):
        stand.measure(1, minute=minute, name="Invocations", times=calls)
        stand.measure(1, minute=minute, name="Errors", times=errors)

    assert _states(stand, "errors", 7) == [OK, OK, OK, OK, ALARM, OK, OK]


def test_percentile_alarm_of_few_samples_keeps_its_state_when_it_is_told_to(stand: Stand) -> None:
    slow: dict[str, Any] = {"Statistic": None, "ExtendedStatistic": "p90", "MetricName": "Duration", "Threshold": 500}
    stand.put(AlarmName="evaluates", **slow)
    stand.put(AlarmName="ignores", EvaluateLowSampleCountPercentile="ignore", **slow)
    stand.measure(900, minute=0, name="Duration", times=99)

    stand.evaluate(minutes=1)
    few = [stand.state("evaluates"), stand.state("ignores")]
    stand.measure(900, minute=0, name="Duration")
    stand.evaluate(minutes=1)

    assert few == [ALARM, INSUFFICIENT]
    assert stand.state("ignores") is ALARM


def test_reason_is_written_as_aws_writes_it(stand: Stand) -> None:
    stand.put(EvaluationPeriods=3, DatapointsToAlarm=2, Threshold=1, TreatMissingData="notBreaching")
    reasons = []
    for minute, value in enumerate([0, 5, 6]):
        stand.measure(value, minute=minute)
        stand.evaluate(minutes=minute + 1)
        reasons.append(stand.cloudwatch.alarm(ACCOUNT, REGION, "errors").reason)
    stand.evaluate(minutes=9)
    reasons.append(stand.cloudwatch.alarm(ACCOUNT, REGION, "errors").reason)

    assert reasons[0] == (
        "Threshold Crossed: 1 out of the last 1 datapoint [0.0 (15/01/27 08:00:00)] was not greater than the threshold"
        " (1.0) (minimum 2 datapoints for ALARM -> OK transition)."
    )
    assert reasons[2] == (
        "Threshold Crossed: 2 out of the last 3 datapoints [6.0 (15/01/27 08:02:00), 5.0 (15/01/27 08:01:00)] were"
        " greater than the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
    assert reasons[3] == (
        "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as"
        " [NonBreaching]."
    )


def test_composite_alarm_follows_its_children_at_once(stand: Stand) -> None:
    for name in ("slow", "failing"):
        stand.put(AlarmName=name, TreatMissingData="notBreaching")
    stand.cloudwatch.put_composite_alarm(
        ACCOUNT, REGION, {"AlarmName": "both", "AlarmRule": "ALARM(slow) AND ALARM(failing)"}
    )
    stand.cloudwatch.put_composite_alarm(ACCOUNT, REGION, {"AlarmName": "top", "AlarmRule": 'ALARM("both") OR FALSE'})
    states = [stand.state("top")]

    for name in ("slow", "failing"):
        stand.cloudwatch.set_alarm_state(ACCOUNT, REGION, name, ALARM, "testing")
        states.append(stand.state("top"))
    stand.evaluate(minutes=1)
    states.append(stand.state("top"))

    assert states == [OK, OK, ALARM, OK]
    assert ("both", "OK", "ALARM") in stand.changes()
    assert "slow is OK" in stand.cloudwatch.alarm(ACCOUNT, REGION, "both").reason


def test_composite_alarms_in_a_circle_keep_their_states(stand: Stand) -> None:
    put = stand.cloudwatch.put_composite_alarm
    put(ACCOUNT, REGION, {"AlarmName": "a", "AlarmRule": "FALSE"})
    put(ACCOUNT, REGION, {"AlarmName": "b", "AlarmRule": "NOT ALARM(a)"})

    put(ACCOUNT, REGION, {"AlarmName": "a", "AlarmRule": "ALARM(b)"})
    stand.evaluate(minutes=1)

    assert (stand.state("a"), stand.state("b")) == (OK, ALARM)


def test_alarm_that_a_composite_alarm_refers_to_cannot_be_deleted(stand: Stand) -> None:
    stand.put()
    stand.cloudwatch.put_composite_alarm(ACCOUNT, REGION, {"AlarmName": "top", "AlarmRule": "ALARM(errors)"})

    with pytest.raises(InvalidParameter, match=r"Cannot delete errors .* depending on it: top"):
        stand.cloudwatch.delete_alarm(ACCOUNT, REGION, "errors")

    stand.cloudwatch.delete_alarm(ACCOUNT, REGION, "top")
    stand.cloudwatch.delete_alarm(ACCOUNT, REGION, "errors")
    assert stand.cloudwatch.alarms(ACCOUNT, REGION) == []


def test_composite_alarm_of_an_alarm_that_does_not_exist_is_refused(stand: Stand) -> None:
    with pytest.raises(InvalidParameter, match=r"alarms \[errors\] in the alarm rule do not exist"):
        stand.cloudwatch.put_composite_alarm(ACCOUNT, REGION, {"AlarmName": "top", "AlarmRule": "ALARM(errors)"})


def test_alarm_of_one_kind_cannot_become_one_of_the_other(stand: Stand) -> None:
    stand.put()

    with pytest.raises(InvalidParameter, match="of the other kind"):
        stand.cloudwatch.put_composite_alarm(ACCOUNT, REGION, {"AlarmName": "errors", "AlarmRule": "TRUE"})


def test_alarm_of_another_account_is_not_found(stand: Stand) -> None:
    stand.put()

    with pytest.raises(AlarmNotFound, match="no alarm 'errors' in account 333333333333, region eu-west-1"):
        stand.cloudwatch.alarm_state("333333333333", REGION, "errors")


def test_alarms_are_evaluated_at_the_clocks_minutes_on_the_minute_that_ended(stand: Stand) -> None:
    stand.put(TreatMissingData="notBreaching")
    stand.wall.advance(20)
    stand.cloudwatch.put_metric(ACCOUNT, REGION, "AWS/Lambda", "Errors", {"FunctionName": "cars"}, 1)

    stand.wall.advance(39)
    stand.clock.wake()
    before = stand.state("errors")
    stand.wall.advance(1)
    stand.clock.wake()
    eventually(lambda: stand.state("errors") is not before)

    assert (before, stand.state("errors")) == (INSUFFICIENT, ALARM)


def test_embedded_metrics_are_stamped_with_the_runs_time(stand: Stand) -> None:
    stand.put(Namespace="Cars", MetricName="Refused", Dimensions=None)
    stand.let_pass(minutes=6)
    directive = {"Namespace": "Cars", "Dimensions": [[]], "Metrics": [{"Name": "Refused"}]}
    line = {
        "_aws": {"Timestamp": stand.wall.wall() * 1000, "CloudWatchMetrics": [directive]},
        "Refused": [1, 1],
    }

    count = stand.cloudwatch.put_emf(ACCOUNT, REGION, line)
    stand.cloudwatch.evaluate(stand.clock.now() + 60)

    assert count == 2
    assert stand.state("errors") is ALARM
    assert stand.cloudwatch.put_emf(ACCOUNT, REGION, "REPORT RequestId: 1") == 0


def test_alarm_keeps_the_definition_that_it_was_given(stand: Stand) -> None:
    properties = alarm_properties(ActionsEnabled="false", AlarmActions=["arn:aws:sns:eu-west-1:222222222222:pages"])
    status = stand.cloudwatch.put_metric_alarm(ACCOUNT, REGION, properties)

    stand.cloudwatch.enable_actions(ACCOUNT, REGION, "errors", is_enabled=True)

    assert status.alarm.properties == properties
    assert not status.actions_enabled
    assert stand.cloudwatch.alarm(ACCOUNT, REGION, "errors").actions_enabled


def _evaluations(stand: Stand) -> list[tuple[str, float | None, float | None, str, str]]:
    return [
        (event.alarm, event.value, event.threshold, event.comparison, event.state)
        for event in stand.event_log.events
        if isinstance(event, AlarmEvaluated)
    ]


def test_evaluations_of_watched_alarms_are_told_with_their_newest_data_point(stand: Stand) -> None:
    stand.put()
    stand.put(AlarmName="other")
    stand.cloudwatch.tell_evaluations_of(lambda: [(ACCOUNT, REGION, "errors"), (ACCOUNT, REGION, "missing")])
    stand.measure(2, minute=0)

    stand.evaluate(minutes=1)
    stand.evaluate(minutes=2)

    assert _evaluations(stand) == [
        ("errors", 2.0, 0.0, "GreaterThanThreshold", "ALARM"),
        ("errors", None, 0.0, "GreaterThanThreshold", "ALARM"),
    ]


def test_evaluations_of_what_a_watched_composite_alarm_is_made_of_are_told(stand: Stand) -> None:
    stand.put()
    stand.cloudwatch.put_composite_alarm(ACCOUNT, REGION, {"AlarmName": "both", "AlarmRule": 'ALARM("errors")'})
    stand.cloudwatch.tell_evaluations_of(lambda: [(ACCOUNT, REGION, "both")])
    stand.measure(2, minute=0)

    stand.evaluate(minutes=1)

    assert _evaluations(stand) == [
        ("both", None, None, "", "ALARM"),
        ("errors", 2.0, 0.0, "GreaterThanThreshold", "ALARM"),
    ]
