"""A REST API as one deployment has it, and which of its methods a call reaches.

It must not call AWS: it is made of what API Gateway's own operations answer.
Sources: "Set up Lambda proxy integrations in API Gateway" (greedy path variables, ANY); API Gateway API reference.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.aws.apigateway.authorizer import Authorizer
from rehearsal.aws.apigateway.request import means, segments

# How a template's RequestValidatorId travels through the emulator's CloudFormation, which leaves that property out.
VALIDATOR_MODEL = "rehearsal/request-validator"
_ANY = "ANY"


@dataclass(frozen=True, kw_only=True)
class Method:
    """`parameters` tells for each `method.request.…` whether it is required, `models` the model for a content type."""

    http_method: str
    authorization_type: str = "NONE"
    authorizer_id: str = ""
    scopes: tuple[str, ...] = ()
    is_key_required: bool = False
    parameters: Mapping[str, bool] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    validator_id: str = ""
    integration_type: str = ""
    uri: str = ""
    timeout_seconds: float = 29.0

    @classmethod
    def of(cls, http_method: str, answer: Mapping[str, Any]) -> Method:
        integration, models = answer.get("methodIntegration") or {}, dict(answer.get("requestModels") or {})
        carried = models.pop(VALIDATOR_MODEL, "")
        return cls(
            http_method=http_method,
            authorization_type=str(answer.get("authorizationType") or "NONE").upper(),
            authorizer_id=str(answer.get("authorizerId") or ""),
            scopes=tuple(answer.get("authorizationScopes") or ()),
            is_key_required=_is_true(answer.get("apiKeyRequired")),
            parameters={name: _is_true(value) for name, value in (answer.get("requestParameters") or {}).items()},
            models=models,
            validator_id=str(answer.get("requestValidatorId") or carried),
            integration_type=str(integration.get("type") or ""),
            uri=str(integration.get("uri") or ""),
            timeout_seconds=float(integration.get("timeoutInMillis") or 29_000) / 1000,
        )


@dataclass(frozen=True)
class Resource:
    identifier: str
    path: str
    methods: Mapping[str, Method]

    @functools.cached_property
    def segments(self) -> tuple[str, ...]:
        """Asked at each call of the API."""
        return tuple(segments(self.path))

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Resource:
        methods = answer.get("resourceMethods") or {}
        return cls(
            str(answer["id"]), str(answer["path"]), {name: Method.of(name, known) for name, known in methods.items()}
        )


@dataclass(frozen=True)
class RequestValidator:
    checks_body: bool
    checks_parameters: bool


@dataclass(frozen=True, kw_only=True)
class RestApi:
    """`gateway_responses` are those that somebody has declared, as GetGatewayResponses answers them."""

    api_id: str
    name: str
    account: str
    region: str
    resources: tuple[Resource, ...]
    binary_media_types: tuple[str, ...] = ()
    takes_key_of_authorizer: bool = False
    policy: str = ""
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict)
    validators: Mapping[str, RequestValidator] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    gateway_responses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    name: str
    deployment_id: str
    variables: Mapping[str, str]


@dataclass(frozen=True)
class RestRoute:
    """`path_parameters` are as they were sent, percent-encoded."""

    resource: Resource
    method: Method
    path_parameters: Mapping[str, str]


def find_route(api: RestApi, http_method: str, path: str) -> RestRoute | None:
    """The most specific resource that has the method: a literal part before a variable, and that before a greedy one.

    A resource without the method gives way to one that has it.
    """
    sent = segments(path)
    found = (
        (rank, resource, method, parameters)
        for resource in api.resources
        if (method := resource.methods.get(http_method) or resource.methods.get(_ANY)) is not None
        for rank, parameters in _matches(resource.segments, sent)
    )
    best = min(found, key=lambda one: one[0], default=None)
    return None if best is None else RestRoute(*best[1:])


def _matches(parts: Sequence[str], sent: list[str]) -> Iterator[tuple[tuple[int, ...], dict[str, str]]]:
    """How specific each part is (0 a literal, 1 a variable, 2 a greedy one), and the variables' values."""
    rank: list[int] = []
    parameters: dict[str, str] = {}
    for place, part in enumerate(parts):
        if place >= len(sent):
            return
        if part.startswith("{") and part.endswith("+}"):
            parameters[part[1:-2]] = "/".join(sent[place:])
            yield (*rank, 2), parameters
            return
        if part.startswith("{") and part.endswith("}"):
            parameters[part[1:-1]] = sent[place]
            rank.append(1)
        elif means(sent[place], part):
            rank.append(0)
        else:
            return
    if len(parts) == len(sent):
        yield tuple(rank), parameters


def _is_true(value: object) -> bool:
    return value is True or str(value).lower() == "true"
