"""Changes of cars, from the table's stream to the bus: every one, in order, and what failed again."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
import pytest
from moto import mock_aws

from service.cars.settings import Setting
from service.changes.runtime import handler
from tests.service.conftest import FakeContext, load_event


class FakeBus:
    """PutEvents of EventBridge, refusing the entries (counted from 0) that it is told to."""

    def __init__(self, *, refused: Sequence[int] = ()) -> None:
        self.calls: list[int] = []
        self.sent: list[dict[str, Any]] = []
        self._refused = refused
        self._seen = 0

    def put_events(self, *, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
        self.calls.append(len(Entries))
        answers: list[dict[str, str]] = []
        for entry in Entries:
            if self._seen in self._refused:
                answers.append({"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"})
            else:
                answers.append({"EventId": str(self._seen)})
                self.sent.append(entry)
            self._seen += 1
        return {"FailedEntryCount": len(self._refused), "Entries": answers}


@pytest.fixture(autouse=True)
def bus_name(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(Setting.EVENT_BUS_NAME, "cars")
    forget = handler.event_bridge.cache_clear
    forget()
    yield
    forget()


def many_records(count: int) -> list[dict[str, Any]]:
    record = load_event("dynamodb-stream")["Records"][0]
    records = [copy.deepcopy(record) for _ in range(count)]
    for number, each in enumerate(records):
        each["dynamodb"]["SequenceNumber"] = str(1000 + number)
        each["eventID"] = f"event-{number}"
    return records


def use(bus: FakeBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "event_bridge", lambda: bus)


def failures(answer: dict[str, Any]) -> list[str]:
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_each_change_becomes_its_event(context: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = FakeBus()
    use(bus, monkeypatch)

    answer = handler.handle(load_event("dynamodb-stream"), context)

    assert failures(answer) == []
    assert [entry["DetailType"] for entry in bus.sent] == [
        "acme.acs.acm.events.CarCreated",
        "acme.acs.acm.events.CarUpdated",
        "acme.acs.acm.events.CarDeleted",
    ]
    assert {entry["Source"] for entry in bus.sent} == {"acs.acm"}
    assert {entry["EventBusName"] for entry in bus.sent} == {"cars"}
    created, updated, deleted = (json.loads(entry["Detail"]) for entry in bus.sent)
    assert created["version"] == "1.0"
    assert created["event_id"] == "c4ca4238a0b923820dcc509a6f75849b"
    assert (created["previous"], created["car"]["latitude"]) == (None, 52.5)
    assert (updated["previous"]["status"], updated["car"]["status"]) == ("Available", "InCourse")
    assert (deleted["previous"], deleted["car"]["car_id"]) == (None, "car-1")


def test_events_arrive_at_a_real_bus(context: FakeContext) -> None:
    with mock_aws():
        events = boto3.client("events")
        events.create_event_bus(Name="cars")
        archive = events.create_archive(
            ArchiveName="all", EventSourceArn="arn:aws:events:eu-west-1:123456789012:event-bus/cars"
        )

        answer = handler.handle(load_event("dynamodb-stream"), context)

        assert failures(answer) == []
        assert archive["State"] == "ENABLED"
        assert events.describe_archive(ArchiveName="all")["EventCount"] == 3


def test_records_are_sent_by_ten(context: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = FakeBus()
    use(bus, monkeypatch)

    handler.handle({"Records": many_records(23)}, context)

    assert bus.calls == [10, 10, 3]


def test_batch_goes_on_from_the_first_event_that_the_bus_refused(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = FakeBus(refused=(12, 14))
    use(bus, monkeypatch)

    answer = handler.handle({"Records": many_records(30)}, context)

    assert failures(answer) == ["1012"]
    assert bus.calls == [10, 10]  # nothing behind the refused one overtakes it in a later call


def test_record_that_is_no_car_fails_alone_and_after_those_before_it(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = FakeBus()
    use(bus, monkeypatch)
    records = many_records(4)
    del records[2]["dynamodb"]["NewImage"]["model"]

    answer = handler.handle({"Records": records}, context)

    assert failures(answer) == ["1002"]
    assert [json.loads(entry["Detail"])["event_id"] for entry in bus.sent] == ["event-0", "event-1"]


def test_unreachable_bus_fails_the_whole_batch(context: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoBus:
        def put_events(self, **_: object) -> object:
            raise ConnectionError

    monkeypatch.setattr(handler, "event_bridge", NoBus)

    with pytest.raises(ConnectionError):
        handler.handle(load_event("dynamodb-stream"), context)
