from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.apigateway.rest_api import VALIDATOR_MODEL
from rehearsal.aws.apigateway.templates import fit_api
from rehearsal.aws.apigateway.unsupported import unsupported

POOL = "https://cognito-idp.eu-west-1.amazonaws.com/<Pool>"


def test_a_methods_validator_goes_along_with_its_models() -> None:
    validator = {"Ref": "Validator"}
    properties = {"RequestValidatorId": validator, "RequestModels": {"application/json": "Car"}}

    fitted = fit_api({"Type": "AWS::ApiGateway::Method", "Properties": properties})

    assert fitted["Properties"]["RequestModels"] == {"application/json": "Car", VALIDATOR_MODEL: validator}


@pytest.mark.parametrize(
    ("kind", "properties", "source"),
    [
        ("AWS::ApiGateway::Authorizer", {"Type": "REQUEST"}, ""),
        ("AWS::ApiGatewayV2::Authorizer", {"AuthorizerType": "REQUEST"}, []),
        ("AWS::ApiGatewayV2::Authorizer", {"AuthorizerType": "REQUEST", "IdentitySource": ["x"]}, ["x"]),
    ],
)
def test_no_identity_source_stays_none(kind: str, properties: dict[str, Any], source: object) -> None:
    assert fit_api({"Type": kind, "Properties": properties})["Properties"]["IdentitySource"] == source


@pytest.mark.parametrize(
    "resource",
    [
        {"Type": "AWS::ApiGateway::Method", "Properties": {"HttpMethod": "GET"}},
        {"Type": "AWS::ApiGateway::Authorizer", "Properties": {"Type": "TOKEN"}},
        {"Type": "AWS::ApiGateway::Authorizer", "Properties": {"Type": "REQUEST", "IdentitySource": "x"}},
        {"Type": "AWS::S3::Bucket"},
    ],
)
def test_all_else_stays_as_it_is(resource: dict[str, Any]) -> None:
    assert fit_api(resource) is resource


@pytest.mark.parametrize(
    ("kind", "properties", "words"),
    [
        (
            "AWS::ApiGatewayV2::Authorizer",
            {"AuthorizerType": "JWT", "JwtConfiguration": {"Issuer": "https://idp.example/"}},
            "the JWT issuer https://idp.example/",
        ),
        ("AWS::ApiGatewayV2::Authorizer", {"AuthorizerType": "JWT"}, "the JWT issuer that is not given"),
        ("AWS::ApiGateway::RestApi", {"ApiKeySourceType": "AUTHORIZER"}, "API keys that an authorizer names"),
        (
            "AWS::ApiGateway::RestApi",
            {"Body": {"paths": {"/": {"get": {"x-amazon-apigateway-request-validator": "all"}}}}},
            "request validators in an OpenAPI definition",
        ),
        ("AWS::ApiGateway::Authorizer", {"Type": "NEW"}, "an authorizer of the type NEW"),
    ],
)
def test_what_cannot_be_rehearsed_is_named(kind: str, properties: dict[str, Any], words: str) -> None:
    (sentence,) = unsupported(kind, properties)

    assert sentence.startswith(words)


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::ApiGatewayV2::Authorizer", {"AuthorizerType": "JWT", "JwtConfiguration": {"Issuer": POOL}}),
        ("AWS::ApiGatewayV2::Authorizer", {"AuthorizerType": "JWT", "JwtConfiguration": {"Issuer": "<Pool.Url>"}}),
        ("AWS::ApiGatewayV2::Authorizer", {"AuthorizerType": "REQUEST"}),
        ("AWS::ApiGateway::Authorizer", {"Type": "TOKEN"}),
        ("AWS::ApiGateway::RestApi", {"Body": {"paths": {"/": {}}}}),
        ("AWS::S3::Bucket", {"ApiKeySourceType": "AUTHORIZER"}),
    ],
)  # fmt: skip
def test_all_else_is_not(kind: str, properties: dict[str, Any]) -> None:
    assert list(unsupported(kind, properties)) == []
