"""When what is changed of an API counts, against the emulator's API Gateway."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.rehearsal.aws.edge.bare_cloud import REGION, BareCloud
from tests.rehearsal.aws.edge.test_api_calls import get
from tests.rehearsal.aws.edge.test_cloudformation import deploy, wait_until_ended

FUNCTION = f"arn:aws:lambda:{REGION}:111111111111:function:nobody"
URI = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
SILENT = (403, {"message": "Missing Authentication Token"})


@pytest.fixture(scope="module", autouse=True)
def place(cloud: BareCloud) -> None:
    application = {"Resources": {"Application": {"Type": "AWS::CodeDeploy::Application"}}}
    wait_until_ended(deploy(cloud, "place-of-apis", json.dumps(application)), "place-of-apis")


def refuse(apigateway: Any, api: str, words: str) -> None:
    template = {"application/json": json.dumps({"words": words})}
    apigateway.put_gateway_response(restApiId=api, responseType="DEFAULT_4XX", responseTemplates=template)


def test_what_is_changed_of_a_rest_api_counts_when_it_is_deployed(cloud: BareCloud) -> None:
    apigateway = cloud.client("apigateway")
    api = apigateway.create_rest_api(name="changing")["id"]
    root = apigateway.get_resources(restApiId=api)["items"][0]["id"]
    method = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    apigateway.put_method(**method, authorizationType="AWS_IAM")
    apigateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=URI)
    first = apigateway.create_deployment(restApiId=api, stageName="prod")["id"]
    url = f"{cloud.edge.url}/_aws/execute-api/{api}/prod/"
    assert get(url) == SILENT

    refuse(apigateway, api, "changed")
    before = get(url)
    apigateway.create_deployment(restApiId=api, stageName="prod")
    after = get(url)
    back = [{"op": "replace", "path": "/deploymentId", "value": first}]
    apigateway.update_stage(restApiId=api, stageName="prod", patchOperations=back)

    assert (before, after, get(url)) == (SILENT, (403, {"words": "changed"}), SILENT)


def test_a_stage_that_is_not_there_is_forbidden(cloud: BareCloud) -> None:
    api = cloud.client("apigateway").create_rest_api(name="unstaged")["id"]

    assert get(f"{cloud.edge.url}/_aws/execute-api/{api}/prod/") == (403, {"message": "Forbidden"})


def test_what_is_changed_of_an_http_api_counts_at_once(cloud: BareCloud) -> None:
    client = cloud.client("apigatewayv2")
    api = client.create_api(Name="changing", ProtocolType="HTTP")["ApiId"]
    client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    integration = client.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=FUNCTION, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    url = f"{cloud.edge.url}/_aws/execute-api/{api}/cars"
    assert get(url) == (404, {"message": "Not Found"})

    target = f"integrations/{integration}"
    client.create_route(ApiId=api, RouteKey="GET /cars", Target=target, AuthorizationType="AWS_IAM")

    assert get(url) == (403, {"message": "Forbidden"})
