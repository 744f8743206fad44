"""Reports of cars, from the stream to the table: the newest of each car, malformed ones aside, and what failed again.

Kinesis is a fake that does what Lambda's event source mapping documents: a batch that raises comes again as a whole,
one that names a record comes again from that record on.
"""

from __future__ import annotations

import base64
import copy
import functools
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

from service.cars.settings import Setting
from service.cars.telemetry import PositionRepository
from service.telemetry.infrastructure import SAMPLE
from service.telemetry.runtime import handler
from tests.properties import examples
from tests.service.conftest import TABLE_NAME, FakeContext, load_event
from tests.service.faults import FAULTS, INTERNAL_ERROR, Fault, Faults, Killed
from tests.service.metrics import sent_metrics, sent_series

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

ONE_ATTEMPT = Config(retries={"total_max_attempts": 1})
"""The handler's own client tries twice, with a pause; here every fault is to reach the handler, at once."""

CACHED = (handler.positions, handler.sqs)


@functools.cache
def sqs_client() -> SQSClient:
    """Made once: to make it takes longer than most tests."""
    return boto3.client("sqs")


@pytest.fixture(autouse=True)
def queue(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The queue of what was set aside, in an AWS with an empty cars table; its URL."""
    sqs = sqs_client()
    url = sqs.create_queue(QueueName="set-aside")["QueueUrl"]
    monkeypatch.setenv(Setting.SET_ASIDE_QUEUE_URL, url)
    for cached in CACHED:
        cached.cache_clear()
    yield url
    sqs.delete_queue(QueueUrl=url)
    for cached in CACHED:
        cached.cache_clear()


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    """Faults of DynamoDB; none until the test says which. One write at a time, so that calls have a number."""
    client = boto3.client("dynamodb", config=ONE_ATTEMPT)
    found = Faults()
    found.put_before(client)
    monkeypatch.setattr(handler, "positions", lambda: PositionRepository(client, TABLE_NAME))
    monkeypatch.setattr(handler, "WRITES_AT_ONCE", 1)
    return found


def add_cars(dynamodb: DynamoDBClient, *car_ids: str) -> None:
    for car_id in car_ids:
        dynamodb.put_item(TableName=TABLE_NAME, Item={"car_id": {"S": car_id}})


def passengers(dynamodb: DynamoDBClient) -> dict[str, int | None]:
    """How many each car says that it carries; None when it has said nothing."""
    items = dynamodb.scan(TableName=TABLE_NAME)["Items"]
    return {item["car_id"]["S"]: int(item["nb_passengers"]["N"]) if "nb_passengers" in item else None for item in items}


def record(number: int, car_id: str, *, second: int, passengers: int = 1) -> dict[str, Any]:
    """The record `number` of the stream: a report measured at that second."""
    report = {
        "car_id": car_id,
        "measured_at": f"2026-11-23T11:59:{second:02}Z",
        "latitude": 52.5,
        "longitude": 13.4,
        "nb_passengers": passengers,
    }
    return raw_record(number, json.dumps(report).encode())


def raw_record(number: int, data: bytes) -> dict[str, Any]:
    made = copy.deepcopy(load_event("kinesis")["Records"][0])
    made["kinesis"]["sequenceNumber"] = str(1000 + number)
    made["kinesis"]["data"] = base64.b64encode(data).decode()
    return dict(made)


def set_aside(queue: str) -> list[dict[str, Any]]:
    """All messages that lie in the queue now."""
    sqs = sqs_client()
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"]) for message in messages]
    return found


class Shard:
    """Hands its records out as Lambda does, until all are done; `deliveries` are the batches, by their numbers."""

    def __init__(self, records: Sequence[dict[str, Any]]) -> None:
        self._waiting = list(records)
        self.deliveries: list[int] = []

    def deliver(self, context: FakeContext) -> None:
        self.deliveries.append(len(self._waiting))
        try:
            answer = handler.handle({"Records": self._waiting}, context)
        except (handler.NothingDone, Killed):
            return
        failures = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        numbers = [each["kinesis"]["sequenceNumber"] for each in self._waiting]
        self._waiting = self._waiting[min(map(numbers.index, failures)) :] if failures else []

    def deliver_all(self, context: FakeContext, *, at_most: int = 20) -> None:
        while self._waiting:
            assert len(self.deliveries) < at_most, "the shard is blocked"
            self.deliver(context)


def test_newest_report_of_each_car_is_written(context: FakeContext, dynamodb: DynamoDBClient) -> None:
    add_cars(dynamodb, "car-1", "car-2")

    assert handler.handle(load_event("kinesis"), context) == {"batchItemFailures": []}

    assert passengers(dynamodb) == {"car-1": 3, "car-2": 0}
    car = dynamodb.get_item(TableName=TABLE_NAME, Key={"car_id": {"S": "car-2"}})["Item"]
    assert car["position_at"] == {"S": "2026-11-23T11:59:59.000000+00:00"}


def test_only_the_newest_report_of_a_car_costs_a_write(
    context: FakeContext, dynamodb: DynamoDBClient, faults: Faults
) -> None:
    add_cars(dynamodb, "car-1", "car-2")

    handler.handle(load_event("kinesis"), context)

    assert faults.calls == ["UpdateItem"] * 2


def test_sample_of_the_release_gets_the_answer_that_it_expects_and_changes_nothing(
    context: FakeContext, dynamodb: DynamoDBClient, queue: str
) -> None:
    assert handler.handle(dict(SAMPLE.event), context) == SAMPLE.answer

    assert dynamodb.scan(TableName=TABLE_NAME)["Count"] == 0
    assert set_aside(queue) == []


def test_what_becomes_of_reports_is_counted(
    context: FakeContext, dynamodb: DynamoDBClient, capsys: pytest.CaptureFixture[str]
) -> None:
    add_cars(dynamodb, "car-1", "car-2")
    first = [record(1, "car-1", second=30), record(2, "car-1", second=20), record(3, "car-3", second=1)]
    handler.handle({"Records": [*first, raw_record(4, b"?")]}, context)

    assert sent_metrics(capsys.readouterr().out, service="cars-telemetry") == {
        "ReceivedReports": 4,
        "StoredPositions": 1,
        "StaleReports": 1,
        "UnknownCars": 1,
        "SetAsideReports": 1,
    }

    handler.handle({"Records": first}, context)

    assert sent_metrics(capsys.readouterr().out, service="cars-telemetry") == {
        "ReceivedReports": 3,
        "StaleReports": 2,
        "UnknownCars": 1,
    }


@pytest.mark.parametrize("dimensions", [{"FunctionName": "cars"}, {"FunctionName": "cars", "ExecutedVersion": "7"}])
def test_what_this_version_refuses_is_counted_for_its_canary(
    dimensions: dict[str, str], context: FakeContext, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = [record(1, "car-1", second=30), raw_record(2, b"?"), raw_record(3, b"{}")]

    handler.handle({"Records": batch}, context)

    series = sent_series(capsys.readouterr().out)
    key = tuple(sorted(dimensions.items()))
    assert (series["ReceivedItems", key], series["RefusedItems", key]) == (3, 2)


def test_a_batch_without_a_malformed_report_counts_none_refused(
    context: FakeContext, capsys: pytest.CaptureFixture[str]
) -> None:
    handler.handle({"Records": [record(1, "car-1", second=30)]}, context)

    assert sent_metrics(capsys.readouterr().out, ExecutedVersion="7") == {"ReceivedItems": 1, "RefusedItems": 0}


def test_malformed_record_is_set_aside_as_it_came_and_the_others_are_done(
    context: FakeContext, dynamodb: DynamoDBClient, queue: str
) -> None:
    add_cars(dynamodb, "car-1", "car-2")
    records = [record(1, "car-1", second=1), raw_record(2, b'{"car_id": "car-1", \xff'), record(3, "car-2", second=1)]

    assert handler.handle({"Records": records}, context) == {"batchItemFailures": []}

    assert passengers(dynamodb) == {"car-1": 1, "car-2": 1}
    (message,) = set_aside(queue)
    assert base64.b64decode(message["data"]) == b'{"car_id": "car-1", \xff'
    assert message["sequence_number"] == "1002"
    assert message["partition_key"] == "car-1"
    assert message["event_source_arn"] == records[1]["eventSourceARN"]
    assert "JSON" in message["reason"]


def test_record_of_a_megabyte_is_set_aside_cut_off(context: FakeContext, queue: str) -> None:
    handler.handle({"Records": [raw_record(number, b"x" * 1_000_000) for number in range(11)]}, context)

    messages = set_aside(queue)
    assert len(messages) == 11
    assert {len(base64.b64decode(message["data"])) for message in messages} == {handler.SET_ASIDE_BYTES}
    assert "only the first 10000 of 1000000 bytes" in messages[0]["reason"]
    assert {message["is_cut_off"] for message in messages} == {True}


@pytest.mark.parametrize(("length", "is_cut_off"), [(1, False), (10_000, False), (10_001, True)])
def test_message_says_whether_its_record_was_cut_off(
    length: int, is_cut_off: bool, context: FakeContext, queue: str
) -> None:
    handler.handle({"Records": [raw_record(1, b"x" * length)]}, context)

    (message,) = set_aside(queue)
    assert message["is_cut_off"] is is_cut_off


def test_no_position_gets_into_the_log(
    context: FakeContext, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(handler.logger.registered_handler, "stream", log)
    add_cars(dynamodb, "car-1")
    report = {"car_id": "car-1", "measured_at": "2026-11-23T11:59:00Z", "longitude": 13.987654, "nb_passengers": 1}
    records = [
        raw_record(1, json.dumps({**report, "latitude": 52.123456}).encode()),
        raw_record(2, json.dumps({**report, "latitude": 952.123456}).encode()),
        raw_record(3, json.dumps({**report, "latitude": "52.123456"}).encode() + b"\xff"),
    ]

    handler.handle({"Records": records}, context)

    assert log.getvalue().count("a record is no report") == 2
    assert "2.1234" not in log.getvalue()
    assert "13.98" not in log.getvalue()


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_batch_goes_on_from_the_first_position_that_could_not_be_written(
    fault: Fault, context: FakeContext, dynamodb: DynamoDBClient, faults: Faults, queue: str
) -> None:
    # given five cars, a malformed record before and one after the write that fails
    cars = [f"car-{number}" for number in range(5)]
    add_cars(dynamodb, *cars)
    records = [record(number, car, second=1) for number, car in enumerate(cars)]
    records.insert(1, raw_record(11, b"first"))
    records.insert(5, raw_record(12, b"second"))
    faults.at = {2: fault}
    # when
    shard = Shard(records)
    shard.deliver_all(context)
    # then
    assert shard.deliveries == [7, 4]
    assert passengers(dynamodb) == dict.fromkeys(cars, 1)
    assert Counter(message["sequence_number"] for message in set_aside(queue)) == {"1011": 1, "1012": 1}


def test_outage_of_the_table_is_an_error_and_loses_nothing(
    context: FakeContext,
    dynamodb: DynamoDBClient,
    faults: Faults,
    queue: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    add_cars(dynamodb, "car-1", "car-2")
    records = [raw_record(1, b"?"), record(2, "car-1", second=1), record(3, "car-2", second=1)]
    faults.at = dict.fromkeys(range(2), INTERNAL_ERROR)

    with pytest.raises(handler.NothingDone):
        handler.handle({"Records": records[1:]}, context)

    assert sent_metrics(capsys.readouterr().out)["FailedReports"] == 2
    shard = Shard(records)
    shard.deliver_all(context)
    assert passengers(dynamodb) == {"car-1": 1, "car-2": 1}
    assert len(set_aside(queue)) == 1


def test_record_comes_again_while_the_queue_of_what_is_set_aside_refuses_it(
    context: FakeContext, dynamodb: DynamoDBClient, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a queue that is not there
    add_cars(dynamodb, "car-1")
    records = [record(1, "car-1", second=1), raw_record(2, b"?"), record(3, "car-1", second=2)]
    monkeypatch.setenv(Setting.SET_ASIDE_QUEUE_URL, queue + "-gone")
    # when, then
    answer = handler.handle({"Records": records}, context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1002"}]}
    with pytest.raises(handler.NothingDone):
        handler.handle({"Records": records[1:]}, context)
    # and once it is there again
    monkeypatch.setenv(Setting.SET_ASIDE_QUEUE_URL, queue)
    assert handler.handle({"Records": records[1:]}, context) == {"batchItemFailures": []}
    assert len(set_aside(queue)) == 1


def test_record_that_the_queue_refuses_alone_comes_again_with_those_behind_it(
    context: FakeContext, queue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = boto3.client("sqs")

    class RefusesOne:
        def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Any]) -> dict[str, Any]:
            real.send_message_batch(QueueUrl=QueueUrl, Entries=[each for each in Entries if each["Id"] != "1"])
            return {"Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": False}]}

    monkeypatch.setattr(handler, "sqs", RefusesOne)

    answer = handler.handle({"Records": [raw_record(number, b"?") for number in range(3)]}, context)

    assert answer == {"batchItemFailures": [{"itemIdentifier": "1001"}]}


def test_unreachable_table_is_an_error(context: FakeContext, faults: Faults) -> None:
    faults.unreachable = True

    with pytest.raises(handler.NothingDone):
        handler.handle(load_event("kinesis"), context)

    assert faults.calls == ["UpdateItem"] * 2


@given(data=st.data(), cars=st.integers(1, 4), count=st.integers(1, 12))
@examples(40)
def test_nothing_is_lost_and_nothing_set_aside_twice_whatever_fails_on_the_way(
    context: FakeContext,
    dynamodb: DynamoDBClient,
    faults: Faults,
    queue: str,
    data: st.DataObject,
    cars: int,
    count: int,
) -> None:
    """Faults and a kill at any call, records in any order and repeated, malformed ones among them."""
    # given
    for left in passengers(dynamodb):
        dynamodb.delete_item(TableName=TABLE_NAME, Key={"car_id": {"S": left}})
    car_ids = [f"car-{number}" for number in range(cars)]
    add_cars(dynamodb, *car_ids)
    reports = [(data.draw(st.sampled_from(car_ids)), second) for second in data.draw(st.permutations(range(count)))]
    records = [record(second, car, second=second, passengers=second) for car, second in reports]
    records += [copy.deepcopy(again) for again in data.draw(st.lists(st.sampled_from(records), max_size=4))]
    malformed = data.draw(st.integers(0, 3))
    for number in range(malformed):
        records.insert(data.draw(st.integers(0, len(records))), raw_record(100 + number, b"?"))
    for place, each in enumerate(records):
        each["kinesis"]["sequenceNumber"] = str(2000 + place)
    faults.calls.clear()
    faults.at = data.draw(st.dictionaries(st.integers(0, 12), st.sampled_from(FAULTS), max_size=5))
    faults.kill_at = data.draw(st.none() | st.integers(0, 12))
    # when
    Shard(records).deliver_all(context)
    # then
    newest = {car: max((second for owner, second in reports if owner == car), default=None) for car in car_ids}
    assert passengers(dynamodb) == newest
    lying = [message["sequence_number"] for message in set_aside(queue)]
    assert sorted(lying) == sorted(set(lying))
    assert len(lying) == malformed
