"""Maintenance orders from the queue: each by itself, once, and again when it failed.

The queue is a fake that does what Lambda's event source mapping documents for SQS: a batch that raises comes again as a
whole, one that names messages is done but for those; what was given out too often goes to the dead letters.
"""

from __future__ import annotations

import copy
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

from service.cars.car import CarStatus, NewCar
from service.cars.orders import OrderRepository
from service.cars.repository import CarRepository
from service.maintenance.infrastructure import MAXIMUM_RECEIVES
from service.maintenance.runtime import handler
from tests.properties import examples
from tests.service.conftest import ORDERS_TABLE_NAME, TABLE_NAME, FakeContext, load_event
from tests.service.faults import FAULTS, Fault, Faults, Killed
from tests.service.metrics import sent_metrics, sent_series

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ORDERS = handler.orders


@pytest.fixture(autouse=True)
def tables(aws: None, orders_table: None) -> Iterator[None]:
    ORDERS.cache_clear()
    yield
    ORDERS.cache_clear()


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    """Faults of DynamoDB, without the client's own second attempt; none until the test says which."""
    client = boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))
    found = Faults()
    found.put_before(client)
    repository = OrderRepository(client, orders_table_name=ORDERS_TABLE_NAME, cars_table_name=TABLE_NAME)
    monkeypatch.setattr(handler, "orders", lambda: repository)
    return found


def add_cars(repository: CarRepository, *car_ids: str) -> None:
    for car_id in car_ids:
        repository.create(NewCar(car_id=car_id, model="Acme 1", year=2024), correlation_id="test")


def statuses(repository: CarRepository) -> dict[str, CarStatus]:
    return {car.car_id: car.status for car in repository.list(limit=100, after_car_id=None).cars}


def order_statuses(dynamodb: DynamoDBClient) -> dict[str, str]:
    items = dynamodb.scan(TableName=ORDERS_TABLE_NAME)["Items"]
    return {item["order_id"]["S"]: item["status"]["S"] for item in items}


def message(number: int, body: str) -> dict[str, Any]:
    made = copy.deepcopy(load_event("sqs")["Records"][1])
    made["messageId"] = f"message-{number}"
    made["body"] = body
    return dict(made)


def order_message(number: int, order_id: str, action: str, car_id: str = "car-1") -> dict[str, Any]:
    return message(number, json.dumps({"order_id": order_id, "car_id": car_id, "action": action}))


class Queue:
    """Gives its messages out, ten at once, until each is done or a dead letter."""

    def __init__(self, messages: Sequence[dict[str, Any]]) -> None:
        self._waiting = list(messages)
        self._received: Counter[str] = Counter()
        self.dead_letters: list[str] = []

    def deliver(self, context: FakeContext) -> None:
        batch, self._waiting = self._waiting[:10], self._waiting[10:]
        self._received.update(each["messageId"] for each in batch)
        try:
            answer = handler.handle({"Records": batch}, context)
        except (handler.NothingCarriedOut, Killed):
            failed = [each["messageId"] for each in batch]
        else:
            failed = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        for each in batch:
            if each["messageId"] not in failed:
                continue
            if self._received[each["messageId"]] == MAXIMUM_RECEIVES:
                self.dead_letters.append(each["messageId"])
            else:
                self._waiting.append(each)

    def deliver_all(self, context: FakeContext) -> None:
        while self._waiting:
            self.deliver(context)


def test_orders_take_cars_out_and_back(
    context: FakeContext, repository: CarRepository, dynamodb: DynamoDBClient
) -> None:
    add_cars(repository, "car-1", "car-2")

    assert handler.handle(load_event("sqs"), context) == {"batchItemFailures": []}

    assert statuses(repository) == {"car-1": CarStatus.IN_MAINTENANCE, "car-2": CarStatus.AVAILABLE}
    assert order_statuses(dynamodb) == {"order-1": "Started", "order-2": "Finished"}


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [("plan-2026-48", "plan-2026-48"), ("", "order-1"), ("two\nlines", "order-1"), ("x" * 129, "order-1")],
)
def test_correlation_id_of_the_planner_is_kept_and_else_it_is_the_orders(
    attribute: str, expected: str, context: FakeContext, repository: CarRepository, dynamodb: DynamoDBClient
) -> None:
    add_cars(repository, "car-1")
    sent = load_event("sqs")["Records"][0]
    sent["messageAttributes"]["correlation_id"]["stringValue"] = attribute

    handler.handle({"Records": [sent]}, context)

    for table, key in ((TABLE_NAME, {"car_id": {"S": "car-1"}}), (ORDERS_TABLE_NAME, {"order_id": {"S": "order-1"}})):
        assert dynamodb.get_item(TableName=table, Key=key)["Item"]["correlation_id"] == {"S": expected}


