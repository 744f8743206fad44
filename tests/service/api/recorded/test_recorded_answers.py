"""What was answered when a table of our own routed the requests is answered still, whoever routes them.

answers.jsonl was recorded with commit 5ca7795. An answer that is meant to be another one now: RENEW_ANSWERS=1 and this
file, and look at what has changed in it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.service.api.recorded.outcomes import Outcome, outcome_of
from tests.service.api.recorded.requests import Request, event_of, requests
from tests.service.conftest import NOTIFICATIONS_TABLE_NAME, TABLE_NAME

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ANSWERS = Path(__file__).with_name("answers.jsonl")
"""{"request", "outcome"} a line; after those of requests.py those that schemathesis made."""

BEFORE = "2024-02-29T12:00:00.000000+00:00"
CARS = {"car-1": "Available", "car-2": "InCourse"}


def recorded() -> list[tuple[Request, Outcome]]:
    lines = [json.loads(line) for line in ANSWERS.read_text(encoding="utf-8").splitlines()]
    return [(line["request"], line["outcome"]) for line in lines]


def put_all(dynamodb: DynamoDBClient) -> None:
    """The same two cars and three notifications each time, and nothing else."""
    for item in dynamodb.scan(TableName=TABLE_NAME)["Items"]:
        dynamodb.delete_item(TableName=TABLE_NAME, Key={"car_id": item["car_id"]})
    for car_id, status in CARS.items():
        dynamodb.put_item(
            TableName=TABLE_NAME,
            Item={
                **{"car_id": {"S": car_id}, "model": {"S": "Acme 1"}, "year": {"N": "2024"}, "status": {"S": status}},
                **{"nb_passengers": {"N": "4"}, "bike_rack": {"BOOL": False}, "latitude": {"N": "52.5200066"}},
                **{name: {"S": BEFORE} for name in ("created_at", "updated_at", "position_at")},
            },
        )
    for number in range(3):
        dynamodb.put_item(
            TableName=NOTIFICATIONS_TABLE_NAME,
            Item={
                "car_id": {"S": "car-1"},
                "notification_id": {"S": f"2024-02-29T12:0{number}:00.000+00:00#event-{number}"},
                "type": {"S": "acme.acs.acm.events.CarUpdated"},
                "text": {"S": f"Text {number}"},
                "expires_at": {"N": "1800000000"},
            },
        )


@pytest.fixture
def outcomes(
    aws: None, dynamodb: DynamoDBClient, capsys: pytest.CaptureFixture[str]
) -> Iterator[list[tuple[Request, Outcome, Outcome]]]:
    """Each request, what came of it when it was recorded, and what comes of it now."""
    found = []
    is_changed = True
    for request, outcome in recorded():
        if is_changed:
            put_all(dynamodb)
        now = outcome_of(event_of(request), lambda: capsys.readouterr().out)
        is_changed = any(name.startswith("Cars") for name in now["metrics"])
        found.append((request, outcome, now))
    yield found
    if "RENEW_ANSWERS" in os.environ:
        lines = [json.dumps({"request": request, "outcome": now}) for request, _, now in found]
        ANSWERS.write_text("\n".join([*lines, ""]))


def test_every_request_is_answered_as_it_was(outcomes: list[tuple[Request, Outcome, Outcome]]) -> None:
    for request, then, now in outcomes:
        assert now == then, request


def test_requests_made_by_hand_are_all_recorded() -> None:
    made = [json.loads(json.dumps(request)) for request in requests()]

    assert made == [request for request, _ in recorded()][: len(made)]
