"""The operations that the edge answers itself: decoded, authorized, handed to a `ServiceApi`, encoded.

It must not know any operation. An operation that nobody registered is none of its business: it goes to MiniStack.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

from aiohttp import web
from botocore.model import OperationModel

from rehearsal.aws.edge.authorizer import Authorizer
from rehearsal.aws.edge.content_encoding import inflated
from rehearsal.aws.edge.credentials import Principal, Vault
from rehearsal.aws.edge.protocol.detect import protocol_of
from rehearsal.aws.edge.protocol.protocol import WireAnswer, WireProtocol
from rehearsal.aws.edge.refusals import as_response
from rehearsal.aws.edge.service_models import operation_model, service_model
from rehearsal.aws.edge.signature import Signature, SignedRequest
from rehearsal.aws.service_api import ApiError, Caller, NamesResources, ServiceApi

log = logging.getLogger(__name__)


class Apis:
    """See the module. `executor` runs the calls: a `ServiceApi` may block."""

    def __init__(self, vault: Vault, authorizer: Authorizer, executor: Executor) -> None:
        self._vault = vault
        self._authorizer = authorizer
        self._executor = executor
        self._by_signing_name: dict[str, list[ServiceApi]] = {}

    def register(self, api: ServiceApi) -> None:
        """`ValueError` names an operation that AWS does not have, or that is served already."""
        model = service_model(api.service)
        if unknown := api.operations - set(model.operation_names):
            raise ValueError(f"{api.service} has no operation {', '.join(sorted(unknown))}.")
        served = self._by_signing_name.setdefault(model.signing_name, [])
        for other in served:
            if twice := other.operations & api.operations:
                raise ValueError(f"{api.service} {', '.join(sorted(twice))} is served already.")
        served.append(api)

    def serves(self, signing_name: str) -> bool:
        return signing_name in self._by_signing_name

    async def answer(self, request: SignedRequest, signature: Signature) -> web.Response | None:
        """The answer, or None where the request is MiniStack's to answer. `ApiError` for a body that cannot be read."""
        request = inflated(request)
        protocol = protocol_of(request)
        operation = protocol.operation(request) if protocol else ""
        api = self._api(signature.service, operation)
        if protocol is None or api is None:
            return None
        principal = self._vault.principal(signature.access_key)  # the edge has checked the signature
        if principal is None:
            return None
        request_id = str(uuid.uuid4())
        try:
            answer = await self._call(api, operation, protocol, request, principal, signature.region, request_id)
        except ApiError as error:
            answer = protocol.encode_error(error, request_id)
        except Exception as exc:
            log.exception("%s %s", api.service, operation)
            failure = ApiError("InternalFailure", f"The local run is broken: {exc!r}", status=500)
            answer = protocol.encode_error(failure, request_id)
        return as_response(answer, request_id)

    def _api(self, signing_name: str, operation: str) -> ServiceApi | None:
        served = self._by_signing_name.get(signing_name, [])
        return next((api for api in served if operation in api.operations), None)

    async def _call(
        self,
        api: ServiceApi,
        operation: str,
        protocol: WireProtocol,
        request: SignedRequest,
        principal: Principal,
        region: str,
        request_id: str,
    ) -> WireAnswer:
        model = operation_model(api.service, operation)
        parameters = protocol.decode(request, model)
        _require(parameters, model)
        caller = Caller(principal.account, region, principal.arn)
        loop = asyncio.get_running_loop()
        resources = await loop.run_in_executor(self._executor, _resources, api, operation, parameters, caller)
        await self._authorizer.check(principal, f"{api.service}:{operation}", resources)
        result = await loop.run_in_executor(self._executor, api.call, operation, parameters, caller)
        return protocol.encode(result, model, request_id)


def _require(parameters: Mapping[str, Any], model: OperationModel) -> None:
    required = model.input_shape.required_members if model.input_shape else []
    if missing := [name for name in required if name not in parameters]:
        raise ApiError("ValidationException", f"{model.name} needs {', '.join(missing)}.")


def _resources(api: ServiceApi, operation: str, parameters: Mapping[str, Any], caller: Caller) -> list[str]:
    named = api.resources(operation, parameters, caller) if isinstance(api, NamesResources) else ()
    return list(named) or ["*"]
