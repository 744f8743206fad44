"""APIs as CloudFormation deploys them, called as clients call them: what reaches a function, and what does not."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from rehearsal.aws.local_cloud import LocalCloud
from tests.rehearsal.aws.lambda_host.fake_sdk import fake_sdk

ACCOUNT, REGION = "222222222222", "eu-west-1"
DEADLINE_SECONDS = 60.0
ECHO = """
import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}
"""
AUTHORIZER = """
import os
def handler(event, context):
    known = event.get("headers") or {}
    token = event.get("authorizationToken") or known.get("Authorization") or known.get("authorization")
    if token == "raise":
        raise Exception("Unauthorized")
    if token == "break":
        return {"principalId": "x"}
    arn = event.get("methodArn") or event.get("routeArn")
    statement = {"Action": "execute-api:Invoke", "Effect": "Deny" if token == "deny" else "Allow", "Resource": arn}
    return {
        "principalId": token,
        "isAuthorized": token != "deny",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"tenant": "acs", "level": 3, "asked": event["type"]},
    }
"""
NODE_AUTHORIZER = """
exports.handler = async (event) => {
  const token = event.authorizationToken;
  if (token === "raise") throw new Error("Unauthorized");
  if (token === "break") return { principalId: "x" };
  const Effect = token === "deny" ? "Deny" : "Allow";
  const Statement = [{ Action: "execute-api:Invoke", Effect, Resource: event.methodArn }];
  const context = { tenant: "acs", level: 3, asked: event.type };
  return { principalId: token, policyDocument: { Version: "2012-10-17", Statement }, context };
};
"""
NODE = """
exports.handler = async (event) => ({ statusCode: 200, body: JSON.stringify(event) });
"""
Answer = tuple[int, Any, Mapping[str, str]]


def ref(name: str) -> dict[str, str]:
    return {"Ref": name}


def function(code: str, runtime: str = "python3.13") -> dict[str, Any]:
    properties = {
        "Runtime": runtime,
        "Handler": "index.handler",
        "Code": {"ZipFile": code},
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
    }
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


def uri(name: str) -> dict[str, Any]:
    before = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/"
    return {"Fn::Join": ["", [before, {"Fn::GetAtt": [name, "Arn"]}, "/invocations"]]}


def method(resource: str, target: str = "Echo", verb: str = "ANY", **options: Any) -> dict[str, Any]:
    properties = {
        "RestApiId": ref("Rest"),
        "ResourceId": ref(resource),
        "HttpMethod": verb,
        "AuthorizationType": "NONE",
        "Integration": {"Type": "AWS_PROXY", "IntegrationHttpMethod": "POST", "Uri": uri(target)},
        **options,
    }
    return {"Type": "AWS::ApiGateway::Method", "Properties": properties}


def resource(part: str, parent: Any) -> dict[str, Any]:
    properties = {"RestApiId": ref("Rest"), "ParentId": parent, "PathPart": part}
    return {"Type": "AWS::ApiGateway::Resource", "Properties": properties}


def authorizer(kind: str, **options: Any) -> dict[str, Any]:
    properties = {"RestApiId": ref("Rest"), "Name": kind, "Type": kind, **options}
    return {"Type": "AWS::ApiGateway::Authorizer", "Properties": properties}


def rest_api() -> dict[str, Any]:
    root = {"Fn::GetAtt": ["Rest", "RootResourceId"]}
    parts = ("open", "node", "token", "nodetoken", "request", "pool", "guarded", "keyed", "cars")
    methods = {
        "RootMethod": {**method("Rest"), "Properties": {**method("Rest")["Properties"], "ResourceId": root}},
        "OpenMethod": method("OpenResource"),
        "CarMethod": method("CarResource"),
        "NodeMethod": method("NodeResource", "Node"),
        "GuardedMethod": method("GuardedResource", AuthorizationType="AWS_IAM"),
        "KeyedMethod": method("KeyedResource", ApiKeyRequired=True),
        "TokenMethod": method("TokenResource", AuthorizationType="CUSTOM", AuthorizerId=ref("TokenAuthorizer")),
        "NodetokenMethod": method(
            "NodetokenResource", AuthorizationType="CUSTOM", AuthorizerId=ref("NodeTokenAuthorizer")
        ),
        "RequestMethod": method("RequestResource", AuthorizationType="CUSTOM", AuthorizerId=ref("RequestAuthorizer")),
        "PoolMethod": method(
            "PoolResource", AuthorizationType="COGNITO_USER_POOLS", AuthorizerId=ref("PoolAuthorizer")
        ),
        "CarsMethod": method(
            "CarsResource",
            verb="POST",
            RequestValidatorId=ref("Validator"),
            RequestModels={"application/json": ref("CarModel")},
            RequestParameters={"method.request.querystring.fleet": True},
        ),
    }
    model = {"type": "object", "required": ["model"], "properties": {"model": {"type": "string"}}}
    return {
        "Rest": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "rest"}},
        **{f"{part.capitalize()}Resource": resource(part, root) for part in parts},
        "CarResource": resource("{car_id}", ref("CarsResource")),
        "TokenAuthorizer": authorizer(
            "TOKEN",
            AuthorizerUri=uri("Authorizer"),
            IdentityValidationExpression="[a-z]+",
            AuthorizerResultTtlInSeconds=0,
        ),
        "NodeTokenAuthorizer": authorizer(
            "TOKEN",
            Name="node",
            AuthorizerUri=uri("NodeAuthorizer"),
            IdentityValidationExpression="[a-z]+",
            AuthorizerResultTtlInSeconds=0,
        ),
        "RequestAuthorizer": authorizer(
            "REQUEST",
            AuthorizerUri=uri("Authorizer"),
            IdentitySource="method.request.header.Authorization",
            AuthorizerResultTtlInSeconds=300,
        ),
        "PoolAuthorizer": authorizer("COGNITO_USER_POOLS", ProviderARNs=[{"Fn::GetAtt": ["Pool", "Arn"]}]),
        "Validator": {
            "Type": "AWS::ApiGateway::RequestValidator",
            "Properties": {"RestApiId": ref("Rest"), "ValidateRequestBody": True, "ValidateRequestParameters": True},
        },
        "CarModel": {
            "Type": "AWS::ApiGateway::Model",
            "Properties": {"RestApiId": ref("Rest"), "ContentType": "application/json", "Schema": model},
        },
        **methods,
        "Unauthorized": {
            "Type": "AWS::ApiGateway::GatewayResponse",
            "Properties": {
                "RestApiId": ref("Rest"),
                "ResponseType": "UNAUTHORIZED",
                "ResponseParameters": {"gatewayresponse.header.WWW-Authenticate": "'Bearer'"},
                "ResponseTemplates": {"application/json": '{"why": $context.error.messageString}'},
            },
        },
        "Deployment": {
            "Type": "AWS::ApiGateway::Deployment",
            "DependsOn": [*methods, "Unauthorized"],
            "Properties": {"RestApiId": ref("Rest"), "StageName": "prod"},
        },
        "Key": {"Type": "AWS::ApiGateway::ApiKey", "Properties": {"Enabled": True, "Value": "k" * 24}},
        "Plan": {
            "Type": "AWS::ApiGateway::UsagePlan",
            "DependsOn": ["Deployment"],
            "Properties": {"ApiStages": [{"ApiId": ref("Rest"), "Stage": "prod"}]},
        },
        "PlanKey": {
            "Type": "AWS::ApiGateway::UsagePlanKey",
            "Properties": {"KeyId": ref("Key"), "KeyType": "API_KEY", "UsagePlanId": ref("Plan")},
        },
    }


def route(name: str, key: str, **options: Any) -> dict[str, Any]:
    target = {"Fn::Join": ["/", ["integrations", ref("Integration")]]}
    properties = {"ApiId": ref("Http"), "RouteKey": key, "Target": target, **options}
    return {f"{name}Route": {"Type": "AWS::ApiGatewayV2::Route", "Properties": properties}}


def http_api() -> dict[str, Any]:
    issuer = [f"https://cognito-idp.{REGION}.amazonaws.com/", ref("Pool")]
    jwt = {"Issuer": {"Fn::Join": ["", issuer]}, "Audience": [ref("Client")]}
    common = {"ApiId": ref("Http"), "IdentitySource": ["$request.header.Authorization"]}
    simple: dict[str, Any] = {
        "Name": "simple",
        "AuthorizerType": "REQUEST",
        "AuthorizerUri": uri("Authorizer"),
        "AuthorizerPayloadFormatVersion": "2.0",
        "EnableSimpleResponses": True,
        "AuthorizerResultTtlInSeconds": 0,
    }
    policy = {**simple, "Name": "policy", "AuthorizerPayloadFormatVersion": "1.0", "EnableSimpleResponses": False}
    tokens: dict[str, Any] = {"Name": "jwt", "AuthorizerType": "JWT", "JwtConfiguration": jwt}
    authorizers = {"Simple": simple, "Policy": policy, "Jwt": tokens}
    return {
        "Http": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"Name": "http", "ProtocolType": "HTTP"}},
        "HttpStage": {
            "Type": "AWS::ApiGatewayV2::Stage",
            "Properties": {"ApiId": ref("Http"), "StageName": "$default", "AutoDeploy": True},
        },
        "Integration": {
            "Type": "AWS::ApiGatewayV2::Integration",
            "Properties": {
                "ApiId": ref("Http"),
                "IntegrationType": "AWS_PROXY",
                "IntegrationUri": {"Fn::GetAtt": ["Echo", "Arn"]},
                "PayloadFormatVersion": "2.0",
            },
        },
        **{
            name: {"Type": "AWS::ApiGatewayV2::Authorizer", "Properties": {**common, **properties}}
            for name, properties in authorizers.items()
        },
        **route("Open", "ANY /open/{proxy+}"),
        **route("Simple", "GET /simple", AuthorizationType="CUSTOM", AuthorizerId=ref("Simple")),
        **route("Policy", "GET /policy", AuthorizationType="CUSTOM", AuthorizerId=ref("Policy")),
        **route("Jwt", "GET /jwt", AuthorizationType="JWT", AuthorizerId=ref("Jwt")),
        **route("Guarded", "GET /guarded", AuthorizationType="AWS_IAM"),
    }


def template() -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    resources = {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}},
        },
        "Echo": function(ECHO),
        "Authorizer": function(AUTHORIZER),
        "Node": function(NODE, "nodejs22.x"),
        "NodeAuthorizer": function(NODE_AUTHORIZER, "nodejs22.x"),
        "Pool": {"Type": "AWS::Cognito::UserPool", "Properties": {"UserPoolName": "people"}},
        "Client": {
            "Type": "AWS::Cognito::UserPoolClient",
            "Properties": {
                "UserPoolId": ref("Pool"),
                "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
            },
        },
        **rest_api(),
        **http_api(),
    }
    outputs = {name: {"Value": ref(name)} for name in ("Rest", "Http", "Pool", "Client")}
    return json.dumps({"Resources": resources, "Outputs": outputs})


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    home: Path = tmp_path_factory.mktemp("cloud")
    fake_sdk(home / "cache")
    with LocalCloud(home, cache=home / "cache", egress={}, speed=1000) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def outputs(cloud: LocalCloud) -> Mapping[str, str]:
    """The stack's, when it is deployed."""
    cloudformation = client(cloud, "cloudformation")
    cloudformation.create_stack(StackName="Apis", TemplateBody=template(), Capabilities=["CAPABILITY_IAM"])
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (stack := cloudformation.describe_stacks(StackName="Apis")["Stacks"][0])["StackStatus"].endswith("PROGRESS"):
        assert time.monotonic() < deadline, "the stack is not made in time"
        time.sleep(0.05)
    events = cloudformation.describe_stack_events(StackName="Apis")["StackEvents"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", [event.get("ResourceStatusReason") for event in events]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


@pytest.fixture(scope="module")
def tokens(cloud: LocalCloud, outputs: Mapping[str, str]) -> Mapping[str, str]:
    """The ID and the access token of somebody of the pool."""
    cognito = client(cloud, "cognito-idp")
    pool, app = outputs["Pool"], outputs["Client"]
    cognito.admin_create_user(UserPoolId=pool, Username="ada", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username="ada", Password="Passw0rd!", Permanent=True)
    answer = cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=app,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": "Passw0rd!"},
    )["AuthenticationResult"]
    return {"id": answer["IdToken"], "access": answer["AccessToken"]}


