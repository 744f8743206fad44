"""Ways for the API to break a promise, each as a mistake of somebody's would; table.py says who has to notice.

Each is a function of a MonkeyPatch and the service. It must not break what no caller can see.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from botocore.client import BaseClient

from service.api.runtime import cursor, handler, preconditions, request, routes
from service.cars import repository as cars
from service.cars.car import CarChanges, CarDetails
from service.cars.errors import CarNotFound
from tests.integ.service_in_process import Service

Patch = pytest.MonkeyPatch
Mutation = Callable[[Patch, Service], None]
Answer = dict[str, Any]

CAR = {
    **{"car_id": "e2e-other", "model": "Other", "year": 2026, "status": "Available", "latitude": None},
    **{"longitude": None, "nb_passengers": 4, "bike_rack": False, "position_at": None},
    **{"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"},
}
NOTIFICATION = {"notification_id": "1", "occurred_at": "2026-01-01T00:00:00Z", "type": "CarUpdated", "text": "Other"}
YES: Mapping[tuple[str, str], tuple[int, object]] = {
    ("GET", "/cars"): (200, {"cars": [CAR], "next_token": None}),
    ("POST", "/cars"): (201, CAR),
    ("DELETE", "/cars/{car_id}"): (204, None),
    **{(method, "/cars/{car_id}"): (200, CAR) for method in ("GET", "PUT", "PATCH")},
    ("GET", "/cars/{car_id}/notifications"): (200, {"notifications": [NOTIFICATION], "next_token": None}),
    ("GET", "/openapi.json"): (200, {}),
}
"""What each operation answers when all is well; of a body None there is none."""


def answers(patch: Patch, change: Callable[[dict[str, Any], Answer], Answer]) -> None:
    """The API answers what `change` makes of the event and the healthy answer."""
    healthy = handler.handle
    patch.setattr(handler, "handle", lambda event, context: change(event, healthy(event, context)))


def _says_yes_instead_of(status: int) -> Mutation:
    """A well-formed answer, as to a request that is right."""

    def mutate(patch: Patch, service: Service) -> None:
        def change(event: dict[str, Any], answer: Answer) -> Answer:
            if answer["statusCode"] != status:
                return answer
            yes, body = YES[event["httpMethod"], event["resource"]]
            headers = {**answer["headers"], "ETag": '"1.none"', "Location": "/cars/e2e-other"}
            headers["Content-Type"] = "application/json"
            return {"statusCode": yes, "body": "" if body is None else json.dumps(body), "headers": headers}

        answers(patch, change)

    mutate.__name__ = f"says_yes_instead_of_{status}"
    return mutate


says_yes_instead_of_404 = _says_yes_instead_of(404)
says_yes_instead_of_409 = _says_yes_instead_of(409)
says_yes_instead_of_412 = _says_yes_instead_of(412)
says_yes_instead_of_413 = _says_yes_instead_of(413)
says_yes_instead_of_415 = _says_yes_instead_of(415)
says_yes_instead_of_422 = _says_yes_instead_of(422)
says_yes_instead_of_428 = _says_yes_instead_of(428)


def does_what_it_refuses(patch: Patch, service: Service) -> None:
    def change(event: dict[str, Any], answer: Answer) -> Answer:
        if answer["statusCode"] >= 400 and event["httpMethod"] != "GET":
            said = request.Request.of(event).body
            car_id = (event["pathParameters"] or {}).get("car_id") or json.loads(said)["car_id"]
            _change_if_there(car_id)
        return answer

    answers(patch, change)


def _change_if_there(car_id: str) -> None:
    try:
        routes.repository().change(car_id, CarChanges(model="Changed unseen"), correlation_id="mutation")
    except CarNotFound:
        return


def names_no_field(patch: Patch, service: Service) -> None:
    def change(event: dict[str, Any], answer: Answer) -> Answer:
        if answer["statusCode"] == 422:
            answer["body"] = json.dumps({**json.loads(answer["body"]), "errors": []})
        return answer

    answers(patch, change)


def writes_without_conditions(patch: Patch, service: Service) -> None:
    without_conditions(patch, lambda _: True)


def writes_over_changes_unseen(patch: Patch, service: Service) -> None:
    patch.setattr(preconditions, "seen", lambda if_match: None)


def without_conditions(patch: Patch, matches: Callable[[str], bool]) -> None:
    """DynamoDB takes any write: nothing has the attribute, so that the condition is always met."""
    healthy = BaseClient._make_api_call  # type: ignore[attr-defined]  # every call goes through it

    def call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        requests = [parameters] + [one for item in parameters.get("TransactItems", ()) for one in item.values()]
        for each in requests:
            if matches(each.get("ConditionExpression", "")) and "ConditionExpression" in each:
                each["ConditionExpression"] = f"({each['ConditionExpression']}) OR attribute_not_exists(nowhere)"
        return healthy(client, operation, parameters)

    patch.setattr(BaseClient, "_make_api_call", call)


def sends_again_what_the_caller_has(patch: Patch, service: Service) -> None:
    patch.setattr(preconditions, "is_known", lambda tag, if_none_match: False)


def has_always_the_same_tag(patch: Patch, service: Service) -> None:
    patch.setattr(preconditions, "is_known", lambda tag, if_none_match: if_none_match is not None)


def gives_new_cars_another_default(patch: Patch, service: Service) -> None:
    answers(patch, _with_body(lambda body: body | {"nb_passengers": 5} if body.get("nb_passengers") == 4 else body))


def loses_a_field_of_cars(patch: Patch, service: Service) -> None:
    def without(body: dict[str, Any]) -> dict[str, Any]:
        body.pop("position_at", None)
        for car in body.get("cars", ()):
            del car["position_at"]
        return body

    answers(patch, _with_body(without))


def _with_body(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any], Answer], Answer]:
    def changed(event: dict[str, Any], answer: Answer) -> Answer:
        if answer["statusCode"] in (200, 201) and answer["body"]:
            answer["body"] = json.dumps(change(json.loads(answer["body"])))
        return answer

    return changed


def leaves_what_a_merge_patch_removes(patch: Patch, service: Service) -> None:
    healthy = cars.CarRepository.change

    def change(self: cars.CarRepository, car_id: str, asked: CarChanges, **more: Any) -> Any:
        said = asked.model_dump(include=asked.model_fields_set, exclude_none=True)
        return healthy(self, car_id, CarChanges(**said or {"bike_rack": False}), **more)

    patch.setattr(cars.CarRepository, "change", change)


def keeps_what_is_replaced(patch: Patch, service: Service) -> None:
    healthy = cars.CarRepository.replace

    def keep(self: cars.CarRepository, car_id: str, details: CarDetails, **more: Any) -> Any:
        return healthy(self, car_id, details.model_copy(update={"bike_rack": self.get(car_id).bike_rack}), **more)

    patch.setattr(cars.CarRepository, "replace", keep)


def deletes_nothing(patch: Patch, service: Service) -> None:
    patch.setattr(cars.CarRepository, "delete", lambda self, car_id, seen=None: self.get(car_id))


def has_ids_of_its_own_for_requests(patch: Patch, service: Service) -> None:
    patch.setattr(request, "_correlation_id", lambda brought, request_id: request_id)


def describes_itself_otherwise(patch: Patch, service: Service) -> None:
    document = json.loads(routes.DOCUMENT.read_text())
    del document["paths"]["/cars/{car_id}"]["patch"]
    patch.setattr(routes, "_document", lambda: (json.dumps(document), '"1"'))


def lets_everybody_in(patch: Patch, service: Service) -> None:
    patch.setattr(service, "is_open", True)


def _lists(patch: Patch, change: Callable[[cars.CarPage, dict[str, Any]], cars.CarPage]) -> None:
    """Lists of cars are what `change` makes of the healthy page and of what was asked for."""
    healthy = cars.CarRepository.list
    patch.setattr(cars.CarRepository, "list", lambda self, **asked: change(healthy(self, **asked), asked))


def pages_overlap(patch: Patch, service: Service) -> None:
    """The last car of a page is also the first of the next."""

    def overlap(page: cars.CarPage, asked: dict[str, Any]) -> cars.CarPage:
        if asked["after_car_id"] is None:
            return page
        return replace(page, cars=(routes.repository().get(asked["after_car_id"]), *page.cars)[: asked["limit"]])

    _lists(patch, overlap)


def pages_leave_cars_out(patch: Patch, service: Service) -> None:
    _lists(patch, lambda page, asked: replace(page, cars=page.cars[1:]) if page.last_car_id else page)


def pages_shift_when_a_car_is_created(patch: Patch, service: Service) -> None:
    """Pages are counted from the newest car on, as with OFFSET in SQL."""
    healthy = cars.CarRepository.list

    def counted(self: cars.CarRepository, *, limit: int, after_car_id: str | None, status: Any = None) -> cars.CarPage:
        everything = healthy(self, limit=1000, after_car_id=None, status=status).cars
        newest_first = sorted(everything, key=lambda car: car.created_at, reverse=True)
        start = int(after_car_id or 0)
        end = start + limit
        return cars.CarPage(tuple(newest_first[start:end]), str(end) if end < len(newest_first) else None)

    patch.setattr(cars.CarRepository, "list", counted)


def pages_are_of_any_length(patch: Patch, service: Service) -> None:
    healthy = cars.CarRepository.list
    patch.setattr(cars.CarRepository, "list", lambda self, **asked: healthy(self, **{**asked, "limit": 100}))


def lists_cars_of_every_status(patch: Patch, service: Service) -> None:
    healthy = cars.CarRepository.list
    patch.setattr(cars.CarRepository, "list", lambda self, **asked: healthy(self, **{**asked, "status": None}))


def finds_no_car_by_its_status(patch: Patch, service: Service) -> None:
    _lists(patch, lambda page, asked: page if asked["status"] is None else cars.CarPage((), None))


def takes_any_token(patch: Patch, service: Service) -> None:
    patch.setattr(cursor, "hmac", SimpleNamespace(compare_digest=lambda one, other: True))


def takes_tokens_of_other_lists(patch: Patch, service: Service) -> None:
    healthy = cursor._signed
    patch.setattr(cursor, "_signed", lambda scope, text: healthy("", text))


def ids_of_its_own(patch: Patch, service: Service) -> None:
    """A car is created under another id than it was asked for."""
    healthy = cars.CarRepository.create
    patch.setattr(
        cars.CarRepository,
        "create",
        lambda self, new, **more: healthy(self, new.model_copy(update={"car_id": f"e2e-{uuid4()}"}), **more),
    )
