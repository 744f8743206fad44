"""Rules that hold for every car and every body, not only for those that somebody thought of."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from service.cars.car import Car, CarChanges, CarDetails, CarStatus, NewCar
from service.cars.repository import CarRepository, from_item, to_item
from tests.properties import examples

MODELS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=100)
NUMBERS = st.integers() | st.floats()
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "model": MODELS,
    "year": st.integers(1886, 2100),
    "status": st.sampled_from([status.value for status in CarStatus]),
    "latitude": st.none() | st.floats(-90, 90),
    "longitude": st.none() | st.floats(-180, 180),
    "nb_passengers": st.integers(0, 20),
    "bike_rack": st.booleans(),
}
DETAILS = st.fixed_dictionaries(FIELDS)
PATCHES = st.fixed_dictionaries({}, optional=FIELDS).filter(bool)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*FIELDS, "car_id"]) | st.text(), inner),
)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
MANY = examples()


def said(car: Car) -> dict[str, Any]:
    """What callers have said of the car."""
    return car.model_dump(mode="json", include=set(FIELDS))


def merged(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """MergePatch of RFC 7396 for flat objects; what it removes is null in a car."""
    return {name: patch.get(name, value) for name, value in target.items()}


def parsed(shape: type[CarDetails] | type[CarChanges], value: object) -> Any:
    return shape.model_validate_json(json.dumps(value))


@MANY
@given(details=DETAILS, created_at=TIMES, updated_at=TIMES, position_at=st.none() | TIMES)
def test_car_is_the_same_after_the_table(
    details: dict[str, Any], created_at: datetime, updated_at: datetime, position_at: datetime | None
) -> None:
    car = Car(car_id="a", created_at=created_at, updated_at=updated_at, position_at=position_at, **details)

    assert from_item(to_item(car)) == car


@MANY
@given(details=DETAILS)
def test_car_is_the_same_after_its_representation(details: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    car = Car(car_id="a", created_at=now, updated_at=now, **details)

    assert Car.model_validate_json(car.model_dump_json()) == car


@examples(25)
@given(details=DETAILS, first=PATCHES, second=PATCHES)
def test_changes_are_merge_patches(
    repository: CarRepository, details: dict[str, Any], first: dict[str, Any], second: dict[str, Any]
) -> None:
    car = repository.create(NewCar.model_validate_json(json.dumps(details)), correlation_id="request-1").car

    once = repository.change(car.car_id, parsed(CarChanges, first), correlation_id="request-2")
    assert said(once) == merged(said(car), said(parsed_car(details, first)))

    again = repository.change(car.car_id, parsed(CarChanges, first), correlation_id="request-3")
    assert said(again) == said(once)

    both = repository.change(car.car_id, parsed(CarChanges, second), correlation_id="request-4")
    assert said(both) == said(parsed_car(details, {**first, **second}))


def parsed_car(details: dict[str, Any], patch: dict[str, Any]) -> Car:
    """The car as if it had been created as the patch makes it."""
    now = datetime.now(UTC)
    return Car(car_id="a", created_at=now, updated_at=now, **merged(details, patch))


@MANY
@given(body=JSON)
@pytest.mark.parametrize("shape", [NewCar, CarDetails, CarChanges])
def test_any_body_is_taken_or_refused(shape: type[CarDetails], body: object) -> None:
    try:
        taken = shape.model_validate_json(json.dumps(body))
    except ValidationError:
        return
    assert isinstance(body, dict)
    assert taken.model_fields_set == body.keys()


@pytest.mark.parametrize("number", [2024, 2024.0])
def test_whole_number_is_an_integer_however_it_is_spelled(number: float) -> None:
    assert parsed(CarDetails, {"model": "Acme 1", "year": number}).year == 2024


@pytest.mark.parametrize("number", [2024.5, "2024", True, None])
def test_what_is_no_whole_number_is_refused(number: object) -> None:
    with pytest.raises(ValidationError):
        parsed(CarDetails, {"model": "Acme 1", "year": number})


@pytest.mark.parametrize("name", ["model", "year", "status", "nb_passengers", "bike_rack"])
def test_what_every_car_has_cannot_be_removed(name: str) -> None:
    with pytest.raises(ValidationError):
        parsed(CarChanges, {name: None})
