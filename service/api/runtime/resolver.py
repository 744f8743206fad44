"""Powertools' resolver, and what it has to be told: which path to match, and how the API says no.

The resolver matches the event's `path`, where API Gateway has matched `resource` already, and knows more than a path
tells: a base path in front, slashes at the end, a percent sign in an id. So the path is spelled anew from what API
Gateway has matched. It must not know what the routes do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import quote

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from service.api.runtime.errors import MethodNotAllowed, NoSuchResource, RequestRefused
from service.api.runtime.problems import problem
from service.api.runtime.request import Request
from service.api.runtime.resources import RESOURCES
from service.cars.errors import CarError

NOWHERE = "/"
"""A path that no route has."""

NO_ID = "%"
"""In place of an empty id, which would be no part of a path at all: no car can have the one or the other."""

# Otherwise it listens to POWERTOOLS_DEV: it would print whole requests, and answer with tracebacks.
app = APIGatewayRestResolver(debug=False)


def resolvable(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with the path that leads to the route of its `resource`, or nowhere. Ids in it are percent-encoded."""
    resource = event["resource"]
    if event["httpMethod"] not in RESOURCES.get(resource, ()):
        return {**event, "path": NOWHERE}
    parameters = event["pathParameters"]
    if parameters:
        ids = {name: quote(value, safe="%", errors="surrogatepass") for name, value in parameters.items()}
        resource = resource.format_map({name: value or NO_ID for name, value in ids.items()})
    return {**event, "path": resource}


def with_single_headers(result: dict[str, Any]) -> dict[str, Any]:
    """The result with `headers`, as the callers of the function itself read them (service/release/runtime).

    No header has two values here, and to API Gateway the one is as good as the other ("Output format of a Lambda
    function for proxy integration").
    """
    multiple = result.pop("multiValueHeaders")
    return {**result, "headers": {name: value for name, (value,) in multiple.items()}}


def current_request() -> Request:
    """The one that is being answered: the handler has put it there."""
    request: Request = app.context["request"]
    return request


@app.exception_handler([RequestRefused, CarError])  # type: ignore[untyped-decorator]
def refused(refusal: RequestRefused | CarError) -> Response[str]:
    """A problem document. What is not the caller's fault is raised."""
    return problem(refusal).response(correlation_id=current_request().correlation_id)


@app.not_found
def nowhere(_: Exception) -> NoReturn:
    """API Gateway lets no such request through. Raises NoSuchResource or MethodNotAllowed."""
    methods = RESOURCES.get(current_request().resource)
    if methods is None:
        raise NoSuchResource
    raise MethodNotAllowed(methods)
