"""A JSON web token, checked as API Gateway does: who signed it, for whom, and when.

It must not fetch keys: whoever asks has them. Sources: "Control access to HTTP APIs with JWT authorizers" (which claims
are looked at; RSA alone); "Control access to REST APIs using Amazon Cognito user pools as an authorizer" (ID and access
tokens; scopes).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

_HASHES: Mapping[str, type[SHA256 | SHA384 | SHA512]] = {"RS256": SHA256, "RS384": SHA384, "RS512": SHA512}


class BadToken(Exception):
    """It is no token, or not one that counts."""


@dataclass(frozen=True)
class Token:
    """Read, and not yet checked."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes

    @property
    def issuer(self) -> str:
        return str(self.claims.get("iss", ""))

    @property
    def scopes(self) -> tuple[str, ...]:
        """Of `scope`, or of `scp`."""
        found = self.claims.get("scope", self.claims.get("scp")) or ()
        return tuple(found.split() if isinstance(found, str) else (str(scope) for scope in found))


def read_token(text: str) -> Token:
    """Of an identity source: the token, or `Bearer ` and the token. `BadToken`."""
    kind, _, rest = text.strip().partition(" ")
    parts = (rest.strip() if kind.lower() == "bearer" else text.strip()).split(".")
    if len(parts) != 3:
        raise BadToken("it does not have three parts")
    try:
        header, claims = (json.loads(_decoded(part)) for part in parts[:2])
        signature = _decoded(parts[2])
    except (ValueError, RecursionError) as exc:
        raise BadToken("it is not encoded as a token is") from exc
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise BadToken("its parts are no objects")
    return Token(header, claims, f"{parts[0]}.{parts[1]}".encode(), signature)


def check_token(
    token: Token, keys: Iterable[Mapping[str, Any]], *, issuers: Iterable[str], audience: Iterable[str], now: float
) -> None:
    """`BadToken` where it does not count at `now`, seconds since the epoch. An empty `audience` asks for none."""
    if token.issuer not in set(issuers):
        raise BadToken("it has another issuer")
    _check_signature(token, keys)
    wanted = set(audience)
    named = token.claims.get("aud", token.claims.get("client_id"))
    if wanted and not wanted & {str(one) for one in (named if isinstance(named, list) else [named])}:
        raise BadToken("it is for others")
    times = {name: token.claims.get(name) for name in ("exp", "nbf", "iat")}
    if any(value is not None and not isinstance(value, int | float) for value in times.values()):
        raise BadToken("its times are no numbers")
    if times["exp"] is None or times["exp"] <= now or any((times[name] or 0) > now + 1 for name in ("nbf", "iat")):
        raise BadToken("it is not of now")


def claims_as_text(claims: Mapping[str, Any]) -> dict[str, str]:
    """As integrations are told them: every value is a text, a list's in brackets with blanks between."""
    return {name: _text(value) for name, value in claims.items() if value is not None}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(_text(one) for one in value)}]"
    return json.dumps(value, separators=(",", ":"))


def _check_signature(token: Token, keys: Iterable[Mapping[str, Any]]) -> None:
    algorithm = _HASHES.get(str(token.header.get("alg")))
    key = next((key for key in keys if key.get("kid") == token.header.get("kid")), None)
    if algorithm is None or key is None or token.header.get("kid") is None:
        raise BadToken("nobody's key has signed it")
    try:
        numbers = RSAPublicNumbers(_number(key["e"]), _number(key["n"]))
        numbers.public_key().verify(token.signature, token.signed, PKCS1v15(), algorithm())
    except (InvalidSignature, KeyError, ValueError, TypeError) as exc:
        raise BadToken("its signature is not right") from exc


def _number(text: str) -> int:
    return int.from_bytes(_decoded(text), "big")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
