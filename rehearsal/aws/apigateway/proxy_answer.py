"""What API Gateway makes of a function's answer: of a REST API, and of an HTTP API in both payload formats.

It must not run functions. Sources: "Output format of a Lambda function for proxy integration" (an answer of another
format is 502); "AWS Lambda proxy integrations for HTTP APIs" (Lambda function response); "Content type conversions in
API Gateway"; "Amazon API Gateway important notes" (headers that a REST API remaps). That a failing function is 502
behind a REST API and 500 behind an HTTP API is what AWS's support pages say.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.aws.apigateway.proxy_event import is_media_type
from rehearsal.aws.apigateway.refusal import HttpAnswer, Refused, misconfigured
from rehearsal.aws.apigateway.request import ApiRequest
from rehearsal.aws.lambda_host.function import InvocationResult

JSON = "application/json"
# The pages do not name it; it is what an HTTP API sends for an answer that has a statusCode and no such header.
_PLAIN = "text/plain;charset=UTF-8"
_ALLOWED = frozenset({"isBase64Encoded", "statusCode", "headers", "multiValueHeaders", "body"})
_REMAPPED = frozenset(
    {
        *("authorization", "connection", "content-length", "content-md5", "date", "expect", "host", "max-forwards"),
        *("proxy-authenticate", "server", "te", "trailer", "upgrade", "user-agent", "via", "warn", "www-authenticate"),
    }
)
# What no HTTP message can carry: RFC 9110, "Field Names" and "Field Values".
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~\w]+", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OF_THE_CONNECTION = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive"})


class _Malformed(Exception):
    """No answer in the format that API Gateway asks for."""


def rest_answer(result: InvocationResult, request: ApiRequest, binary_media_types: Iterable[str]) -> HttpAnswer:
    """`Refused` API_CONFIGURATION_ERROR where what should be base64 is none."""
    try:
        answer = _structured(result)
        if unknown := set(answer) - _ALLOWED:
            raise _Malformed(f"it has {', '.join(sorted(unknown))}")
        body = _text(answer.get("body"))
        headers = _merged(answer)
        status = _status(answer["statusCode"])
    except (_Malformed, KeyError):
        return bad_gateway()
    payload = body.encode()
    if answer.get("isBase64Encoded") is True and is_media_type(request.header("accept"), binary_media_types):
        payload = _decoded(body)
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers = [("Content-Type", JSON), *headers]
    return HttpAnswer(status, tuple(_remapped(headers)), payload)


def http_answer(result: InvocationResult, payload_format: str) -> HttpAnswer:
    """Of an HTTP API."""
    try:
        if payload_format == "2.0" and (inferred := _inferred(result)) is not None:
            return inferred
        answer = _structured(result)
        status = _status(answer["statusCode"])
        headers = _merged(answer)
        cookies = _cookies(answer)
    except (_Malformed, KeyError):
        return internal_server_error()
    body = answer.get("body")
    text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
    kept = [(name, value) for name, value in headers if name.lower() not in _OF_THE_CONNECTION]
    if not any(name.lower() == "content-type" for name, _ in kept):
        kept = [("Content-Type", _PLAIN), *kept]
    try:
        payload = _decoded(text) if answer.get("isBase64Encoded") is True else text.encode()
    except Refused:
        return internal_server_error()
    return HttpAnswer(status, (*cookies, *kept), payload)


def bad_gateway() -> HttpAnswer:
    """Of a REST API: the function failed, or answered in another format."""
    headers = (("Content-Type", JSON), ("x-amzn-ErrorType", "InternalServerErrorException"))
    return HttpAnswer(502, headers, b'{"message": "Internal server error"}')


def internal_server_error() -> HttpAnswer:
    """Of an HTTP API."""
    return HttpAnswer(500, (("Content-Type", JSON),), b'{"message":"Internal Server Error"}')


def _inferred(result: InvocationResult) -> HttpAnswer | None:
    """Format 2.0: JSON without a statusCode is the body of a 200."""
    if result.function_error is not None:
        raise _Malformed("the function has failed")
    answer = _json(result.payload)
    if isinstance(answer, Mapping) and "statusCode" in answer:
        return None
    body = answer.encode() if isinstance(answer, str) else result.payload
    return HttpAnswer(200, (("Content-Type", JSON),), body)


def _structured(result: InvocationResult) -> Mapping[str, Any]:
    if result.function_error is not None:
        raise _Malformed("the function has failed")
    answer = _json(result.payload)
    if not isinstance(answer, Mapping):
        raise _Malformed("it is no object")
    return answer


def _json(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as exc:
        raise _Malformed("it is no JSON") from exc


def _status(value: object) -> int:
    """A status below 200 would be no answer yet, and its client would wait for one."""
    if isinstance(value, bool) or not str(value).isdecimal() or not 200 <= int(str(value)) <= 599:
        raise _Malformed(f"its statusCode is {value!r}")
    return int(str(value))


def _text(body: object) -> str:
    if body is None:
        return ""
    if not isinstance(body, str):
        raise _Malformed("its body is no text")
    return body


def _merged(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """One list; of a header that is in both, only what `multiValueHeaders` has."""
    single, multiple = answer.get("headers") or {}, answer.get("multiValueHeaders") or {}
    if not isinstance(single, Mapping) or not isinstance(multiple, Mapping):
        raise _Malformed("its headers are no object")
    if not all(isinstance(values, list) for values in multiple.values()):
        raise _Malformed("its multiValueHeaders are no lists")
    twice = {str(name).lower() for name in multiple}
    merged = [(str(name), value) for name, value in single.items() if str(name).lower() not in twice]
    merged += [(str(name), value) for name, values in multiple.items() for value in values]
    if any(isinstance(value, list | Mapping) for _, value in merged):
        raise _Malformed("a header's value is no text")
    if not all(_HEADER_NAME.fullmatch(name) for name, _ in merged):
        raise _Malformed("a header's name is none")
    return [(name, _header_text(value)) for name, value in merged if value is not None]


def _header_text(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if _CONTROL.search(text):
        raise _Malformed("a header's value has control characters")
    return text


def _cookies(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    cookies = answer.get("cookies") or []
    if not isinstance(cookies, list):
        raise _Malformed("its cookies are no list")
    return [("set-cookie", _header_text(cookie)) for cookie in cookies]


def _remapped(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    for name, value in headers:
        if name.lower() in _REMAPPED:
            yield f"x-amzn-Remapped-{name}", value
        elif name.lower() != "transfer-encoding":
            yield name, value


def _decoded(body: str) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise misconfigured() from exc
