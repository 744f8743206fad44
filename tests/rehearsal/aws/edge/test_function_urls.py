"""Function URLs behind the edge: who is let through, at the address to which a stack's output leads."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from rehearsal.aws.localize import Localizer
from tests.rehearsal.aws.edge.bare_cloud import OTHER_ACCOUNT, REGION, BareCloud

CODE = "def handler(event, context):\n    return {'statusCode': 200, 'body': event['rawPath']}\n"


@pytest.fixture(scope="module")
def addresses(cloud: BareCloud) -> dict[str, str]:
    """Those of two functions, by their AuthType."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam, functions = cloud.client("iam", OTHER_ACCOUNT), cloud.client("lambda", OTHER_ACCOUNT)
    role = iam.create_role(RoleName="urls", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", CODE)
    found = {}
    for kind in ("NONE", "AWS_IAM"):
        name = f"url-{kind}"
        functions.create_function(
            FunctionName=name, Runtime="python3.13", Handler="index.handler", Role=role,
            Code={"ZipFile": packed.getvalue()},
        )  # fmt: skip
        url = functions.create_function_url_config(FunctionName=name, AuthType=kind)["FunctionUrl"]
        found[kind] = Localizer(cloud.edge.url)(url)
    return found


def test_open_function_url_answers_whoever_calls(addresses: dict[str, str]) -> None:
    answer = requests.get(f"{addresses['NONE']}a/b", timeout=20)

    assert (answer.status_code, answer.text) == (200, "/a/b")


def test_guarded_function_url_answers_who_signs_alone(cloud: BareCloud, addresses: dict[str, str]) -> None:
    # given
    address = f"{addresses['AWS_IAM']}a"
    signed = AWSRequest("GET", address)
    credentials = cloud.clients.root(OTHER_ACCOUNT, REGION).get_credentials()
    assert credentials is not None
    SigV4Auth(credentials, "lambda", REGION).add_auth(signed)

    # when
    refused = requests.get(address, timeout=20)
    answered = requests.get(address, headers=dict(signed.headers), timeout=20)

    # then
    assert (refused.status_code, refused.json()) == (403, {"Message": "Forbidden"})
    assert (answered.status_code, answered.text) == (200, "/a")


def test_page_of_another_site_does_not_call_a_function_url(addresses: dict[str, str]) -> None:
    answer = requests.get(addresses["NONE"], headers={"Origin": "https://example.com"}, timeout=20)

    assert answer.status_code == 403


def test_distribution_says_by_name_that_nobody_serves_it(cloud: BareCloud) -> None:
    address = Localizer(cloud.edge.url)("https://d1234567890abc.cloudfront.net/index.html")

    answer = requests.get(address, timeout=20)

    assert answer.status_code == 501
    assert "distribution d1234567890abc is deployed, and the local AWS serves none" in answer.json()["message"]
