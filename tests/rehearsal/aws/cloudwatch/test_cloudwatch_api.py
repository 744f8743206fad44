"""CloudWatch's API: parameters as boto3 gives them, answers in the shapes of botocore's model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from rehearsal.aws.cloudwatch.alarm_evaluation import AlarmState
from rehearsal.aws.cloudwatch.cloudwatch_api import CloudWatchApi
from rehearsal.aws.service_api import ApiError, Caller
from tests.rehearsal.aws.cloudwatch.conftest import (
    ACCOUNT,
    REGION,
    START,
    Stand,
    alarm_properties,
    math_alarm_properties,
)

NOW = datetime.fromtimestamp(START, UTC)
DIMENSIONS = [{"Name": "FunctionName", "Value": "cars"}]
MODEL = botocore.session.get_session().get_service_model("cloudwatch")


class Client:
    """Calls the API and holds parameters and answers against botocore's model."""

    def __init__(self, api: CloudWatchApi, account: str = ACCOUNT) -> None:
        self._api = api
        self._caller = Caller(account, REGION)

    def __call__(self, operation: str, **parameters: Any) -> Mapping[str, Any]:
        model = MODEL.operation_model(operation)
        _assert_shape(parameters, model.input_shape)
        answer = self._api.call(operation, parameters, self._caller)
        if model.output_shape is not None:
            _assert_shape(answer, model.output_shape)
        return answer


def _assert_shape(value: Mapping[str, Any], shape: Any) -> None:
    errors = ParamValidator().validate(value, shape)
    assert not errors.has_errors(), errors.generate_report()


@pytest.fixture
def call(stand: Stand) -> Client:
    return Client(CloudWatchApi(stand.cloudwatch))


def _stat(name: str, stat: str = "Sum", period: int = 60, *, namespace: str = "AWS/Lambda") -> dict[str, Any]:
    return {
        "Metric": {"Namespace": namespace, "MetricName": name, "Dimensions": DIMENSIONS},
        "Period": period,
        "Stat": stat,
    }


def _values(answer: Mapping[str, Any], id_: str) -> list[tuple[int, float]]:
    """Minutes from NOW, and values."""
    for result in answer["MetricDataResults"]:
        if result["Id"] == id_:
            minutes = [round((at - NOW).total_seconds() / 60) for at in result["Timestamps"]]
            return list(zip(minutes, result["Values"], strict=True))
    raise AssertionError(f"no result {id_}")


def test_what_was_put_is_what_is_got(call: Client) -> None:
    at = NOW - timedelta(minutes=5)
    data = [
        {"MetricName": "Errors", "Dimensions": DIMENSIONS, "Timestamp": at, "Value": 2.0, "Unit": "Count"},
        {"MetricName": "Errors", "Dimensions": DIMENSIONS, "Timestamp": at, "Values": [1.0, 3.0], "Counts": [2.0, 1.0]},
        {
            "MetricName": "Errors",
            "Dimensions": DIMENSIONS,
            "Timestamp": at,
            "StatisticValues": {"SampleCount": 2.0, "Sum": 4.0, "Minimum": 0.0, "Maximum": 4.0},
        },
    ]
    call("PutMetricData", Namespace="Cars", MetricData=data)

    statistics = ["SampleCount", "Sum", "Minimum", "Maximum", "Average"]
    answer = call(
        "GetMetricStatistics",
        Namespace="Cars",
        MetricName="Errors",
        Dimensions=DIMENSIONS,
        StartTime=NOW - timedelta(minutes=10),
        EndTime=NOW,
        Period=60,
        Statistics=statistics,
    )

    (point,) = answer["Datapoints"]
    assert [point[name] for name in statistics] == [6, 11, 0, 4, pytest.approx(11 / 6)]
    assert (point["Timestamp"], point["Unit"]) == (at, "Count")


def test_datum_with_two_kinds_of_value_is_refused(call: Client) -> None:
    with pytest.raises(ApiError, match="InvalidParameterCombination"):
        call("PutMetricData", Namespace="N", MetricData=[{"MetricName": "M", "Value": 1.0, "Values": [1.0]}])


