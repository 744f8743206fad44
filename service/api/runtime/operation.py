"""What a route takes, gives and refuses: what the resolver does not ask for, and the OpenAPI document has to say.

The same data reads the parts of a request, so that the document cannot tell another story (service/api/openapi). The
resolver's own validation is not used: it answers without naming fields as we do, and takes more time and memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from service.api.runtime.answer import JSON, Answer
from service.api.runtime.resolver import app, current_request
from service.api.runtime.shapes import NoQuery

MERGE_PATCH = "application/merge-patch+json"


class Header(StrEnum):
    """The headers that routes take or give."""

    IF_MATCH = "If-Match"
    IF_NONE_MATCH = "If-None-Match"
    IDEMPOTENCY_KEY = "Idempotency-Key"
    ETAG = "ETag"
    LOCATION = "Location"


@dataclass(frozen=True, kw_only=True)
class Operation:
    """`function` is called with the request, and with `car_id`, `query` and `body` as far as the route has them.

    `status` and `answer` are those of success; `refuses` are the other statuses, besides those that `query`, `body` and
    the path bring with them. `takes` and `gives` are headers; `requires` those without which nothing is done.
    """

    function: Callable[..., Answer]
    query: type[BaseModel]
    body: type[BaseModel] | None
    content_types: Sequence[str]
    status: HTTPStatus
    answer: type[BaseModel] | None
    takes: Sequence[Header]
    requires: Sequence[Header]
    gives: Sequence[Header]
    refuses: Sequence[HTTPStatus]

    def respond(self, path: dict[str, str]) -> Response[str]:
        """`path` has the car's id as the path spells it. Raises RequestRefused and CarError: the resolver answers."""
        request = current_request()
        arguments: dict[str, Any] = {name: request.car_id(value) for name, value in path.items()}
        if self.query is not NoQuery or request.query:
            query = request.query_as(self.query)
            if self.query is not NoQuery:
                arguments["query"] = query
        if self.body is not None:
            arguments["body"] = request.body_as(self.body, self.content_types)
        answer = self.function(request, **arguments)
        if answer.done is not None:
            app.context["done"].append(answer.done)
        return answer.response(correlation_id=request.correlation_id)


OPERATIONS: dict[str, Operation] = {}
"""By the names of their functions, which the resolver knows them by, too."""


def operation(
    *,
    query: type[BaseModel] = NoQuery,
    body: type[BaseModel] | None = None,
    content_types: Sequence[str] = (JSON,),
    status: HTTPStatus = HTTPStatus.OK,
    answer: type[BaseModel] | None = None,
    takes: Sequence[Header] = (),
    requires: Sequence[Header] = (),
    gives: Sequence[Header] = (),
    refuses: Sequence[HTTPStatus] = (),
) -> Callable[[Callable[..., Answer]], Callable[..., Response[str]]]:
    """Makes of a function what the resolver calls for a route. The words are those of `Operation`."""

    def described(function: Callable[..., Answer]) -> Callable[..., Response[str]]:
        made = OPERATIONS[function.__name__] = Operation(
            function=function,
            query=query,
            body=body,
            content_types=content_types,
            status=status,
            answer=answer,
            takes=takes,
            requires=requires,
            gives=gives,
            refuses=refuses,
        )

        def respond(**path: str) -> Response[str]:
            return made.respond(path)

        respond.__name__ = function.__name__
        return respond

    return described
