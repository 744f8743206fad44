"""The routes that the resolver has, each with what the document says of it; made when somebody builds.

It must not be imported by what runs in Lambda.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from service.api.runtime import routes  # noqa: F401 - the resolver gets to know them
from service.api.runtime.operation import OPERATIONS, Operation
from service.api.runtime.resolver import app
from service.api.runtime.resources import RESOURCES


@dataclass(frozen=True)
class Route:
    """`resource` is spelled as API Gateway and OpenAPI spell it: "/cars/{car_id}"."""

    method: str
    resource: str
    operation: Operation


def _registered() -> Iterator[Route]:
    """Powertools tells nobody which routes it has but in its own document: so its own lists are read."""
    for route in (*app._static_routes, *app._dynamic_routes):
        yield Route(route.method, route.openapi_path, OPERATIONS[route.func.__name__])


def _place(route: Route) -> tuple[int, int]:
    return list(RESOURCES).index(route.resource), RESOURCES[route.resource].index(route.method)


ROUTES: Sequence[Route] = tuple(sorted(_registered(), key=_place))
"""In the order of the resources and their methods."""
