"""An error of the edge's own, as the client of the service would be told it by AWS. It must not decide what is one."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from xml.etree import ElementTree

from aiohttp import web

from rehearsal.aws.edge.protocol.detect import protocol_of
from rehearsal.aws.edge.protocol.protocol import WireAnswer
from rehearsal.aws.edge.signature import SignedRequest
from rehearsal.aws.localize import DISTRIBUTION_PATH
from rehearsal.aws.service_api import ApiError

ERROR_TYPE = "x-amzn-errortype"
_BAD_REQUEST = 400
_UNKNOWN_SERVICE = b'{"error": "Unsupported service: '
# How the emulator names an operation, a path or a method that it does not know: AWS has it, or no SDK would send it.
_UNKNOWN_OPERATION = re.compile(
    rb"Unknown (?:[A-Za-z0-9]+ )?(?:action|operation|target|method|path)\b[^\"<]{0,200}"
    rb"|Operation '[^'\"<]{1,100}' (?:is )?not implemented[^\"<]{0,100}"
    rb"|\w+ operation not implemented: [^\"<]{1,200}"
    rb"|The action \w+ is not valid for this endpoint"
    rb"|UnknownOperationException"
)
_MOST_BYTES = 4096


def refusal(request: SignedRequest, error: ApiError, *, service: str = "") -> web.Response:
    """`service` is the signing name: S3 speaks XML, the other REST services JSON."""
    request_id = str(uuid.uuid4())
    protocol = protocol_of(request)
    if service == "s3":
        return web.Response(status=error.status, body=_xml(error, request_id), content_type="application/xml")
    if protocol is None:
        body = json.dumps({"message": error.message, "__type": error.code})
        headers = {ERROR_TYPE: error.code, "x-amzn-RequestId": request_id}
        return web.Response(status=error.status, text=body, content_type="application/json", headers=headers)
    return as_response(protocol.encode_error(error, request_id), request_id)


def as_response(answer: WireAnswer, request_id: str) -> web.Response:
    headers = {**answer.headers, "Content-Type": answer.content_type, "x-amzn-RequestId": request_id}
    return web.Response(status=answer.status, body=answer.body, headers=headers)


def require_served(response: web.StreamResponse, service: str, target: str, tell: Callable[[str], None]) -> None:
    """`ApiError` that names what is not served, where MiniStack has said in a way of its own that it does not know it.

    `target` is the header that names the operation, "" where something else does. `tell` hears what the caller is told.
    """
    body = response.body if isinstance(response, web.Response) else None
    if response.status < _BAD_REQUEST or not isinstance(body, bytes) or len(body) > _MOST_BYTES:
        return
    if response.status == _BAD_REQUEST and body.startswith(_UNKNOWN_SERVICE):
        sentence = f"The local AWS has no {service}: neither the emulator nor the rehearsal serves it."
        code = "UnsupportedService"
    elif found := _UNKNOWN_OPERATION.search(body):
        words = found.group(0).decode("utf-8", "replace").strip()
        operation = target.rpartition(".")[2] or "this operation"
        sentence = f"The local AWS does not serve {operation} of {service} ({words})."
        code = "UnsupportedOperation"
    else:
        return
    tell(sentence)
    raise ApiError(code, sentence)


def require_served_path(target: str) -> None:
    """`ApiError` that names it, where an address was made local and nobody answers there."""
    if target.startswith(DISTRIBUTION_PATH):
        name = target.removeprefix(DISTRIBUTION_PATH).partition("/")[0].partition("?")[0]
        raise ApiError(
            "UnsupportedService",
            f"The CloudFront distribution {name} is deployed, and the local AWS serves none: call its origin in its "
            "place, an API or a function URL.",
            status=501,
        )


def _xml(error: ApiError, request_id: str) -> bytes:
    root = ElementTree.Element("Error")
    for name, text in (("Code", error.code), ("Message", error.message), ("RequestId", request_id)):
        ElementTree.SubElement(root, name).text = text
    return bytes(ElementTree.tostring(root, xml_declaration=True, encoding="UTF-8"))