def test_metric_data_are_the_newest_first_and_without_gaps_filled(stand: Stand, call: Client) -> None:
    for minute in (-4, -2, -1):
        stand.measure(minute, minute=minute)

    answer = call(
        "GetMetricData",
        MetricDataQueries=[
            {"Id": "errors", "MetricStat": _stat("Errors")},
            {"Id": "largest", "MetricStat": _stat("Errors", "p90", 300), "Label": "worst"},
            {"Id": "none", "MetricStat": _stat("Throttles")},
        ],
        StartTime=NOW - timedelta(minutes=5),
        EndTime=NOW,
    )

    assert _values(answer, "errors") == [(-1, -1), (-2, -2), (-4, -4)]
    assert _values(answer, "largest") == [(-5, -1)]
    assert _values(answer, "none") == []
    assert [(result["Label"], result["StatusCode"]) for result in answer["MetricDataResults"]] == [
        ("Errors", "Complete"),
        ("worst", "Complete"),
        ("Throttles", "Complete"),
    ]


def test_expressions_refer_to_metrics_and_to_each_other(stand: Stand, call: Client) -> None:
    stand.measure(1, minute=-1, name="Errors", times=3)
    stand.measure(1, minute=-1, name="Invocations", times=12)
    stand.measure(1, minute=-3, name="Invocations", times=8)

    answer = call(
        "GetMetricData",
        MetricDataQueries=[
            {"Id": "percent", "Expression": "rate * 100"},
            {"Id": "rate", "Expression": "FILL(errors, 0) / invocations", "ReturnData": False},
            {"Id": "errors", "MetricStat": _stat("Errors"), "ReturnData": False},
            {"Id": "invocations", "MetricStat": _stat("Invocations"), "ReturnData": False},
            {"Id": "all", "Expression": "SUM(METRICS())"},
            {"Id": "each", "Expression": "METRICS() * 2"},
        ],
        StartTime=NOW - timedelta(minutes=3),
        EndTime=NOW,
        ScanBy="TimestampAscending",
    )

    assert _values(answer, "percent") == [(-3, 0), (-1, 25)]
    assert _values(answer, "all") == [(-3, 8), (-1, 15)]
    assert [result["Values"] for result in answer["MetricDataResults"] if result["Id"] == "each"] == [[6], [16, 24]]


def test_queries_of_different_periods_stand_side_by_side_but_not_in_one_expression(call: Client) -> None:
    queries: list[dict[str, Any]] = [
        {"Id": "short", "MetricStat": _stat("Errors")},
        {"Id": "long", "MetricStat": _stat("Errors", period=300)},
    ]
    span = {"StartTime": NOW - timedelta(minutes=5), "EndTime": NOW}

    assert len(call("GetMetricData", MetricDataQueries=queries, **span)["MetricDataResults"]) == 2
    with pytest.raises(ApiError, match="metrics of different periods is not supported"):
        call("GetMetricData", MetricDataQueries=[*queries, {"Id": "e", "Expression": "short + long"}], **span)


def test_expression_without_a_metric_has_its_own_period(call: Client) -> None:
    query = {"Id": "line", "Expression": "TIME_SERIES(7)", "Period": 300}

    answer = call("GetMetricData", MetricDataQueries=[query], StartTime=NOW - timedelta(minutes=10), EndTime=NOW)

    assert _values(answer, "line") == [(-5, 7), (-10, 7)]


def test_ten_minutes_ago_on_the_wall_is_ten_aws_minutes_ago(stand: Stand, call: Client) -> None:
    stand.let_pass(minutes=6)
    wall_now = datetime.fromtimestamp(stand.wall.wall(), UTC)
    datum = {"MetricName": "Errors", "Dimensions": DIMENSIONS, "Value": 1.0}
    call("PutMetricData", Namespace="Cars", MetricData=[{**datum, "Timestamp": wall_now - timedelta(minutes=8)}])
    call("PutMetricData", Namespace="Cars", MetricData=[datum])

    answer = call(
        "GetMetricData",
        MetricDataQueries=[{"Id": "errors", "MetricStat": _stat("Errors", namespace="Cars")}],
        StartTime=wall_now - timedelta(minutes=10),
        EndTime=wall_now + timedelta(seconds=1),
    )

    minutes_ago = [(wall_now - at).total_seconds() / 60 for at in answer["MetricDataResults"][0]["Timestamps"]]
    assert stand.clock.offset() > 300
    assert len(minutes_ago) == 2
    assert 0 <= minutes_ago[0] < 1
    assert 8 <= minutes_ago[1] < 9


