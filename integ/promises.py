"""What the service promises to others, as its documents say it: each answer of each operation, each type of event.

It must not know the service's code: the OpenAPI document and docs/events are what callers and subscribers have, too.
"""

from __future__ import annotations

import functools
import json
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
import requests

_ROOT = Path(__file__).parent.parent
API_DOCUMENT = _ROOT / "service" / "api" / "runtime" / "openapi.json"
EVENT_SCHEMAS = _ROOT / "docs" / "events"

OUT_OF_REACH = {
    HTTPStatus.TOO_MANY_REQUESTS: "Whoever calls so often that it is answered has it answered to customers, too.",
    HTTPStatus.BAD_GATEWAY: "It is answered when the function fails, and no request makes it fail.",
    HTTPStatus.GATEWAY_TIMEOUT: "It is answered when the function takes too long, and no request makes it.",
}
"""What a caller cannot cause without harm to others, or not at all, and why: of no operation has this to be seen."""


def promises() -> frozenset[str]:
    """Each as a story claims it: "get_car 404" of the API, "<detail type> <version>" of the events."""
    answers = {
        f"{operation['operationId']} {status}" for _, _, operation in _operations() for status in operation["responses"]
    }
    return frozenset(answers | {f"{kind} {version}" for kind, version in event_schemas()})


def is_in_reach(promise: str) -> bool:
    return not any(promise.endswith(f" {status.value}") for status in OUT_OF_REACH)


def promise_kept_by(method: str, answer: requests.Response) -> str:
    """What this answer shows. Raises AssertionError when the document has no such answer, or describes another."""
    operation = _operation(method, urlsplit(answer.url).path)
    promise = f"{operation['operationId']} {answer.status_code}"
    described = operation["responses"].get(str(answer.status_code))
    assert described is not None, f"{promise} is not in the document: {answer.text}"
    described = _resolved(described)
    lacking = [name for name in described.get("headers", {}) if name not in answer.headers]
    assert not lacking, f"{promise} lacks the headers {', '.join(lacking)}"
    media_types = described.get("content", {})
    if not media_types:
        assert answer.content == b"", f"{promise} has a body: {answer.text}"
        return promise
    media_type = answer.headers.get("Content-Type", "").split(";")[0]
    assert media_type in media_types, f"{promise} is {media_type}, and one of {', '.join(media_types)} is promised"
    parts = {"components": api_document()["components"]}
    errors = _errors({**parts, **media_types[media_type]["schema"]}, answer.json())
    assert not errors, f"{promise} is not as described: {errors}"
    return promise


def promise_kept_by_event(event: dict[str, Any]) -> str:
    """What this event of the bus shows. Raises AssertionError when no schema describes it, or describes another."""
    named = (event["detail-type"], event["detail"].get("version"))
    schema = event_schemas().get(named)
    assert schema is not None, f"{named} is not in docs/events"
    # What is not required is sent from this version on: the one before it is gone when the tests run.
    everything = {**schema, "required": list(schema["properties"])}
    everything["$defs"] = {
        name: {**part, "required": list(part["properties"])} if "properties" in part else part
        for name, part in schema["$defs"].items()
    }
    errors = _errors(everything, event["detail"])
    assert not errors, f"{named} is not as described: {errors}"
    return " ".join(named)


@functools.cache
def api_document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(API_DOCUMENT.read_text(encoding="utf-8"))
    return document


@functools.cache
def event_schemas() -> dict[tuple[str, str], dict[str, Any]]:
    """The schema of each (detail type, version); a schema names the types that it describes in its title."""
    schemas = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(EVENT_SCHEMAS.glob("*.json"))]
    return {
        (kind, schema["properties"]["version"]["const"]): schema
        for schema in schemas
        for kind in re.findall(r"acme(?:\.\w+)+", schema["title"])
    }


def _operations() -> list[tuple[str, re.Pattern[str], dict[str, Any]]]:
    """Method, pattern of the path, and what is said of it."""
    return [
        (method.upper(), re.compile(re.sub(r"\{\w+\}", "[^/]+", path).replace(".", r"\.") + "$"), operation)
        for path, item in api_document()["paths"].items()
        for method, operation in item.items()
        if "operationId" in operation
    ]


def _operation(method: str, path: str) -> dict[str, Any]:
    """A deployed API has its stage in front of the path."""
    for named, pattern, operation in _operations():
        if named == method and pattern.search(path):
            return operation
    raise AssertionError(f"{method} {path} is not in the document")


def _resolved(described: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in described:
        return described
    found = api_document()
    for name in described["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


def _errors(schema: dict[str, Any], value: object) -> list[str]:
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    return [f"{'.'.join(map(str, error.instance_path))}: {error.message}" for error in validator.iter_errors(value)]
