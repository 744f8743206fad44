"""Changes of cars, from the table's stream to the bus: every one, in order, and what failed again."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import boto3
import pytest
from moto import mock_aws

from service.cars.settings import Setting
from service.changes.runtime import handler
from service.changes.sample import SAMPLE
from tests.service.conftest import FakeContext, load_event
from tests.service.logs import log_of
from tests.service.metrics import sent_metrics, sent_series


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
    assert created["sequence"] < updated["sequence"] < deleted["sequence"]
    assert {len(detail["sequence"]) for detail in (created, updated, deleted)} == {40}
    assert [detail["occurred_at"] for detail in (created, updated)] == ["2026-11-23T12:00:00Z", "2026-11-23T12:00:01Z"]


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


def test_call_fails_when_the_bus_refuses_the_first_change(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = FakeBus(refused=range(10))
    use(bus, monkeypatch)

    with pytest.raises(handler.NothingSent):
        handler.handle({"Records": [position_report(0), *many_records(12)]}, context)

    assert bus.calls == [10]


def test_call_fails_when_no_change_can_be_read(context: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    bus = FakeBus()
    use(bus, monkeypatch)
    records = many_records(2)
    for record in records:
        del record["dynamodb"]["NewImage"]["model"]

    with pytest.raises(handler.NothingSent):
        handler.handle({"Records": records}, context)

    assert bus.calls == []


def test_unreachable_bus_fails_the_whole_batch(context: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoBus:
        def put_events(self, **_: object) -> object:
            raise ConnectionError

    monkeypatch.setattr(handler, "event_bridge", NoBus)

    with pytest.raises(ConnectionError):
        handler.handle(load_event("dynamodb-stream"), context)


def position_report(number: int, *, moved: bool = True) -> dict[str, Any]:
    """A record as telemetry leaves it: the position is another one, `updated_at` is not."""
    record = many_records(1)[0]
    change = record["dynamodb"]
    record["eventName"], record["eventID"] = "MODIFY", f"position-{number}"
    change["SequenceNumber"] = str(2000 + number)
    change["OldImage"] = copy.deepcopy(change["NewImage"])
    change["NewImage"].update(
        {"latitude": {"N": "48.8"}, "position_at": {"S": f"2026-11-23T12:00:{number:02}.000000+00:00"}}
    )
    if not moved:
        change["NewImage"]["updated_at"] = {"S": "2026-11-23T12:00:59+00:00"}
    return record


def test_car_that_only_says_where_it_is_is_no_news_and_is_counted(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bus = FakeBus()
    use(bus, monkeypatch)
    records = [position_report(0), *many_records(1), position_report(1), position_report(2, moved=False)]

    answer = handler.handle({"Records": records}, context)

    assert failures(answer) == []
    assert [json.loads(entry["Detail"])["event_id"] for entry in bus.sent] == ["event-0", "position-2"]
    assert sent_metrics(capsys.readouterr().out) == {
        **{"ReceivedChanges": 4, "SentChanges": 2, "PositionReports": 2},
        **{"CarsEntered": 1, "CarsLeft": 0},
    }


def test_position_reports_behind_a_failure_come_again_and_are_counted_then(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bus = FakeBus(refused=(1,))
    use(bus, monkeypatch)
    first, second = many_records(2)
    records = [first, position_report(0), second, position_report(1)]

    answer = handler.handle({"Records": records}, context)

    assert failures(answer) == ["1001"]
    assert sent_metrics(capsys.readouterr().out) == {
        **{"ReceivedChanges": 4, "SentChanges": 1, "PositionReports": 1},
        **{"CarsEntered": 1, "CarsLeft": 0},
    }


def status_series(output: str) -> dict[tuple[str, str], float]:
    """What was sent of each status: {("CarsEntered", "Available"): 1, …}."""
    return {
        (name, dict(dimensions)["status"]): value
        for (name, dimensions), value in sent_series(output).items()
        if ("service", "cars-changes") in dimensions and "status" in dict(dimensions)
    }


def test_cars_that_enter_and_leave_a_status_are_counted(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(FakeBus(), monkeypatch)

    handler.handle(load_event("dynamodb-stream"), context)  # created Available, then InCourse, then deleted

    assert status_series(capsys.readouterr().out) == {
        **{("CarsEntered", "Available"): 1, ("CarsLeft", "Available"): 1},
        **{("CarsEntered", "InCourse"): 1, ("CarsLeft", "InCourse"): 1},
    }


def test_car_whose_change_was_not_sent_is_counted_when_it_is(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    event = load_event("dynamodb-stream")
    use(FakeBus(refused=(1,)), monkeypatch)

    answer = handler.handle(event, context)

    assert len(failures(answer)) == 1
    assert status_series(capsys.readouterr().out) == {("CarsEntered", "Available"): 1, ("CarsLeft", "Available"): 0}


@pytest.mark.parametrize("car_id", ["probe-1", "release-sample", "e2e-1"])
def test_cars_that_only_test_the_service_are_in_no_status(
    car_id: str, context: FakeContext, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(FakeBus(), monkeypatch)
    event = load_event("dynamodb-stream")
    for record in event["Records"]:
        for image in {"OldImage", "NewImage"} & record["dynamodb"].keys():
            record["dynamodb"][image]["car_id"] = {"S": car_id}

    handler.handle(event, context)

    output = capsys.readouterr().out
    assert sent_metrics(output)["SentChanges"] == 3
    assert status_series(output) == {}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [(None, "request-1", "request-1"), ("request-1", "request-2", "request-2"), ("request-2", None, "request-2")],
    ids=["INSERT", "MODIFY", "REMOVE"],
)
def test_event_names_the_last_write_of_its_car(old: str | None, new: str | None, expected: str) -> None:
    """A deletion leaves no name of its own in the table."""
    record = next(
        found
        for found in load_event("dynamodb-stream")["Records"]
        if ("OldImage" in found["dynamodb"], "NewImage" in found["dynamodb"]) == (old is not None, new is not None)
    )
    for image, correlation_id in (("OldImage", old), ("NewImage", new)):
        if correlation_id is not None:
            record["dynamodb"][image]["correlation_id"] = {"S": correlation_id}

    assert handler.car_event(record).correlation_id == expected


@pytest.mark.parametrize(("car_id", "synthetic"), [("car-1", False), ("probe-1", True), ("e2e-1", True)])
def test_event_says_whether_its_car_exists_only_to_test_the_service(car_id: str, synthetic: bool) -> None:
    (record,) = many_records(1)
    record["dynamodb"]["NewImage"]["car_id"] = {"S": car_id}

    assert handler.car_event(record).detail()["synthetic"] is synthetic


@pytest.mark.parametrize("refused", [(), (0,)])
def test_log_says_which_event_and_not_where_the_car_is(
    refused: tuple[int, ...], context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(FakeBus(refused=refused), monkeypatch)
    (record,) = many_records(1)
    record["dynamodb"]["NewImage"].update({"latitude": {"N": "52.515151"}, "correlation_id": {"S": "request-1"}})

    with log_of(handler.logger) as log, pytest.raises(handler.NothingSent) if refused else nullcontext():
        handler.handle({"Records": [record]}, context)

    (line,) = log.lines()
    assert line["message"] == ("the bus refused an event" if refused else "an event was sent")
    assert (line["car_id"], line["event_id"], line["correlation_id"]) == ("car-1", "event-0", "request-1")
    assert "52.515151" not in log.text


def test_values_of_an_unreadable_record_stay_out_of_the_log(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(FakeBus(), monkeypatch)
    (record,) = many_records(1)
    record["dynamodb"]["NewImage"]["latitude"] = {"N": "952.515151"}

    with log_of(handler.logger) as log, pytest.raises(handler.NothingSent):
        handler.handle({"Records": [record]}, context)

    assert "latitude" in log.text
    assert "952.515151" not in log.text


def test_sample_of_a_release_is_sent_as_news_of_a_synthetic_car(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = FakeBus()
    use(bus, monkeypatch)

    assert handler.handle(dict(SAMPLE.event), context) == SAMPLE.answer

    (sent,) = bus.sent
    assert sent["DetailType"] == "acme.acs.acm.events.CarCreated"
    assert json.loads(sent["Detail"])["synthetic"] is True


def test_sample_of_a_release_is_refused_when_the_version_cannot_send(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(FakeBus(refused=(0,)), monkeypatch)

    with pytest.raises(handler.NothingSent):
        handler.handle(dict(SAMPLE.event), context)
