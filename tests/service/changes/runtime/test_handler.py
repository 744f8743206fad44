"""Changes of cars, from the table's stream to the bus: every one, in order, what failed again, and what is set aside.

The stream is a fake that does what Lambda's event source mapping documents: a batch that raises comes again as a whole,
one that names a record comes again from that record on.
"""

from __future__ import annotations

import copy
import functools
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from service.cars.settings import Setting
from service.changes.runtime import handler
from service.changes.runtime.stream_record import car_event
from service.changes.sample import SAMPLE
from tests.properties import examples
from tests.service.conftest import FakeContext, load_event
from tests.service.faults import Killed
from tests.service.logs import log_of
from tests.service.metrics import sent_metrics, sent_series

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


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
    clients = (handler.event_bridge, handler.sqs)
    for cached in clients:
        cached.cache_clear()
    yield
    for cached in clients:
        cached.cache_clear()


@functools.cache
def sqs_client() -> SQSClient:
    """Made once: to make it takes longer than most tests."""
    return boto3.client("sqs")


@pytest.fixture
def queue(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The queue of what was set aside, empty; its URL."""
    url = sqs_client().create_queue(QueueName="set-aside")["QueueUrl"]
    monkeypatch.setenv(Setting.SET_ASIDE_QUEUE_URL, url)
    yield url
    sqs_client().delete_queue(QueueUrl=url)


def set_aside(queue: str) -> list[dict[str, Any]]:
    """All messages that lie in the queue now."""
    found: list[dict[str, Any]] = []
    while messages := sqs_client().receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"]) for message in messages]
        for message in messages:
            sqs_client().delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return found


def unreadable(record: dict[str, Any], *images: str) -> dict[str, Any]:
    """The record, whose images (the new one unless told) are those of no car."""
    for image in images or ("NewImage",):
        record["dynamodb"][image].pop("model")
    return record


def many_records(count: int) -> list[dict[str, Any]]:
    record = load_event("dynamodb-stream")["Records"][0]
    records = [copy.deepcopy(record) for _ in range(count)]
    for number, each in enumerate(records):
        each["dynamodb"]["SequenceNumber"] = str(1000 + number)
        each["eventID"] = f"event-{number}"
    return records


def use(bus: FakeBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handler, "event_bridge", lambda: bus)


def sent_ids(bus: FakeBus) -> list[str]:
    return [json.loads(entry["Detail"])["event_id"] for entry in bus.sent]


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


def test_call_fails_when_the_bus_refuses_the_first_change(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = FakeBus(refused=range(10))
    use(bus, monkeypatch)

    with pytest.raises(handler.NothingSent):
        handler.handle({"Records": [position_report(0), *many_records(12)]}, context)

    assert bus.calls == [10]


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://events.example"),
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "52.5"}}, "PutEvents"),
    ],
    ids=["unreachable", "AccessDenied"],
)
def test_bus_that_takes_nothing_fails_the_whole_batch(
    error: Exception, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoBus:
        def put_events(self, **_: object) -> object:
            raise error

    monkeypatch.setattr(handler, "event_bridge", NoBus)

    with log_of(handler.logger) as log, pytest.raises(handler.NothingSent):
        handler.handle(load_event("dynamodb-stream"), context)

    (line,) = (line for line in log.lines() if line["message"] == "events could not be sent")
    assert line["code"] in ("EndpointConnectionError", "AccessDeniedException")
    assert "52.5" not in log.text


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
    assert sent_metrics(capsys.readouterr().out, service="cars-changes") == {
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
    assert sent_metrics(capsys.readouterr().out, service="cars-changes") == {
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

    assert car_event(record).correlation_id == expected


@pytest.mark.parametrize(("car_id", "synthetic"), [("car-1", False), ("probe-1", True), ("e2e-1", True)])
def test_event_says_whether_its_car_exists_only_to_test_the_service(car_id: str, synthetic: bool) -> None:
    (record,) = many_records(1)
    record["dynamodb"]["NewImage"]["car_id"] = {"S": car_id}

    assert car_event(record).detail()["synthetic"] is synthetic


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
    queue: str, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(FakeBus(), monkeypatch)
    (record,) = many_records(1)
    record["dynamodb"]["NewImage"]["latitude"] = {"N": "952.515151"}

    with log_of(handler.logger) as log:
        handler.handle({"Records": [record]}, context)

    (line,) = log.lines()
    assert line["message"] == "a record of the stream is not a change of a car"
    assert line["reason"] == "NewImage: latitude: Input should be less than or equal to 90"
    assert (line["car_id"], line["sequence_number"]) == ("car-1", "1000")
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


def test_record_that_is_no_car_is_set_aside_with_its_reason_and_the_others_are_sent(
    queue: str, context: FakeContext, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given
    bus = FakeBus()
    use(bus, monkeypatch)
    records = many_records(4)
    unreadable(records[2])
    # when
    answer = handler.handle({"Records": records}, context)
    # then
    assert failures(answer) == []
    assert sent_ids(bus) == ["event-0", "event-1", "event-3"]
    assert set_aside(queue) == [
        {
            "function_arn": context.invoked_function_arn,
            "sequence_number": "1002",
            "key": "car-1",
            "record": records[2],
            "is_cut_off": False,
            "reason": "NewImage: model: Field required",
        }
    ]
    counted = sent_metrics(capsys.readouterr().out, service="cars-changes")
    assert (counted["SentChanges"], counted["SetAsideChanges"], counted["PositionReports"]) == (3, 1, 0)


def test_batch_of_which_nobody_can_read_anything_is_set_aside_and_is_no_error(
    queue: str, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = FakeBus()
    use(bus, monkeypatch)

    answer = handler.handle({"Records": [unreadable(record) for record in many_records(23)]}, context)

    assert failures(answer) == []
    assert bus.calls == []
    assert Counter(found["sequence_number"] for found in set_aside(queue)) == Counter(map(str, range(1000, 1023)))


def test_write_that_mends_an_item_is_news_of_a_car_of_which_nobody_knows_what_it_was(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given: no queue is there to set anything aside
    bus = FakeBus()
    use(bus, monkeypatch)
    record = unreadable(load_event("dynamodb-stream")["Records"][1], "OldImage")
    # when
    answer = handler.handle({"Records": [record]}, context)
    # then
    assert failures(answer) == []
    (sent,) = bus.sent
    detail = json.loads(sent["Detail"])
    assert sent["DetailType"] == "acme.acs.acm.events.CarUpdated"
    assert (detail["previous"], detail["car"]["status"]) == (None, "InCourse")
    assert status_series(capsys.readouterr().out) == {("CarsEntered", "InCourse"): 1, ("CarsLeft", "InCourse"): 0}


def test_write_that_mends_an_item_by_hand_and_leaves_its_time_is_no_position_report(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = FakeBus()
    use(bus, monkeypatch)
    record = unreadable(position_report(0), "OldImage")
    assert record["dynamodb"]["OldImage"]["updated_at"] == record["dynamodb"]["NewImage"]["updated_at"]

    handler.handle({"Records": [record]}, context)

    assert sent_ids(bus) == ["position-0"]


def test_position_report_of_a_car_that_nobody_can_read_is_still_no_news(
    context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = FakeBus()
    use(bus, monkeypatch)

    answer = handler.handle({"Records": [unreadable(position_report(0), "OldImage", "NewImage")]}, context)

    assert failures(answer) == []
    assert bus.sent == []


def test_deletion_of_what_nobody_can_read_is_set_aside(
    queue: str, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event has to say which car it was, and the image that is gone was the last that did."""
    bus = FakeBus()
    use(bus, monkeypatch)
    record = unreadable(load_event("dynamodb-stream")["Records"][2], "OldImage")

    answer = handler.handle({"Records": [record]}, context)

    assert failures(answer) == []
    assert bus.sent == []
    (message,) = set_aside(queue)
    assert (message["key"], message["reason"]) == ("car-1", "OldImage: model: Field required")


@pytest.mark.parametrize("lacking", ["dynamodb", "eventName", "NewImage", "ApproximateCreationDateTime"])
def test_record_that_lacks_what_every_record_has_is_set_aside(
    lacking: str, queue: str, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(FakeBus(), monkeypatch)
    (record,) = many_records(1)
    del (record if lacking in record else record["dynamodb"])[lacking]

    answer = handler.handle({"Records": [record]}, context)

    assert failures(answer) == []
    (message,) = set_aside(queue)
    assert message["reason"] == f"'{lacking}': missing, or not known"


def test_correlation_id_that_would_burst_the_event_is_left_out() -> None:
    (record,) = many_records(1)
    record["dynamodb"]["NewImage"]["correlation_id"] = {"S": "x" * 300_000}

    assert car_event(record).correlation_id is None


def test_images_too_long_for_a_message_are_left_out_and_the_message_says_so(
    queue: str, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(FakeBus(), monkeypatch)
    records = many_records(10)
    for record in records:
        record["dynamodb"]["NewImage"]["model"] = {"S": "ä" * 100_000}

    answer = handler.handle({"Records": records}, context)

    assert failures(answer) == []
    messages = set_aside(queue)
    assert len(messages) == 10
    assert {message["is_cut_off"] for message in messages} == {True}
    change = messages[0]["record"]["dynamodb"]
    assert change["Keys"] == {"car_id": {"S": "car-1"}}
    assert {"NewImage", "OldImage"}.isdisjoint(change)


def test_nothing_behind_a_record_that_could_not_be_set_aside_is_sent(
    queue: str, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a queue that is not there
    bus = FakeBus()
    use(bus, monkeypatch)
    records = many_records(4)
    unreadable(records[1])
    monkeypatch.setenv(Setting.SET_ASIDE_QUEUE_URL, queue + "-gone")
    # when, then
    assert failures(handler.handle({"Records": records}, context)) == ["1001"]
    assert sent_ids(bus) == ["event-0"]
    with pytest.raises(handler.NothingSent):
        handler.handle({"Records": records[1:]}, context)
    # and once it is there again
    monkeypatch.setenv(Setting.SET_ASIDE_QUEUE_URL, queue)
    assert failures(handler.handle({"Records": records[1:]}, context)) == []
    assert sent_ids(bus) == ["event-0", "event-2", "event-3"]
    assert len(set_aside(queue)) == 1


@pytest.mark.parametrize(
    "error",
    [None, EndpointConnectionError(endpoint_url="https://events.example")],
    ids=["the bus refuses", "the bus is gone"],
)
def test_record_is_set_aside_once_however_long_the_bus_is_down_behind_it(
    error: Exception | None, queue: str, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    class DownBus(FakeBus):
        def put_events(self, *, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
            if error is not None:
                raise error
            return super().put_events(Entries=Entries)

    use(DownBus(refused=range(100)), monkeypatch)
    stream = Stream([unreadable(many_records(1)[0]), *many_records(3)[1:]])
    # when
    for _ in range(5):
        stream.deliver(context)
    # then
    assert stream.deliveries == [3, 2, 2, 2, 2]
    assert len(set_aside(queue)) == 1


def test_redriven_record_is_sent_or_stays_in_the_queue_that_it_came_from(
    queue: str, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = FakeBus()
    use(bus, monkeypatch)
    first, second = many_records(2)

    sent = handler.handle({"Records": [first], "is_redrive": True}, context)
    stays = handler.handle({"Records": [unreadable(second)], "is_redrive": True}, context)

    assert failures(sent) == []
    assert sent_ids(bus) == ["event-0"]
    assert failures(stays) == ["1001"]  # an answer and no error: a redrive must not end a release under way
    assert set_aside(queue) == []


@pytest.mark.parametrize("dimensions", [{"FunctionName": "cars"}, {"FunctionName": "cars", "ExecutedVersion": "7"}])
def test_what_this_version_refuses_is_counted_for_its_canary_and_position_reports_do_not_hide_it(
    dimensions: dict[str, str],
    queue: str,
    context: FakeContext,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use(FakeBus(), monkeypatch)
    records = many_records(3)
    unreadable(records[1])

    handler.handle({"Records": [*records, *(position_report(number) for number in range(5))]}, context)

    series = sent_series(capsys.readouterr().out)
    key = tuple(sorted(dimensions.items()))
    assert (series["ReceivedItems", key], series["RefusedItems", key]) == (3, 1)


class Stream:
    """Hands its records out as Lambda does, until all are done; `deliveries` are the batches, by their numbers."""

    def __init__(self, records: Sequence[dict[str, Any]]) -> None:
        self._waiting = list(records)
        self.deliveries: list[int] = []

    def deliver(self, context: FakeContext) -> None:
        self.deliveries.append(len(self._waiting))
        try:
            failed = failures(handler.handle({"Records": self._waiting}, context))
        except (handler.NothingSent, Killed):
            return
        numbers = [record["dynamodb"]["SequenceNumber"] for record in self._waiting]
        self._waiting = self._waiting[min(map(numbers.index, failed)) :] if failed else []

    def deliver_all(self, context: FakeContext) -> None:
        while self._waiting:
            assert len(self.deliveries) < 40, "the shard is blocked"
            self.deliver(context)


class FaultyBus(FakeBus):
    """Refuses entries, fails calls, or ends the process, each by its number."""

    def __init__(self, *, refused: Sequence[int], failed_calls: Sequence[int], killed_at: int | None) -> None:
        super().__init__(refused=refused)
        self._failed_calls = failed_calls
        self._killed_at = killed_at

    def put_events(self, *, Entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
        number = len(self.calls)
        if number in self._failed_calls:
            self.calls.append(0)
            raise EndpointConnectionError(endpoint_url="https://events.example")
        answer = super().put_events(Entries=Entries)
        if number == self._killed_at:
            raise Killed
        return answer


@given(data=st.data(), count=st.integers(1, 30))
@examples(40)
def test_every_change_is_sent_or_set_aside_in_order_whatever_fails_on_the_way(
    queue: str, context: FakeContext, data: st.DataObject, count: int
) -> None:
    # given
    records = many_records(count)
    bad = data.draw(st.sets(st.integers(0, count - 1)))
    for place in bad:
        unreadable(records[place])
    killed_at = data.draw(st.none() | st.integers(0, 3))
    bus = FaultyBus(
        refused=data.draw(st.lists(st.integers(0, 40), max_size=5)),
        failed_calls=data.draw(st.lists(st.integers(0, 8), max_size=4)),
        killed_at=killed_at,
    )
    # when
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(handler, "event_bridge", lambda: bus)
        Stream(records).deliver_all(context)
    # then
    first_sent = list(dict.fromkeys(sent_ids(bus)))
    assert sorted(first_sent) == sorted(f"event-{place}" for place in range(count) if place not in bad)
    lying = Counter(found["sequence_number"] for found in set_aside(queue))
    assert set(lying) == {str(1000 + place) for place in bad}
    if killed_at is None:
        assert set(lying.values()) <= {1}
