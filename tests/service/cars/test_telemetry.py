"""Reports of positions: which are understood, and that the newest stays whatever their order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.cars.car import REPORTED_ATTRIBUTES, NewCar
from service.cars.errors import MalformedReport
from service.cars.repository import CarRepository
from service.cars.telemetry import (
    PositionOutcome,
    PositionReport,
    PositionRepository,
    parse_report,
)
from tests.properties import examples
from tests.service.conftest import TABLE_NAME

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
REPORT: dict[str, Any] = {
    "car_id": "car-1",
    "measured_at": "2026-11-23T11:59:59Z",
    "latitude": 52.5,
    "longitude": 13.4,
    "nb_passengers": 2,
}


def parsed(**fields: object) -> PositionReport:
    return parse_report(json.dumps({**REPORT, **fields}).encode(), arrived_at=NOW)


def item(dynamodb: DynamoDBClient, car_id: str = "car-1") -> Mapping[str, Any]:
    return dynamodb.get_item(TableName=TABLE_NAME, Key={"car_id": {"S": car_id}})["Item"]


@pytest.fixture
def positions(repository: CarRepository, dynamodb: DynamoDBClient) -> PositionRepository:
    """Those of a table with the car car-1."""
    repository.create(NewCar(car_id="car-1", model="Acme 1", year=2024), correlation_id="test")
    return PositionRepository(dynamodb, TABLE_NAME)


def test_report_is_understood_in_any_zone_with_more_fields_and_whole_degrees() -> None:
    report = parsed(measured_at="2026-11-23T13:59:59.5+02:00", latitude=52, tyre_pressure=[2.4, 2.4])

    assert report.position_at == "2026-11-23T11:59:59.500000+00:00"
    assert report.latitude == 52


@pytest.mark.parametrize(
    "field",
    [
        {"car_id": "../car"},
        {"car_id": 1},
        {"measured_at": "2026-11-23T12:00:00"},
        {"measured_at": "yesterday"},
        {"measured_at": 1795435200},
        {"measured_at": "0001-01-01T00:00:00+14:00"},
        {"latitude": 90.1},
        {"latitude": "52.5"},
        {"latitude": None},
        {"longitude": -180.1},
        {"nb_passengers": -1},
        {"nb_passengers": 2.5},
    ],
    ids=str,
)
def test_report_with_a_value_that_cannot_be_is_malformed(field: dict[str, object]) -> None:
    with pytest.raises(MalformedReport, match=f"^{next(iter(field))}: "):
        parsed(**field)


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[]", b"null", b'{"car_id": "car-1"'], ids=repr)
def test_what_is_no_json_object_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedReport):
        parse_report(data, arrived_at=NOW)


def test_what_is_wrong_is_told_without_the_values() -> None:
    with pytest.raises(MalformedReport) as raised:
        parsed(latitude=95.123456, longitude="13.987654")

    assert "latitude" in str(raised.value)
    assert "95.1" not in str(raised.value)
    assert "13.98" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_report_from_the_future_is_malformed_for_it_would_hold_for_the_newest() -> None:
    assert parsed(measured_at="2026-11-23T12:01:00Z")  # a car's clock may be a minute ahead

    with pytest.raises(MalformedReport, match="later than it arrived"):
        parsed(measured_at="2026-11-23T12:01:01Z")


def test_report_changes_position_and_passengers_and_nothing_else(
    positions: PositionRepository, dynamodb: DynamoDBClient
) -> None:
    before = item(dynamodb)

    assert positions.store(parsed()) is PositionOutcome.STORED

    after = item(dynamodb)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == set(REPORTED_ATTRIBUTES)
    assert after["position_at"] == {"S": "2026-11-23T11:59:59.000000+00:00"}
    assert (after["latitude"], after["longitude"], after["nb_passengers"]) == ({"N": "52.5"}, {"N": "13.4"}, {"N": "2"})
    assert set(after) >= set(before)


def test_report_that_is_not_newer_changes_nothing(positions: PositionRepository, dynamodb: DynamoDBClient) -> None:
    positions.store(parsed())
    before = item(dynamodb)

    assert positions.store(parsed(latitude=1)) is PositionOutcome.STALE
    assert positions.store(parsed(latitude=2, measured_at="2026-11-23T11:59:58.999999Z")) is PositionOutcome.STALE

    assert item(dynamodb) == before


def test_report_that_is_newer_by_a_microsecond_is_stored(positions: PositionRepository) -> None:
    positions.store(parsed())

    assert positions.store(parsed(measured_at="2026-11-23T11:59:59.000001Z")) is PositionOutcome.STORED


def test_report_of_an_unknown_car_makes_no_car(positions: PositionRepository, dynamodb: DynamoDBClient) -> None:
    assert positions.store(parsed(car_id="car-2")) is PositionOutcome.UNKNOWN_CAR

    assert dynamodb.scan(TableName=TABLE_NAME)["Count"] == 1


@given(
    moments=st.lists(st.timedeltas(timedelta(0), timedelta(days=400)), min_size=1, max_size=6, unique=True),
    data=st.data(),
)
@examples(60)  # every example starts with a car of its own making
def test_newest_report_stays_in_any_order_and_any_number_of_times(
    aws: None, dynamodb: DynamoDBClient, moments: list[timedelta], data: st.DataObject
) -> None:
    # given
    dynamodb.put_item(TableName=TABLE_NAME, Item={"car_id": {"S": "car-1"}})
    positions = PositionRepository(dynamodb, TABLE_NAME)
    reports = [
        parsed(measured_at=(NOW - before).isoformat(), nb_passengers=passengers)
        for passengers, before in enumerate(moments)
    ]
    sent = data.draw(st.permutations(reports + data.draw(st.lists(st.sampled_from(reports), max_size=6))))
    # when
    outcomes = [positions.store(report) for report in sent]
    # then
    newest = max(reports, key=lambda report: report.measured_at)
    assert item(dynamodb)["position_at"] == {"S": newest.position_at}
    assert item(dynamodb)["nb_passengers"] == {"N": str(newest.nb_passengers)}
    rises = [
        report
        for place, report in enumerate(sent)
        if all(report.measured_at > other.measured_at for other in sent[:place])
    ]
    assert outcomes.count(PositionOutcome.STORED) == len(rises)