def test_metrics_are_listed_by_namespace_name_and_dimensions(stand: Stand, call: Client) -> None:
    stand.measure(1, minute=0, name="Errors", FunctionName="cars")
    stand.measure(1, minute=0, name="Errors", FunctionName="cars", Resource="cars:live")
    stand.measure(1, minute=0, name="Invocations", FunctionName="prober")

    def found(**parameters: Any) -> list[tuple[str, int]]:
        return [(m["MetricName"], len(m["Dimensions"])) for m in call("ListMetrics", **parameters)["Metrics"]]

    assert found() == [("Errors", 1), ("Errors", 2), ("Invocations", 1)]
    assert found(MetricName="Errors", Dimensions=[{"Name": "Resource"}]) == [("Errors", 2)]
    assert found(Dimensions=[{"Name": "FunctionName", "Value": "prober"}]) == [("Invocations", 1)]
    assert found(Namespace="AWS/SQS") == []


def test_described_alarm_is_the_one_that_was_put(call: Client) -> None:
    actions = ["arn:aws:sns:eu-west-1:222222222222:pages"]
    call("PutMetricAlarm", **alarm_properties(AlarmActions=actions, AlarmDescription="too many", DatapointsToAlarm=1))

    (alarm,) = call("DescribeAlarms", AlarmNames=["errors", "none"])["MetricAlarms"]

    for key, value in alarm_properties(AlarmActions=actions, AlarmDescription="too many", DatapointsToAlarm=1).items():
        assert alarm[key] == value
    assert (alarm["StateValue"], alarm["ActionsEnabled"]) == ("INSUFFICIENT_DATA", True)
    assert alarm["AlarmConfigurationUpdatedTimestamp"] == NOW


def test_described_alarm_of_cloudformation_has_numbers_and_booleans(stand: Stand, call: Client) -> None:
    properties = math_alarm_properties("errors * 2", "Errors", Threshold="1", EvaluationPeriods="3")
    properties["Metrics"][0]["ReturnData"] = "true"
    properties["Metrics"][1]["ReturnData"] = "false"
    properties["Metrics"][1]["MetricStat"]["Period"] = "60"
    stand.cloudwatch.put_metric_alarm(ACCOUNT, REGION, properties)

    (alarm,) = call("DescribeAlarms")["MetricAlarms"]

    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (1.0, 3)
    assert [query["ReturnData"] for query in alarm["Metrics"]] == [True, False]
    assert alarm["Metrics"][1]["MetricStat"]["Period"] == 60


def test_alarms_are_described_by_prefix_state_and_type(stand: Stand, call: Client) -> None:
    for name in ("api-errors", "api-slow", "queue"):
        stand.put(AlarmName=name, AlarmActions=[f"arn:aws:sns:::{name}"])
    call("PutCompositeAlarm", AlarmName="api", AlarmRule="ALARM(api-errors)")
    call("SetAlarmState", AlarmName="api-errors", StateValue="ALARM", StateReason="testing")

    def found(**parameters: Any) -> list[str]:
        answer = call("DescribeAlarms", **parameters)
        return [alarm["AlarmName"] for alarm in [*answer["MetricAlarms"], *answer["CompositeAlarms"]]]

    assert found() == ["api-errors", "api-slow", "queue"]
    assert found(AlarmNamePrefix="api") == ["api-errors", "api-slow"]
    assert found(AlarmNamePrefix="api", AlarmTypes=["CompositeAlarm"]) == ["api"]
    assert found(AlarmTypes=["CompositeAlarm", "MetricAlarm"], StateValue="ALARM") == ["api-errors", "api"]
    assert found(ActionPrefix="arn:aws:sns:::queue") == ["queue"]
    assert Client(CloudWatchApi(stand.cloudwatch), "333333333333")("DescribeAlarms")["MetricAlarms"] == []


def test_alarms_are_described_page_by_page(stand: Stand, call: Client) -> None:
    for index in range(6):
        stand.put(AlarmName=f"alarm-{index}")

    first = call("DescribeAlarms", MaxRecords=3)
    second = call("DescribeAlarms", MaxRecords=3, NextToken=first["NextToken"])

    assert [len(page["MetricAlarms"]) for page in (first, second)] == [3, 3]
    assert "NextToken" not in second
    with pytest.raises(ApiError, match="InvalidNextToken"):
        call("DescribeAlarms", NextToken="made up")


