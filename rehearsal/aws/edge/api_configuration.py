"""The APIs as they are deployed: read from the emulator's API Gateway, and kept while nobody can have changed them.

A deployment of a REST API is read once, as API Gateway makes a snapshot of it; its stage, and all of an HTTP API, again
after each request to CloudFormation or API Gateway, and every few seconds. It must not answer calls.

Source: "Deploy REST APIs in API Gateway" (what is changed counts when it is deployed).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeVar
from urllib.parse import quote

from rehearsal.aws.apigateway.authorizer import Authorizer
from rehearsal.aws.apigateway.http_api import Cors, HttpApi, Route
from rehearsal.aws.apigateway.rest_api import RequestValidator, Resource, RestApi, Stage
from rehearsal.aws.edge.credentials import Vault
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.edge.upstream import Upstream

_FRESH_SECONDS = 5.0
_LARGEST = 4096
_OK = 200
Place = tuple[str, str]
Value = TypeVar("Value")


class ApiKind(Enum):
    REST = "REST"
    HTTP = "HTTP"
    WEBSOCKET = "WEBSOCKET"


@dataclass(frozen=True)
class Owner:
    """Whose an API is, by account and region."""

    place: Place
    kind: ApiKind


@dataclass
class _Kept:
    """What was read, in which generation and when."""

    generation: int = -1
    at: float = 0.0
    value: Any = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class ApiConfigurations:
    """See the module. Everything belongs to the event loop's thread."""

    def __init__(self, upstream: Upstream, vault: Vault) -> None:
        self._upstream = upstream
        self._vault = vault
        self._generation = 0
        self._owners: dict[str, Owner] = {}
        self._deployments: dict[tuple[str, str], RestApi] = {}
        self._kept: dict[tuple[str, ...], _Kept] = {}

    def changed(self) -> None:
        """Something may be deployed otherwise than it was."""
        self._generation += 1

    async def owner(self, api_id: str, places: list[Place]) -> Owner | None:
        """Of an API, looked for in these places; None where nobody there has it."""
        if api_id not in self._owners:
            for place in dict.fromkeys(places):
                kind = await self._kind(place, api_id)
                if kind is not None:
                    self._owners[api_id] = Owner(place, kind)
                    break
        return self._owners.get(api_id)

    async def rest_api(self, owner: Owner, api_id: str, stage: str) -> tuple[RestApi, Stage] | None:
        """As it is deployed to the stage; None where there is no such stage."""
        return await self._fresh(("rest", api_id, stage), lambda: self._read_stage(owner, api_id, stage))

    async def http_api(self, owner: Owner, api_id: str) -> HttpApi | None:
        return await self._fresh(("http", api_id), lambda: self._read_http_api(owner, api_id))

    async def key_counts(self, api: RestApi, stage: str, value: str) -> bool:
        """Whether the key is enabled, and of a usage plan of the stage. Keys count without a deployment."""
        return await self._fresh(("key", api.api_id, stage, value), lambda: self._read_key(api, stage, value))

    async def _fresh(self, key: tuple[str, ...], read: Callable[[], Awaitable[Value]]) -> Value:
        """What was read since anybody can have changed it; read by one at a time."""
        if len(self._kept) > _LARGEST:
            self._kept.clear()
        kept = self._kept.setdefault(key, _Kept())
        async with kept.lock:
            if kept.generation != self._generation or time.monotonic() - kept.at >= _FRESH_SECONDS:
                generation = self._generation
                kept.value = await read()
                kept.generation, kept.at = generation, time.monotonic()
        found: Value = kept.value
        return found

    async def _read_key(self, api: RestApi, stage: str, value: str) -> bool:
        place = (api.account, api.region)
        keys = await self._items(place, "/apikeys?includeValues=true&limit=500")
        known = {str(key["id"]) for key in keys if key.get("value") == value and key.get("enabled", True)}
        for plan in await self._items(place, "/usageplans?limit=500") if known else []:
            stages = {(str(one.get("apiId")), str(one.get("stage"))) for one in plan.get("apiStages") or []}
            if (api.api_id, stage) in stages:
                of_plan = await self._items(place, f"/usageplans/{plan['id']}/keys?limit=500")
                if known & {str(key["id"]) for key in of_plan}:
                    return True
        return False

    async def _kind(self, place: Place, api_id: str) -> ApiKind | None:
        if await self._get(place, f"/restapis/{api_id}") is not None:
            return ApiKind.REST
        found = await self._get(place, f"/v2/apis/{api_id}")
        return None if found is None else ApiKind(found.get("protocolType") or "HTTP")

    async def _read_stage(self, owner: Owner, api_id: str, name: str) -> tuple[RestApi, Stage] | None:
        found = await self._get(owner.place, f"/restapis/{api_id}/stages/{quote(name, safe='')}")
        if found is None:
            return None
        stage = Stage(name, str(found.get("deploymentId") or ""), dict(found.get("variables") or {}))
        key = (api_id, stage.deployment_id)
        if key not in self._deployments or not stage.deployment_id:
            api = await self._read_rest_api(owner.place, api_id)
            if api is None:
                return None
            self._deployments[key] = api
        return self._deployments[key], stage

    async def _read_rest_api(self, place: Place, api_id: str) -> RestApi | None:
        base = f"/restapis/{api_id}"
        api = await self._get(place, base)
        if api is None:
            return None
        resources, authorizers, validators, models, responses = [
            await self._items(place, f"{base}/{path}")
            for path in (
                *("resources?embed=methods&limit=500", "authorizers?limit=500", "requestvalidators?limit=500"),
                *("models?limit=500", "gatewayresponses"),
            )
        ]
        return RestApi(
            api_id=api_id,
            name=str(api.get("name") or ""),
            account=place[0],
            region=place[1],
            resources=tuple(Resource.of(one) for one in resources),
            binary_media_types=tuple(api.get("binaryMediaTypes") or ()),
            takes_key_of_authorizer=api.get("apiKeySource") == "AUTHORIZER",
            policy=json.loads(f'"{api.get("policy") or ""}"'),  # a JSON text within a JSON text
            authorizers={str(one["id"]): Authorizer.of_rest_api(one) for one in authorizers},
            validators={str(one["id"]): _validator(one) for one in validators},
            models={str(one["name"]): str(one.get("schema") or "") for one in models},
            gateway_responses={str(one["responseType"]): one for one in responses if not one.get("defaultResponse")},
        )

    async def _read_http_api(self, owner: Owner, api_id: str) -> HttpApi | None:
        base = f"/v2/apis/{api_id}"
        api = await self._get(owner.place, base)
        if api is None:
            return None
        stages, routes, integrations, authorizers = [
            await self._items(owner.place, f"{base}/{path}")
            for path in ("stages", "routes", "integrations", "authorizers")
        ]
        targets = {str(one["integrationId"]): one for one in integrations}
        return HttpApi(
            api_id=api_id,
            account=owner.place[0],
            region=owner.place[1],
            routes=tuple(_route(one, targets) for one in routes),
            stages={str(one["stageName"]): dict(one.get("stageVariables") or {}) for one in stages},
            authorizers={str(one["authorizerId"]): Authorizer.of_http_api(one) for one in authorizers},
            cors=Cors.of(api.get("corsConfiguration") or {}),
        )

    async def _items(self, place: Place, path: str) -> list[Any]:
        """All pages of a list."""
        items: list[Any] = []
        position = ""
        while True:
            page = await self._get(place, f"{path}&position={quote(position)}" if position else path) or {}
            items += page.get("item") or page.get("items") or []
            position = str(page.get("position") or "")
            if not position:
                return items

    async def _get(self, place: Place, path: str) -> Mapping[str, Any] | None:
        account, region = place
        root = self._vault.principal(account)
        assert root is not None, f"{account} is no account"
        request = SignedRequest("GET", path, {}, b"")
        answer = await self._upstream.send_as(root, request, region=region, service="apigateway")
        found = json.loads(answer.body) if answer.status == _OK else None
        return found if isinstance(found, dict) else None


def _validator(answer: Mapping[str, Any]) -> RequestValidator:
    return RequestValidator(
        str(answer.get("validateRequestBody")).lower() == "true",
        str(answer.get("validateRequestParameters")).lower() == "true",
    )


def _route(answer: Mapping[str, Any], integrations: Mapping[str, Mapping[str, Any]]) -> Route:
    integration = integrations.get(str(answer.get("target") or "").rpartition("/")[2], {})
    return Route(
        key=str(answer.get("routeKey") or ""),
        authorization_type=str(answer.get("authorizationType") or "NONE").upper(),
        authorizer_id=str(answer.get("authorizerId") or ""),
        scopes=tuple(answer.get("authorizationScopes") or ()),
        integration_type=str(integration.get("integrationType") or ""),
        uri=str(integration.get("integrationUri") or ""),
        payload_format=str(integration.get("payloadFormatVersion") or "2.0"),
        timeout_seconds=float(integration.get("timeoutInMillis") or 30_000) / 1000,
    )
