"""What the fleet tells others: a car was created, updated or deleted.

Names, version and detail are a contract with every subscriber of the bus; docs/events holds its JSON Schema. It must
not know where an event comes from, nor where it goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from service.cars.car import Car, CarStatus, is_synthetic

SOURCE = "acs.acm"
VERSION: Literal["1.0"] = "1.0"


class CarEventType(StrEnum):
    CREATED = "acme.acs.acm.events.CarCreated"
    UPDATED = "acme.acs.acm.events.CarUpdated"
    DELETED = "acme.acs.acm.events.CarDeleted"


class CarEventDetail(BaseModel):
    """The detail of an event, as it travels. Other fields may come at any time, and are no business of an old reader.

    Fields with a default are younger than the others: a version before this one does not send them.
    """

    # without the values in errors, which are logged: one of them may be where a car is
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, defer_build=True)

    version: Literal["1.0"]
    event_id: str
    occurred_at: datetime | None = None
    sequence: str | None = None
    correlation_id: str | None = None
    synthetic: bool = False
    car: Car
    previous: Car | None


@dataclass(frozen=True, kw_only=True)
class CarEvent:
    """`car` is the car after the change (the last known one when deleted), `previous` before it.

    `previous` is None when the car was created or deleted, and when nobody could read what was there before.

    `event_id` and `occurred_at` stay the same when the event is sent again: delivery is at least once, subscribers drop
    what they know. `sequence`, 40 digits, orders the changes of one car, which `occurred_at` does to the second only.
    `correlation_id` is that of the car's last write: a deletion leaves none of its own in the table.
    """

    event_id: str
    type: CarEventType
    occurred_at: datetime
    sequence: str
    correlation_id: str | None
    car: Car
    previous: Car | None

    @property
    def is_synthetic(self) -> bool:
        """Whether the car exists only to test the service."""
        return is_synthetic(self.car.car_id)

    @property
    def status_before(self) -> CarStatus | None:
        """None when the car was not there, or nobody could read it."""
        before = self.car if self.type is CarEventType.DELETED else self.previous
        return None if before is None else before.status

    @property
    def status_after(self) -> CarStatus | None:
        """None when the car is there no more."""
        return None if self.type is CarEventType.DELETED else self.car.status

    def detail(self) -> dict[str, Any]:
        """The event's detail as JSON has it."""
        return CarEventDetail(
            version=VERSION,
            event_id=self.event_id,
            occurred_at=self.occurred_at,
            sequence=self.sequence,
            correlation_id=self.correlation_id,
            synthetic=self.is_synthetic,
            car=self.car,
            previous=self.previous,
        ).model_dump(mode="json")
