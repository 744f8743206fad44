from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rehearsal.aws.cloudwatch_logs.metric_filters import MetricFilters
from rehearsal.aws.lambda_host.logs import LogStream
from rehearsal.aws.resource import ResourceRequest, ResourceUnsupported
from rehearsal.machine.clock import Clock
from tests.rehearsal.aws.manual_time import ManualTime, manual_clock

ACCOUNT, REGION, GROUP = "222222222222", "eu-west-1", "/aws/lambda/cars"
STREAM = LogStream(ACCOUNT, REGION, GROUP, "2026/01/31/[1]abc")
START = 1_800_000_000.0


class RecordingSink:
    """`samples` are (name, dimensions, value, unit, at)."""

    def __init__(self) -> None:
        self.samples: list[tuple[str, dict[str, str], float, str | None, float | None]] = []

    def put_metric(
        self,
        account: str,
        region: str,
        namespace: str,
        name: str,
        dimensions: Any,
        value: float,
        *,
        unit: str | None = None,
        at: float | None = None,
    ) -> None:
        assert (account, region) == (ACCOUNT, REGION)
        self.samples.append((f"{namespace}/{name}", dict(dimensions), value, unit, at))

    def put_emf(self, account: str, region: str, line: str) -> None:
        raise AssertionError(line)


class FakeClients:
    """CloudWatch Logs, which keeps the names of filters."""

    class exceptions:
        class ResourceNotFoundException(Exception):
            pass

    def __init__(self) -> None:
        self.names: list[str] = []

    def root(self, account: str, region: str) -> Any:
        assert (account, region) == (ACCOUNT, REGION)
        return self

    def assume(self, role_arn: str, *, session_name: str, region: str) -> Any:
        raise AssertionError(role_arn)

    def client(self, service: str) -> FakeClients:
        assert service == "logs"
        return self

    def put_metric_filter(self, *, filterName: str, **_: Any) -> None:
        self.names = sorted({*self.names, filterName})

    def delete_metric_filter(self, *, logGroupName: str, filterName: str) -> None:
        assert logGroupName == GROUP
        self.names.remove(filterName)


@pytest.fixture
def clock() -> Iterator[tuple[Clock, ManualTime]]:
    with manual_clock() as started:
        yield started


@pytest.fixture
def sink() -> RecordingSink:
    return RecordingSink()


@pytest.fixture
def filters(clock: tuple[Clock, ManualTime], sink: RecordingSink) -> MetricFilters:
    return MetricFilters(clock[0], sink, FakeClients())


def request(pattern: str = "ERROR", *, group: str = GROUP, **transformation: Any) -> ResourceRequest:
    given = {"MetricName": "Errors", "MetricNamespace": "App", "MetricValue": "1", **transformation}
    return ResourceRequest(
        account=ACCOUNT,
        region=REGION,
        stack_name="Cars",
        stack_id="arn",
        logical_id="Filter",
        resource_type="AWS::Logs::MetricFilter",
        properties={"FilterPattern": pattern, "LogGroupName": group, "MetricTransformations": [given]},
    )


def put_log_events(filters: MetricFilters, *messages: str, stream: str = "mine", at: float = START) -> None:
    call = {
        "logGroupName": GROUP,
        "logStreamName": stream,
        "logEvents": [{"timestamp": int(at * 1000), "message": message} for message in messages],
    }
    filters.heard("logs", "PutLogEvents", ACCOUNT, REGION, json.dumps(call).encode())


def test_line_of_a_function_that_matches_is_a_data_point_of_now(filters: MetricFilters, sink: RecordingSink) -> None:
    filters.create(request(Unit="Count"))

    filters.printed(STREAM, "[ERROR] KeyError")
    filters.printed(STREAM, "all is well")

    assert sink.samples == [("App/Errors", {}, 1.0, "Count", START)]


def test_log_event_of_an_api_call_is_a_data_point_of_its_own_time(filters: MetricFilters, sink: RecordingSink) -> None:
    filters.create(request("{ $.ms > 100 }", MetricValue="$.ms"))

    put_log_events(filters, '{"ms": 250}', '{"ms": 50}', at=START - 90)

    assert sink.samples == [("App/Errors", {}, 250.0, None, START - 90)]


def test_line_of_a_function_counts_once_though_it_is_put_by_a_call_later(
    filters: MetricFilters, sink: RecordingSink
) -> None:
    filters.create(request())

    filters.printed(STREAM, "ERROR")
    put_log_events(filters, "ERROR", stream=STREAM.name)

    assert len(sink.samples) == 1


def test_events_of_another_group_are_not_looked_at(filters: MetricFilters, sink: RecordingSink) -> None:
    filters.create(request(group="another"))

    filters.printed(STREAM, "ERROR")
    put_log_events(filters, "ERROR")

    assert sink.samples == []


def test_default_value_is_reported_for_each_event_of_a_minute_without_a_match(
    filters: MetricFilters, sink: RecordingSink
) -> None:
    filters.create(request(DefaultValue="0"))
    put_log_events(filters, "fine", "fine", at=START)
    put_log_events(filters, "fine", "ERROR", at=START + 60)

    filters.report_defaults(START + 120)

    assert sink.samples == [
        ("App/Errors", {}, 1.0, None, START + 60),
        ("App/Errors", {}, 0.0, None, START),
        ("App/Errors", {}, 0.0, None, START),
    ]


def test_default_value_waits_for_the_end_of_its_minute(filters: MetricFilters, sink: RecordingSink) -> None:
    filters.create(request(DefaultValue="0"))
    put_log_events(filters, "fine", at=START + 60)

    filters.report_defaults(START + 60)

    assert sink.samples == []


def test_filter_that_was_updated_has_its_new_pattern_and_a_deleted_one_none(
    filters: MetricFilters, sink: RecordingSink
) -> None:
    created = filters.create(request())
    update = replace(request("WARN"), physical_id=created.physical_id, old_properties=request().properties)

    assert filters.update(update).physical_id == created.physical_id
    filters.printed(STREAM, "ERROR")
    filters.printed(STREAM, "WARN")
    filters.delete(update)
    filters.printed(STREAM, "WARN")

    assert len(sink.samples) == 1


def test_filter_with_a_pattern_that_is_not_understood_fails_the_resource(filters: MetricFilters) -> None:
    with pytest.raises(ResourceUnsupported, match=r"Filter: .*selector"):
        filters.create(request("{ $.a[*] = 1 }"))