def client(cloud: LocalCloud, service: str) -> Any:
    return cloud.clients.root(ACCOUNT, REGION).client(service)  # type: ignore[call-overload]


def call(
    cloud: LocalCloud, method: str, target: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b""
) -> Answer:
    """Exactly this request."""
    authority = urlsplit(cloud.endpoint_url).netloc
    with closing(http.client.HTTPConnection(authority, timeout=30)) as connection:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        text = answer.read()
    return answer.status, json.loads(text) if text else None, {name.lower(): text for name, text in answer.getheaders()}


def rest(outputs: Mapping[str, str], path: str) -> str:
    return f"/_aws/execute-api/{outputs['Rest']}/prod/{path}"


def http_(outputs: Mapping[str, str], path: str) -> str:
    return f"/_aws/execute-api/{outputs['Http']}/{path}"


def signed(cloud: LocalCloud, target: str) -> list[tuple[str, str]]:
    request = AWSRequest("GET", f"{cloud.endpoint_url}{target}")
    credentials = cloud.clients.root(ACCOUNT, REGION).get_credentials()
    assert credentials is not None
    SigV4Auth(credentials, "execute-api", REGION).add_auth(request)
    return [(name, str(value)) for name, value in request.headers.items()]


@pytest.mark.parametrize("path", ["open", "node"])
@pytest.mark.parametrize("header", ["Bearer a.b.c", "Basic YWRhOnNlY3JldA==", None])
def test_what_a_caller_sends_reaches_the_function_and_nothing_else_does(
    cloud: LocalCloud, outputs: Mapping[str, str], path: str, header: str | None
) -> None:
    headers = [("X-Trace", "one"), ("x-trace", "two"), *([("Authorization", header)] if header else [])]

    status, event, _ = call(cloud, "GET", rest(outputs, f"{path}?a=1&a=2&b=x%2By+z"), headers)

    assert status == 200
    assert event["headers"].get("Authorization") == header
    assert "authorization" not in {name.lower() for name in event["headers"]} - {"authorization" if header else ""}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": ["x+y z"]}
    assert event["queryStringParameters"] == {"a": "2", "b": "x+y z"}
    assert event["requestContext"]["identity"]["accessKey"] is None
    assert "rehearsal" not in json.dumps(event["headers"]).lower()


