"""Serves the types that only have to exist here: nothing is behind them, but they can be referred to (stored_types.py).

An update keeps the resource, unless its name or what AWS replaces it for has changed. It must not call AWS.
"""

from __future__ import annotations

import secrets
import threading
import uuid

from rehearsal.aws.cloudformation.stored_types import STORED_TYPES, StoredType
from rehearsal.aws.resource import ResourceRequest, ResourceResult

_LONGEST_NAME = 100


class StoredResources:
    """See the module; it is a `ResourceProvider`."""

    resource_types = frozenset(STORED_TYPES)

    def __init__(self) -> None:
        self._results: dict[tuple[str, str, str], ResourceResult] = {}
        self._lock = threading.Lock()

    def create(self, request: ResourceRequest) -> ResourceResult:
        stored = STORED_TYPES[request.resource_type]
        words = _words(request, stored)
        ref = stored.ref.format_map(words)
        words["ref"] = ref
        result = ResourceResult(ref, {name: shape.format_map(words) for name, shape in stored.attributes.items()})
        with self._lock:
            self._results[_key(request, ref)] = result
        return result

    def update(self, request: ResourceRequest) -> ResourceResult:
        """The same identifiers, or new ones where AWS would replace it."""
        stored = STORED_TYPES[request.resource_type]
        with self._lock:
            known = self._results.get(_key(request, str(request.physical_id)))
        names = (stored.name_property, *stored.replacing)
        if known is None or any(request.properties.get(n) != request.old_properties.get(n) for n in names):
            return self.create(request)
        return known

    def delete(self, request: ResourceRequest) -> None:
        with self._lock:
            self._results.pop(_key(request, str(request.physical_id)), None)


def _key(request: ResourceRequest, ref: str) -> tuple[str, str, str]:
    return request.stack_id, request.logical_id, ref


def _words(request: ResourceRequest, stored: StoredType) -> dict[str, str]:
    """What the shapes of a type can say: identifiers, and properties that are text."""
    texts = {name: value for name, value in request.properties.items() if isinstance(value, str)}
    return _Words(
        {
            **texts,
            "account": request.account,
            "region": request.region,
            "name": str(request.properties.get(stored.name_property) or _generated_name(request)),
            "id": secrets.token_hex(9)[:17],
            "byte": str(1 + secrets.randbelow(254)),
            "uuid": str(uuid.uuid4()),
            "host": str(request.properties.get("Url", "")).removeprefix("https://"),
        }
    )


class _Words(dict[str, str]):
    """A property that is not there is an empty text, as in AWS's own identifiers."""

    def __missing__(self, name: str) -> str:
        return ""


def _generated_name(request: ResourceRequest) -> str:
    return f"{request.stack_name}-{request.logical_id}"[:_LONGEST_NAME] + f"-{secrets.token_hex(6)}"
