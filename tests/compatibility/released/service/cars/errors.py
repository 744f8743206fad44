"""What can go wrong with cars, for reasons that are not ours.

CarError
├── CarNotFound        no car has this id
├── CarAlreadyExists   a car with this id is there already
└── InvalidPageToken   the place to go on listing from is not one that a list answered
"""

from __future__ import annotations


class CarError(Exception):
    """A request about cars that cannot be done."""


class CarNotFound(CarError):
    def __init__(self, car_id: str) -> None:
        super().__init__(f"There is no car {car_id!r}.")


class CarAlreadyExists(CarError):
    def __init__(self, car_id: str) -> None:
        super().__init__(f"There is a car {car_id!r} already: choose another id, or PUT to replace it.")


class InvalidPageToken(CarError):
    def __init__(self) -> None:
        super().__init__("next_token is not one that GET /cars has answered: leave it out to start again.")
