"""No alarm of the service is dead: whatever it watches is something that AWS, or the service itself, really sends.

CloudWatch accepts any namespace, metric and dimension, and an alarm on one that nobody sends is silent for ever.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.assembly import Assembly, Template

LAMBDA, SQS, KINESIS, API_GATEWAY = "AWS/Lambda", "AWS/SQS", "AWS/Kinesis", "AWS/ApiGateway"
OWN = "AutonomousCarManager"

SENT_BY_AWS = {
    # "Types of metrics for Lambda functions": all that comes through an alias, and what a version of it has served
    LAMBDA: (
        {"Invocations", "Errors", "Duration", "Throttles", "IteratorAge", "AsyncEventAge", "AsyncEventsDropped"}
        | {"AsyncEventsReceived", "DestinationDeliveryFailures", "DeadLetterErrors", "ConcurrentExecutions"},
        [{"FunctionName"}, {"FunctionName", "Resource"}, {"FunctionName", "Resource", "ExecutedVersion"}],
    ),
    # "Available CloudWatch metrics for Amazon SQS"
    SQS: (
        {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesSent"},
        [{"QueueName"}],
    ),
    # "Basic stream-level metrics" of Kinesis Data Streams
    KINESIS: (
        {"WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded", "IncomingRecords"},
        [{"StreamName"}],
    ),
    # "Amazon API Gateway dimensions and metrics"
    API_GATEWAY: ({"5XXError", "4XXError", "Latency", "IntegrationLatency", "Count"}, [{"ApiName", "Stage"}]),
}
SENT_BY_THE_SERVICE = {
    # tests/service/prober/runtime/test_handler.py runs the function and reads what it sends
    "SucceededJourneys": {"service": "cars-prober", "stage": "prod"},
}
INTAKE = {"ReceivedItems", "RefusedItems"}
INTAKE_DIMENSIONS = [{"FunctionName"}, {"FunctionName", "ExecutedVersion"}]
"""tests/service/telemetry/runtime/test_handler.py and those of changes and maintenance read what the functions send."""
ONLY_OF_A_STREAM = {"IteratorAge"}
ONLY_OF_ASYNCHRONOUS_EVENTS = {"AsyncEventAge", "AsyncEventsDropped", "AsyncEventsReceived"}
"""Documented for a function as a whole only."""


@dataclass(frozen=True)
class Watched:
    """A metric that an alarm watches; `dimensions` as the template has them."""

    alarm: str
    template: Template
    namespace: str
    name: str
    dimensions: dict[str, Any]


def watched(assembly: Assembly) -> Iterator[Watched]:
    for template in assembly.stage_templates("Prod"):
        for alarm, declared in template.of_type("AWS::CloudWatch::Alarm").items():
            properties = declared["Properties"]
            stats = [query["MetricStat"]["Metric"] for query in properties.get("Metrics", []) if "MetricStat" in query]
            for metric in stats or [properties]:
                dimensions = {found["Name"]: found["Value"] for found in metric["Dimensions"]}
                yield Watched(alarm, template, metric["Namespace"], metric["MetricName"], dimensions)


def assert_version_is_of_the_function(metric: Watched) -> None:
    """Where the dimensions name a version."""
    if "ExecutedVersion" not in metric.dimensions:
        return
    version, attribute = metric.dimensions["ExecutedVersion"]["Fn::GetAtt"]
    of_version = metric.template.resources[version]["Properties"]["FunctionName"]
    assert (of_version, attribute) == (metric.dimensions["FunctionName"], "Version"), metric.alarm


def test_every_alarm_watches_what_is_sent(assembly: Assembly) -> None:
    found = list(watched(assembly))

    assert len(found) > 10
    for metric in found:
        if metric.name in INTAKE:
            assert metric.namespace == OWN
            assert set(metric.dimensions) in INTAKE_DIMENSIONS, metric.alarm
            continue
        if metric.namespace == OWN:
            assert metric.dimensions == SENT_BY_THE_SERVICE[metric.name], metric.alarm
            continue
        names, dimensions = SENT_BY_AWS[metric.namespace]
        assert metric.name in names, metric.alarm
        assert set(metric.dimensions) in dimensions, metric.alarm


def test_every_alarm_on_a_function_names_it_as_lambda_does(assembly: Assembly) -> None:
    for metric in watched(assembly):
        if metric.namespace != LAMBDA:
            continue
        function = metric.dimensions["FunctionName"]
        assert metric.template.resources[function["Ref"]]["Type"] == "AWS::Lambda::Function", metric.alarm
        if metric.name in ONLY_OF_ASYNCHRONOUS_EVENTS or not has_alias(metric.template, function):
            assert set(metric.dimensions) == {"FunctionName"}, metric.alarm
            continue
        assert metric.dimensions["Resource"] == {"Fn::Join": ["", [function, ":live"]]}, metric.alarm
        assert_version_is_of_the_function(metric)


def has_alias(template: Template, function: dict[str, str]) -> bool:
    aliases = template.of_type("AWS::Lambda::Alias").values()
    return any(alias["Properties"]["FunctionName"] == function for alias in aliases)


def test_alarm_on_a_queue_stays_as_it_is_while_sqs_says_nothing_of_an_idle_one(assembly: Assembly) -> None:
    on_queues = [metric for metric in watched(assembly) if metric.namespace == SQS]

    assert len(on_queues) > 5
    for metric in on_queues:
        alarm = metric.template.resources[metric.alarm]["Properties"]
        assert alarm["TreatMissingData"] == "ignore", metric.alarm


def test_every_alarm_on_what_a_function_refuses_is_of_a_function_that_counts_it(assembly: Assembly) -> None:
    handlers: list[str] = []
    for metric in watched(assembly):
        if metric.name not in INTAKE:
            continue
        function = metric.template.resources[metric.dimensions["FunctionName"]["Ref"]]
        handlers.append(function["Properties"]["Handler"])
        assert_version_is_of_the_function(metric)

    assert set(handlers) == {
        f"service.{unit}.runtime.handler.handle" for unit in ("changes", "telemetry", "maintenance")
    }
    assert len(handlers) == 3 * 4


def test_every_alarm_on_a_queue_or_an_api_names_one_of_its_stack(assembly: Assembly) -> None:
    for metric in watched(assembly):
        if metric.namespace == SQS:
            queue, attribute = metric.dimensions["QueueName"]["Fn::GetAtt"]
            assert metric.template.resources[queue]["Type"] == "AWS::SQS::Queue", metric.alarm
            assert attribute == "QueueName", metric.alarm
        if metric.namespace == API_GATEWAY:
            assert metric.dimensions["ApiName"] == metric.template.only("AWS::ApiGateway::RestApi")["Name"]
            assert metric.dimensions["Stage"] == metric.template.only("AWS::ApiGateway::Stage")["StageName"]


def test_metrics_of_one_way_of_invoking_are_watched_only_where_it_is_used(assembly: Assembly) -> None:
    for metric in watched(assembly):
        if metric.name in ONLY_OF_A_STREAM:
            sources = metric.template.of_type("AWS::Lambda::EventSourceMapping").values()
            assert [True for source in sources if "StartingPosition" in source["Properties"]], metric.alarm
        if metric.name in ONLY_OF_ASYNCHRONOUS_EVENTS:
            assert metric.template.of_type("AWS::Lambda::EventInvokeConfig"), metric.alarm


@pytest.mark.parametrize("stage", ["Staging", "Prod"])
def test_alarms_of_a_stage_have_names_of_their_own(stage: str, assembly: Assembly) -> None:
    names = [
        alarm["Properties"]["AlarmName"]
        for template in assembly.stage_templates(stage)
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        if "AlarmName" in alarm["Properties"]
    ]

    assert len(set(names)) == len(names)
    assert all(name.startswith(f"cars-{stage.lower()}-") for name in names)
