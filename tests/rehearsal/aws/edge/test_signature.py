"""Signatures as botocore makes them are known; what was changed, is late, or is half a signature is refused."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import replace

import boto3
import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from rehearsal.aws.edge.signature import SignedRequest, check_body, check_signature, parse_signature
from rehearsal.aws.service_api import ApiError

KEY, SECRET, TOKEN = "AKIAEXAMPLEEXAMPLE", "secret", "the-token"
HOST = "127.0.0.1:4567"


def credentials(token: str = "") -> Credentials:
    return Credentials(KEY, SECRET, token or None)


def by_header(target: str = "/path%20with/a", *, service: str = "sts", token: str = "") -> SignedRequest:
    request = AWSRequest("POST", f"http://{HOST}{target}", data=b"{}", headers={"Host": HOST})
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(credentials(token), service, "eu-west-1").add_auth(request)
    return SignedRequest("POST", target, {name.lower(): value for name, value in request.headers.items()}, b"{}")


def by_query(*, service: str = "sts", seconds: int = 60, token: str = "") -> SignedRequest:
    request = AWSRequest("GET", f"http://{HOST}/a/key?list=b+c", headers={"Host": HOST})
    signer = S3SigV4QueryAuth if service == "s3" else SigV4QueryAuth
    signer(credentials(token), service, "eu-west-1", expires=seconds).add_auth(request)
    return SignedRequest("GET", str(request.url).removeprefix(f"http://{HOST}"), {"host": HOST}, b"")


def by_address_of_boto3(version: str, *, seconds: int = 60, token: str = "") -> SignedRequest:
    client = boto3.client(
        "s3",
        region_name="eu-west-1",
        endpoint_url=f"http://{HOST}",
        aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        aws_session_token=token or None,
        config=Config(signature_version=version, s3={"addressing_style": "path"}),
    )
    wanted = {"Bucket": "cars", "Key": "a key/with+", "ResponseContentType": "text/plain", "VersionId": "1"}
    url = client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds)
    return SignedRequest("GET", url.removeprefix(f"http://{HOST}"), {"host": HOST}, b"")


def check(request: SignedRequest, *, token: str = "", secret: str = SECRET) -> None:
    signature = parse_signature(request.target, request.headers)
    assert signature is not None
    assert signature.access_key == KEY
    check_signature(request, signature, secret=secret, token=token)


FORMS: dict[str, Callable[[], SignedRequest]] = {
    "header": by_header,
    "header with a query": lambda: by_header("/?b=2&a=%20x&plus=a+b&empty="),
    "header of S3": lambda: by_header("/bucket/a%20key%2B", service="s3"),
    "query": by_query,
    "query of S3": lambda: by_query(service="s3"),
    "address of version 4": lambda: by_address_of_boto3("s3v4"),
    "address of version 2": lambda: by_address_of_boto3("s3"),
}


@pytest.mark.parametrize("form", FORMS)
def test_signature_of_the_key_s_holder_is_known(form: str) -> None:
    check(FORMS[form]())


@pytest.mark.parametrize("form", FORMS)
def test_signature_with_another_secret_is_refused(form: str) -> None:
    with pytest.raises(ApiError, match="SignatureDoesNotMatch"):
        check(FORMS[form](), secret="test")


@pytest.mark.parametrize("form", FORMS)
def test_what_was_changed_after_signing_is_refused(form: str) -> None:
    request = FORMS[form]()

    for changed in (replace(request, method="DELETE"), replace(request, target=f"/another{request.target}")):
        with pytest.raises(ApiError, match="SignatureDoesNotMatch"):
            check(changed)


@pytest.mark.parametrize(
    "sign",
    [by_header, by_query, functools.partial(by_address_of_boto3, "s3")],
    ids=["header", "query", "version 2"],
)
def test_session_needs_its_own_token(sign: Callable[..., SignedRequest]) -> None:
    request_ = sign(token=TOKEN)
    check(request_, token=TOKEN)

    with pytest.raises(ApiError, match="InvalidClientTokenId"):
        check(request_, token="another")


def test_a_body_is_part_of_what_was_signed() -> None:
    with pytest.raises(ApiError, match="SignatureDoesNotMatch"):
        check(replace(by_header(), body=b'{"a": 1}'))


def test_a_body_that_is_not_of_the_declared_hash_is_refused() -> None:
    declared = {"x-amz-content-sha256": "0" * 64}

    check_body({"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}, b"whatever was not declared")
    with pytest.raises(ApiError, match="XAmzContentSHA256Mismatch"):
        check_body(declared, b"{}")


@pytest.mark.parametrize(
    "request_",
    [by_query(seconds=60), by_address_of_boto3("s3v4"), by_address_of_boto3("s3")],
    ids=["query", "s3v4", "s3"],
)
def test_an_address_ends_when_it_says(request_: SignedRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    later = time.time() + 61
    monkeypatch.setattr("rehearsal.aws.edge.signature.time.time", lambda: later)

    with pytest.raises(ApiError, match="Request has expired"):
        check(request_)


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_header_counts_for_a_quarter_of_an_hour(minutes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    request, then = by_header(), time.time() + minutes * 60
    monkeypatch.setattr("rehearsal.aws.edge.signature.time.time", lambda: then)

    with pytest.raises(ApiError, match="RequestTimeTooSkewed"):
        check(request)


@pytest.mark.parametrize("header", ["", "Bearer abc", "Basic dXNlcg=="])
def test_another_authorization_is_no_signature(header: str) -> None:
    assert parse_signature("/?signature=of-the-app-itself", {"authorization": header}) is None


@pytest.mark.parametrize(
    ("target", "authorization"),
    [
        ("/", "AWS4-HMAC-SHA256 Credential=111111111111/20261123/r/s/aws4_request"),
        ("/", "AWS4-HMAC-SHA256 Credential=111111111111/"),
        (
            "/",
            "AWS4-ECDSA-P256-SHA256 Credential=111111111111/20261123/s/aws4_request, SignedHeaders=host, Signature=0",
        ),
        ("/", "AWS 111111111111:c2lnbmF0dXJl"),
        ("/?X-Amz-Credential=111111111111/20261123/r/s/aws4_request", ""),
        ("/?x-amz-credential=111111111111/20261123/r/s/aws4_request", ""),
        ("/?X-Amz-Algorithm=AWS4-HMAC-SHA256", ""),
        ("/?AWSAccessKeyId=111111111111", ""),
        ("/?AWSAccessKeyId=111111111111&Signature=x&Expires=soon", ""),
        ("/?AWSAccessKeyId=111111111111&Signature=x&Expires=1", by_header().headers["authorization"]),
    ],
)
def test_what_looks_like_a_signature_and_is_none_is_refused(target: str, authorization: str) -> None:
    with pytest.raises(ApiError, match="IncompleteSignature"):
        parse_signature(target, {"authorization": authorization} if authorization else {})
