from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from rehearsal.aws.apigateway.jwt import BadToken, check_token, claims_as_text, read_token

ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc"
NOW = 1_800_000_000.0
CLAIMS = {"iss": ISSUER, "aud": "app", "exp": NOW + 60, "iat": NOW - 60}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value: int) -> str:
    return encoded(value.to_bytes((value.bit_length() + 7) // 8, "big"))


NUMBERS = KEY.public_key().public_numbers()
KEYS = [{"kid": "k1", "n": number(NUMBERS.n), "e": number(NUMBERS.e)}]


def token(claims: Mapping[str, Any], **header: Any) -> str:
    head = {"alg": "RS256", "kid": "k1", **header}
    signed = f"{encoded(json.dumps(head).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{signed}.{encoded(KEY.sign(signed.encode(), padding.PKCS1v15(), SHA256()))}"


def check(text: str, *, audience: tuple[str, ...] = ("app",)) -> None:
    check_token(read_token(text), KEYS, issuers=[ISSUER], audience=audience, now=NOW)


@pytest.mark.parametrize("before", ["", "Bearer ", "bearer  "])
def test_a_token_counts_with_and_without_bearer(before: str) -> None:
    check(before + token(CLAIMS))


@pytest.mark.parametrize(
    "claims",
    [
        {**CLAIMS, "aud": ["other", "app"]},
        {"iss": ISSUER, "client_id": "app", "exp": NOW + 1},
        {**CLAIMS, "nbf": NOW},
    ],
)
def test_a_token_for_the_audience_counts(claims: Mapping[str, Any]) -> None:
    check(token(claims))


@pytest.mark.parametrize(
    ("claims", "header"),
    [
        ({**CLAIMS, "iss": "https://evil.example"}, {}),
        ({**CLAIMS, "aud": "other"}, {}),
        ({"iss": ISSUER, "exp": NOW + 1}, {}),
        ({**CLAIMS, "exp": NOW}, {}),
        ({**CLAIMS, "exp": "soon"}, {}),
        ({"iss": ISSUER, "aud": "app"}, {}),
        ({**CLAIMS, "nbf": NOW + 60}, {}),
        ({**CLAIMS, "iat": NOW + 60}, {}),
        (CLAIMS, {"alg": "none"}),
        (CLAIMS, {"alg": "HS256"}),
        (CLAIMS, {"kid": "k2"}),
        (CLAIMS, {"kid": None}),
    ],
)
def test_any_other_token_counts_for_nothing(claims: Mapping[str, Any], header: Mapping[str, Any]) -> None:
    with pytest.raises(BadToken):
        check(token(claims, **header))


def test_a_changed_token_counts_for_nothing() -> None:
    head, _, signature = token(CLAIMS).split(".")
    richer = encoded(json.dumps({**CLAIMS, "role": "admin"}).encode())

    with pytest.raises(BadToken):
        check(f"{head}.{richer}.{signature}")


@pytest.mark.parametrize(
    "text", ["", "a.b", "a.b.c", "Bearer", "Basic eA==", "é.é.é", f"{encoded(b'[' * 100_000)}.e30.e30"]
)
def test_what_is_no_token_is_told_so(text: str) -> None:
    with pytest.raises(BadToken):
        read_token(text)


def test_scopes_are_those_of_either_claim() -> None:
    assert read_token(token({**CLAIMS, "scope": "a b"})).scopes == ("a", "b")
    assert read_token(token({**CLAIMS, "scp": ["c"]})).scopes == ("c",)
    assert read_token(token(CLAIMS)).scopes == ()


def test_claims_are_told_as_texts() -> None:
    claims = {"a": "x", "n": 3, "t": True, "groups": ["admin", "dev"], "o": {"k": 1}, "none": None}

    assert claims_as_text(claims) == {"a": "x", "n": "3", "t": "true", "groups": "[admin dev]", "o": '{"k":1}'}
