"""AWS WAF is there when the settings ask for it, and only then."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest
from aws_cdk import aws_apigateway as apigateway

from service.api.firewall import add_firewall
from tests.assembly import Template
from tests.example import example_configuration
from tests.synthesis import new_app

WAF = ("AWS::WAFv2::WebACL", "AWS::WAFv2::WebACLAssociation")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return synthesized(tmp_path_factory.mktemp("guarded"), requests=5000)


def synthesized(folder: Path, *, requests: int | None) -> Template:
    """An API with one route, and the firewall of settings with `requests`; it passes cdk-nag as far as APIG3 goes."""
    app = new_app(folder)
    stack = cdk.Stack(app, "Api")
    api = apigateway.RestApi(stack, "CarsApi")
    api.root.add_method("GET")
    settings = dataclasses.replace(example_configuration().staging.service, firewall_requests_per_five_minutes=requests)
    add_firewall(stack, api=api, settings=settings)
    cdk.Validations.of(app).add_plugins(cdk_nag.AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match="ValidationFailed"):  # this API has neither logs nor authorization
        app.synth()
    reports: dict[str, Any] = json.loads((folder / "validation-report.json").read_text())
    found = {violation["ruleName"] for plugin in reports["pluginReports"] for violation in plugin["violations"]}
    assert found
    assert not any("APIG3" in rule for rule in found)
    template = json.loads((folder / "Api.template.json").read_text())
    return Template(resources=template["Resources"], outputs=template.get("Outputs", {}))


def test_firewall_turns_away_an_address_that_sends_more_than_the_settings_say(guarded: Template) -> None:
    acl = guarded.only("AWS::WAFv2::WebACL")
    (rule,) = acl["Rules"]

    assert acl["Scope"] == "REGIONAL"
    assert acl["DefaultAction"] == {"Allow": {}}
    assert rule["Action"] == {"Block": {}}
    assert rule["Statement"] == {
        "RateBasedStatement": {"AggregateKeyType": "IP", "EvaluationWindowSec": 300, "Limit": 5000}
    }


def test_firewall_stands_before_the_apis_stage(guarded: Template) -> None:
    association = guarded.only("AWS::WAFv2::WebACLAssociation")
    (stage,) = guarded.of_type("AWS::ApiGateway::Stage")
    (acl,) = guarded.of_type("AWS::WAFv2::WebACL")

    assert association["WebACLArn"] == {"Fn::GetAtt": [acl, "Arn"]}
    assert {"Ref": stage} in association["ResourceArn"]["Fn::Join"][1]


def test_there_is_none_when_the_settings_do_not_ask_for_it(template: Template, tmp_path: Path) -> None:
    assert not any(template.of_type(kind) for kind in WAF)
    assert not any(synthesized(tmp_path, requests=None).of_type(kind) for kind in WAF)
