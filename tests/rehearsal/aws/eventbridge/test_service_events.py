"""Rules hear what stands in for a service, and deliver it as the service's own."""

from __future__ import annotations

import base64
import logging
from typing import Any

import pytest

from rehearsal.aws.aws_clients import AwsClients
from rehearsal.aws.eventbridge.rule_targets import matched_event
from rehearsal.aws.eventbridge.service_events import ServiceEvent, ServiceEvents, hearing_services
from rehearsal.errors import RehearsalError

EVENT = ServiceEvent(
    account="111111111111",
    region="eu-west-1",
    source="aws.codepipeline",
    detail_type="CodePipeline Stage Execution State Change",
    resources=["arn:aws:codepipeline:eu-west-1:111111111111:release"],
    detail={"state": "FAILED"},
)


def heard(source: Any) -> Any:
    rule = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": source, "detail": {"a": ["b"]}}}}
    pattern = hearing_services(rule)["Properties"]["EventPattern"]
    assert pattern["detail"] == {"a": ["b"]}
    return pattern["source"]


def test_rule_on_a_service_hears_what_stands_in_for_it() -> None:
    assert heard(["aws.codepipeline", "acs.acm"]) == ["aws.codepipeline", "acs.acm", "rehearsal:aws.codepipeline"]
    assert heard([{"prefix": "aws.code"}]) == [{"prefix": "aws.code"}, {"prefix": "rehearsal:aws.code"}]


@pytest.mark.parametrize("source", [["acs.acm"], [{"prefix": "acs"}], [{"exists": True}], {"Ref": "Source"}])
def test_other_rules_stay_as_they_are(source: Any) -> None:
    assert heard(source) == source


@pytest.mark.parametrize("properties", [{}, {"ScheduleExpression": "rate(1 minute)"}, {"EventPattern": {"detail": {}}}])
def test_rule_without_a_source_stays_as_it_is(properties: dict[str, Any]) -> None:
    rule = {"Type": "AWS::Events::Rule", "Properties": properties}
    assert hearing_services(rule) == rule


def test_event_and_what_a_rule_made_of_it_are_delivered_as_the_services() -> None:
    matched = matched_event(
        {
            "RehearsalTarget": {"Arn": "arn", "InputPath": base64.b64encode(b"$.source").decode()},
            "rule": "rule",
            "event": {"source": "rehearsal:aws.codepipeline"},
        }
    )

    assert matched
    assert (matched.event, matched.payload) == ('{"source":"aws.codepipeline"}', '"aws.codepipeline"')


class FakeClients(AwsClients):
    """`put` keeps the entries; the first put fails."""

    def __init__(self) -> None:
        self.calls = 0
        self.put: list[dict[str, Any]] = []

    def root(self, account: str, region: str) -> Any:
        return self

    def client(self, service: str) -> Any:
        return self

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.calls += 1
        if self.calls == 1:
            raise RehearsalError("The emulator is not there.")
        self.put += Entries
        return {"FailedEntryCount": 0}


def test_events_are_put_in_their_order_and_one_that_fails_is_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    clients = FakeClients()
    events = ServiceEvents(clients)
    events.start()

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            events.put(EVENT)
        events.stop()

    assert [entry["Source"] for entry in clients.put] == ["rehearsal:aws.codepipeline"] * 2
    assert clients.put[0]["Detail"] == '{"state": "FAILED"}'
    assert "Stage Execution State Change of aws.codepipeline was told to nobody" in caplog.text
