"""What breaks callers is found, and nothing else. Each case changes one thing of a document that has one of each."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from service.api.openapi.compatibility import breaking_changes
from service.api.runtime.routes import DOCUMENT

Json = dict[str, Any]
Change = Callable[[Json], object]

OLD: Json = {
    "paths": {
        "/cars/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": {"responses": {"200": {"$ref": "#/components/responses/Found"}}},
            "put": {
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 100}}
                ],
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Car"}},
                        "text/csv": {"schema": {"type": "string"}},
                    }
                },
                "responses": {
                    "200": {
                        "headers": {"ETag": {"schema": {"type": "string"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Read"}}},
                    },
                    "404": {},
                },
            },
        }
    },
    "components": {
        "responses": {"Found": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Read"}}}}},
        "schemas": {
            "Car": {
                "type": "object",
                "additionalProperties": False,
                "required": ["model"],
                "properties": {
                    "model": {"type": "string", "maxLength": 100, "pattern": "^a"},
                    "status": {"enum": ["A", "B"], "type": "string"},
                    "latitude": {"anyOf": [{"type": "number", "minimum": -90}, {"type": "null"}]},
                    "tags": {"type": "array", "items": {"type": "string", "maxLength": 5}},
                },
            },
            "Read": {
                "type": "object",
                "required": ["model"],
                "properties": {
                    "model": {"type": "string", "maxLength": 100, "format": "name"},
                    "status": {"enum": ["A", "B"], "type": "string"},
                    "latitude": {"anyOf": [{"type": "number", "minimum": -90}, {"type": "null"}]},
                    "year": {"type": "number"},
                    "tags": {"type": "array", "items": {"type": "string", "maxLength": 5}},
                },
            },
        },
    },
}


def car(new: Json) -> Json:
    schema: Json = new["components"]["schemas"]["Car"]
    return schema


def read(new: Json) -> Json:
    schema: Json = new["components"]["schemas"]["Read"]
    return schema


def put(new: Json) -> Json:
    operation: Json = new["paths"]["/cars/{id}"]["put"]
    return operation


def limit(new: Json) -> Json:
    schema: Json = put(new)["parameters"][0]["schema"]
    return schema


BREAKING: dict[str, tuple[Change, str]] = {
    "path gone": (lambda new: new["paths"].pop("/cars/{id}"), "/cars/{id}: the path is gone"),
    "method gone": (lambda new: new["paths"]["/cars/{id}"].pop("get"), "GET /cars/{id}: the method is gone"),
    "parameter gone": (lambda new: put(new)["parameters"].clear(), "query parameter limit is gone"),
    "parameter required": (lambda new: put(new)["parameters"][0].update(required=True), "limit is required now"),
    "new required parameter": (
        lambda new: put(new)["parameters"].append({"name": "x", "in": "header", "required": True, "schema": {}}),
        "header parameter x is required now",
    ),
    "parameter's limit tighter": (lambda new: limit(new).update(maximum=50), "limit: maximum is tighter now"),
    "parameter's lower limit tighter": (lambda new: limit(new).update(minimum=2), "limit: minimum is tighter now"),
    "parameter's type other": (lambda new: limit(new).update(type="string"), "type integer is no longer taken"),
    "parameter's keyword unknown": (lambda new: limit(new).update({"not": {}}), "limit: not has changed"),
    "body required": (lambda new: put(new)["requestBody"].update(required=True), "a body is required now"),
    "body's type gone": (
        lambda new: put(new)["requestBody"]["content"].pop("text/csv"),
        "body: content type text/csv is gone",
    ),
    "field gone": (lambda new: car(new)["properties"].pop("status"), "body.status: is gone"),
    "field required": (lambda new: car(new)["required"].append("status"), "body.status: is required now"),
    "new required field": (
        lambda new: (car(new)["properties"].update(x={}), car(new)["required"].append("x")),
        "body.x: is required now",
    ),
    "field's limit new": (
        lambda new: car(new)["properties"]["model"].update(minLength=1),
        "body.model: minLength is tighter now",
    ),
    "field's limit tighter": (
        lambda new: car(new)["properties"]["model"].update(maxLength=99),
        "body.model: maxLength is tighter now",
    ),
    "field's pattern other": (
        lambda new: car(new)["properties"]["model"].update(pattern="^b"),
        "body.model: pattern is new or another one",
    ),
    "field's value gone": (
        lambda new: car(new)["properties"]["status"].update(enum=["A"]),
        'body.status: "B" is no longer taken',
    ),
    "field's values bounded": (
        lambda new: car(new)["properties"]["model"].update(enum=["a"]),
        'body.model: any other value than ["a"] is no longer taken',
    ),
    "null not taken": (
        lambda new: car(new)["properties"]["latitude"]["anyOf"].pop(),
        'body.latitude: {"type": "null"} is no longer taken',
    ),
    "nullable field's limit tighter": (
        lambda new: car(new)["properties"]["latitude"]["anyOf"][0].update(minimum=0),
        "body.latitude: minimum is tighter now",
    ),
    "items' limit tighter": (
        lambda new: car(new)["properties"]["tags"]["items"].update(maxLength=4),
        "body.tags[]: maxLength is tighter now",
    ),
    "success gone": (lambda new: put(new)["responses"].pop("200"), "status 200 is gone"),
    "new success": (lambda new: put(new)["responses"].update({"202": {}}), "status 202 is new, and no refusal"),
    "header gone": (
        lambda new: put(new)["responses"]["200"]["headers"].clear(),
        "PUT /cars/{id}: answer 200: header ETag is gone",
    ),
    "answer's type new": (
        lambda new: put(new)["responses"]["200"]["content"].update({"text/csv": {"schema": {}}}),
        "answer 200: content type text/csv is new",
    ),
    "answered field gone": (lambda new: read(new)["properties"].pop("year"), "answer 200.year: is gone"),
    "answered field not always": (
        lambda new: read(new)["required"].clear(),
        "answer 200.model: is not always there any more",
    ),
    "answered value new": (
        lambda new: read(new)["properties"]["status"]["enum"].append("C"),
        'answer 200.status: "C" may be answered now',
    ),
    "answered values unbounded": (
        lambda new: read(new)["properties"]["status"].pop("enum"),
        'any other value than ["A", "B"] may be answered now',
    ),
    "answered null new": (
        lambda new: read(new)["properties"].update(year={"anyOf": [{"type": "number"}, {"type": "null"}]}),
        'answer 200.year: {"type": "null"} may be answered now',
    ),
    "answered type other": (
        lambda new: read(new)["properties"]["year"].update(type="string"),
        "answer 200.year: type string may be answered now",
    ),
    "answered limit wider": (
        lambda new: read(new)["properties"]["model"].update(maxLength=200),
        "answer 200.model: maxLength is wider now",
    ),
    "answered format gone": (
        lambda new: read(new)["properties"]["model"].pop("format"),
        "answer 200.model: format is gone or another one",
    ),
    "answered items' type other": (
        lambda new: read(new)["properties"]["tags"]["items"].update(type="integer"),
        "answer 200.tags[]: type integer may be answered now",
    ),
}

HARMLESS: dict[str, Change] = {
    "nothing": lambda new: None,
    "new path": lambda new: new["paths"].update({"/bikes": {"get": {"responses": {"200": {}}}}}),
    "new method": lambda new: new["paths"]["/cars/{id}"].update(delete={"responses": {"204": {}}}),
    "new optional parameter": lambda new: put(new)["parameters"].append({"name": "x", "in": "query", "schema": {}}),
    "wider parameter": lambda new: limit(new).update(type="number", maximum=200),
    "new optional field": lambda new: car(new)["properties"].update(x={"type": "string"}),
    "field no longer required": lambda new: car(new)["required"].clear(),
    "new value taken": lambda new: car(new)["properties"]["status"]["enum"].append("C"),
    "null taken": lambda new: car(new)["properties"].update(
        status={"anyOf": [{"enum": ["A", "B"], "type": "string"}, {"type": "null"}]}
    ),
    "pattern gone": lambda new: car(new)["properties"]["model"].pop("pattern"),
    "unknown fields taken": lambda new: (car(new).pop("additionalProperties"), car(new)["properties"].pop("status")),
    "new refusal": lambda new: put(new)["responses"].update({"418": {}}),
    "refusal gone": lambda new: put(new)["responses"].pop("404"),
    "new header": lambda new: put(new)["responses"]["200"]["headers"].update(Age={"schema": {"type": "string"}}),
    "new answered field": lambda new: read(new)["properties"].update(x={"type": "string"}),
    "answered field always there": lambda new: read(new)["required"].append("year"),
    "value never answered": lambda new: read(new)["properties"]["status"].update(enum=["A"]),
    "null never answered": lambda new: read(new)["properties"]["latitude"]["anyOf"].pop(),
    "integers only": lambda new: read(new)["properties"]["year"].update(type="integer"),
    "prose": lambda new: read(new).update(description="Of a car", examples=[{}]),
}


def changed(change: Change) -> Json:
    new = copy.deepcopy(OLD)
    change(new)
    return new


@pytest.mark.parametrize(("change", "told"), BREAKING.values(), ids=BREAKING)
def test_break_is_found_and_told(change: Change, told: str) -> None:
    breaks = breaking_changes(OLD, changed(change))

    assert any(told in each for each in breaks), breaks
    assert len(breaks) <= 2, "one change is told once for each place that it is in"


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_what_is_no_break_is_not_told(change: Change) -> None:
    assert breaking_changes(OLD, changed(change)) == []


def test_document_breaks_nothing_of_itself() -> None:
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))

    assert breaking_changes(document, document) == []
