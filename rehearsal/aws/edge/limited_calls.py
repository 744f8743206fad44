"""What AWS refuses of a call, refused before the emulator sees it: only calls with such a limit are looked at.

It must not know a limit (limits/checks.py), nor answer a call. What depends on what is stored: stored_limits.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rehearsal.aws.edge.protocol.detect import protocol_of
from rehearsal.aws.edge.protocol.json_protocol import JsonProtocol
from rehearsal.aws.edge.service_models import operation_model
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.limits.checks import CHECKS
from rehearsal.aws.limits.object_key import refuse_object_head
from rehearsal.aws.service_api import ApiError

_OPERATIONS = frozenset({*CHECKS, ("events", "PutEvents")})
# The services whose operation is in the body of a form.
_FORMS = frozenset({"sns", "sqs"})
_TARGET = "x-amz-target"


def is_limited(service: str, headers: Mapping[str, str]) -> bool:
    """The call has to be read as a whole before it goes on. `service` is the signing name."""
    target = headers.get(_TARGET)
    if target is None:
        return service in _FORMS
    return (service, target.rpartition(".")[2]) in _OPERATIONS


def refuse_over_limit(request: SignedRequest, service: str) -> None:
    """`ApiError`, as the service answers. A body that is no JSON is the emulator's to refuse."""
    if service == "s3":
        refuse_object_head(request.method, request.target, request.headers)
        return
    protocol = protocol_of(request)
    operation = protocol.operation(request) if protocol is not None else ""
    check = CHECKS.get((service, operation))
    if protocol is None or check is None:
        return
    if isinstance(protocol, JsonProtocol):
        parameters = json_object(request.body)
    else:
        parameters = protocol.decode(request, operation_model(service, operation))
    try:
        check(parameters)
    except (AttributeError, KeyError, TypeError) as exc:  # a member of another type than the service's model has
        raise ApiError("SerializationException", f"The request's body cannot be read: {exc}") from exc


def json_object(body: bytes) -> dict[str, Any]:
    """Empty where it is none."""
    try:
        parameters = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return {}
    return parameters if isinstance(parameters, dict) else {}
