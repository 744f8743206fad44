"""What the fleet tells others: a car was created, updated or deleted.

Names and version are a contract with every subscriber of the bus. It must not know where an event comes from, nor
where it goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from service.cars.car import Car

SOURCE = "acs.acm"
VERSION = "1.0"


class CarEventType(StrEnum):
    CREATED = "acme.acs.acm.events.CarCreated"
    UPDATED = "acme.acs.acm.events.CarUpdated"
    DELETED = "acme.acs.acm.events.CarDeleted"


@dataclass(frozen=True, kw_only=True)
class CarEvent:
    """`car` is the car after the change (the last known one when deleted), `previous` before it, None when created.

    `event_id` stays the same when the event is sent again: delivery is at least once, subscribers drop what they know.
    """

    event_id: str
    type: CarEventType
    car: Car
    previous: Car | None

    def detail(self) -> dict[str, Any]:
        """The event's detail: {"version", "event_id", "car": {…}, "previous": {…} | null}, times as ISO 8601."""
        return {
            "version": VERSION,
            "event_id": self.event_id,
            "car": self.car.model_dump(mode="json"),
            "previous": self.previous.model_dump(mode="json") if self.previous else None,
        }
