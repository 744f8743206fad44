"""What the end-to-end tests have to see is derived from what is promised: a new promise needs a story that sees it.

That a story sees what it claims is tried whenever it runs (integ/conftest.py).
"""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import requests

from integ import promises
from integ.promises import OUT_OF_REACH, is_in_reach, promise_kept_by, promise_kept_by_event
from integ.promises import promises as all_promises
from service.cars.events import VERSION, CarEventType
from tests.integ.service_in_process import Service
from tests.integ.stories import collected, run

DOCUMENT = promises.api_document()


def test_every_promise_in_reach_is_claimed_by_a_story_and_no_other() -> None:
    claimed = {promise for claims in collected().claims.values() for promise in claims}
    assert claimed == {promise for promise in all_promises() if is_in_reach(promise)}


def test_what_is_out_of_reach_is_promised_and_says_why() -> None:
    statuses = {promise.rsplit(" ", 1)[-1] for promise in all_promises()}
    for status, reason in OUT_OF_REACH.items():
        assert str(status.value) in statuses
        assert reason.endswith(".")


def test_promises_are_those_of_every_operation_and_every_event() -> None:
    answers = sum(
        len(operation["responses"])
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
        if "responses" in operation
    )
    events = {f"{kind.value} {VERSION}" for kind in CarEventType}

    assert events <= all_promises()
    assert len(all_promises()) == answers + len(events)


def test_new_promise_has_no_story_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # given an operation with one more answer, and another version of the events
    document = json.loads(json.dumps(DOCUMENT))
    document["paths"]["/cars"]["get"]["responses"]["410"] = {"description": "Gone."}
    monkeypatch.setattr(promises, "api_document", lambda: document)
    (schema_file,) = promises.EVENT_SCHEMAS.glob("*.json")
    schema = json.loads(schema_file.read_text())
    schema["properties"]["version"]["const"] = "2.0"
    (tmp_path / "car-event-2.0.json").write_text(json.dumps(schema))
    monkeypatch.setattr(promises, "EVENT_SCHEMAS", tmp_path)
    promises.event_schemas.cache_clear()
    # when
    found = all_promises()
    monkeypatch.undo()
    promises.event_schemas.cache_clear()
    # then
    assert found - all_promises() == {"list_cars 410", *(f"{kind.value} 2.0" for kind in CarEventType)}


def test_story_fails_that_claims_what_it_does_not_see(service: Service, url: str) -> None:
    story = "test_permissions.py::test_request_that_a_stranger_signed_is_forbidden"

    ran = run(service, url, {story: lambda patch, service: None}, claims={story: "delete_car 204"})

    (failure,) = ran.failed.values()
    assert "claims to see delete_car 204, and has not" in failure


def answer(
    status: int, body: object, *, headers: dict[str, str] | None = None, url: str = "cars/a"
) -> requests.Response:
    made = requests.Response()
    made.status_code, made.url = status, f"https://example.com/prod/{url}"
    made._content = b"" if body is None else json.dumps(body).encode()
    all_headers = {"Content-Type": "application/json", "X-Correlation-Id": "1", "ETag": '"1"'}
    made.headers.update(all_headers if headers is None else headers)
    return made


CAR = {
    "model": "A",
    "year": 2026,
    "car_id": "a",
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-01T00:00:00Z",
}


def test_answer_as_described_keeps_its_promise() -> None:
    assert promise_kept_by("GET", answer(200, CAR)) == "get_car 200"
    assert promise_kept_by("DELETE", answer(204, None)) == "delete_car 204"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (answer(HTTPStatus.CREATED, CAR), "get_car 201 is not in the document"),
        (answer(200, {**CAR, "year": "2026"}), "year"),
        (answer(200, {**CAR, "created_at": "today"}), "created_at"),
        (answer(200, CAR, headers={"Content-Type": "application/json"}), "lacks the headers X-Correlation-Id, ETag"),
        (answer(404, {}), "application/problem\\+json is promised"),
        (answer(304, CAR), "has a body"),
        (answer(200, CAR, url="motorbikes"), "GET /prod/motorbikes is not in the document"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_answer_that_is_described_otherwise_keeps_none(given: requests.Response, told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        promise_kept_by("GET", given)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"detail-type": "acme.acs.acm.events.CarMoved"}, "is not in docs/events"),
        ({"version": "2.0"}, "is not in docs/events"),
        ({"synthetic": None}, "synthetic"),
    ],
)
def test_event_that_is_described_otherwise_keeps_none(change: dict[str, Any], told: str) -> None:
    car = {**CAR, "status": "Available", "latitude": None, "longitude": None, "position_at": None}
    car |= {"nb_passengers": 1, "bike_rack": False}
    detail: dict[str, Any] = {
        "version": "1.0",
        "event_id": "1",
        "correlation_id": None,
        "sequence": "1",
        "synthetic": True,
    }
    detail |= {"car": car, "previous": None, "occurred_at": "2026-01-01T00:00:00Z"}
    event = {"detail-type": CarEventType.CREATED.value, "detail": detail}
    assert promise_kept_by_event(event) == f"{CarEventType.CREATED.value} 1.0"

    with pytest.raises(AssertionError, match=told):
        promise_kept_by_event(
            {"detail-type": change.get("detail-type", event["detail-type"]), "detail": detail | change}
        )
