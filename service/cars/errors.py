"""What can go wrong with cars, for reasons that are not ours.

CarError
├── CarNotFound        no car has this id
├── CarAlreadyExists   a car with this id is there already
├── CarHasChanged      the car is no longer as the caller has seen it
├── InvalidPageToken   the place to go on listing from is not one that a list answered
├── MalformedReport    what a car sent is no report of its position
└── OrderError         a maintenance order that cannot be carried out, not yet or never
    ├── MalformedOrder     it is no order
    ├── OrderNotStarted    its start has not come yet
    ├── OrderOfOtherCar    its id was used before, for another car
    └── OrderContended     others kept writing the car or the order in between
"""

from __future__ import annotations

from pydantic import ValidationError


class CarError(Exception):
    """A request about cars that cannot be done."""


class CarNotFound(CarError):
    def __init__(self, car_id: str) -> None:
        super().__init__(f"There is no car {car_id!r}.")


class CarAlreadyExists(CarError):
    def __init__(self, car_id: str) -> None:
        super().__init__(f"There is a car {car_id!r} already: choose another id, or PUT to replace it.")


class CarHasChanged(CarError):
    def __init__(self, car_id: str) -> None:
        super().__init__(f"Car {car_id!r} has changed since you read it: read it again, and decide anew.")


class InvalidPageToken(CarError):
    def __init__(self) -> None:
        super().__init__("next_token is not one that this list has answered: leave it out to start again.")


class MalformedReport(CarError):
    """The message says what is wrong, without any of the values: they may be where a car is."""


class OrderError(CarError):
    """A maintenance order that was not carried out, and has changed nothing."""


class MalformedOrder(OrderError):
    """The message says what is wrong, without the values."""


class OrderNotStarted(OrderError):
    def __init__(self, order_id: str) -> None:
        super().__init__(f"Order {order_id!r} cannot finish: its start has not come yet.")


class OrderOfOtherCar(OrderError):
    def __init__(self, order_id: str, *, car_id: str, known_car_id: str) -> None:
        super().__init__(f"Order {order_id!r} names car {car_id!r}, and did name {known_car_id!r}: give it another id.")


class OrderContended(OrderError):
    def __init__(self, order_id: str) -> None:
        super().__init__(f"Order {order_id!r}: its car, or the order itself, kept being written by others.")


def findings(error: ValidationError) -> str:
    """What pydantic has found, without the values that it found it in: "latitude: Input should be …; …"."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(": ".join([*map(str, finding["loc"]), finding["msg"]]) for finding in found)
