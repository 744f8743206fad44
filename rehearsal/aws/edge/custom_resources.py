"""CloudFormation's custom resource protocol, from the provider's side: a request comes in, the provider works for as
long as it takes, and the answer goes to the request's ResponseURL.

It must not know any resource type, nor how the request came here.

Source: "Custom resource reference" of the CloudFormation user guide (request and response objects).
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from rehearsal.aws.cloudformation.template import original_types
from rehearsal.aws.denials import Denials
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.edge.upstream import Upstream
from rehearsal.aws.resource import (
    ResourceFailed,
    ResourceProvider,
    ResourceRequest,
    ResourceResult,
    ResourceUnsupported,
)
from rehearsal.errors import Unsupported

log = logging.getLogger(__name__)
# What is shown of a resource that could not be created: there is nothing to delete.
NO_RESOURCE = "not-created"


class CustomResources:
    """See the module. `executor` runs the providers; `denials` hears of what they cannot make, and of what broke."""

    def __init__(self, upstream: Upstream, executor: Executor, denials: Denials) -> None:
        self._upstream = upstream
        self._denials = denials
        self._executor = executor
        self._providers: dict[str, ResourceProvider] = {}
        self._pending: set[asyncio.Task[None]] = set()

    @property
    def claimed_types(self) -> frozenset[str]:
        return frozenset(self._providers)

    def register(self, provider: ResourceProvider) -> None:
        """`ValueError` names a resource type that another provider serves."""
        if twice := provider.resource_types & self.claimed_types:
            raise ValueError(f"Two providers serve {', '.join(sorted(twice))}.")
        self._providers.update(dict.fromkeys(provider.resource_types, provider))

    def begin(self, event: Mapping[str, Any]) -> None:
        """Take a request. The answer goes out when the provider has done its work."""
        task = asyncio.get_running_loop().create_task(self._serve(event))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _serve(self, event: Mapping[str, Any]) -> None:
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._executor, self._provide, event)
        target = urlsplit(event["ResponseURL"])._replace(scheme="", netloc="").geturl()
        body = json.dumps(answer, default=str).encode()
        # CloudFormation's addresses are presigned: no content type, no signature.
        await self._upstream.send(SignedRequest("PUT", target, {}, body))

    def _provide(self, event: Mapping[str, Any]) -> dict[str, Any]:
        request = read_request(event)
        try:
            provider = self._providers[request.resource_type]
            match event["RequestType"]:
                case "Create":
                    result = provider.create(request)
                case "Update":
                    result = provider.update(request)
                case _:
                    provider.delete(request)
                    result = ResourceResult(request.physical_id or NO_RESOURCE)
        except (ResourceUnsupported, Unsupported) as exc:
            return self._denied(event, str(exc))
        except (ResourceFailed, ClientError) as exc:
            return _failure(event, str(exc))
        except Exception as exc:
            log.exception("%s %s", event["RequestType"], request.logical_id)
            return self._denied(event, f"The local run is broken ({request.resource_type}): {exc!r}")
        return {
            **_echo(event),
            "Status": "SUCCESS",
            "PhysicalResourceId": result.physical_id,
            "Data": dict(result.attributes),
        }

    def _denied(self, event: Mapping[str, Any], reason: str) -> dict[str, Any]:
        self._denials.tell(reason)
        return _failure(event, reason)


def read_request(event: Mapping[str, Any]) -> ResourceRequest:
    _, _, _, region, account, stack = event["StackId"].split(":", 5)
    new, old = event["ResourceProperties"], event.get("OldResourceProperties") or {}
    return ResourceRequest(
        account=account,
        region=region,
        stack_name=stack.split("/")[1],
        stack_id=event["StackId"],
        logical_id=event["LogicalResourceId"],
        resource_type=original_types(event["ResourceType"]),
        properties=new.get("Properties") or {},
        update_policy=new.get("UpdatePolicy") or {},
        physical_id=event.get("PhysicalResourceId"),
        old_properties=old.get("Properties") or {},
        old_update_policy=old.get("UpdatePolicy") or {},
    )


def _failure(event: Mapping[str, Any], reason: str) -> dict[str, Any]:
    physical_id = event.get("PhysicalResourceId", NO_RESOURCE)
    return {**_echo(event), "Status": "FAILED", "Reason": reason, "PhysicalResourceId": physical_id}


def _echo(event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
