"""What other callers and other releases may do to the same table."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from service.cars.car import Car, CarChanges, CarDetails, CarStatus, NewCar
from service.cars.errors import CarAlreadyExists, CarNotFound
from service.cars.repository import CarRepository
from tests.service.conftest import TABLE_NAME

NEW = NewCar(car_id="car-1", model="Acme 1", year=2024, latitude=1e-200, longitude=13.4)


def test_car_read_is_the_car_created(repository: CarRepository) -> None:
    created = repository.create(NEW, correlation_id="request-1").car

    assert repository.get("car-1") == created
    assert created.latitude == 0  # below DynamoDB's smallest number, and far below a centimetre


def test_second_car_of_an_id_is_refused(repository: CarRepository) -> None:
    repository.create(NEW, correlation_id="request-1")

    with pytest.raises(CarAlreadyExists, match="'car-1'"):
        repository.create(NEW, correlation_id="request-1")


def test_writes_to_a_missing_car_make_none(repository: CarRepository) -> None:
    with pytest.raises(CarNotFound, match="'car-1'"):
        repository.replace("car-1", CarDetails(model="Acme 2", year=2025), correlation_id="request-2")
    with pytest.raises(CarNotFound):
        repository.change("car-1", CarChanges(year=2025), correlation_id="request-2")
    with pytest.raises(CarNotFound):
        repository.delete("car-1")

    assert repository.list(limit=10, after_car_id=None).cars == ()


def test_change_leaves_what_another_caller_changed_meanwhile(repository: CarRepository) -> None:
    repository.create(NEW, correlation_id="request-1")

    repository.change("car-1", CarChanges(status=CarStatus.IN_COURSE), correlation_id="request-2")
    repository.change("car-1", CarChanges(year=2025), correlation_id="request-2")

    car = repository.get("car-1")
    assert (car.status, car.year) == (CarStatus.IN_COURSE, 2025)


def test_fields_of_a_newer_release_are_ignored_and_kept(repository: CarRepository) -> None:
    repository.create(NEW, correlation_id="request-1")
    dynamodb = boto3.client("dynamodb")
    key = {"car_id": {"S": "car-1"}}
    dynamodb.update_item(
        TableName=TABLE_NAME,
        Key=key,
        UpdateExpression="SET wings = :two",
        ExpressionAttributeValues={":two": {"N": "2"}},
    )

    repository.replace("car-1", CarDetails(model="Acme 2", year=2025), correlation_id="request-2")

    assert repository.get("car-1").model == "Acme 2"
    assert dynamodb.get_item(TableName=TABLE_NAME, Key=key)["Item"]["wings"] == {"N": "2"}


@pytest.mark.parametrize("status", [None, CarStatus.AVAILABLE])
def test_list_reads_what_a_car_has_and_not_who_wrote_it(aws: None, status: CarStatus | None) -> None:
    client = boto3.client("dynamodb")
    answers: list[dict[str, Any]] = []
    client.meta.events.register("after-call.dynamodb.*", lambda parsed, **_: answers.append(parsed))
    repository = CarRepository(client, TABLE_NAME)
    created = repository.create(NEW, correlation_id="request-1", idempotency_digest="digest").car

    page = repository.list(limit=10, after_car_id=None, status=status)

    assert page.cars == (created,)
    (item,) = answers[-1]["Items"]
    assert item.keys() == Car.model_fields.keys()
