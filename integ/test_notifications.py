"""Who follows a car is told of each of its changes once: table, stream, bus, topic and function, from end to end."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from integ.api import CarsApi
from integ.deadline import wait_until


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


def told(api: CarsApi, path: str) -> list[dict[str, Any]]:
    answer = api.request("GET", f"{path}/notifications", query={"limit": "100"})
    assert answer.status_code == HTTPStatus.OK, answer.text
    notifications: list[dict[str, Any]] = answer.json()["notifications"]
    return notifications