def test_what_becomes_of_orders_is_counted_and_logged_under_its_correlation_id(
    context: FakeContext,
    repository: CarRepository,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_cars(repository, "car-1")
    log = io.StringIO()
    monkeypatch.setattr(handler.logger.registered_handler, "stream", log)
    messages = [
        order_message(1, "o-1", "start"),
        order_message(2, "o-1", "start"),
        order_message(3, "o-2", "start", "car-9"),
        order_message(4, "o-1", "finish"),
        order_message(5, "o-3", "finish"),
    ]

    handler.handle({"Records": messages}, context)

    assert sent_metrics(capsys.readouterr().out, service="cars-maintenance") == {
        "ReceivedOrders": 5,
        "StartedOrders": 1,
        "DuplicateOrders": 1,
        "RejectedOrders": 1,
        "FinishedOrders": 1,
        "FailedOrders": 1,
    }
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [line["correlation_id"] for line in lines] == ["o-1", "o-1", "o-2", "o-1", "o-3"]


@pytest.mark.parametrize("dimensions", [{"FunctionName": "cars"}, {"FunctionName": "cars", "ExecutedVersion": "7"}])
def test_what_this_version_refuses_is_counted_for_its_canary(
    dimensions: dict[str, str], context: FakeContext, capsys: pytest.CaptureFixture[str]
) -> None:
    malformed = order_message(1, "o-1", "explode")
    early = order_message(2, "o-2", "finish")  # well-formed: it has overtaken its start

    handler.handle({"Records": [malformed, early]}, context)

    series = sent_series(capsys.readouterr().out)
    key = tuple(sorted(dimensions.items()))
    assert (series["ReceivedItems", key], series["RefusedItems", key]) == (2, 1)


@pytest.mark.parametrize("body", ["", "{", '{"order_id": "o-2", "car_id": "car-1", "action": "explode"}'])
def test_poison_message_fails_alone_and_becomes_a_dead_letter(
    body: str, context: FakeContext, repository: CarRepository
) -> None:
    add_cars(repository, "car-1")
    queue = Queue([order_message(1, "o-1", "start"), message(2, body), order_message(3, "o-1", "finish")])

    queue.deliver_all(context)

    assert queue.dead_letters == ["message-2"]
    assert statuses(repository) == {"car-1": CarStatus.AVAILABLE}


def test_poison_messages_alone_are_no_error_of_the_function(context: FakeContext) -> None:
    answer = handler.handle({"Records": [message(1, "?"), order_message(2, "o-1", "finish")]}, context)

    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["message-1", "message-2"]


def test_finish_that_overtook_its_start_is_carried_out_after_it(
    context: FakeContext, repository: CarRepository, dynamodb: DynamoDBClient
) -> None:
    add_cars(repository, "car-1")
    queue = Queue([order_message(1, "o-1", "finish"), order_message(2, "o-1", "start")])

    queue.deliver_all(context)

    assert queue.dead_letters == []
    assert order_statuses(dynamodb) == {"o-1": "Finished"}
    assert statuses(repository) == {"car-1": CarStatus.AVAILABLE}


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("call", range(9))
def test_fault_at_any_call_fails_one_order_which_then_comes_again(
    call: int, fault: Fault, context: FakeContext, repository: CarRepository, faults: Faults
) -> None:
    add_cars(repository, "car-0", "car-1", "car-2")
    messages = [order_message(number, f"o-{number}", "start", f"car-{number}") for number in range(3)]
    faults.at = {call: fault}

    answer = handler.handle({"Records": messages}, context)
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == [f"message-{call // 3}"]
    handler.handle({"Records": [messages[call // 3]]}, context)

    assert set(statuses(repository).values()) == {CarStatus.IN_MAINTENANCE}
    assert faults.written == 3


def test_outage_of_the_table_is_an_error(
    context: FakeContext, faults: Faults, capsys: pytest.CaptureFixture[str]
) -> None:
    faults.unreachable = True

    with pytest.raises(handler.NothingCarriedOut):
        handler.handle(load_event("sqs"), context)

    assert sent_metrics(capsys.readouterr().out)["FailedOrders"] == 3


@given(
    cars=st.lists(st.sampled_from(["car-1", "car-2", "nowhere"]), min_size=1, max_size=5),
    at=st.dictionaries(st.integers(0, 20), st.sampled_from(FAULTS), max_size=3),
    kill_at=st.none() | st.integers(0, 20),
    poison=st.booleans(),
)
@examples(30)
def test_every_order_is_carried_out_once_whatever_fails_on_the_way(
    context: FakeContext,
    repository: CarRepository,
    dynamodb: DynamoDBClient,
    faults: Faults,
    cars: list[str],
    at: dict[int, Fault],
    kill_at: int | None,
    poison: bool,
) -> None:
    """Faults, and an end of the process at any call; each order is sent twice."""
    # given
    for table, key in ((TABLE_NAME, "car_id"), (ORDERS_TABLE_NAME, "order_id")):
        for left in dynamodb.scan(TableName=table)["Items"]:
            dynamodb.delete_item(TableName=table, Key={key: left[key]})
    add_cars(repository, "car-1", "car-2")
    messages = [order_message(number, f"o-{number}", "start", car) for number, car in enumerate(cars)]
    messages += [order_message(10 + number, f"o-{number}", "start", car) for number, car in enumerate(cars)]
    messages += [message(99, "?")] if poison else []
    faults.calls.clear()
    faults.written = 0
    faults.at, faults.kill_at = at, kill_at
    # when
    queue = Queue(messages)
    queue.deliver_all(context)
    # then
    assert queue.dead_letters == (["message-99"] if poison else [])
    expected = {f"o-{number}": "Rejected" if car == "nowhere" else "Started" for number, car in enumerate(cars)}
    assert order_statuses(dynamodb) == expected
    for car_id in ("car-1", "car-2"):
        item = dynamodb.get_item(TableName=TABLE_NAME, Key={"car_id": {"S": car_id}})["Item"]
        open_orders = {f"o-{number}" for number, car in enumerate(cars) if car == car_id}
        assert set(item.get("maintenance_orders", {}).get("SS", ())) == open_orders
    assert faults.written == len(cars)
