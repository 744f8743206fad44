"""A car, as the fleet knows it, and the shapes in which callers hand one in.

What callers say is checked strictly and unknown fields are refused; what is read from the table may hold fields of a
newer release, which an older one (after a rollback) ignores.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import uuid4

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

PROBE_PREFIX, RELEASE_PREFIX, E2E_PREFIX = SYNTHETIC_PREFIXES = ("probe-", "release-", "e2e-")
"""How the ids of cars begin that exist only to test the service; whoever makes one deletes it."""

SYNTHETIC_KEPT = timedelta(hours=1)
"""How long what is remembered of such a car is kept, at most: nobody asks for it when its test is over."""

REPORTED_ATTRIBUTES = ("latitude", "longitude", "nb_passengers", "position_at")
"""All that a car's own report of where it is may change of it."""

CAR_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"


def _to_centimetres(degrees: float) -> float:
    """Seven decimals are about a centimetre. DynamoDB has 38 digits, but no number below 1E-130."""
    return round(degrees, 7)


WITHOUT_CONTROL_CHARACTERS = r"^[^\u0000-\u001f\u007f-\u009f]*$"


def _to_integer(number: Any) -> Any:
    """JSON has one kind of number: 4.0 is an integer there."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


def is_synthetic(car_id: str) -> bool:
    """Whether the car exists only to test the service."""
    return car_id.startswith(SYNTHETIC_PREFIXES)


def kept(car_id: str, longest: timedelta) -> timedelta:
    """How long something about the car is kept that is kept for `longest` of a customer's."""
    return SYNTHETIC_KEPT if is_synthetic(car_id) else longest


CarId = Annotated[str, StringConstraints(pattern=CAR_ID_PATTERN)]
Model = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=WITHOUT_CONTROL_CHARACTERS)]
Year = Annotated[int, Field(ge=1886, le=2100), BeforeValidator(_to_integer)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False), AfterValidator(_to_centimetres)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False), AfterValidator(_to_centimetres)]
Passengers = Annotated[int, Field(ge=0, le=20), BeforeValidator(_to_integer)]


class CarStatus(StrEnum):
    AVAILABLE = "Available"
    IN_COURSE = "InCourse"
    IN_MAINTENANCE = "InMaintenance"
    OUT_OF_SERVICE = "OutOfService"


class CarDetails(BaseModel):
    """All that a caller may say of a car. A position is left out, or null, while it is not known."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)

    model: Model
    year: Year
    status: CarStatus = CarStatus.AVAILABLE
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    nb_passengers: Passengers = 4
    bike_rack: bool = False


class NewCar(CarDetails):
    """A car to create; an id is made up when the caller brings none."""

    car_id: CarId = Field(default_factory=lambda: str(uuid4()))


class CarChanges(BaseModel):
    """A JSON merge patch (RFC 7396) of a car: only the fields that are there change, at least one.

    Null removes a latitude or longitude: it is no longer known. Every other field of a car is always there.
    """

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True, json_schema_extra={"minProperties": 1})

    model: Model = Field(default="")
    year: Year = Field(default=0)
    status: CarStatus = CarStatus.AVAILABLE
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    nb_passengers: Passengers = 0
    bike_rack: bool = False

    @model_validator(mode="after")
    def _change_something(self) -> CarChanges:
        if not self.model_fields_set:
            raise ValueError("name at least one field to change")
        return self


class Car(CarDetails):
    """A car of the fleet. Times are UTC.

    `updated_at` is when somebody last said something of it; a car that reports its position changes `position_at` only.
    """

    # Errors of what is read are logged, and name no values.
    model_config = ConfigDict(extra="ignore", strict=False, defer_build=True, hide_input_in_errors=True)

    car_id: CarId
    model: Annotated[str, StringConstraints(min_length=1, max_length=100)]  # former releases took any character
    created_at: datetime
    updated_at: datetime
    position_at: datetime | None = None
