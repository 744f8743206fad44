from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.aws.cloudformation.template import (
    ORIGINAL,
    Rewriting,
    custom_type,
    fingerprint,
    original_types,
    parse_template,
    rewrite,
)
from rehearsal.aws.lambda_host.function import PROXY_URL_VARIABLE
from rehearsal.errors import Unsupported

REWRITING = Rewriting(
    claimed_types=frozenset({"AWS::Lambda::Alias", "AWS::CodeDeploy::Application", "AWS::Events::Rule"}),
    service_token="arn:aws:lambda:eu-west-1:111111111111:function:providers",
    lambda_url="http://127.0.0.1:1234/",
)
FUNCTION = {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "python3.13", "Handler": "index.handler"}}


def rewritten(resource: dict[str, Any]) -> Any:
    template = rewrite({"Resources": {"It": resource}}, REWRITING)
    return None if template is None else template["Resources"]["It"]


def test_rewrite_carries_properties_and_update_policy_along_when_a_type_is_claimed() -> None:
    properties = {"FunctionName": {"Ref": "Function"}, "FunctionVersion": {"Fn::GetAtt": ["Version", "Version"]}}
    policy = {"CodeDeployLambdaAliasUpdate": {"ApplicationName": {"Ref": "Application"}}}

    custom = rewritten({"Type": "AWS::Lambda::Alias", "Properties": properties, "UpdatePolicy": policy})

    assert custom["Type"] == "Custom::AWS--Lambda--Alias"
    assert custom["Properties"]["ServiceToken"] == REWRITING.service_token
    assert custom["Properties"]["Properties"] == properties
    assert custom["Properties"]["UpdatePolicy"] == policy
    assert "UpdatePolicy" not in custom


def test_rewrite_lets_a_shift_take_longer_than_the_hour_of_a_custom_resource() -> None:
    custom = rewritten({"Type": "AWS::Lambda::Alias"})

    assert custom["Properties"]["ServiceTimeout"] > 2 * 24 * 3600


@pytest.mark.parametrize(
    "attribute",
    [
        {"DependsOn": ["Role"]},
        {"Condition": "IsProd"},
        {"Metadata": {"aws:cdk:path": "Stack/It"}},
        {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"},
    ],
)
def test_rewrite_keeps_every_other_attribute_of_a_claimed_resource(attribute: dict[str, Any]) -> None:
    custom = rewritten({"Type": "AWS::CodeDeploy::Application", **attribute})

    assert {name: custom[name] for name in attribute} == attribute


def test_rewrite_gives_a_claimed_resource_without_properties_none_of_its_own() -> None:
    assert rewritten({"Type": "AWS::CodeDeploy::Application"})["Properties"]["Properties"] == {}


def test_rewrite_claims_a_rule_only_when_it_has_a_schedule() -> None:
    scheduled = {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 minute)"}}
    patterned = {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["acs.acm"]}}}

    assert rewritten(scheduled)["Type"] == "Custom::AWS--Events--Rule"
    assert rewritten(patterned) is None


def test_rewrite_adds_the_host_to_a_functions_variables() -> None:
    function = {**FUNCTION, "Properties": {**FUNCTION["Properties"], "Environment": {"Variables": {"TABLE": "cars"}}}}  # type: ignore[dict-item]

    assert rewritten(function)["Properties"]["Environment"] == {
        "Variables": {"TABLE": "cars", PROXY_URL_VARIABLE: REWRITING.lambda_url}
    }


def test_rewrite_adds_the_host_when_a_function_has_no_variables() -> None:
    assert rewritten(FUNCTION)["Properties"]["Environment"]["Variables"] == {PROXY_URL_VARIABLE: REWRITING.lambda_url}


@pytest.mark.parametrize("runtime", ["nodejs22.x", {"Fn::FindInMap": ["LatestNodeRuntimeMap", "eu-west-1", "value"]}])
def test_rewrite_has_nodejs_functions_run_by_the_host_however_their_runtime_is_said(runtime: object) -> None:
    function = rewritten({"Type": "AWS::Lambda::Function", "Properties": {"Runtime": runtime}})

    assert function["Properties"]["Environment"]["Variables"] == {PROXY_URL_VARIABLE: REWRITING.lambda_url}


def test_rewrite_leaves_container_images_as_they_are() -> None:
    assert rewritten({"Type": "AWS::Lambda::Function", "Properties": {"PackageType": "Image"}}) is None


