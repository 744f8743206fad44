"""PutEvents, as its callers know it: entries that EventBridge does not take are answered for here, the others are the
emulator's, and the time that a sender has given its event is kept, because the emulator stamps each with its arrival.

It must not match or deliver events. Which entries are taken: eventbridge/put_events.py.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web

from rehearsal.aws.edge.authorizer import Authorizer
from rehearsal.aws.edge.credentials import Principal, Vault
from rehearsal.aws.edge.signature import Signature, SignedRequest
from rehearsal.aws.edge.upstream import Upstream
from rehearsal.aws.eventbridge.put_events import Result, given_time, refused_results
from rehearsal.aws.service_api import ApiError

_OK = 200
_KEPT_TIMES = 10_000


class EventPuts:
    """See the module. Everything belongs to the event loop's thread."""

    def __init__(self, upstream: Upstream, vault: Vault, authorizer: Authorizer) -> None:
        self._upstream = upstream
        self._vault = vault
        self._authorizer = authorizer
        self._times: OrderedDict[str, str] = OrderedDict()
        self._under_way: set[asyncio.Future[None]] = set()

    async def answer(self, request: SignedRequest, signature: Signature) -> web.Response:
        """`ApiError` where AWS refuses the whole call."""
        entries = _entries(request.body)
        refused = refused_results(entries)
        principal = self._vault.principal(signature.access_key)
        times = [given_time(entry) if result is None else "" for entry, result in zip(entries, refused, strict=True)]
        if principal is None or not (any(refused) or any(times)):
            return (await self._upstream.send(request)).response()
        put = asyncio.get_running_loop().create_future()
        self._under_way.add(put)
        try:
            return await self._put(request, signature, principal, entries, refused, times)
        finally:
            put.set_result(None)
            self._under_way.discard(put)

    async def time_of(self, event_id: str) -> str:
        """What its sender has given; "" for none. An event may be matched before the answer names it."""
        if self._under_way:
            await asyncio.wait(tuple(self._under_way))
        return self._times.get(event_id, "")

    async def _put(
        self,
        request: SignedRequest,
        signature: Signature,
        principal: Principal,
        entries: Sequence[Mapping[str, Any]],
        refused: Sequence[Result | None],
        times: Sequence[str],
    ) -> web.Response:
        taken = [entry for entry, result in zip(entries, refused, strict=True) if result is None]
        if not taken:
            await self._authorizer.check(principal, "events:PutEvents", _buses(entries, principal, signature))
            return web.json_response({"FailedEntryCount": len(refused), "Entries": list(refused)})
        body = json.dumps({**json.loads(request.body), "Entries": taken}).encode()
        answer = await self._upstream.send_as(
            principal, replace(request, body=body), region=signature.region, service=signature.service
        )
        if answer.status != _OK:
            return answer.response()
        said = iter(json.loads(answer.body)["Entries"])
        results = [result if result is not None else next(said) for result in refused]
        for result, time in zip(results, times, strict=True):
            self._keep(result.get("EventId", ""), time)
        failed = sum("ErrorCode" in result for result in results)
        return answer.response(json.dumps({"FailedEntryCount": failed, "Entries": results}).encode())

    def _keep(self, event_id: str, time: str) -> None:
        if event_id and time:
            self._times[event_id] = time
            while len(self._times) > _KEPT_TIMES:
                self._times.popitem(last=False)


def _entries(body: bytes) -> list[Mapping[str, Any]]:
    try:
        entries = json.loads(body).get("Entries") or []
    except (ValueError, AttributeError, RecursionError) as exc:
        raise ApiError("SerializationException", f"The request's body cannot be read: {exc}") from exc
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ApiError("SerializationException", "Entries is no list of entries.")
    if not all(_has_its_types(entry) for entry in entries):
        raise ApiError(
            "SerializationException", "An entry has a member that is no text, or Resources that are no list."
        )
    return entries


def _has_its_types(entry: Mapping[str, Any]) -> bool:
    texts = (entry.get(name) for name in ("Source", "DetailType", "Detail", "EventBusName"))
    return all(text is None or isinstance(text, str) for text in texts) and isinstance(
        entry.get("Resources") or [], list
    )


def _buses(entries: Sequence[Mapping[str, Any]], principal: Principal, signature: Signature) -> list[str]:
    names = dict.fromkeys(str(entry.get("EventBusName") or "default") for entry in entries)
    start = f"arn:aws:events:{signature.region}:{principal.account}:event-bus/"
    return [name if name.startswith("arn:") else f"{start}{name}" for name in names]