def test_an_encoded_path_stays_one(cloud: LocalCloud, outputs: Mapping[str, str]) -> None:
    status, event, _ = call(cloud, "GET", rest(outputs, "cars/a%2Fb%20c/"))

    assert (status, event["resource"]) == (200, "/cars/{car_id}")
    assert event["path"] == "/cars/a%2Fb%20c/"
    assert event["pathParameters"] == {"car_id": "a%2Fb%20c"}
    assert event["requestContext"]["path"] == "/prod/cars/a%2Fb%20c/"


@pytest.mark.parametrize("path", ["guarded", "guarded/"])
def test_iam_lets_its_callers_through_and_the_function_sees_who_they_are(
    cloud: LocalCloud, outputs: Mapping[str, str], path: str
) -> None:
    target = rest(outputs, path)

    status, event, _ = call(cloud, "GET", target, signed(cloud, target))

    assert status == 200
    assert event["requestContext"]["identity"]["userArn"] == f"arn:aws:iam::{ACCOUNT}:root"
    assert "authorization" not in {name.lower() for name in event["headers"]}
    assert call(cloud, "GET", target)[:2] == (403, {"message": "Missing Authentication Token"})
    assert call(cloud, "GET", target, [("Authorization", "Bearer x")])[0] == 403


@pytest.mark.parametrize("path", ["token", "nodetoken"])
def test_a_token_authorizer_decides(cloud: LocalCloud, outputs: Mapping[str, str], path: str) -> None:
    def ask(token: str | None) -> Answer:
        return call(cloud, "GET", rest(outputs, path), [("authorization", token)] if token else [])

    status, event, _ = ask("ada")
    assert status == 200
    assert event["requestContext"]["authorizer"] == {
        "principalId": "ada", "tenant": "acs", "level": "3", "asked": "TOKEN"
    }  # fmt: skip
    assert ask(None)[:2] == (401, {"why": "Unauthorized"})
    assert ask(None)[2]["www-authenticate"] == "Bearer"
    assert ask("NO-TOKEN")[0] == 401
    assert ask("raise")[0] == 401
    assert ask("deny")[:2] == (403, {"message": "User is not authorized to access this resource with an explicit deny"})
    status, _, headers = ask("break")
    assert (status, headers["x-amzn-errortype"]) == (500, "AuthorizerConfigurationException")


