"""Signatures of requests: read from the Authorization header or from the query, and checked.

It must not know who holds a key (credentials.py does), nor what its holder may do.

Source: "Signature Version 4 for API requests" of the IAM user guide; "Authenticating requests: using query parameters"
and "Signing and authenticating REST requests" (signature version 2, which boto3 still writes into S3 addresses) of the
S3 documentation.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from botocore.auth import HmacV1QueryAuth
from botocore.awsrequest import HTTPHeaders
from botocore.credentials import Credentials

from rehearsal.aws.service_api import ApiError

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
PAYLOAD_HASH = "x-amz-content-sha256"
_SKEW_SECONDS = 15 * 60
_HASH = re.compile(r"[0-9a-f]{64}")
_CREDENTIAL = re.compile(r"([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request")
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<credential>[^,\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),"
    r"\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_OF_A_QUERY = frozenset({"x-amz-algorithm", "x-amz-credential", "x-amz-signature", "awsaccesskeyid"})


class Form(Enum):
    """Where a signature stands, and in which version."""

    HEADER = "header"
    QUERY = "query"
    QUERY_V2 = "query of version 2"


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A request's signature, not yet checked. `token` is that of a session, `expires` is seconds since the epoch."""

    form: Form = Form.HEADER
    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str
    timestamp: str
    token: str = ""
    expires: float = float("inf")


@dataclass(frozen=True)
class SignedRequest:
    """A request as the client signed it; `target` is path and query as sent, header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


def parse_signature(target: str, headers: Mapping[str, str]) -> Signature | None:
    """None where nobody tried to sign. `ApiError` for what looks like a signature, and is none that is checked here.

    A stranger's credentials must not count because they are written in a way that only the emulator reads.
    """
    authorization = headers.get("authorization", "")
    pairs = parse_qsl(target.partition("?")[2], keep_blank_values=True)
    query, names = dict(pairs), [lower for name, _ in pairs if (lower := name.lower()) in _OF_A_QUERY]
    in_header, in_query = authorization.startswith("AWS"), bool(names)
    if in_header and in_query:
        raise _incomplete("it is in the Authorization header and in the query at once")
    if len(set(names)) != len(names):  # the emulator reads the first of them
        raise _incomplete("the query has a part of it twice")
    if in_header:
        return _of_header(authorization, headers)
    if not in_query:
        return None
    return _of_query_v2(query) if "AWSAccessKeyId" in query else _of_query(query)


def without_query_signature(target: str) -> str:
    """Path and query without what names a signer: the emulator takes an account's root at its word."""
    path, mark, query = target.partition("?")
    kept = [pair for pair in query.split("&") if unquote(pair.partition("=")[0]).lower() not in _OF_A_QUERY]
    return f"{path}{mark}{'&'.join(kept)}" if any(kept) else path


def declared_hash(headers: Mapping[str, str]) -> str | None:
    """The body's SHA-256 as the signature covers it; None where it covers the body itself, or none of it."""
    declared = headers.get(PAYLOAD_HASH, "")
    return declared if _HASH.fullmatch(declared) else None


def check_body(headers: Mapping[str, str], body: bytes) -> None:
    """`ApiError` where the body is not the one that was signed."""
    if declared_hash(headers) is not None:
        check_digest(headers, hashlib.sha256(body).hexdigest())


def check_digest(headers: Mapping[str, str], digest: str) -> None:
    """As `check_body`, of a body that is not held as a whole."""
    if declared_hash(headers) not in (None, digest):
        raise ApiError(
            "XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed."
        )


def check_signature(request: SignedRequest, signature: Signature, *, secret: str, token: str) -> None:
    """`ApiError` where the signature or the session's token is not that of the key's holder, or its time is over."""
    if token and not hmac.compare_digest(_bytes(signature.token), token.encode()):
        raise ApiError("InvalidClientTokenId", "The security token included in the request is invalid.", status=403)
    _check_time(signature)
    expected: Iterator[str]
    if signature.form is Form.QUERY_V2:
        expected = iter([_value_v2(request, signature, secret, token)])
    else:
        expected = (_value(request, signature, secret, query) for query in _canonical_queries(request.target))
    if not any(hmac.compare_digest(value.encode(), _bytes(signature.value)) for value in expected):
        raise ApiError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.",
            status=403,
        )


def _of_header(authorization: str, headers: Mapping[str, str]) -> Signature:
    match = _AUTHORIZATION.fullmatch(authorization.strip())
    credential = _CREDENTIAL.fullmatch(match["credential"]) if match else None
    if match is None or credential is None:
        raise _incomplete(f"{authorization.split(' ')[0]} with these parts is not checked here, AWS4-HMAC-SHA256 is")
    key, date, region, service = credential.groups()
    return Signature(
        access_key=key,
        date=date,
        region=region,
        service=service,
        signed_headers=tuple(match["headers"].split(";")),
        value=match["signature"],
        timestamp=headers.get("x-amz-date", ""),
        token=headers.get("x-amz-security-token", ""),
    )


