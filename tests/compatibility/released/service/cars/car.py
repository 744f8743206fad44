"""A car, as the fleet knows it, and the shapes in which callers hand one in.

What callers say is checked strictly and unknown fields are refused; what is read from the table may hold fields of a
newer release, which an older one (after a rollback) ignores.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

SYNTHETIC_PREFIXES = ("probe-", "release-", "e2e-")
"""How the ids of cars begin that exist only to test the service; whoever makes one deletes it."""

CAR_ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"


def _to_centimetres(degrees: float) -> float:
    """Seven decimals are about a centimetre. DynamoDB has 38 digits, but no number below 1E-130."""
    return round(degrees, 7)


CarId = Annotated[str, StringConstraints(pattern=CAR_ID_PATTERN)]
Model = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Year = Annotated[int, Field(ge=1886, le=2100)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False), AfterValidator(_to_centimetres)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False), AfterValidator(_to_centimetres)]
Passengers = Annotated[int, Field(ge=0, le=20)]


class CarStatus(StrEnum):
    AVAILABLE = "Available"
    IN_COURSE = "InCourse"
    IN_MAINTENANCE = "InMaintenance"
    OUT_OF_SERVICE = "OutOfService"


class CarDetails(BaseModel):
    """All that a caller may say of a car. A position is left out while it is not known."""

    model_config = ConfigDict(extra="forbid", strict=True)

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
    """Some details of a car; only the fields that are there change. A position may be set to null: no longer known."""

    model_config = ConfigDict(extra="forbid", strict=True)

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
    """A car of the fleet. Times are UTC."""

    model_config = ConfigDict(extra="ignore", strict=False)

    car_id: CarId
    created_at: datetime
    updated_at: datetime
