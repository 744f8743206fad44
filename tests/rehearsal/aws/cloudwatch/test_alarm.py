"""Definitions of alarms: what is understood, what AWS refuses, what only AWS has."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.cloudwatch.alarm import parse_composite_alarm, parse_metric_alarm
from rehearsal.aws.cloudwatch.alarm_evaluation import TreatMissingData
from rehearsal.aws.cloudwatch.errors import InvalidParameter, NotSupportedHere
from tests.rehearsal.aws.cloudwatch.conftest import ACCOUNT, REGION, alarm_properties, math_alarm_properties


def _parse(properties: dict[str, Any]) -> Any:
    return parse_metric_alarm(properties, account=ACCOUNT, region=REGION)


def test_numbers_may_be_strings_as_cloudformation_hands_them_over() -> None:
    as_strings = alarm_properties(Period="60", EvaluationPeriods="3", DatapointsToAlarm="2", Threshold="0.5")
    as_numbers = alarm_properties(Period=60, EvaluationPeriods=3, DatapointsToAlarm=2, Threshold=0.5)

    assert _parse(as_strings) == _parse(as_numbers)


def test_datapoints_to_alarm_are_the_evaluation_periods_unless_given() -> None:
    assert _parse(alarm_properties(EvaluationPeriods=3)).datapoints_to_alarm == 3


@pytest.mark.parametrize(
    ("namespace", "given", "treatment"),
    [
        ("AWS/Lambda", None, TreatMissingData.MISSING),
        ("AWS/Lambda", "breaching", TreatMissingData.BREACHING),
        ("AWS/DynamoDB", None, TreatMissingData.IGNORE),
        ("AWS/DynamoDB", "notBreaching", TreatMissingData.NOT_BREACHING),
    ],
)
def test_missing_data_is_treated_as_given_or_as_the_namespace_defaults(
    namespace: str, given: str | None, treatment: TreatMissingData
) -> None:
    alarm = _parse(alarm_properties(Namespace=namespace, TreatMissingData=given))

    assert alarm.treat_missing_data is treatment


@pytest.mark.parametrize(
    ("operator", "breaching"),
    [
        ("GreaterThanThreshold", [False, False, True]),
        ("GreaterThanOrEqualToThreshold", [False, True, True]),
        ("LessThanThreshold", [True, False, False]),
        ("LessThanOrEqualToThreshold", [True, True, False]),
    ],
)
def test_value_below_at_and_above_the_threshold(operator: str, breaching: list[bool]) -> None:
    alarm = _parse(alarm_properties(Threshold=5, ComparisonOperator=operator))

    assert [alarm.breaches(value) for value in (4, 5, 6)] == breaching


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold"}, "anomaly detection"),
        ({"ThresholdMetricId": "ad1"}, "alarm property ThresholdMetricId"),
        ({"EvaluationWindow": {"WallClockWindow": {}}}, "alarm property EvaluationWindow"),
        ({"EvaluationCriteria": {}, "WarmUpConfiguration": {}}, "property EvaluationCriteria, WarmUpConfiguration"),
        ({"Period": 10}, "A period of 10 seconds"),
        ({"Statistic": None, "ExtendedStatistic": "tm90"}, "statistic tm90"),
    ],
)
def test_what_only_aws_has_is_refused_by_name(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(NotSupportedHere, match=message):
        _parse(alarm_properties(**changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"AlarmName": None}, "needs AlarmName"),
        ({"EvaluationPeriods": None}, "needs EvaluationPeriods"),
        ({"Threshold": None}, "needs Threshold"),
        ({"ComparisonOperator": "Above"}, "ComparisonOperator is 'Above'; allowed are GreaterThanOrEqual"),
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm is 2; allowed is 1 to EvaluationPeriods"),
        ({"EvaluationPeriods": 0}, "DatapointsToAlarm is 0"),
        ({"Period": 90}, "period is 90 seconds; allowed are multiples of 60"),
        ({"EvaluationPeriods": 1441}, "must not exceed 86400 seconds"),
        ({"Period": 3600, "EvaluationPeriods": 169}, "must not exceed 604800 seconds"),
        ({"TreatMissingData": "NotBreaching"}, "TreatMissingData is 'NotBreaching'; allowed are breaching"),
        ({"EvaluateLowSampleCountPercentile": "no"}, "allowed are evaluate and ignore"),
        ({"ExtendedStatistic": "p90"}, "either Statistic or ExtendedStatistic"),
        ({"Statistic": "Median"}, "statistic is 'Median'"),
        ({"AlarmName": "a" * 256}, "name has 256 characters"),
    ],
)
def test_what_aws_refuses_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameter, match=message):
        _parse(alarm_properties(**changes))


def test_expression_is_computed_once_when_the_alarm_is_made() -> None:
    with pytest.raises(NotSupportedHere, match="metric math function MEDIAN"):
        _parse(math_alarm_properties("MEDIAN(errors)", "Errors"))
    with pytest.raises(NotSupportedHere, match="Metrics Insights query"):
        _parse(math_alarm_properties('SELECT SUM(Errors) FROM "AWS/Lambda"', "Errors"))
    with pytest.raises(InvalidParameter, match="several time series"):
        _parse(math_alarm_properties("METRICS()", "Errors"))
    with pytest.raises(InvalidParameter, match="'invocations', which is not the Id"):
        _parse(math_alarm_properties("errors / invocations", "Errors"))


def test_alarms_metrics_are_one_of_a_kind() -> None:
    good = math_alarm_properties("errors / invocations", "Errors", "Invocations")
    two_returned = [{**query, "ReturnData": True} for query in good["Metrics"]]
    too_many = [{**good["Metrics"][1], "Id": f"m{index}"} for index in range(11)]
    other_period = {**good["Metrics"][2], "MetricStat": {**good["Metrics"][2]["MetricStat"], "Period": 300}}
    foreign = {**good["Metrics"][1], "AccountId": "333333333333"}

    for metrics, error, message in [
        (two_returned, InvalidParameter, "Exactly one of Metrics has ReturnData true, got watched, errors"),
        ([good["Metrics"][0], *too_many], InvalidParameter, "at most 10 metrics"),
        ([*good["Metrics"][:2], other_period], InvalidParameter, r"periods \[60, 300\]; they need one and the same"),
        ([*good["Metrics"], good["Metrics"][1]], InvalidParameter, "are not unique"),
        ([good["Metrics"][0], foreign, good["Metrics"][2]], NotSupportedHere, "AccountId 333333333333"),
    ]:
        with pytest.raises(error, match=message):
            _parse({**good, "Metrics": metrics})
    with pytest.raises(InvalidParameter, match="Metrics or Namespace, not both"):
        _parse({**good, "Namespace": "AWS/Lambda"})


def test_own_account_of_a_metric_may_be_named() -> None:
    properties = math_alarm_properties("errors * 2", "Errors")
    properties["Metrics"][1]["AccountId"] = ACCOUNT

    assert _parse(properties).metric_stats()[0].metric.account == ACCOUNT


def test_composite_alarm_has_its_own_properties() -> None:
    assert parse_composite_alarm({"AlarmName": "top", "AlarmRule": "TRUE", "ActionsSuppressorWaitPeriod": "60"})
    with pytest.raises(InvalidParameter, match="needs AlarmRule"):
        parse_composite_alarm({"AlarmName": "top"})
    with pytest.raises(NotSupportedHere, match="alarm property Threshold"):
        parse_composite_alarm({"AlarmName": "top", "AlarmRule": "TRUE", "Threshold": 1})
