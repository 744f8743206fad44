"""The shapes of the API that are not the domain's: queries, and lists in pages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from service.cars.car import Car, CarStatus


def _number(digits: Any) -> Any:
    """Plain digits alone: pydantic would take " 5", "5.0" and "1_0", too."""
    if isinstance(digits, str) and not (digits.isascii() and digits.isdigit()):
        raise ValueError("Input should be a whole number, in digits")
    return digits


class NoQuery(BaseModel):
    """No parameters."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class PageQuery(BaseModel):
    """`limit` of a page, `next_token` as the page before answered it."""

    model_config = ConfigDict(extra="forbid", defer_build=True)

    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(_number)] = 20
    next_token: Annotated[str, Field(min_length=1, max_length=2048)] | None = None


class CarsQuery(PageQuery):
    """A page of all cars, or of those with a `status`."""

    status: CarStatus | None = None


class CarList(BaseModel):
    """A page of cars. `next_token` leads to the next one, and is null on the last."""

    model_config = ConfigDict(defer_build=True)

    cars: tuple[Car, ...]
    next_token: str | None


class CarNotification(BaseModel):
    """What people were told of a car. `type` is that of the event it tells of."""

    model_config = ConfigDict(defer_build=True)

    notification_id: str
    occurred_at: datetime
    type: str
    text: str


class NotificationList(BaseModel):
    """A page of a car's notifications. `next_token` leads to the next one, and is null on the last."""

    model_config = ConfigDict(defer_build=True)

    notifications: tuple[CarNotification, ...]
    next_token: str | None