@pytest.mark.parametrize("environment", [{"Fn::If": ["A", {}, {}]}, {"Variables": {"Ref": "Variables"}}])
def test_rewrite_names_the_function_when_its_variables_are_an_intrinsic(environment: dict[str, Any]) -> None:
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "python3.13", "Environment": environment}}

    with pytest.raises(Unsupported, match="Function It"):
        rewritten(function)


def test_rewrite_names_the_rule_whose_input_eventbridge_would_refuse() -> None:
    target = {"Id": "T", "Arn": "arn", "InputTransformer": {"InputTemplate": '{"a": <unknown>}'}}
    rule = {"Type": "AWS::Events::Rule", "Properties": {"Targets": [target]}}
    template = {"Resources": {"Changed": rule}}

    with pytest.raises(
        Unsupported, match=r"Rule Changed: Target T: InputTemplate contains invalid placeholder unknown\."
    ):
        rewrite(template, replace(REWRITING, delivers_events=True))
    assert rewrite(template, REWRITING) is None


@pytest.mark.parametrize(
    "template",
    [
        {},
        {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}},
        {"Resources": {"Fn::ForEach::Topics": ["Name", ["A"], {"${Name}": {"Type": "AWS::SNS::Topic"}}]}},
    ],
)
def test_rewrite_answers_none_when_nothing_has_to_change(template: dict[str, Any]) -> None:
    assert rewrite(template, REWRITING) is None


def test_rewrite_names_the_original_and_does_not_change_it() -> None:
    original = {
        "Metadata": {"author": "us"},
        "Resources": {"Function": FUNCTION, "Bucket": {"Type": "AWS::S3::Bucket"}},
    }
    before = copy.deepcopy(original)

    changed = rewrite(original, REWRITING)

    assert changed is not None
    assert changed["Metadata"] == {"author": "us", ORIGINAL: fingerprint(original)}
    assert changed["Resources"]["Bucket"] == {"Type": "AWS::S3::Bucket"}
    assert original == before


def test_rewrite_changes_a_rewritten_template_no_more() -> None:
    once = rewrite({"Resources": {"Alias": {"Type": "AWS::Lambda::Alias"}, "Function": FUNCTION}}, REWRITING)

    assert once is not None
    assert rewrite(once, REWRITING) is None


_names = st.from_regex(r"[A-Za-z0-9]{1,12}", fullmatch=True)


@given(st.sampled_from(["AWS", "Custom"]), st.lists(_names, min_size=1, max_size=4))
def test_original_types_turns_every_custom_type_back(vendor: str, parts: list[str]) -> None:
    resource_type = "::".join([vendor, *parts])

    assert original_types(f"<ResourceType>{custom_type(resource_type)}</ResourceType>") == (
        f"<ResourceType>{resource_type}</ResourceType>"
    )


def test_original_types_leaves_the_authors_own_custom_types() -> None:
    assert original_types("Custom::S3AutoDeleteObjects Custom::My--Thing") == (
        "Custom::S3AutoDeleteObjects Custom::My--Thing"
    )


def test_parse_template_reads_yaml_with_short_forms_and_dates_as_text() -> None:
    text = """
    Resources:
      Role:
        Type: AWS::IAM::Role
        Properties:
          AssumeRolePolicyDocument: {Version: 2012-10-17}
          RoleName: !Sub "${AWS::StackName}-role"
          Tags: !If [IsProd, !Ref "AWS::NoValue", !GetAtt Other.Nested.Arn]
    """

    properties = parse_template(text)["Resources"]["Role"]["Properties"]

    assert properties == {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17"},
        "RoleName": {"Fn::Sub": "${AWS::StackName}-role"},
        "Tags": {"Fn::If": ["IsProd", {"Ref": "AWS::NoValue"}, {"Fn::GetAtt": ["Other", "Nested.Arn"]}]},
    }


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "- a\n- b",
        "a: [",
        "just words",
        "Resources: 5",
        "Resources: {Rule: {Type: AWS::Events::Rule, Properties: 5}}",
    ],
)
def test_parse_template_refuses_what_is_no_template(text: str) -> None:
    with pytest.raises(ValueError, match="Template format error"):
        parse_template(text)


def test_fingerprint_is_the_same_however_the_template_is_written() -> None:
    assert fingerprint(parse_template('{"A": 1, "B": {"C": 2}}')) == fingerprint(parse_template("B: {C: 2}\nA: 1"))
