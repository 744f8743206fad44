"""An HTTP API as it is deployed, which of its routes a call reaches, and its answers to pages of other sites.

It must not call AWS. Sources: "Create routes for HTTP APIs in API Gateway"; "Configure CORS for HTTP APIs".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from rehearsal.aws.apigateway.authorizer import Authorizer
from rehearsal.aws.apigateway.request import ApiRequest

DEFAULT = "$default"
_ANY = "ANY"
_VARIABLE = re.compile(r"\{(\w[^}+]*)(\+?)\}")


@dataclass(frozen=True, kw_only=True)
class Route:
    """`key` is `$default`, or a method (or ANY) and a path."""

    key: str
    authorization_type: str = "NONE"
    authorizer_id: str = ""
    scopes: tuple[str, ...] = ()
    integration_type: str = ""
    uri: str = ""
    payload_format: str = "2.0"
    timeout_seconds: float = 30.0

    @property
    def method(self) -> str:
        return self.key.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.key.partition(" ")[2]


@dataclass(frozen=True)
class Cors:
    """As the API declares it; None of `origins` means that it declares nothing."""

    origins: tuple[str, ...]
    methods: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()
    max_age_seconds: int | None = None
    allows_credentials: bool = False

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Cors | None:
        if not answer:
            return None
        age = answer.get("maxAge")
        return cls(
            tuple(answer.get("allowOrigins") or ()),
            tuple(answer.get("allowMethods") or ()),
            tuple(answer.get("allowHeaders") or ()),
            tuple(answer.get("exposeHeaders") or ()),
            None if age is None else int(age),
            bool(answer.get("allowCredentials")),
        )


@dataclass(frozen=True, kw_only=True)
class HttpApi:
    """`stages` has each stage's variables."""

    api_id: str
    account: str
    region: str
    routes: tuple[Route, ...]
    stages: Mapping[str, Mapping[str, str]]
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict)
    cors: Cors | None = None

    def place(self, rest: str) -> tuple[str, str]:
        """The stage and the path that a request means: without a stage's name in it, the stage `$default`."""
        first, slash, after = rest.partition("/")
        if first in self.stages and first != DEFAULT:
            return first, f"/{after}" if slash else "/"
        return DEFAULT, f"/{rest}"


def find_route(api: HttpApi, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """With the path variables. A whole match goes before a greedy one, that before `$default`."""
    decoded = unquote(f"/{path.lstrip('/')}")
    found = [
        (_rank(route), route, values)
        for route in api.routes
        if route.key != DEFAULT and route.method in (method, _ANY)
        if (values := _values(route.path, decoded)) is not None
    ]
    if found:
        _, route, values = max(found, key=lambda one: one[0])
        return route, values
    return next(((route, {}) for route in api.routes if route.key == DEFAULT), None)


def cors_headers(cors: Cors | None, request: ApiRequest) -> dict[str, str]:
    """What is added to each answer, in place of the integration's own such headers."""
    origin = request.header("origin")
    if cors is None or not origin or not _is_allowed(cors, origin):
        return {}
    headers = {"access-control-allow-origin": "*" if cors.origins == ("*",) else origin}
    if cors.allows_credentials:
        headers["access-control-allow-credentials"] = "true"
    if cors.exposed:
        headers["access-control-expose-headers"] = ",".join(cors.exposed)
    return headers


def preflight_headers(cors: Cors, request: ApiRequest) -> dict[str, str]:
    """Of the answer to an OPTIONS request, which then reaches no route."""
    headers = cors_headers(cors, request)
    if headers:
        declared = {"access-control-allow-methods": cors.methods, "access-control-allow-headers": cors.headers}
        headers |= {name: ",".join(values) for name, values in declared.items() if values}
        if cors.max_age_seconds is not None:
            headers["access-control-max-age"] = str(cors.max_age_seconds)
    return headers


def _is_allowed(cors: Cors, origin: str) -> bool:
    return any(
        known == "*" or known.lower() == origin.lower() or (known.endswith("://*") and origin.startswith(known[:-1]))
        for known in cors.origins
    )


def _rank(route: Route) -> tuple[bool, int, bool]:
    literals = [part for part in route.path.split("/") if part and not _VARIABLE.fullmatch(part)]
    return "+}" not in route.path, len(literals), route.method != _ANY


def _values(pattern: str, path: str) -> dict[str, str] | None:
    names: list[str] = []

    def group(variable: re.Match[str]) -> str:
        names.append(variable.group(1))
        return "(.+)" if variable.group(2) else "([^/]+)"

    expression, last = "", 0
    for variable in _VARIABLE.finditer(pattern):
        expression += re.escape(pattern[last : variable.start()]) + group(variable)
        last = variable.end()
    found = re.fullmatch(expression + re.escape(pattern[last:]) + "/?", path)
    return dict(zip(names, found.groups(), strict=True)) if found else None
