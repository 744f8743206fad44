"""Who follows a car is told of each of its changes once: table, stream, bus, topic and function, from end to end."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest

from integ.api import CarsApi
from integ.deadline import wait_until

SIZES = (1, 2, 3, 7)


def test_each_change_of_a_car_is_told_once(api: CarsApi, car: dict[str, Any]) -> None:
    path = f"cars/{car['car_id']}"

    assert api.request("PATCH", path, {"status": "InCourse"}).status_code == HTTPStatus.OK
    assert api.request("PATCH", path, {"model": "Test II"}).status_code == HTTPStatus.OK
    wait_until(lambda: len(told(api, path)) >= 2)
    assert api.request("DELETE", path).status_code == HTTPStatus.NO_CONTENT
    wait_until(lambda: len(told(api, path)) >= 3)

    newest_first = told(api, path)
    assert [notification["type"].rsplit(".", 1)[-1] for notification in newest_first] == [
        *("CarDeleted", "CarUpdated", "CarUpdated"),
    ]
    assert "Test II" in newest_first[1]["text"]
    assert "InCourse" in newest_first[2]["text"]
    assert len({notification["notification_id"] for notification in newest_first}) == 3


@pytest.mark.keeps("list_notifications 200")
def test_pages_part_the_notifications_of_a_car(api: CarsApi, car: dict[str, Any]) -> None:
    # given more of them than fit on a page
    path = f"cars/{car['car_id']}"
    changes = max(SIZES) + 1
    for number in range(changes):
        assert api.request("PATCH", path, {"model": f"Test {number}"}).status_code == HTTPStatus.OK
    wait_until(lambda: len(told(api, path)) >= changes)
    all_of_them = told(api, path)
    assert len(all_of_them) == changes

    # then pages of any size hold each of them once, in the same order
    for size in SIZES:
        assert told(api, path, size=size) == all_of_them


@pytest.mark.keeps("list_notifications 200")
def test_car_that_never_was_has_no_notifications(api: CarsApi) -> None:
    answer = api.request("GET", f"cars/e2e-{uuid4()}/notifications")
    assert answer.json() == {"notifications": [], "next_token": None}


def told(api: CarsApi, path: str, *, size: int = 100) -> list[dict[str, Any]]:
    """All notifications, from pages of this size."""
    notifications: list[dict[str, Any]] = []
    query = {"limit": str(size)}
    while True:
        answer = api.request("GET", f"{path}/notifications", query=query)
        assert answer.status_code == HTTPStatus.OK, answer.text
        page = answer.json()
        assert len(page["notifications"]) <= size
        notifications += page["notifications"]
        if page["next_token"] is None:
            return notifications
        query["next_token"] = page["next_token"]