def _of_query(query: Mapping[str, str]) -> Signature:
    credential = _CREDENTIAL.fullmatch(query.get("X-Amz-Credential", ""))
    seconds = query.get("X-Amz-Expires", "")
    if query.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256" or credential is None or not query.get("X-Amz-Signature"):
        raise _incomplete("a query needs X-Amz-Algorithm=AWS4-HMAC-SHA256, X-Amz-Credential and X-Amz-Signature")
    key, date, region, service = credential.groups()
    timestamp = query.get("X-Amz-Date", "")
    return Signature(
        form=Form.QUERY,
        access_key=key,
        date=date,
        region=region,
        service=service,
        signed_headers=tuple(query.get("X-Amz-SignedHeaders", "").split(";")),
        value=query["X-Amz-Signature"],
        timestamp=timestamp,
        token=query.get("X-Amz-Security-Token", ""),
        expires=_seconds(timestamp) + (int(seconds) if seconds.isdecimal() else _SKEW_SECONDS),
    )


def _of_query_v2(query: Mapping[str, str]) -> Signature:
    if not query.get("Signature") or not query.get("Expires", "").isdecimal():
        raise _incomplete("a query of signature version 2 needs AWSAccessKeyId, Signature and Expires")
    return Signature(
        form=Form.QUERY_V2,
        access_key=query["AWSAccessKeyId"],
        date="",
        region="us-east-1",
        service="s3",
        signed_headers=(),
        value=query["Signature"],
        timestamp=query["Expires"],
        token=query.get("x-amz-security-token", ""),
        expires=float(query["Expires"]),
    )


def _incomplete(why: str) -> ApiError:
    return ApiError("IncompleteSignature", f"The request's signature cannot be checked: {why}.", status=403)


def _check_time(signature: Signature) -> None:
    now = time.time()
    if now > signature.expires:
        raise ApiError("AccessDenied", "Request has expired", status=403)
    is_header = signature.form is Form.HEADER
    if is_header and abs(now - _seconds(signature.timestamp)) > _SKEW_SECONDS:
        raise ApiError(
            "RequestTimeTooSkewed",
            f"Signature not yet current or expired: {signature.timestamp} is not within 15 minutes of now.",
            status=403,
        )
    if signature.form is not Form.QUERY_V2 and not signature.timestamp.startswith(signature.date):
        raise _incomplete(f"its scope is of {signature.date}, its time {signature.timestamp}")


@lru_cache(maxsize=64)
def _seconds(timestamp: str) -> float:
    try:
        return datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise _incomplete(f"{timestamp!r} is no time like 20260102T030405Z") from None


def _value(request: SignedRequest, signature: Signature, secret: str, query: str) -> str:
    scope = f"{signature.date}/{signature.region}/{signature.service}/aws4_request"
    canonical = hashlib.sha256(_bytes(_canonical_request(request, signature, query))).hexdigest()
    to_sign = "\n".join(("AWS4-HMAC-SHA256", signature.timestamp, scope, canonical))
    key = _signing_key(secret, signature.date, signature.region, signature.service)
    return hmac.new(key, _bytes(to_sign), hashlib.sha256).hexdigest()


@lru_cache(maxsize=1024)
def _signing_key(secret: str, *scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (*scope, "aws4_request"):
        key = hmac.new(key, _bytes(part), hashlib.sha256).digest()
    return key


def _bytes(text: str) -> bytes:
    """As they were sent: what is no UTF-8 in a header comes as surrogates."""
    return text.encode(errors="surrogateescape")


def _canonical_request(request: SignedRequest, signature: Signature, query: str) -> str:
    path = request.target.partition("?")[0]
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signature.signed_headers
    )
    return "\n".join(
        (
            request.method,
            path if signature.service == "s3" else quote(path, safe="/-_.~"),  # S3 alone encodes it once
            query,
            headers,
            ";".join(signature.signed_headers),
            _payload_hash(request, signature),
        )
    )


def _payload_hash(request: SignedRequest, signature: Signature) -> str:
    if signature.form is Form.QUERY and signature.service == "s3":
        return UNSIGNED_PAYLOAD
    return request.headers.get(PAYLOAD_HASH) or hashlib.sha256(request.body).hexdigest()


def _canonical_queries(target: str) -> Iterator[str]:
    """As the client may have understood its own query: encoded anew, and as it was sent (botocore signs a `+` so)."""
    query = target.partition("?")[2]
    if not query:
        yield ""
        return
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    signed = [(name, value) for name, _, value in pairs if name != "X-Amz-Signature"]
    yield _joined((_encode(unquote(name)), _encode(unquote(value))) for name, value in signed)
    yield _joined((_encode(_form_unquote(name)), _encode(_form_unquote(value))) for name, value in signed)
    yield _joined(signed)


def _joined(pairs: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _form_unquote(text: str) -> str:
    return unquote(text.replace("+", " "))


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")


def _value_v2(request: SignedRequest, signature: Signature, secret: str, token: str) -> str:
    """By botocore's own hand: which parts of a request version 2 signs is a long list."""
    path, _, query = request.target.partition("?")
    headers: Any = HTTPHeaders()
    in_query = {name: value for name, value in parse_qsl(query) if name.startswith(("x-amz-", "content-"))}
    for name, value in {**request.headers, **in_query}.items():
        headers[name] = value
    signer = _SignerV2(Credentials(signature.access_key, secret, token or None), signature.timestamp)
    return str(signer.get_signature(request.method, urlsplit(f"http://s3{path}?{query}"), headers))


class _SignerV2(HmacV1QueryAuth):
    """Signs for the end that the address names, where botocore's own counts from now."""

    def __init__(self, credentials: Credentials, expires: str) -> None:
        super().__init__(credentials)
        self._date = expires

    def _get_date(self) -> str:
        return self._date