def test_a_request_authorizers_policy_is_kept_and_weighed_for_each_method(
    cloud: LocalCloud, outputs: Mapping[str, str]
) -> None:
    token = [("Authorization", "grace")]

    status, event, _ = call(cloud, "GET", rest(outputs, "request"), token)
    again, _, _ = call(cloud, "GET", rest(outputs, "request"), token)
    other_method, _, _ = call(cloud, "POST", rest(outputs, "request"), token)

    assert (status, again, other_method) == (200, 200, 403)
    assert event["requestContext"]["authorizer"]["asked"] == "REQUEST"
    assert call(cloud, "GET", rest(outputs, "request"))[0] == 401


def test_a_user_pools_tokens_count_where_the_pool_is_asked_for(
    cloud: LocalCloud, outputs: Mapping[str, str], tokens: Mapping[str, str]
) -> None:
    def ask(token: str) -> Answer:
        return call(cloud, "GET", rest(outputs, "pool"), [("Authorization", token)])

    status, event, _ = ask(tokens["id"])
    assert status == 200
    assert event["requestContext"]["authorizer"]["claims"]["cognito:username"] == "ada"
    assert ask(tokens["access"])[0] == 401  # of an access token scopes would have to be asked for
    assert ask(f"{tokens['id'][:-8]}AAAAAAAA")[0] == 401
    assert ask("Bearer nonsense")[0] == 401


