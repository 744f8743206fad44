"""Whom API Gateway does not let through gets the answer that the API has declared, as on AWS."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.rehearsal.aws.edge.bare_cloud import ACCOUNT, REGION, BareCloud
from tests.rehearsal.aws.edge.test_api_calls import put_method
from tests.rehearsal.aws.edge.test_cloudformation import deploy, wait_until_ended

PROBLEM = '{"status": 403, "detail": $context.error.messageString}'
DECLARED = ("ACCESS_DENIED", "INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN", "DEFAULT_4XX")


def new_api(cloud: BareCloud, name: str, *, declared: tuple[str, ...]) -> str:
    """An API whose root wants IAM, in an account where a stack was deployed; its id."""
    application = {"Resources": {"Application": {"Type": "AWS::CodeDeploy::Application"}}}
    wait_until_ended(deploy(cloud, f"place-of-{name}", json.dumps(application)), f"place-of-{name}")
    apigateway = cloud.client("apigateway")
    api = str(apigateway.create_rest_api(name=name)["id"])
    put_method(apigateway, api, apigateway.get_resources(restApiId=api)["items"][0]["id"], "AWS_IAM")
    for kind in declared:
        apigateway.put_gateway_response(
            restApiId=api,
            responseType=kind,
            responseParameters={"gatewayresponse.header.Content-Type": "'application/problem+json'"},
            responseTemplates={"application/json": PROBLEM},
        )
    apigateway.create_deployment(restApiId=api, stageName="prod")
    return api


@pytest.fixture(scope="module")
def declaring(cloud: BareCloud) -> str:
    return new_api(cloud, "declaring", declared=DECLARED)


@pytest.fixture(scope="module")
def silent(cloud: BareCloud) -> str:
    return new_api(cloud, "silent", declared=())


def credentials(cloud: BareCloud, name: str, *statements: Mapping[str, Any]) -> Credentials:
    session = cloud.clients.assume(cloud.role(name, *statements), session_name="test", region=REGION)
    found = session.get_credentials()
    assert found is not None
    return Credentials(found.access_key, found.secret_key, found.token)


def get(cloud: BareCloud, api: str, signer: Credentials | None, path: str = "") -> tuple[int, str, Any]:
    """Status, content type and body."""
    url = f"{cloud.edge.url}/_aws/execute-api/{api}/prod/{path}"
    request = AWSRequest(method="GET", url=url)
    if signer is not None:
        SigV4Auth(signer, "execute-api", REGION).add_auth(request)
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=dict(request.headers)), timeout=20) as answer:
            return answer.status, answer.headers["Content-Type"], json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers["Content-Type"], json.loads(refused.read())


def test_caller_who_may_is_let_through(cloud: BareCloud, declaring: str) -> None:
    invoke = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{declaring}/prod/GET/*"
    caller = credentials(cloud, "may-call", {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": invoke})

    status, _, body = get(cloud, declaring, caller)

    assert (status, body) == (200, {"message": "hello"})


def test_caller_who_may_not_is_told_so_in_the_apis_words(cloud: BareCloud, declaring: str) -> None:
    status, content_type, body = get(cloud, declaring, credentials(cloud, "may-not-call"))

    assert (status, content_type, body["status"]) == (403, "application/problem+json", 403)
    assert "is not authorized to perform: execute-api:Invoke" in body["detail"]


def test_wrong_signature_and_unknown_key_are_refused_in_the_apis_words(cloud: BareCloud, declaring: str) -> None:
    known = credentials(cloud, "signs-wrongly")
    wrong = Credentials(known.access_key, "not-the-secret", known.token)
    stranger = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")

    for signer in (wrong, stranger):
        status, content_type, body = get(cloud, declaring, signer)
        assert (status, content_type, set(body)) == (403, "application/problem+json", {"status", "detail"})


@pytest.mark.parametrize("path", ["", "nowhere"])
def test_call_that_nobody_signed_is_refused_in_the_apis_words(cloud: BareCloud, declaring: str, path: str) -> None:
    assert get(cloud, declaring, None, path) == (
        403,
        "application/problem+json",
        {"status": 403, "detail": "Missing Authentication Token"},
    )


def test_api_that_has_declared_nothing_answers_as_before(cloud: BareCloud, silent: str) -> None:
    _, _, denied = get(cloud, silent, credentials(cloud, "may-not-call-it-either"))
    _, _, unsigned = get(cloud, silent, None)

    assert "is not authorized to perform: execute-api:Invoke" in denied["message"]
    assert unsigned == {"message": "Missing Authentication Token"}
