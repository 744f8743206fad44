"""Who calls: the credentials that STS and IAM handed out, signatures checked against them, and requests signed again.

It must not know what a caller may do (see authorizer.py).

Source: "Signature Version 4 for API requests" of the IAM user guide.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote
from xml.etree import ElementTree

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from rehearsal.aws.service_api import ApiError

_ACCOUNT = re.compile(r"\d{12}")
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request,"
    r"\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
# Written anew by a new signature; the length and the connection are the transport's own.
_NOT_KEPT = frozenset(
    {
        *("authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "date"),
        *("content-length", "connection", "expect", "transfer-encoding"),
    }
)


@dataclass(frozen=True)
class Principal:
    """The holder of an access key. `arn` is an account's root, a user or an assumed role."""

    account: str
    arn: str
    access_key: str
    secret: str
    token: str = ""

    @property
    def is_root(self) -> bool:
        return self.arn.endswith(":root")


@dataclass(frozen=True)
class Signature:
    """The parts of an Authorization header."""

    access_key: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str


@dataclass(frozen=True)
class SignedRequest:
    """A request as the client signed it; `target` is path and query as sent, header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


def parse_signature(authorization: str) -> Signature | None:
    match = _AUTHORIZATION.match(authorization)
    if match is None:
        return None
    return Signature(
        match["key"],
        match["date"],
        match["region"],
        match["service"],
        tuple(match["headers"].split(";")),
        match["signature"],
    )


class Vault:
    """Remembers the credentials that were handed out through the edge; an account's root needs no handing out.

    `root_secret` is the run's own: the secret key of every account's root.
    """

    def __init__(self, root_secret: str) -> None:
        self._root_secret = root_secret
        self._principals: dict[str, Principal] = {}

    def learn(self, answer: bytes, *, account: str) -> Principal | None:
        """Take the credentials from an XML answer of STS (AssumeRole …) or IAM (CreateAccessKey), if there are any."""
        try:
            texts = {_local_name(element.tag): element.text or "" for element in ElementTree.fromstring(answer).iter()}  # noqa: S314
        except ElementTree.ParseError:
            return None
        key, secret = texts.get("AccessKeyId"), texts.get("SecretAccessKey")
        if not key or not secret:
            return None
        arn = texts.get("Arn") or f"arn:aws:iam::{account}:user/{texts.get('UserName', '')}"
        principal = Principal(_account_of(arn) or account, arn, key, secret, texts.get("SessionToken", ""))
        self._principals[key] = principal
        return principal

    def principal(self, access_key: str) -> Principal | None:
        if _ACCOUNT.fullmatch(access_key):
            return Principal(access_key, f"arn:aws:iam::{access_key}:root", access_key, self._root_secret)
        return self._principals.get(access_key)

    def authenticate(self, request: SignedRequest, signature: Signature) -> Principal | None:
        """The principal that signed the request; None for a key that was not handed out through the edge.

        `ApiError` where the signature or the session token is not the principal's.
        """
        principal = self.principal(signature.access_key)
        if principal is None:
            return None
        if principal.token and request.headers.get("x-amz-security-token", "") != principal.token:
            raise ApiError("InvalidClientTokenId", "The security token included in the request is invalid.", status=403)
        if not hmac.compare_digest(_signature_of(request, signature, principal.secret), signature.value):
            raise ApiError(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
                status=403,
            )
        return principal


def sign(request: SignedRequest, principal: Principal, *, region: str, service: str) -> dict[str, str]:
    """The request's headers, signed anew by the principal for the request as it now is."""
    kept = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_KEPT}
    host = next(value for name, value in kept.items() if name.lower() == "host")
    aws_request = AWSRequest(request.method, f"http://{host}{request.target}", data=request.body, headers=kept)
    aws_request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(request.body).hexdigest()
    credentials = Credentials(principal.access_key, principal.secret, principal.token or None)
    SigV4Auth(credentials, service, region).add_auth(aws_request)
    return dict(aws_request.headers.items())


def _signature_of(request: SignedRequest, signature: Signature, secret: str) -> str:
    timestamp = request.headers.get("x-amz-date", "")
    scope = f"{signature.date}/{signature.region}/{signature.service}/aws4_request"
    canonical = hashlib.sha256(_canonical_request(request, signature.signed_headers).encode()).hexdigest()
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    to_sign = "\n".join(("AWS4-HMAC-SHA256", timestamp, scope, canonical))
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()


def _canonical_request(request: SignedRequest, signed_headers: Iterable[str]) -> str:
    path, _, query = request.target.partition("?")
    pairs = sorted((_encode(name), _encode(value)) for name, value in parse_qsl(query, keep_blank_values=True))
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed_headers)
    return "\n".join(
        (
            request.method,
            quote(path, safe="/-_.~"),
            "&".join(f"{name}={value}" for name, value in pairs),
            headers,
            ";".join(signed_headers),
            hashlib.sha256(request.body).hexdigest(),
        )
    )


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")


def _local_name(tag: str) -> str:
    return tag.rpartition("}")[2]


def _account_of(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 else ""
