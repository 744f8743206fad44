"""During a canary the released version and this one run at once, on the same tables and the same bus.

So each must read what the other writes, and keep of an item what it does not know; and after a rollback the released
one is alone with what this one has written. A change that breaks this is released in two steps: first read the new
shape as well as the old one, in the next release write it (docs/runbook/release.md).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from tests.compatibility.version import HERE, RELEASED, Tables, Version, edge_values, running

ROOT = HERE.parent.parent
SCHEMA_FOLDERS = {"this": ROOT / "docs" / "events", "released": RELEASED / "events"}

CAR = {"car_id": "car-1", "model": "Acme 1", "year": 2024, "latitude": 52.5, "longitude": 13.4, "bike_rack": True}
WRITTEN_BY_OTHERS: dict[str, Any] = {
    "position_at": {"S": "2026-11-23T12:00:00.000000+00:00"},
    "correlation_id": {"S": "request-0"},
    "idempotency_digest": {"S": "d1"},
    "maintenance_orders": {"SS": ["order-1"]},
    "wings": {"M": {"left": {"L": [{"N": "1"}]}, "none": {"NULL": True}}},
}
"""Attributes that a version may find in an item without knowing them."""


@pytest.fixture(scope="module")
def versions() -> Iterator[dict[str, Version]]:
    with (
        running("this", code=ROOT, driver=HERE / "driver.py") as this,
        running("released", code=RELEASED, driver=RELEASED / "driver.py") as released,
    ):
        yield {"this": this, "released": released}


@pytest.fixture(params=[("this", "released"), ("released", "this")], ids=lambda pair: f"{pair[0]}-then-{pair[1]}")
def pair(request: pytest.FixtureRequest, versions: dict[str, Version]) -> tuple[Version, Version]:
    first, second = request.param
    return versions[first], versions[second]


def with_a_car(version: Version, car: dict[str, Any] = CAR, *, beside: dict[str, Any] | None = None) -> Tables:
    """The tables after `version` has created the car, and someone else has added the attributes `beside`."""
    tables = version.write("create_car", {}, car=car)
    return {**tables, "cars": [{**item, **(beside or {})} for item in tables["cars"]]}


def assert_both_read_the_same(versions: tuple[Version, Version], tables: Tables, *, expected: dict[str, Any]) -> None:
    """All that both know of the car is the same, `expected` is among it, and the list says it too."""
    known = [version.read("get_car", tables, car_id="car-1") for version in versions]
    common = known[0].keys() & known[1].keys()
    assert {name: known[0][name] for name in common} == {name: known[1][name] for name in common}
    assert expected == {name: known[0][name] for name in expected}
    for version, car in zip(versions, known, strict=True):
        assert version.read("list_cars", tables) == [car]


def test_whatever_one_version_takes_the_other_reads(pair: tuple[Version, Version]) -> None:
    writer, reader = pair
    for name, values in edge_values(writer.read("new_car_schema", {})).items():
        for value in values:
            car = {**CAR, name: value}
            tables = with_a_car(writer, car)
            assert_both_read_the_same((writer, reader), tables, expected=car)


@pytest.mark.parametrize("operation", ["change_car", "replace_car"])
def test_what_one_version_wrote_the_other_writes_again_and_both_read(
    operation: str, pair: tuple[Version, Version]
) -> None:
    creator, changer = pair
    tables = with_a_car(creator, beside=WRITTEN_BY_OTHERS)

    if operation == "change_car":
        changes = {"status": "InCourse", "nb_passengers": 0, "latitude": None}
        tables = changer.write("change_car", tables, car_id="car-1", changes=changes)
        expected = {**CAR, **changes}
    else:
        details = {"model": "Acme 2", "year": 2025, "status": "OutOfService"}
        tables = changer.write("replace_car", tables, car_id="car-1", details=details)
        expected = {**details, "latitude": None, "longitude": None, "bike_rack": False}

    assert_both_read_the_same(pair, tables, expected=expected)
    (item,) = tables["cars"]
    assert {name: item[name] for name in ("idempotency_digest", "maintenance_orders", "wings")} == {
        name: WRITTEN_BY_OTHERS[name] for name in ("idempotency_digest", "maintenance_orders", "wings")
    }


def test_what_one_version_wrote_the_other_deletes(pair: tuple[Version, Version]) -> None:
    creator, deleter = pair
    tables = with_a_car(creator, beside=WRITTEN_BY_OTHERS)

    assert deleter.write("delete_car", tables, car_id="car-1")["cars"] == []


def test_event_of_one_version_keeps_the_promises_of_both_and_is_read_by_the_other(
    pair: tuple[Version, Version],
) -> None:
    sender, reader = pair
    created = with_a_car(reader, beside=WRITTEN_BY_OTHERS)
    changed = sender.write("change_car", created, car_id="car-1", changes={"status": "InCourse"})
    images = {"old": created["cars"][0], "new": changed["cars"][0]}

    detail = sender.read("event", {}, **images)

    for owner in SCHEMA_FOLDERS:
        schema_of(owner, detail).validate(detail)
    car, previous = reader.read("read_event", {}, detail=detail)
    assert (previous["status"], car["status"]) == ("Available", "InCourse")
    assert {name: car[name] for name in (*CAR, "status")} == {**CAR, "status": "InCourse"}


def schema_of(owner: str, detail: dict[str, Any]) -> jsonschema_rs.Validator:
    file = SCHEMA_FOLDERS[owner] / f"car-event-{detail['version']}.json"
    return jsonschema_rs.validator_for(json.loads(file.read_text()), validate_formats=True)


def speakers(versions: dict[str, Version], operation: str) -> list[tuple[Version, Version]]:
    """Every pair of those who know the operation: the first version that has it can only speak with itself."""
    known = [version for version in versions.values() if operation in version.operations]
    assert versions["this"] in known
    return list(itertools.product(known, known))


def test_notification_of_one_version_is_read_by_the_other(versions: dict[str, Version]) -> None:
    for writer, reader in speakers(versions, "add_notification"):
        cars = with_a_car(reader)
        changed = writer.write("change_car", cars, car_id="car-1", changes={"status": "InCourse"})
        detail = writer.read("event", {}, old=cars["cars"][0], new=changed["cars"][0])

        tables = writer.write("add_notification", {}, detail=detail)

        (found,) = reader.read("list_notifications", tables, car_id="car-1")
        assert "Available → InCourse" in found["text"]
        assert reader.read("add_notification", tables, detail=detail) is False  # sent again, to the other version


def test_position_that_one_version_stores_the_other_reads_and_compares(versions: dict[str, Version]) -> None:
    newer = {"car_id": "car-1", "measured_at": "2099-11-23T12:00:01Z", "latitude": 1.5, "longitude": 2.5}
    newer["nb_passengers"] = 3
    for first, second in speakers(versions, "report_position"):
        tables = first.write("report_position", with_a_car(second), report=newer)

        for reader in versions.values():
            car = reader.read("get_car", tables, car_id="car-1")
            assert (car["latitude"], car["longitude"], car["nb_passengers"]) == (1.5, 2.5, 3)
        assert second.read("report_position", tables, report=newer) == "Stale"


def test_order_that_one_version_starts_the_other_knows_and_finishes(versions: dict[str, Version]) -> None:
    start = {"order_id": "order-1", "car_id": "car-1", "action": "start"}
    for first, second in speakers(versions, "carry_out_order"):
        started = first.write("carry_out_order", with_a_car(second), order=start)
        assert second.read("carry_out_order", started, order=start) == "Duplicate"
        finished = second.write("carry_out_order", started, order={**start, "action": "finish"})

        for reader in versions.values():
            statuses = [reader.read("get_car", tables, car_id="car-1")["status"] for tables in (started, finished)]
            assert statuses == ["InMaintenance", "Available"]
        assert first.read("carry_out_order", finished, order=start) == "Duplicate"


def test_nothing_that_the_released_version_does_is_gone(versions: dict[str, Version]) -> None:
    assert versions["released"].operations <= versions["this"].operations
