"""Lists come in pages that part what they list, whatever their size, and whatever else is created meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

import pytest

from integ.api import CarsApi, problem_of
from integ.car import CAR_FIELDS, NEW_CAR
from integ.conftest import cars_of_ones_own
from integ.deadline import wait_until

LONGEST_PAGE = 100
LISTED = 8
"""More than fit on a page of any size below, and no multiple of most."""

SIZES = (1, 2, 3, 7)
FURTHER = 30
"""How many more cars are walked past than one page held a moment ago: that many may have been created since."""


@pytest.fixture(scope="module")
def parked(api: CarsApi) -> Iterator[list[str]]:
    """Cars out of service, by id: to read lists of, and to leave alone."""
    with cars_of_ones_own(api) as new_id:
        yield [created(api, new_id()) for _ in range(LISTED)]


@pytest.mark.keeps("list_cars 200")
def test_list_comes_in_pages_of_whole_cars(api: CarsApi, parked: Sequence[str]) -> None:
    page = api.request("GET", "cars", query={"limit": "2"}).json()

    assert set(page) == {"cars", "next_token"}
    assert len(page["cars"]) == 2
    assert page["next_token"]
    assert all(set(car) == CAR_FIELDS for car in page["cars"])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("status", [None, "OutOfService"])
@pytest.mark.keeps("list_cars 200")
def test_pages_part_the_cars(
    api: CarsApi, parked: Sequence[str], new_car_id: Callable[[], str], status: str | None, size: int
) -> None:
    """Of a fleet of thousands, the first hundred: all cars that were there before and after have to be on one page."""

    def is_parted() -> bool:
        before, is_all = first_page(api, status)
        if is_all and not set(parked) <= set(before):
            return False  # the list of a status may lag behind by moments
        walked = walk(api, status, size, len(before) + FURTHER, meanwhile=lambda: created(api, new_car_id()))
        after, _ = first_page(api, status)
        assert len(walked) == len(set(walked)), f"a car is on two pages of {size}"
        return set(before) & set(after) <= set(walked)

    assert wait_until(is_parted), f"a car is on no page of {size}"


@pytest.mark.keeps("list_cars 200")
def test_cars_of_a_status_are_found_by_it(api: CarsApi, parked: Sequence[str], new_car_id: Callable[[], str]) -> None:
    other = created(api, new_car_id(), status="InMaintenance")

    assert wait_until(lambda: set(parked) <= cars_of(api, "OutOfService").keys())
    assert wait_until(lambda: other in cars_of(api, "InMaintenance"))
    assert set(cars_of(api, "OutOfService").values()) == {"OutOfService"}
    assert set(cars_of(api, "InMaintenance").values()) == {"InMaintenance"}


@pytest.mark.keeps("list_cars 422")
def test_token_that_was_tampered_with_or_is_another_lists_is_refused(api: CarsApi, parked: Sequence[str]) -> None:
    token: str = api.request("GET", "cars", query={"limit": "1"}).json()["next_token"]
    other = ("A" if token[20] != "A" else "B").join((token[:20], token[21:]))

    for query in ({"next_token": other}, {"next_token": token, "status": "Available"}):
        problem_of(api.request("GET", "cars", query=query), HTTPStatus.UNPROCESSABLE_ENTITY)


def created(api: CarsApi, car_id: str, *, status: str = "OutOfService") -> str:
    answer = api.request("POST", "cars", {**NEW_CAR, "car_id": car_id, "status": status})
    assert answer.status_code == HTTPStatus.CREATED, answer.text
    return car_id


def first_page(api: CarsApi, status: str | None) -> tuple[list[str], bool]:
    """The ids on a page as long as it can be, and whether that is all there is."""
    page = next(pages(api, status, LONGEST_PAGE))
    return [car["car_id"] for car in page["cars"]], page["next_token"] is None


def walk(api: CarsApi, status: str | None, size: int, most: int, *, meanwhile: Callable[[], object]) -> list[str]:
    """The ids on the pages of this size, in their order, to the end or until there are `most`."""
    walked: list[str] = []
    for number, page in enumerate(pages(api, status, size)):
        assert len(page["cars"]) <= size
        walked += [car["car_id"] for car in page["cars"]]
        if number == 0:
            meanwhile()
        if len(walked) >= most:
            break
    return walked


def cars_of(api: CarsApi, status: str) -> dict[str, str]:
    """Status by id of every car in the list of `status`."""
    return {car["car_id"]: car["status"] for page in pages(api, status, LONGEST_PAGE) for car in page["cars"]}


def pages(api: CarsApi, status: str | None, size: int) -> Iterator[dict[str, Any]]:
    query = {"limit": str(size)} | ({} if status is None else {"status": status})
    while True:
        answer = api.request("GET", "cars", query=query)
        assert answer.status_code == HTTPStatus.OK, answer.text
        page: dict[str, Any] = answer.json()
        yield page
        if page["next_token"] is None:
            return
        query["next_token"] = page["next_token"]