def test_a_request_validator_refuses_what_its_method_does_not_ask_for(
    cloud: LocalCloud, outputs: Mapping[str, str]
) -> None:
    def ask(query: str, body: bytes) -> Answer:
        return call(cloud, "POST", rest(outputs, f"cars{query}"), [("Content-Type", "application/json")], body)

    assert ask("?fleet=1", b'{"model": "T"}')[0] == 200
    assert ask("", b'{"model": "T"}')[:2] == (400, {"message": "Missing required request parameters: [fleet]"})
    assert ask("?fleet=1", b'{"model": 3}')[:2] == (400, {"message": "Invalid request body"})
    assert ask("?fleet=1", b"no json")[:2] == (400, {"message": "Invalid request body"})


def test_a_key_is_asked_for(cloud: LocalCloud, outputs: Mapping[str, str]) -> None:
    key = "k" * 24

    status, event, _ = call(cloud, "GET", rest(outputs, "keyed"), [("x-api-key", key)])

    assert (status, event["requestContext"]["identity"]["apiKey"]) == (200, key)
    assert call(cloud, "GET", rest(outputs, "keyed"))[:2] == (403, {"message": "Forbidden"})
    assert call(cloud, "GET", rest(outputs, "keyed"), [("x-api-key", "other")])[0] == 403


