from __future__ import annotations

from dataclasses import replace

import pytest

from rehearsal.aws.edge.credentials import Principal, Vault, sign
from rehearsal.aws.edge.signature import Signature, SignedRequest, parse_signature
from rehearsal.aws.service_api import ApiError

ASSUMED = b"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
<AssumedRoleUser><AssumedRoleId>AROA:build</AssumedRoleId>
<Arn>arn:aws:sts::222222222222:assumed-role/deploy/build</Arn></AssumedRoleUser>
<Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>secret/+=</SecretAccessKey>
<SessionToken>token</SessionToken></Credentials></AssumeRoleResult></AssumeRoleResponse>"""
CREATED = b"""<CreateAccessKeyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateAccessKeyResult>
<AccessKey><UserName>ci</UserName><AccessKeyId>AKIA1</AccessKeyId><SecretAccessKey>s</SecretAccessKey></AccessKey>
</CreateAccessKeyResult></CreateAccessKeyResponse>"""
REQUEST = SignedRequest("POST", "/", {"host": "127.0.0.1:4567", "content-type": "application/x-amz-json-1.1"}, b"{}")


@pytest.fixture
def vault() -> Vault:
    vault = Vault("secret")
    vault.learn(ASSUMED, account="111111111111")
    return vault


def signed(request: SignedRequest, principal: Principal) -> tuple[SignedRequest, Signature]:
    headers = sign(request, principal, region="eu-west-1", service="codedeploy")
    lower = {name.lower(): value for name, value in headers.items()}
    signature = parse_signature(request.target, lower)
    assert signature is not None
    return replace(request, headers=lower), signature


def role(vault: Vault) -> Principal:
    principal = vault.principal("ASIA1")
    assert principal is not None
    return principal


def test_vault_learns_a_role_in_the_account_that_it_belongs_to(vault: Vault) -> None:
    assert role(vault) == Principal(
        "222222222222", "arn:aws:sts::222222222222:assumed-role/deploy/build", "ASIA1", "secret/+=", "token"
    )


def test_vault_learns_a_users_access_key(vault: Vault) -> None:
    vault.learn(CREATED, account="111111111111")

    assert vault.principal("AKIA1") == Principal("111111111111", "arn:aws:iam::111111111111:user/ci", "AKIA1", "s")


@pytest.mark.parametrize("answer", [b"", b"{}", b"<ErrorResponse><Error/></ErrorResponse>"])
def test_vault_learns_nothing_from_other_answers(answer: bytes) -> None:
    vault = Vault("secret")

    vault.learn(answer, account="111111111111")

    assert vault.principal("ASIA1") is None


def test_an_account_is_its_own_root() -> None:
    root = Vault("secret").principal("333333333333")

    assert root is not None
    assert root.is_root
    assert root.arn == "arn:aws:iam::333333333333:root"


@pytest.mark.parametrize(
    "request_",
    [
        REQUEST,
        replace(REQUEST, method="GET", target="/path%20with/a+b?b=2&a=%20x&empty=", body=b""),
        replace(REQUEST, headers={**REQUEST.headers, "x-amz-target": "  Several   words  "}),
    ],
    ids=["body", "query", "spaces in a header"],
)
def test_authenticate_knows_the_signer(vault: Vault, request_: SignedRequest) -> None:
    request, signature = signed(request_, role(vault))

    assert vault.authenticate(request, signature) == role(vault)
    assert (signature.region, signature.service) == ("eu-west-1", "codedeploy")


def test_authenticate_refuses_what_was_changed_after_signing(vault: Vault) -> None:
    request, signature = signed(REQUEST, role(vault))
    of_another_host = {**request.headers, "host": "another"}

    for changed in (
        replace(request, target="/other"),
        replace(request, method="PUT"),
        replace(request, headers=of_another_host),
    ):
        with pytest.raises(ApiError, match="SignatureDoesNotMatch"):
            vault.authenticate(changed, signature)


def test_authenticate_refuses_a_session_without_its_token(vault: Vault) -> None:
    request, signature = signed(REQUEST, replace(role(vault), token=""))

    with pytest.raises(ApiError, match="InvalidClientTokenId"):
        vault.authenticate(request, signature)


def test_authenticate_does_not_know_a_key_that_was_never_handed_out(vault: Vault) -> None:
    request, signature = signed(REQUEST, replace(role(vault), access_key="ASIA2222222222222222"))

    assert vault.authenticate(request, signature) is None


def test_sign_drops_what_belongs_to_the_old_signature_and_the_transport(vault: Vault) -> None:
    stale = {"content-length": "99", "connection": "close", "x-amz-date": "20200101T000000Z", "authorization": "old"}

    headers = sign(replace(REQUEST, headers={**REQUEST.headers, **stale}), role(vault), region="r", service="s")

    lower = {name.lower(): value for name, value in headers.items()}
    assert not {"content-length", "connection"} & lower.keys()
    assert lower["x-amz-date"] != stale["x-amz-date"]
    assert "Credential=ASIA1/" in lower["authorization"]


@pytest.mark.parametrize("key", ["test", "", "AKIA", "12345", "0" * 13])
def test_authenticate_refuses_a_key_that_nobody_hands_out(vault: Vault, key: str) -> None:
    request, signature = signed(REQUEST, replace(role(vault), access_key="ASIA2222222222222222"))

    with pytest.raises(ApiError, match="UnrecognizedClientException"):
        vault.authenticate(request, replace(signature, access_key=key))
