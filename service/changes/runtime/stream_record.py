"""Reads a record of the table's stream: the change of a car that it tells, or why it tells none.

What is in the table may be anybody's writing: it is parsed here, and nowhere behind. What cannot be read is an answer
like any other, for it must stop nobody; and nothing said of it holds a value of the item.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from service.cars.car import REPORTED_ATTRIBUTES, Car
from service.cars.errors import findings
from service.cars.events import CarEvent, CarEventType
from service.cars.repository import from_item

LONGEST_SEQUENCE_NUMBER = 40
"""Digits ("StreamRecord", DynamoDB Streams); numbers of one length sort as texts do."""

LONGEST_CORRELATION_ID = 128
"""What the API and the orders take. A longer one is none of ours, and could make an event that no bus takes."""

TYPES = {"INSERT": CarEventType.CREATED, "MODIFY": CarEventType.UPDATED, "REMOVE": CarEventType.DELETED}


@dataclass(frozen=True)
class Change:
    """A record that tells what happened to a car."""

    record: Mapping[str, Any]
    event: CarEvent


@dataclass(frozen=True)
class Unreadable:
    """A record that is no change of a car, and why; the reason names fields, and never what is in them."""

    record: Mapping[str, Any]
    reason: str

    @property
    def sequence_number(self) -> str:
        return str(self.record.get("dynamodb", {}).get("SequenceNumber", "?"))

    @property
    def car_id(self) -> str:
        """The item's key, which is there whatever else the item is."""
        return str(self.record.get("dynamodb", {}).get("Keys", {}).get("car_id", {}).get("S", "?"))


class UnreadableRecord(Exception):
    """The message names fields, and never what is in them."""


def read_record(record: Mapping[str, Any]) -> Change | Unreadable:
    try:
        return Change(record, car_event(record))
    except UnreadableRecord as exc:
        return Unreadable(record, str(exc))


def is_position_report(record: Mapping[str, Any]) -> bool:
    """Whether a car only said where it is: every other write of ours gives it another `updated_at`.

    There are far too many of them for the bus, and the car's position is to be had from the API. Whoever mends an item
    by hand may leave `updated_at` as it is: all else that a report leaves alone has to be the same, too.
    """
    change: Mapping[str, Any] = record.get("dynamodb", {})
    before, after = change.get("OldImage", {}), change.get("NewImage", {})
    updated_at = before.get("updated_at")
    if updated_at is None or updated_at != after.get("updated_at"):
        return False
    return _without_report(before) == _without_report(after)


def _without_report(image: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in image.items() if name not in REPORTED_ATTRIBUTES}


def car_event(record: Mapping[str, Any]) -> CarEvent:
    """The change that a record of the table's stream (view NEW_AND_OLD_IMAGES) tells. Raises UnreadableRecord.

    What the car was before it was written is no more than `previous` of the event: where nobody can read that, the
    write has mended the car, and the event has no `previous`. A deletion has only that image to tell of the car.
    """
    try:
        change = record["dynamodb"]
        event_type = TYPES[record["eventName"]]
        image = "OldImage" if event_type is CarEventType.DELETED else "NewImage"
        return CarEvent(
            event_id=record["eventID"],
            type=event_type,
            occurred_at=datetime.fromtimestamp(change["ApproximateCreationDateTime"], UTC),
            sequence=str(change["SequenceNumber"]).zfill(LONGEST_SEQUENCE_NUMBER),
            correlation_id=_correlation_id(change[image]),
            car=_car(change, image),
            previous=_previous(change) if event_type is CarEventType.UPDATED else None,
        )
    except KeyError as exc:
        raise UnreadableRecord(f"{exc}: missing, or not known") from exc


def _car(change: Mapping[str, Any], image: str) -> Car:
    try:
        return from_item(change[image])
    except ValidationError as exc:
        raise UnreadableRecord(f"{image}: {findings(exc)}") from None  # its own text is long, and has links in it


def _previous(change: Mapping[str, Any]) -> Car | None:
    if "OldImage" not in change:
        return None
    try:
        return from_item(change["OldImage"])
    except ValidationError:
        return None


def _correlation_id(image: Mapping[str, Any]) -> str | None:
    """What the car's last writer was called by, if it said so: an older version does not."""
    found: str | None = image.get("correlation_id", {}).get("S")
    return found if found is not None and len(found) <= LONGEST_CORRELATION_ID else None
