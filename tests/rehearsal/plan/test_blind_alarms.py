from __future__ import annotations

from pathlib import Path
from typing import Any

import rehearsal
from rehearsal.plan.blind_alarms import blind_alarms
from rehearsal.plan.resource_standing import resource_table


def alarm(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def test_alarm_on_a_metric_that_nothing_measures_is_told() -> None:
    metric = {"Namespace": "AWS/DynamoDB", "MetricName": "SystemErrors"}

    (row,) = blind_alarms([alarm(**metric), alarm(**metric), {"Type": "AWS::SQS::Queue"}])

    assert str(row) == "Alarm on AWS/DynamoDB SystemErrors (2): nothing measures it here: it has no data"
    assert not row.is_quiet


def test_alarm_on_an_expression_is_told_by_what_it_is_made_of() -> None:
    queries = [
        {"Id": "e", "Expression": "m / 2"},
        {"Id": "m", "MetricStat": {"Metric": {"Namespace": "AWS/States", "MetricName": "ExecutionsFailed"}}},
    ]

    (row,) = blind_alarms([alarm(Metrics=queries)])

    assert row.what == "Alarm on AWS/States ExecutionsFailed"


def test_alarm_on_a_metric_that_is_always_zero_is_told() -> None:
    (row,) = blind_alarms([alarm(Namespace="AWS/Lambda", MetricName="Throttles")])

    assert row.why == "it is always 0 here"


def test_alarm_on_a_metric_that_is_measured_or_the_apps_own_is_not_told() -> None:
    assert (
        blind_alarms([alarm(Namespace="AWS/Lambda", MetricName="Errors"), alarm(Namespace="App", MetricName="E")]) == ()
    )


def test_metrics_that_the_table_calls_measured_are_put_by_somebody() -> None:
    sources = "".join(path.read_text() for path in (Path(rehearsal.__file__).parent / "aws").rglob("*.py"))

    names = {name for names in resource_table().metrics.values() for name in names}
    assert {name for name in names if f'"{name}"' not in sources} == set()
    assert {namespace for namespace in resource_table().metrics if f'"{namespace}"' not in sources} == set()