def test_an_http_apis_function_gets_format_2(cloud: LocalCloud, outputs: Mapping[str, str]) -> None:
    headers = [("X-Trace", "one"), ("x-trace", "two"), ("Cookie", "a=1; b=2"), ("Authorization", "Basic x")]

    status, event, _ = call(cloud, "GET", http_(outputs, "open/a%20b?q=1&q=2"), headers)

    assert status == 200
    assert (event["version"], event["rawPath"], event["rawQueryString"]) == ("2.0", "/open/a b", "q=1&q=2")
    assert event["headers"]["x-trace"] == "one,two"
    assert event["headers"]["authorization"] == "Basic x"
    assert "cookie" not in event["headers"]
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["queryStringParameters"] == {"q": "1,2"}
    assert event["pathParameters"] == {"proxy": "a b"}
    assert not {"body", "stageVariables"} & set(event)
    assert call(cloud, "GET", http_(outputs, "").rstrip("/"))[0] == 404  # it has no route to /
    assert call(cloud, "GET", http_(outputs, "nowhere"))[:2] == (404, {"message": "Not Found"})


def test_an_http_apis_lambda_authorizers_decide_by_policy_and_by_a_word(
    cloud: LocalCloud, outputs: Mapping[str, str]
) -> None:
    for path, asked in (("simple", "REQUEST"), ("policy", "REQUEST")):
        target = http_(outputs, path)

        status, event, _ = call(cloud, "GET", target, [("Authorization", "ada")])

        assert status == 200
        assert event["requestContext"]["authorizer"]["lambda"]["asked"] == asked
        assert call(cloud, "GET", target, [("Authorization", "deny")])[:2] == (403, {"message": "Forbidden"})
        assert call(cloud, "GET", target)[:2] == (401, {"message": "Unauthorized"})
        assert call(cloud, "GET", target, [("Authorization", "raise")])[0] == 500


def test_an_http_apis_tokens_are_checked(
    cloud: LocalCloud, outputs: Mapping[str, str], tokens: Mapping[str, str]
) -> None:
    target = http_(outputs, "jwt")

    status, event, _ = call(cloud, "GET", target, [("Authorization", f"Bearer {tokens['access']}")])

    assert status == 200
    assert event["requestContext"]["authorizer"]["jwt"]["claims"]["username"] == "ada"
    assert call(cloud, "GET", target)[:2] == (401, {"message": "Unauthorized"})
    assert call(cloud, "GET", target, [("Authorization", "Bearer a.b.c")])[0] == 401


def test_an_http_api_with_iam_asks_for_a_signature(cloud: LocalCloud, outputs: Mapping[str, str]) -> None:
    target = http_(outputs, "guarded")

    status, event, _ = call(cloud, "GET", target, signed(cloud, target))

    assert status == 200
    assert event["requestContext"]["authorizer"]["iam"]["accountId"] == ACCOUNT
    assert call(cloud, "GET", target)[:2] == (403, {"message": "Forbidden"})


@pytest.mark.parametrize(("api", "message"), [("Rest", "Request Too Long"), ("Http", "Request Entity Too Large")])
def test_a_body_that_is_too_large_is_refused_in_the_apis_words(
    cloud: LocalCloud, outputs: Mapping[str, str], api: str, message: str
) -> None:
    target = rest(outputs, "open") if api == "Rest" else http_(outputs, "open/x")

    assert call(cloud, "POST", target, body=b"x" * (11 * 1024 * 1024))[:2] == (413, {"message": message})
    status, event, _ = call(cloud, "POST", target, [("Content-Type", "text/plain")], body=b"x" * 3_000_000)
    assert (status, len(event["body"])) == (200, 3_000_000)
