"""Who calls: the credentials that STS and IAM handed out, and requests signed again by their holders.

It must not know how a signature is checked (signature.py), nor what a caller may do (authorizer.py).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from xml.etree import ElementTree

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from rehearsal.aws.edge.signature import Signature, SignedRequest, check_signature
from rehearsal.aws.service_api import ApiError

_ACCOUNT = re.compile(r"\d{12}")
_HANDED_OUT = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,124}")
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
        """The principal that signed the request; None for a key that the emulator handed out behind the edge's back.

        The emulator checks such a key's signature itself. `ApiError` where the key is nobody's, or the signature, its
        time or the session's token is not right.
        """
        principal = self.principal(signature.access_key)
        if principal is not None:
            check_signature(request, signature, secret=principal.secret, token=principal.token)
        elif not _HANDED_OUT.fullmatch(signature.access_key):
            raise ApiError(
                "UnrecognizedClientException", "The security token included in the request is invalid.", status=403
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


def _local_name(tag: str) -> str:
    return tag.rpartition("}")[2]


def _account_of(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 else ""
