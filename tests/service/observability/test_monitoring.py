"""The service's own alarms, line by line: what fires them, and when."""

from __future__ import annotations

from typing import Any

import pytest

from service.observability.monitoring import bake_alarm_names
from tests.assembly import Assembly
from tests.example import example_configuration


def alarm(assembly: Assembly, what: str) -> Any:
    template = assembly.stage_template("Prod", what.split("-", 1)[0].capitalize())
    (found,) = (
        declared["Properties"]
        for declared in template.of_type("AWS::CloudWatch::Alarm").values()
        if declared["Properties"].get("AlarmName") == f"cars-prod-{what}"
    )
    return found


@pytest.mark.parametrize(
    ("what", "metric", "statistic", "comparison", "threshold", "datapoints", "periods", "no_data"),
    [
        ("api-5xx-rate", "AWS/ApiGateway 5XXError", "Average", "GreaterThan", 0.01, 2, 3, "notBreaching"),
        ("api-latency-p95", "AWS/ApiGateway Latency", "p95", "GreaterThan", 1000, 3, 5, "notBreaching"),
        ("api-throttles", "AWS/Lambda Throttles", "Sum", "GreaterThan", 0, 2, 3, "notBreaching"),
        (
            *("changes-undelivered", "AWS/SQS ApproximateNumberOfMessagesVisible", "Maximum", "GreaterThan", 0),
            *(1, 1, "ignore"),
        ),
        ("changes-delayed", "AWS/Lambda IteratorAge", "Maximum", "GreaterThan", 300_000, 2, 3, "notBreaching"),
        ("changes-throttles", "AWS/Lambda Throttles", "Sum", "GreaterThan", 0, 2, 3, "notBreaching"),
        ("notifications-delayed", "AWS/Lambda AsyncEventAge", "Maximum", "GreaterThan", 300_000, 2, 3, "notBreaching"),
        (
            *("notifications-failed", "AWS/SQS ApproximateNumberOfMessagesVisible", "Maximum", "GreaterThan", 0),
            *(1, 1, "ignore"),
        ),
        ("telemetry-delayed", "AWS/Lambda IteratorAge", "Maximum", "GreaterThan", 300_000, 2, 3, "notBreaching"),
        (
            *("prober-heartbeat", "AutonomousCarManager SucceededJourneys", "Sum", "LessThan", 1),
            *(3, 3, "breaching"),
        ),
    ],
)
def test_alarm_fires_when(
    what: str,
    metric: str,
    statistic: str,
    comparison: str,
    threshold: float,
    datapoints: int | None,
    periods: int,
    no_data: str,
    assembly: Assembly,
) -> None:
    found = alarm(assembly, what)

    assert f"{found['Namespace']} {found['MetricName']}" == metric
    assert found.get("Statistic", found.get("ExtendedStatistic")) == statistic
    assert (found["ComparisonOperator"], found["Threshold"]) == (f"{comparison}Threshold", threshold)
    assert (found.get("DatapointsToAlarm"), found["EvaluationPeriods"]) == (datapoints, periods)
    assert (found["TreatMissingData"], found["Period"]) == (no_data, 60)


@pytest.mark.parametrize(
    ("what", "function_id"), [("api-throttles", "ApiFunction6BF808ED"), ("changes-delayed", "ChangesFunctionC6594AC1")]
)
def test_metrics_of_a_function_are_those_of_its_alias(assembly: Assembly, what: str, function_id: str) -> None:
    dimensions = {found["Name"]: found["Value"] for found in alarm(assembly, what)["Dimensions"]}

    function = {"Ref": function_id}
    assert dimensions == {"FunctionName": function, "Resource": {"Fn::Join": ["", [function, ":live"]]}}


def test_no_alarm_that_waits_for_a_person_gates_the_bake(assembly: Assembly) -> None:
    """It would roll back the release with the fix."""
    names = bake_alarm_names(example_configuration().prod.service)
    watched = [alarm(assembly, name.removeprefix("cars-prod-")) for name in names]

    assert len(watched) == 5
    assert "AWS/SQS" not in {found["Namespace"] for found in watched}
