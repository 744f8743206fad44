from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from tests.rehearsal.aws.edge.bare_cloud import OTHER_ACCOUNT, BareCloud
from tests.rehearsal.aws.edge.test_cloudformation import deploy, wait_until_ended


def put_method(apigateway: Any, api: str, resource: str, authorization: str) -> None:
    method = {"restApiId": api, "resourceId": resource, "httpMethod": "GET"}
    apigateway.put_method(**method, authorizationType=authorization)
    apigateway.put_integration(**method, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    apigateway.put_method_response(**method, statusCode="200")
    answer = {"application/json": '{"message": "hello"}'}
    apigateway.put_integration_response(**method, statusCode="200", responseTemplates=answer)


@pytest.fixture(scope="module")
def api_url(cloud: BareCloud) -> str:
    """An API whose root is open and whose /guarded wants IAM, in an account where a stack was deployed."""
    application = {"Resources": {"Application": {"Type": "AWS::CodeDeploy::Application"}}}
    wait_until_ended(deploy(cloud, "place", json.dumps(application), OTHER_ACCOUNT), "place")
    apigateway = cloud.client("apigateway", OTHER_ACCOUNT)
    api = apigateway.create_rest_api(name="open")["id"]
    root = apigateway.get_resources(restApiId=api)["items"][0]["id"]
    guarded = apigateway.create_resource(restApiId=api, parentId=root, pathPart="guarded")["id"]
    put_method(apigateway, api, root, "NONE")
    put_method(apigateway, api, guarded, "AWS_IAM")
    apigateway.create_deployment(restApiId=api, stageName="prod")
    return f"{cloud.edge.url}/_aws/execute-api/{api}/prod/"


def get(url: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.loads(refused.read())


def test_open_method_answers_a_call_that_nobody_signed(api_url: str) -> None:
    assert get(api_url) == (200, {"message": "hello"})


@pytest.mark.parametrize("path", ["guarded", "nowhere"])
def test_guarded_method_and_missing_route_refuse_it_as_api_gateway_does(api_url: str, path: str) -> None:
    assert get(api_url + path) == (403, {"message": "Missing Authentication Token"})


def test_api_that_nobody_has_refuses_it_too(cloud: BareCloud) -> None:
    assert get(f"{cloud.edge.url}/_aws/execute-api/nosuchapi/prod/") == (
        403,
        {"message": "Missing Authentication Token"},
    )
