"""The API, through its handler, with events as API Gateway sends them."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.runtime import answer, handler, routes
from service.api.runtime.request import MAXIMUM_BODY_BYTES
from service.cars.errors import CarError
from service.cars.repository import CarRepository
from tests.properties import examples
from tests.service.conftest import NOTIFICATIONS_TABLE_NAME, TABLE_NAME, FakeContext, load_event

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REQUEST_ID = load_event("api-gateway-rest")["requestContext"]["requestId"]
POSITION = {"latitude": 52.5200066, "longitude": 13.404954}
DETAILS = {"model": "Acme 1", "year": 2024, **POSITION}


@dataclass
class Answer:
    status: int
    body: Any
    headers: dict[str, str]

    @property
    def etag(self) -> str:
        return self.headers["ETag"]


class Api:
    def __init__(self, context: FakeContext) -> None:
        self._context = context

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        text: str | None = None,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        **changed: object,
    ) -> Answer:
        event = load_event("api-gateway-rest")
        of_car = re.fullmatch("/cars/(.*?)(/notifications)?", path, re.DOTALL)
        event |= {
            "httpMethod": method,
            "path": path,
            "resource": f"/cars/{{car_id}}{of_car[2] or ''}" if of_car else path,
            "pathParameters": {"car_id": of_car[1]} if of_car else None,
            "headers": {**event["headers"], **(headers or {})},
            "body": text if text is not None else json.dumps(body) if body is not None else None,
            "queryStringParameters": query,
            "multiValueQueryStringParameters": {name: [value] for name, value in query.items()} if query else None,
            **changed,
        }
        event["requestContext"] |= {"httpMethod": method, "resourcePath": event["resource"]}
        answer = handler.handle(event, self._context)
        content = answer["body"]
        return Answer(answer["statusCode"], json.loads(content) if content else None, answer["headers"])


@pytest.fixture
def api(aws: None, context: FakeContext) -> Api:
    return Api(context)


@pytest.fixture
def car_id(api: Api) -> str:
    api.call("POST", "/cars", body={"car_id": "car-1", **DETAILS})
    return "car-1"


def test_create_answers_the_car_and_where_it_is(api: Api) -> None:
    answer = api.call("POST", "/cars", body={"car_id": "car-1", **DETAILS})

    assert answer.status == 201
    assert answer.headers["Location"] == "/cars/car-1"
    assert answer.body == {
        "car_id": "car-1",
        **DETAILS,
        "status": "Available",
        "nb_passengers": 4,
        "bike_rack": False,
        "created_at": answer.body["created_at"],
        "updated_at": answer.body["created_at"],
        "position_at": answer.body["created_at"],
    }
    read = api.call("GET", "/cars/car-1")
    assert (read.body, read.etag) == (answer.body, answer.etag)


def test_create_makes_up_an_id_when_the_caller_brings_none(api: Api) -> None:
    first, second = (api.call("POST", "/cars", body=DETAILS).body["car_id"] for _ in range(2))

    assert first != second
    assert api.call("GET", f"/cars/{first}").status == 200


def test_create_is_a_conflict_and_changes_nothing_when_the_id_is_taken(api: Api, car_id: str) -> None:
    answer = api.call("POST", "/cars", body={"car_id": car_id, "model": "Other", "year": 2020})

    assert answer.status == 409
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["title"] == "Conflict"
    assert api.call("GET", f"/cars/{car_id}").body["model"] == "Acme 1"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"year": 2024}, "body.model"),
        ({**DETAILS, "wings": 2}, "body.wings"),
        ({**DETAILS, "year": "2024"}, "body.year"),
        ({**DETAILS, "year": 1800}, "body.year"),
        ({**DETAILS, "status": "Flying"}, "body.status"),
        ({**DETAILS, "latitude": 90.1}, "body.latitude"),
        ({**DETAILS, "car_id": "../etc"}, "body.car_id"),
        ({**DETAILS, "car_id": "a" * 65}, "body.car_id"),
        ({**DETAILS, "car_id": ""}, "body.car_id"),
        ({**DETAILS, "bike_rack": 1}, "body.bike_rack"),
        ({**DETAILS, "model": "Acme\u0000"}, "body.model"),
        ({**DETAILS, "model": "Acme\n"}, "body.model"),
        ({**DETAILS, "model": "Acme\u0085"}, "body.model"),
        ({**DETAILS, "model": "a" * 101}, "body.model"),
        ({**DETAILS, "created_at": "2024-01-01T00:00:00Z"}, "body.created_at"),
        ([], "body"),
    ],
)
def test_create_refuses_by_field(api: Api, body: object, field: str) -> None:
    answer = api.call("POST", "/cars", body=body)

    assert answer.status == 422
    assert [error["field"] for error in answer.body["errors"]] == [field]


@pytest.mark.parametrize(
    "text", ["", "{", "null", '"x"', "NaN", "[" * 10_000, "1" * 10_000, '{"model": "\\ud800", "year": 2024}', "\ud800"]
)
def test_create_refuses_what_is_no_json_object(api: Api, text: str) -> None:
    assert api.call("POST", "/cars", text=text).status == 422


def test_create_reads_a_body_that_api_gateway_encoded(api: Api) -> None:
    text = base64.b64encode(json.dumps({"car_id": "car-1", **DETAILS}).encode()).decode()

    assert api.call("POST", "/cars", text=text, isBase64Encoded=True).status == 201


def test_list_goes_through_all_cars_page_by_page(api: Api) -> None:
    for number in range(5):
        api.call("POST", "/cars", body={"car_id": f"car-{number}", **DETAILS})

    pages = []
    query = {"limit": "2"}
    while True:
        answer = api.call("GET", "/cars", query=query)
        pages.append([car["car_id"] for car in answer.body["cars"]])
        if answer.body["next_token"] is None:
            break
        query = {"limit": "2", "next_token": answer.body["next_token"]}

    assert [len(page) for page in pages if page] == [2, 2, 1]
    assert sorted(car_id for page in pages for car_id in page) == [f"car-{number}" for number in range(5)]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "many"},
        {"colour": "red"},
        {"next_token": "???"},
        {"next_token": "Li4v"},
        {"next_token": "é"},
        {"next_token": ""},
        {"next_token": "a" * 2049},
        {"limit": " 5"},
        {"limit": "5.0"},
        {"status": "Flying"},
        {"status": ""},
    ],
)
def test_list_refuses_a_query_that_it_does_not_know(api: Api, query: dict[str, str]) -> None:
    assert api.call("GET", "/cars", query=query).status == 422


def test_put_replaces_every_detail(api: Api, car_id: str) -> None:
    before = api.call("GET", f"/cars/{car_id}").body

    answer = api.call("PUT", f"/cars/{car_id}", body={"model": "Acme 2", "year": 2025}, headers={"If-Match": "*"})

    assert answer.status == 200
    assert answer.body == {
        "car_id": car_id,
        "model": "Acme 2",
        "year": 2025,
        "status": "Available",
        "latitude": None,
        "longitude": None,
        "nb_passengers": 4,
        "bike_rack": False,
        "created_at": before["created_at"],
        "updated_at": answer.body["updated_at"],
        "position_at": answer.body["updated_at"],
    }
    assert answer.body["updated_at"] > before["updated_at"]
    assert api.call("GET", f"/cars/{car_id}").body == answer.body


def test_patch_changes_only_what_it_names(api: Api, car_id: str) -> None:
    before = api.call("GET", f"/cars/{car_id}").body

    answer = api.call("PATCH", f"/cars/{car_id}", body={"status": "InCourse", "latitude": None})

    assert answer.status == 200
    now = answer.body["updated_at"]
    changed = {"status": "InCourse", "latitude": None, "updated_at": now, "position_at": now}
    assert answer.body == {**before, **changed}
    assert api.call("GET", f"/cars/{car_id}").body == answer.body


@pytest.mark.parametrize("body", [{}, {"wings": 2}, {"model": None}, {"car_id": "car-2"}, {"year": 0}, {"model": ""}])
def test_patch_refuses(api: Api, car_id: str, body: dict[str, object]) -> None:
    assert api.call("PATCH", f"/cars/{car_id}", body=body).status == 422


def test_patch_of_something_else_leaves_the_time_of_the_position(api: Api) -> None:
    before = api.call("POST", "/cars", body={"car_id": "car-1", **DETAILS}).body

    assert api.call("PATCH", "/cars/car-1", body={"year": 2025}).body["position_at"] == before["position_at"]


@pytest.mark.parametrize(
    ("method", "content_type", "status"),
    [
        ("POST", "application/json; charset=utf-8", 201),
        ("POST", "APPLICATION/JSON", 201),
        ("POST", "text/plain", 415),
        ("POST", "", 415),
        ("POST", "application/merge-patch+json", 415),
        ("PUT", "application/merge-patch+json", 415),
        ("PATCH", "application/merge-patch+json", 200),
        ("PATCH", "application/json", 200),
        ("PATCH", "application/json-patch+json", 415),
    ],
)
def test_body_of_another_type_is_refused(api: Api, car_id: str, method: str, content_type: str, status: int) -> None:
    path = "/cars" if method == "POST" else f"/cars/{car_id}"

    assert api.call(method, path, body=DETAILS, headers={"Content-Type": content_type}).status == status


@pytest.mark.parametrize(("length", "status"), [(MAXIMUM_BODY_BYTES, 201), (MAXIMUM_BODY_BYTES + 1, 413)])
def test_body_that_is_too_large_is_refused(api: Api, length: int, status: int) -> None:
    text = json.dumps(DETAILS)

    assert api.call("POST", "/cars", text=text + " " * (length - len(text))).status == status


def test_name_that_comes_twice_in_a_body_is_refused(api: Api) -> None:
    answer = api.call("POST", "/cars", text='{"model": "Acme 1", "year": 2024, "year": 2025}')

    assert answer.status == 422
    assert [error["field"] for error in answer.body["errors"]] == ["body.year"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/cars/car-1"), ("DELETE", "/cars/car-1"), ("GET", "/openapi.json")]
)
def test_parameters_that_a_route_does_not_have_are_refused(api: Api, car_id: str, method: str, path: str) -> None:
    answer = api.call(method, path, query={"colour": "red"})

    assert answer.status == 422
    assert [error["field"] for error in answer.body["errors"]] == ["query.colour"]


def test_parameter_that_comes_twice_is_refused(api: Api) -> None:
    answer = api.call("GET", "/cars", multiValueQueryStringParameters={"limit": ["1", "2"]})

    assert [error["field"] for error in answer.body["errors"]] == ["query.limit"]


def test_delete_removes_the_car(api: Api, car_id: str) -> None:
    answer = api.call("DELETE", f"/cars/{car_id}")

    assert (answer.status, answer.body) == (204, None)
    assert api.call("GET", f"/cars/{car_id}").status == 404


@pytest.mark.parametrize(
    ("method", "body"), [("GET", None), ("PUT", DETAILS), ("PATCH", {"year": 2025}), ("DELETE", None)]
)
@pytest.mark.parametrize("if_match", [{"If-Match": "*"}, {"If-Match": '"1.0"'}])
def test_a_missing_car_is_not_found_and_not_made(api: Api, method: str, body: object, if_match: dict[str, str]) -> None:
    answer = api.call(method, "/cars/nobody", body=body, headers=if_match)

    assert answer.status == 404
    assert answer.body == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no car 'nobody'.",
    }
    assert api.call("GET", "/cars").body["cars"] == []


@pytest.mark.parametrize("car_id", ["..", "a.b", "-a", "a%2Fb", "%E2%82%AC", "a" * 65])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_id_that_cannot_be_one_is_refused(api: Api, method: str, car_id: str) -> None:
    assert api.call(method, f"/cars/{car_id}").status in (404, 422)


def test_a_method_that_a_resource_does_not_have_is_not_allowed(api: Api) -> None:
    answer = api.call("PUT", "/cars", body=DETAILS)

    assert (answer.status, answer.headers["Allow"]) == (405, "GET, POST")


def test_an_unknown_route_is_not_found_as_a_problem(api: Api) -> None:
    answer = api.call("GET", "/bikes")

    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


@examples(150)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    path=st.sampled_from(["/cars", "/cars/car-1", "/cars/car-1/notifications", "/openapi.json"])
    | st.text().map(lambda text: f"/cars/{text}"),
    text=st.none() | st.text() | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps),
    query=st.none() | st.dictionaries(st.sampled_from(["limit", "next_token", "status", "x"]), st.text()),
    headers=st.dictionaries(
        st.sampled_from(["Content-Type", "If-Match", "If-None-Match", "Idempotency-Key", "X-Correlation-Id"]),
        st.sampled_from(["application/json", "*", '"1.0"', ""]) | st.text(),
    ),
)
def test_no_request_of_a_caller_is_an_error_of_the_function(
    api: Api, method: str, path: str, text: str | None, query: dict[str, str] | None, headers: dict[str, str]
) -> None:
    answer = api.call(method, path, text=text, query=query, headers=headers)

    assert 200 <= answer.status < 500


def test_an_answer_of_5xx_is_raised_for_the_canary_to_see(
    api: Api, car_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "_car", lambda car: answer.Answer(status=HTTPStatus.SERVICE_UNAVAILABLE))

    with pytest.raises(handler.ServerErrorAnswered, match=r"GET /cars/\{car_id\} was about to be answered 503"):
        api.call("GET", "/cars/car-1")


def test_an_unexpected_error_is_raised_for_the_canary_to_see(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: CarRepository, car_id: str) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(CarRepository, "get", broken)

    with pytest.raises(ZeroDivisionError):
        api.call("GET", "/cars/car-1")


class OtherError(CarError):
    pass


def test_an_error_of_the_domain_that_no_caller_can_cause_is_raised(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: CarRepository, car_id: str) -> object:
        raise OtherError("not the caller's")

    monkeypatch.setattr(CarRepository, "get", broken)

    with pytest.raises(OtherError):
        api.call("GET", "/cars/car-1")


def test_a_missing_setting_is_named(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    routes.repository.cache_clear()
    monkeypatch.delenv("CARS_TABLE_NAME")

    with pytest.raises(RuntimeError, match="Environment variable CARS_TABLE_NAME is not set"):
        api.call("GET", "/cars")


IN_COURSE = {**DETAILS, "status": "InCourse"}


def test_put_without_if_match_is_refused_and_changes_nothing(api: Api, car_id: str) -> None:
    before = api.call("GET", f"/cars/{car_id}").body

    answer = api.call("PUT", f"/cars/{car_id}", body=IN_COURSE)

    assert (answer.status, answer.body["title"]) == (428, "Precondition Required")
    assert api.call("GET", f"/cars/{car_id}").body == before


@pytest.mark.parametrize(("method", "body"), [("PUT", IN_COURSE), ("PATCH", {"year": 2025}), ("DELETE", None)])
@pytest.mark.parametrize("if_match", ["{}", 'W/"x", {}', "*", ' "a" , {} '])
def test_write_with_the_tag_of_the_car_as_it_is_is_done(
    api: Api, car_id: str, method: str, body: object, if_match: str
) -> None:
    tag = api.call("GET", f"/cars/{car_id}").etag

    assert api.call(method, f"/cars/{car_id}", body=body, headers={"If-Match": if_match.format(tag)}).status < 300


@pytest.mark.parametrize(("method", "body"), [("PUT", IN_COURSE), ("PATCH", {"year": 2025}), ("DELETE", None)])
@pytest.mark.parametrize("if_match", ["{}", "W/{}", '"other", {}', '"fffffffffffffff.0"', '""'])
def test_write_with_the_tag_of_a_car_that_has_changed_is_refused(
    api: Api, car_id: str, method: str, body: object, if_match: str
) -> None:
    seen = api.call("GET", f"/cars/{car_id}").etag
    api.call("PATCH", f"/cars/{car_id}", body={"status": "InMaintenance"})
    before = api.call("GET", f"/cars/{car_id}").body

    answer = api.call(method, f"/cars/{car_id}", body=body, headers={"If-Match": if_match.format(seen)})

    assert (answer.status, answer.body["title"]) == (412, "Precondition Failed")
    assert api.call("GET", f"/cars/{car_id}").body == before


def test_weak_tag_matches_no_car(api: Api, car_id: str) -> None:
    tag = api.call("GET", f"/cars/{car_id}").etag

    assert api.call("DELETE", f"/cars/{car_id}", headers={"If-Match": f"W/{tag}"}).status == 412


@pytest.mark.parametrize("if_match", ["", "unquoted", '"a" "b"', '"a",', ",".join(['"a"'] * 21)])
def test_if_match_that_is_none_is_refused(api: Api, car_id: str, if_match: str) -> None:
    answer = api.call("DELETE", f"/cars/{car_id}", headers={"If-Match": if_match})

    assert answer.status == 422
    assert [error["field"] for error in answer.body["errors"]] == ["header.If-Match"]


def test_car_that_reported_its_position_is_another_representation_and_no_conflict(
    api: Api, car_id: str, dynamodb: DynamoDBClient
) -> None:
    before = api.call("GET", f"/cars/{car_id}")
    dynamodb.update_item(
        TableName=TABLE_NAME,
        Key={"car_id": {"S": car_id}},
        UpdateExpression="SET latitude = :latitude, position_at = :now",
        ExpressionAttributeValues={":latitude": {"N": "1.5"}, ":now": {"S": "2099-01-01T00:00:00.000000+00:00"}},
    )

    assert api.call("GET", f"/cars/{car_id}", headers={"If-None-Match": before.etag}).status == 200
    assert api.call("PATCH", f"/cars/{car_id}", body={"year": 2025}, headers={"If-Match": before.etag}).status == 200


@pytest.mark.parametrize("if_none_match", ["{}", "W/{}", '"other", {}', "*"])
@pytest.mark.parametrize("path", ["/cars/car-1", "/openapi.json"])
def test_what_the_caller_has_is_not_sent_again(api: Api, car_id: str, path: str, if_none_match: str) -> None:
    read = api.call("GET", path)

    answer = api.call("GET", path, headers={"if-none-match": if_none_match.format(read.etag)})

    assert (answer.status, answer.body, answer.etag) == (304, None, read.etag)
    assert "Content-Type" not in answer.headers


def test_what_the_caller_does_not_have_is_sent(api: Api, car_id: str) -> None:
    assert api.call("GET", f"/cars/{car_id}", headers={"If-None-Match": '"other"'}).status == 200


ONCE = {"Idempotency-Key": "9f0c-1"}


def test_creation_sent_again_answers_the_car_as_it_is_now(api: Api) -> None:
    first = api.call("POST", "/cars", body=DETAILS, headers=ONCE)
    changed = api.call("PATCH", f"/cars/{first.body['car_id']}", body={"year": 2025})

    again = api.call("POST", "/cars", text=json.dumps(DETAILS, indent=4), headers=ONCE)

    assert (again.status, again.body, again.etag) == (201, changed.body, changed.etag)
    assert again.headers["Location"] == first.headers["Location"]
    assert len(api.call("GET", "/cars").body["cars"]) == 1


def test_creation_with_an_id_can_be_sent_again_too(api: Api) -> None:
    new = {"car_id": "car-1", **DETAILS}
    first = api.call("POST", "/cars", body=new, headers=ONCE)

    assert api.call("POST", "/cars", body=new, headers=ONCE).body == first.body
    assert api.call("POST", "/cars", body=new).status == 409
    assert api.call("POST", "/cars", body={**new, "year": 2025}, headers=ONCE).status == 409


def test_key_that_was_used_for_another_body_is_refused(api: Api) -> None:
    first = api.call("POST", "/cars", body=DETAILS, headers=ONCE)

    answer = api.call("POST", "/cars", body={**DETAILS, "year": 2025}, headers=ONCE)

    assert answer.status == 422
    assert "Idempotency-Key" in answer.body["detail"]
    assert api.call("GET", "/cars").body["cars"] == [first.body]


def test_other_keys_and_other_callers_make_other_cars(api: Api) -> None:
    context = load_event("api-gateway-rest")["requestContext"]
    other = {**context, "identity": {**context["identity"], "userArn": "arn:aws:sts::222222222222:assumed-role/b/c"}}

    made = [
        api.call("POST", "/cars", body=DETAILS, headers=ONCE),
        api.call("POST", "/cars", body=DETAILS, headers=ONCE, requestContext=other),
        api.call("POST", "/cars", body=DETAILS, headers={"Idempotency-Key": "9f0c-2"}),
    ]

    assert len({answer.body["car_id"] for answer in made}) == 3


@pytest.mark.parametrize(
    ("first", "second", "cars"),
    [
        ("assumed-role/planner/botocore-session-1", "assumed-role/planner/botocore-session-2", 1),
        ("assumed-role/planner/session", "assumed-role/other/session", 2),
        ("user/fleet/planner", "user/fleet/other", 2),
    ],
)
def test_key_is_that_of_a_role_whatever_its_sessions_are_called(api: Api, first: str, second: str, cars: int) -> None:
    context = load_event("api-gateway-rest")["requestContext"]
    callers = [f"arn:aws:sts::222222222222:{name}" for name in (first, second)]
    contexts = [{**context, "identity": {**context["identity"], "userArn": caller}} for caller in callers]

    made = [api.call("POST", "/cars", body=DETAILS, headers=ONCE, requestContext=each) for each in contexts]

    assert len({answer.body["car_id"] for answer in made}) == cars


@pytest.mark.parametrize("key", ["", "a b", "ä", "a" * 256])
def test_key_that_is_none_is_refused(api: Api, key: str) -> None:
    assert api.call("POST", "/cars", body=DETAILS, headers={"Idempotency-Key": key}).status == 422


def test_list_of_a_status_has_its_cars_page_by_page(api: Api) -> None:
    for number in range(4):
        status = "InCourse" if number % 2 else "Available"
        api.call("POST", "/cars", body={"car_id": f"car-{number}", **DETAILS, "status": status})

    first = api.call("GET", "/cars", query={"status": "InCourse", "limit": "1"}).body
    second = api.call(
        "GET", "/cars", query={"status": "InCourse", "limit": "2", "next_token": first["next_token"]}
    ).body

    assert [car["car_id"] for car in first["cars"] + second["cars"]] == ["car-1", "car-3"]
    assert second["next_token"] is None


def test_list_of_a_status_scans_nothing(api: Api, dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    dynamodb.meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    monkeypatch.setattr(routes, "repository", lambda: CarRepository(dynamodb, TABLE_NAME))

    api.call("GET", "/cars", query={"status": "InCourse"})

    assert calls == ["Query"]


def test_token_of_one_list_is_none_of_another(api: Api) -> None:
    for number in range(2):
        api.call("POST", "/cars", body={"car_id": f"car-{number}", **DETAILS})
    token = api.call("GET", "/cars", query={"limit": "1"}).body["next_token"]

    for path, query in [("/cars", {"status": "Available"}), ("/cars/car-1/notifications", {})]:
        answer = api.call("GET", path, query={**query, "next_token": token})
        assert (answer.status, "next_token" in answer.body["detail"]) == (422, True)


def test_notifications_come_newest_first_page_by_page(api: Api, dynamodb: DynamoDBClient) -> None:
    for minute in range(3):
        dynamodb.put_item(
            TableName=NOTIFICATIONS_TABLE_NAME,
            Item={
                "car_id": {"S": "car-1"},
                "notification_id": {"S": f"2026-11-25T10:0{minute}:00.000+00:00#event-{minute}"},
                "type": {"S": "acme.acs.acm.events.CarUpdated"},
                "text": {"S": f"Text {minute}"},
                "expires_at": {"N": "1800000000"},
            },
        )

    first = api.call("GET", "/cars/car-1/notifications", query={"limit": "2"}).body
    second = api.call("GET", "/cars/car-1/notifications", query={"next_token": first["next_token"]}).body

    assert first["notifications"][0] == {
        "notification_id": "2026-11-25T10:02:00.000+00:00#event-2",
        "occurred_at": "2026-11-25T10:02:00Z",
        "type": "acme.acs.acm.events.CarUpdated",
        "text": "Text 2",
    }
    assert [each["text"] for each in first["notifications"] + second["notifications"]] == ["Text 2", "Text 1", "Text 0"]
    assert second["next_token"] is None


def test_car_that_never_was_has_no_notifications(api: Api) -> None:
    assert api.call("GET", "/cars/nobody/notifications").body == {"notifications": [], "next_token": None}


def test_document_is_the_committed_one(api: Api) -> None:
    assert api.call("GET", "/openapi.json").body == json.loads(routes.DOCUMENT.read_text())


@pytest.mark.parametrize(
    ("brought", "answered"),
    [
        ("order-4711.a", "order-4711.a"),
        ("", REQUEST_ID),
        ("short", REQUEST_ID),
        ("two words here", REQUEST_ID),
        ("line\nfeed-1234", REQUEST_ID),
        ("a" * 129, REQUEST_ID),
    ],
)
def test_request_is_told_by_the_callers_id_or_its_own(
    api: Api, dynamodb: DynamoDBClient, brought: str, answered: str
) -> None:
    answer = api.call("POST", "/cars", body={"car_id": "car-1", **DETAILS}, headers={"X-Correlation-Id": brought})

    assert answer.headers["X-Correlation-Id"] == answered
    item = dynamodb.get_item(TableName=TABLE_NAME, Key={"car_id": {"S": "car-1"}})["Item"]
    assert item["correlation_id"] == {"S": answered}
    assert "correlation_id" not in answer.body


def test_what_was_done_is_counted_and_logged_without_the_car(
    api: Api, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    monkeypatch.setattr(handler.logger.registered_handler, "stream", log)
    api.call("POST", "/cars", body={"car_id": "car-1", **DETAILS})
    api.call("PUT", "/cars/car-1", body={**DETAILS, "year": 2023}, headers={"If-Match": "*"})
    api.call("PATCH", "/cars/car-1", body={"year": 2025})
    api.call("DELETE", "/cars/car-1")
    api.call("DELETE", "/cars/car-1")

    printed = capsys.readouterr().out + log.getvalue()
    lines = [json.loads(line) for line in printed.splitlines()]
    for metric in ("CarsCreated", "CarsReplaced", "CarsChanged", "CarsDeleted"):
        assert sum(sum(line.get(metric, [])) for line in lines) == 1
    assert {line["correlation_id"] for line in lines if line.get("message") == "answered"} == {REQUEST_ID}
    for private in ("52.5200066", "13.404954"):
        assert private not in printed


def faults_by_route(printed: str) -> list[tuple[str, float]]:
    lines = [json.loads(line) for line in printed.splitlines()]
    return [(line["Route"], fault) for line in lines if "Faults" in line for fault in line["Faults"]]


def test_each_call_is_counted_by_its_route_and_no_refusal_is_a_fault(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    api.call("POST", "/cars", body={"car_id": "car-1", **DETAILS})
    api.call("POST", "/cars", body={"car_id": "car-1", **DETAILS})
    api.call("GET", "/cars/nobody")

    assert faults_by_route(capsys.readouterr().out) == [
        *(("POST /cars", 0), ("POST /cars", 0)),
        ("GET /cars/{car_id}", 0),
    ]


def test_what_callers_get_as_a_server_error_is_a_fault_of_its_route(
    api: Api, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "repository", lambda: None)

    with pytest.raises(Exception, match="NoneType"):
        api.call("GET", "/cars/car-1")

    assert faults_by_route(capsys.readouterr().out) == [("GET /cars/{car_id}", 1)]


def test_callers_words_are_no_routes(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.call("BREW", "/cars")
    api.call("GET", "/coffee")

    assert faults_by_route(capsys.readouterr().out) == [("none", 0), ("none", 0)]