def test_alarms_of_a_metric_are_found_by_its_dimensions(stand: Stand, call: Client) -> None:
    stand.put()
    stand.put(AlarmName="other", Dimensions=[])

    answer = call("DescribeAlarmsForMetric", Namespace="AWS/Lambda", MetricName="Errors", Dimensions=DIMENSIONS)

    assert [alarm["AlarmName"] for alarm in answer["MetricAlarms"]] == ["errors"]


def test_history_is_told_newest_first(stand: Stand, call: Client) -> None:
    stand.put()
    call("SetAlarmState", AlarmName="errors", StateValue="ALARM", StateReason="testing")

    items = call("DescribeAlarmHistory", AlarmName="errors")["AlarmHistoryItems"]
    updates = call("DescribeAlarmHistory", HistoryItemType="StateUpdate")["AlarmHistoryItems"]

    assert [item["HistorySummary"] for item in items] == [
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        'Alarm "errors" created',
    ]
    assert len(updates) == 1


def test_actions_are_switched_off_and_on(stand: Stand, call: Client) -> None:
    stand.put()

    call("DisableAlarmActions", AlarmNames=["errors"])
    disabled = call("DescribeAlarms")["MetricAlarms"][0]["ActionsEnabled"]
    call("EnableAlarmActions", AlarmNames=["errors"])

    assert not disabled
    assert call("DescribeAlarms")["MetricAlarms"][0]["ActionsEnabled"]


def test_delete_passes_over_unknown_names_and_takes_one_composite_alarm_at_most(stand: Stand, call: Client) -> None:
    stand.put()
    for name in ("one", "two"):
        call("PutCompositeAlarm", AlarmName=name, AlarmRule="TRUE")

    with pytest.raises(ApiError, match="One composite alarm can be deleted in a call, got one, two"):
        call("DeleteAlarms", AlarmNames=["errors", "one", "two"])
    call("DeleteAlarms", AlarmNames=["errors", "one", "unknown"])

    assert [status.name for status in stand.cloudwatch.alarms(ACCOUNT, REGION)] == ["two"]


@pytest.mark.parametrize(
    ("operation", "parameters", "code"),
    [
        ("SetAlarmState", {"AlarmName": "none", "StateValue": "OK", "StateReason": "x"}, "ResourceNotFound"),
        ("PutMetricAlarm", alarm_properties(ThresholdMetricId="ad1"), "ValidationError"),
        ("PutMetricAlarm", alarm_properties(Threshold=None), "MissingParameter"),
        ("DescribeAlarms", {"ChildrenOfAlarmName": "top"}, "ValidationError"),
        (
            "GetMetricData",
            {
                "MetricDataQueries": [{"Id": "m", "MetricStat": _stat("Errors")}],
                "StartTime": NOW,
                "EndTime": NOW - timedelta(minutes=1),
            },
            "ValidationError",
        ),
        (
            "GetMetricData",
            {
                "MetricDataQueries": [{"Id": "e", "Expression": "SEARCH('x')"}],
                "StartTime": NOW - timedelta(minutes=1),
                "EndTime": NOW,
            },
            "ValidationError",
        ),
        (
            "GetMetricData",
            {
                "MetricDataQueries": [{"Id": "m", "MetricStat": _stat("Errors")}],
                "StartTime": NOW - timedelta(days=100),
                "EndTime": NOW,
            },
            "InvalidParameterCombination",
        ),
    ],
)
def test_refusals_have_the_apis_codes(call: Client, operation: str, parameters: dict[str, Any], code: str) -> None:
    with pytest.raises(ApiError) as caught:
        call(operation, **parameters)
    assert caught.value.code == code


def test_missing_parameters_are_named(stand: Stand) -> None:
    with pytest.raises(ApiError, match="GetMetricData needs StartTime, EndTime") as caught:
        CloudWatchApi(stand.cloudwatch).call("GetMetricData", {"MetricDataQueries": []}, Caller(ACCOUNT, REGION))
    assert caught.value.code == "MissingParameter"


def test_every_operation_is_one_of_cloudwatchs_api() -> None:
    assert set(MODEL.operation_names) >= CloudWatchApi.operations


def test_state_of_an_alarm_is_not_changed_by_describing_it(stand: Stand, call: Client) -> None:
    stand.put()
    call("DescribeAlarms")

    assert stand.state("errors") is AlarmState.INSUFFICIENT_DATA
