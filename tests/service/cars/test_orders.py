"""Maintenance orders: what each does to its car, once, in whatever order and however often it comes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cars.car import CarChanges, CarStatus, NewCar
from service.cars.errors import MalformedOrder, OrderContended, OrderNotStarted, OrderOfOtherCar
from service.cars.orders import MaintenanceAction, MaintenanceOrder, OrderOutcome, OrderRepository, parse_order
from service.cars.repository import CarRepository
from tests.properties import examples
from tests.service.conftest import ORDERS_TABLE_NAME, TABLE_NAME
from tests.service.faults import Faults

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

START, FINISH = MaintenanceAction.START, MaintenanceAction.FINISH


def order(order_id: str, action: MaintenanceAction, car_id: str = "car-1") -> MaintenanceOrder:
    return MaintenanceOrder(order_id=order_id, car_id=car_id, action=action)


@pytest.fixture
def orders(repository: CarRepository, orders_table: None, dynamodb: DynamoDBClient) -> OrderRepository:
    """Those of a fleet with the car car-1."""
    repository.create(NewCar(car_id="car-1", model="Acme 1", year=2024), correlation_id="test")
    return OrderRepository(dynamodb, orders_table_name=ORDERS_TABLE_NAME, cars_table_name=TABLE_NAME)


def car_item(dynamodb: DynamoDBClient, car_id: str = "car-1") -> Mapping[str, Any]:
    return dynamodb.get_item(TableName=TABLE_NAME, Key={"car_id": {"S": car_id}})["Item"]


def order_item(dynamodb: DynamoDBClient, order_id: str) -> Mapping[str, Any]:
    return dynamodb.get_item(TableName=ORDERS_TABLE_NAME, Key={"order_id": {"S": order_id}})["Item"]


def carry_out(orders: OrderRepository, *heard: MaintenanceOrder) -> list[OrderOutcome]:
    return [orders.carry_out(each, correlation_id="plan-1") for each in heard]


def test_order_is_understood() -> None:
    assert parse_order('{"order_id": "o-1", "car_id": "car-1", "action": "start"}') == order("o-1", START)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        '{"order_id": "o-1", "car_id": "car-1"}',
        '{"order_id": "o-1", "car_id": "car-1", "action": "stop"}',
        '{"order_id": "", "car_id": "car-1", "action": "start"}',
        '{"order_id": 1, "car_id": "car-1", "action": "start"}',
        '{"order_id": "o-1", "car_id": "car/1", "action": "start"}',
        '{"order_id": "o-1", "car_id": "car-1", "action": "start", "not_before": "2027-01-01"}',
    ],
)
def test_what_is_no_order_or_more_than_one_is_refused(text: str) -> None:
    with pytest.raises(MalformedOrder):
        parse_order(text)


def test_started_order_takes_the_car_out_and_a_finished_one_back(
    orders: OrderRepository, repository: CarRepository, dynamodb: DynamoDBClient
) -> None:
    before = repository.get("car-1")

    assert carry_out(orders, order("o-1", START)) == [OrderOutcome.STARTED]

    car = repository.get("car-1")
    assert car.status is CarStatus.IN_MAINTENANCE
    assert car.updated_at > before.updated_at
    assert car_item(dynamodb)["correlation_id"] == {"S": "plan-1"}
    assert order_item(dynamodb, "o-1")["status"] == {"S": "Started"}
    assert "expires_at" not in order_item(dynamodb, "o-1")  # an open order is never forgotten

    assert carry_out(orders, order("o-1", FINISH)) == [OrderOutcome.FINISHED]

    assert repository.get("car-1").status is CarStatus.AVAILABLE
    assert "maintenance_orders" not in car_item(dynamodb)
    assert order_item(dynamodb, "o-1")["status"] == {"S": "Finished"}
    days = (int(order_item(dynamodb, "o-1")["expires_at"]["N"]) - datetime.now(UTC).timestamp()) / 86400
    assert 89.9 < days < 90.1


def test_order_of_a_test_is_forgotten_within_the_hour(orders: OrderRepository, dynamodb: DynamoDBClient) -> None:
    carry_out(orders, order("o-1", START, "e2e-9"))

    seconds = int(order_item(dynamodb, "o-1")["expires_at"]["N"]) - datetime.now(UTC).timestamp()
    assert 3500 < seconds <= 3600


def test_order_that_was_heard_of_changes_nothing_more(orders: OrderRepository, dynamodb: DynamoDBClient) -> None:
    carry_out(orders, order("o-1", START))
    started = car_item(dynamodb)
    assert carry_out(orders, order("o-1", START)) == [OrderOutcome.DUPLICATE]
    assert car_item(dynamodb) == started

    carry_out(orders, order("o-1", FINISH))
    finished = car_item(dynamodb)
    assert carry_out(orders, order("o-1", FINISH), order("o-1", START)) == [OrderOutcome.DUPLICATE] * 2
    assert car_item(dynamodb) == finished


def test_order_cannot_finish_before_it_has_started(orders: OrderRepository, dynamodb: DynamoDBClient) -> None:
    before = car_item(dynamodb)

    with pytest.raises(OrderNotStarted, match="'o-1'"):
        carry_out(orders, order("o-1", FINISH))

    assert car_item(dynamodb) == before
    assert dynamodb.scan(TableName=ORDERS_TABLE_NAME)["Count"] == 0


def test_order_for_an_unknown_car_is_written_down_as_rejected(
    orders: OrderRepository, repository: CarRepository, dynamodb: DynamoDBClient
) -> None:
    heard = (order("o-1", START, "car-9"), order("o-1", FINISH, "car-9"))

    assert carry_out(orders, *heard) == [OrderOutcome.REJECTED, OrderOutcome.DUPLICATE]

    assert order_item(dynamodb, "o-1")["status"] == {"S": "Rejected"}
    assert order_item(dynamodb, "o-1")["reason"] == {"S": "There is no such car."}
    assert "expires_at" in order_item(dynamodb, "o-1")
    assert [car.car_id for car in repository.list(limit=10, after_car_id=None).cars] == ["car-1"]


def test_id_of_an_order_for_another_car_is_refused(orders: OrderRepository, repository: CarRepository) -> None:
    repository.create(NewCar(car_id="car-2", model="Acme 1", year=2024), correlation_id="test")
    carry_out(orders, order("o-1", START))

    for action in (START, FINISH):
        with pytest.raises(OrderOfOtherCar, match="'car-2', and did name 'car-1'"):
            carry_out(orders, order("o-1", action, "car-2"))

    assert repository.get("car-2").status is CarStatus.AVAILABLE


def test_car_stays_in_maintenance_until_its_last_order_is_finished(
    orders: OrderRepository, repository: CarRepository
) -> None:
    carry_out(orders, order("o-1", START), order("o-2", START), order("o-2", FINISH))
    assert repository.get("car-1").status is CarStatus.IN_MAINTENANCE

    carry_out(orders, order("o-1", FINISH))
    assert repository.get("car-1").status is CarStatus.AVAILABLE


def test_status_that_someone_has_given_the_car_meanwhile_stays(
    orders: OrderRepository, repository: CarRepository
) -> None:
    carry_out(orders, order("o-1", START))
    repository.change("car-1", CarChanges(status=CarStatus.OUT_OF_SERVICE), correlation_id="test")

    assert carry_out(orders, order("o-1", FINISH)) == [OrderOutcome.FINISHED]

    assert repository.get("car-1").status is CarStatus.OUT_OF_SERVICE


def test_order_of_a_car_that_is_gone_finishes(orders: OrderRepository, repository: CarRepository) -> None:
    carry_out(orders, order("o-1", START))
    repository.delete("car-1")

    assert carry_out(orders, order("o-1", FINISH)) == [OrderOutcome.FINISHED]

    assert repository.list(limit=10, after_car_id=None).cars == ()


class WritesInBetween:
    """Someone else who writes the car each time just before a transaction, `times` times."""

    def __init__(self, client: Any, repository: CarRepository, *, times: int) -> None:
        self.left = times
        self._repository = repository
        client.meta.events.register_first("before-call.dynamodb.TransactWriteItems", self._write)

    def _write(self, **_: object) -> None:
        if self.left:
            self.left -= 1
            self._repository.change("car-1", CarChanges(nb_passengers=self.left), correlation_id="test")


def test_order_is_carried_out_on_the_car_as_others_have_left_it(
    orders: OrderRepository, repository: CarRepository
) -> None:
    client = boto3.client("dynamodb")
    WritesInBetween(client, repository, times=2)
    contended = OrderRepository(client, orders_table_name=ORDERS_TABLE_NAME, cars_table_name=TABLE_NAME)

    assert carry_out(contended, order("o-1", START)) == [OrderOutcome.STARTED]

    car = repository.get("car-1")
    assert (car.status, car.nb_passengers) == (CarStatus.IN_MAINTENANCE, 0)


def test_order_gives_up_when_others_never_let_it_and_has_changed_nothing(
    orders: OrderRepository, repository: CarRepository, dynamodb: DynamoDBClient
) -> None:
    client = boto3.client("dynamodb")
    writer = WritesInBetween(client, repository, times=10)
    contended = OrderRepository(client, orders_table_name=ORDERS_TABLE_NAME, cars_table_name=TABLE_NAME)

    with pytest.raises(OrderContended):
        carry_out(contended, order("o-1", START))

    assert writer.left == 7
    assert repository.get("car-1").status is CarStatus.AVAILABLE
    assert dynamodb.scan(TableName=ORDERS_TABLE_NAME)["Count"] == 0


def hear_all(orders: OrderRepository, messages: Sequence[MaintenanceOrder]) -> Counter[OrderOutcome]:
    """As a queue does it: what fails comes again, after the others."""
    outcomes: Counter[OrderOutcome] = Counter()
    waiting = list(messages)
    for _ in range(len(messages) + 1):
        failed = []
        for message in waiting:
            try:
                outcomes.update(carry_out(orders, message))
            except OrderNotStarted:
                failed.append(message)
        waiting = failed
    assert waiting == []
    return outcomes


@pytest.fixture
def counting(aws: None) -> tuple[DynamoDBClient, Faults]:
    """A client of its own, made once for all examples, and what counts its calls."""
    client = boto3.client("dynamodb")
    counted = Faults()
    counted.put_before(client)
    return client, counted


@given(
    owners=st.lists(st.sampled_from(["car-1", "car-2", "nowhere"]), min_size=1, max_size=5),
    open_orders=st.sets(st.integers(0, 4)),
    data=st.data(),
)
@examples(30)
def test_end_is_the_same_however_orders_come_and_each_is_carried_out_once(
    repository: CarRepository,
    orders_table: None,
    counting: tuple[DynamoDBClient, Faults],
    owners: list[str],
    open_orders: set[int],
    data: st.DataObject,
) -> None:
    """`owners` are the cars of the orders 0, 1, …; those in `open_orders` are started only."""
    # given
    client, counted = counting
    for table, key in ((TABLE_NAME, "car_id"), (ORDERS_TABLE_NAME, "order_id")):
        for left in client.scan(TableName=table)["Items"]:
            client.delete_item(TableName=table, Key={key: left[key]})
    for car_id in ("car-1", "car-2"):
        repository.create(NewCar(car_id=car_id, model="Acme 1", year=2024), correlation_id="test")
    messages = [order(f"o-{number}", START, car) for number, car in enumerate(owners)]
    messages += [order(f"o-{number}", FINISH, car) for number, car in enumerate(owners) if number not in open_orders]
    sent = data.draw(st.permutations(messages + data.draw(st.lists(st.sampled_from(messages), max_size=6))))
    counted.calls.clear()
    # when
    orders = OrderRepository(client, orders_table_name=ORDERS_TABLE_NAME, cars_table_name=TABLE_NAME)
    outcomes = hear_all(orders, sent)
    # then every car is as its orders leave it
    known = [number for number, car in enumerate(owners) if car != "nowhere"]
    for car_id in ("car-1", "car-2"):
        still_open = {f"o-{number}" for number in known if owners[number] == car_id and number in open_orders}
        status = CarStatus.IN_MAINTENANCE if still_open else CarStatus.AVAILABLE
        assert repository.get(car_id).status is status
        assert set(car_item(client, car_id).get("maintenance_orders", {}).get("SS", ())) == still_open
    # and each step was taken exactly once
    finished = [number for number in known if number not in open_orders]
    assert outcomes[OrderOutcome.STARTED] == len(known)
    assert outcomes[OrderOutcome.FINISHED] == len(finished)
    assert outcomes[OrderOutcome.REJECTED] == len(owners) - len(known)
    assert outcomes.total() == len(sent)
    assert counted.calls.count("TransactWriteItems") == len(owners) + len(finished)
    for number in range(len(owners)):
        last = "Rejected" if number not in known else "Finished" if number in finished else "Started"
        assert order_item(client, f"o-{number}")["status"] == {"S": last}
