from __future__ import annotations

import json
from typing import Any

import pytest

from rehearsal.aws.iam.policies import fit_policies, name_accounts, name_resources
from tests.rehearsal.cases import case

TAG = "iam:ResourceTag/aws-cdk:bootstrap-role"


def statement(**changes: Any) -> dict[str, Any]:
    """As CDK Pipelines writes it for the role of self-mutation."""
    return {
        "Action": "sts:AssumeRole",
        "Condition": {"ForAnyValue:StringEquals": {TAG: ["file-publishing", "deploy"]}},
        "Effect": "Allow",
        "Resource": "arn:*:iam::111111111111:role/*",
    } | changes


def properties(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"PolicyDocument": {"Statement": list(statements), "Version": "2012-10-17"}, "Roles": [{"Ref": "Role"}]}


def test_roles_are_allowed_by_name_when_their_tag_is_asked_for() -> None:
    rewritten = name_resources(properties(statement()))

    assert rewritten["PolicyDocument"]["Statement"] == [
        {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Resource": [
                "arn:*:iam::111111111111:role/cdk-*-file-publishing-role-*",
                "arn:*:iam::111111111111:role/cdk-*-deploy-role-*",
            ],
        }
    ]


def test_other_conditions_stay_when_the_tag_is_rewritten() -> None:
    condition = {"StringEquals": {TAG: "deploy", "aws:PrincipalOrgID": "o-1"}, "Bool": {"aws:SecureTransport": "true"}}

    (rewritten,) = name_resources(properties(statement(Condition=condition)))["PolicyDocument"]["Statement"]

    assert rewritten["Condition"] == {
        "StringEquals": {"aws:PrincipalOrgID": "o-1"},
        "Bool": {"aws:SecureTransport": "true"},
    }
    assert rewritten["Resource"] == ["arn:*:iam::111111111111:role/cdk-*-deploy-role-*"]


@pytest.mark.parametrize(
    "changes",
    [
        {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
        {"Resource": "arn:aws:iam::111111111111:role/one"},
        {"Resource": {"Fn::GetAtt": ["Role", "Arn"]}},
        {"Condition": {"StringNotEquals": {TAG: "deploy"}}},
    ],
)
def test_a_statement_stays_as_it_is_when_it_does_not_ask_for_the_tag_of_any_role(changes: dict[str, Any]) -> None:
    unchanged = properties(statement(**changes))

    assert name_resources(unchanged) == unchanged


def test_buckets_of_other_accounts_are_all_but_the_own_assets() -> None:
    """As the bootstrap template writes it for the deploy role."""
    bucket_statement = {
        "Sid": "PipelineCrossAccountArtifactsBucket",
        "Effect": "Allow",
        "Action": ["s3:GetObject*"],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"s3:ResourceAccount": {"Ref": "AWS::AccountId"}}},
    }

    (rewritten,) = name_resources(properties(bucket_statement))["PolicyDocument"]["Statement"]

    assert rewritten == {
        "Sid": "PipelineCrossAccountArtifactsBucket",
        "Effect": "Allow",
        "Action": ["s3:GetObject*"],
        "NotResource": [{"Fn::Sub": "arn:${AWS::Partition}:s3:::cdk-*-assets-${AWS::AccountId}-*"}],
    }


def test_account_is_named_beside_its_role_when_a_bucket_policy_names_the_role() -> None:
    """As CDK Pipelines writes it for the artifact bucket."""
    role = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::222222222222:role/cdk-hnb659fds-deploy-role"]]}
    allow = {"Effect": "Allow", "Action": "s3:GetObject*", "Principal": {"AWS": role}, "Resource": "*"}

    (rewritten,) = name_accounts(properties(allow))["PolicyDocument"]["Statement"]

    assert rewritten["Principal"] == {"AWS": [role, {"Fn::Sub": "arn:${AWS::Partition}:iam::222222222222:root"}]}


@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"Service": "s3.amazonaws.com"}, {"AWS": {"Ref": "RoleArn"}}])
def test_principals_stay_as_they_are_when_they_are_no_roles_of_an_account(principal: Any) -> None:
    policy = properties({"Effect": "Allow", "Action": "s3:*", "Principal": principal, "Resource": "*"})

    assert name_accounts(policy) == policy


def test_account_is_not_denied_what_its_role_is() -> None:
    role = {"AWS": "arn:aws:iam::222222222222:role/deploy"}
    policy = properties({"Effect": "Deny", "Action": "s3:*", "Principal": role, "Resource": "*"})

    assert name_accounts(policy) == policy


@pytest.mark.parametrize("operator", ["ArnEquals", "ArnNotEquals"])
def test_sessions_are_named_beside_the_templates_own_roles_when_a_bucket_policy_asks_who_calls(operator: str) -> None:
    role = {"Fn::GetAtt": ["BuildRole", "Arn"]}
    deny = {
        "Effect": "Deny",
        "Action": "s3:PutObject",
        "Principal": {"AWS": "*"},
        "Condition": {operator: {"aws:PrincipalArn": [role]}},
        "NotResource": "arn:aws:s3:::artifacts/own/*",
    }

    bucket_policy = fit_policies({"Type": "AWS::S3::BucketPolicy", "Properties": properties(deny)})

    (rewritten,) = bucket_policy["Properties"]["PolicyDocument"]["Statement"]
    sessions = {"Fn::Sub": "arn:${AWS::Partition}:sts::${AWS::AccountId}:assumed-role/${BuildRole}/*"}
    assert rewritten == {**deny, "Condition": {operator: {"aws:PrincipalArn": [role, sessions]}}}


def test_policies_of_other_resources_stay_as_they_are() -> None:
    queue_policy = {"Type": "AWS::SQS::QueuePolicy", "Properties": properties(statement())}

    assert fit_policies(queue_policy) == queue_policy


def test_sessions_are_named_beside_their_roles_when_a_condition_names_the_caller() -> None:
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": "111111111111"},
        "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/Pipeline*"}},
    }

    role = fit_policies({"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [trust]}}})

    (rewritten,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert rewritten["Condition"]["ArnLike"]["aws:PrincipalArn"] == [
        "arn:aws:iam::111111111111:role/Pipeline*",
        "arn:aws:sts::111111111111:assumed-role/Pipeline*/*",
    ]


def test_a_condition_without_patterns_stays_as_it_is() -> None:
    exact = statement(Condition={"StringEquals": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/Pipeline"}})

    assert name_resources(exact)["Condition"] == exact["Condition"]


@pytest.mark.parametrize(
    "actions", ["lambda:GetAlias", "lambda:Get*", "Lambda:getalias", ["lambda:InvokeFunction", "lambda:UpdateAlias"]]
)
def test_one_alias_is_every_alias_to_the_emulator(actions: str | list[str]) -> None:
    (rewritten,) = name_resources(properties({"Action": actions, "Effect": "Allow", "Resource": "arn"}))[
        "PolicyDocument"
    ]["Statement"]

    assert rewritten["Action"] == [*([actions] if isinstance(actions, str) else actions), "lambda:ListAliases"]


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        ("sqs:SendMessage", "sqs:SendMessageBatch"),
        ("sqs:DeleteMessage", "sqs:DeleteMessageBatch"),
        ("sqs:ChangeMessageVisibility", "sqs:ChangeMessageVisibilityBatch"),
    ],
)
def test_request_of_a_batch_is_one_of_its_own_to_the_emulator(action: str, asked: str) -> None:
    statement = {"Effect": "Allow", "Action": action, "Resource": "arn:queue"}

    rewritten = name_resources(statement)

    assert rewritten["Action"] == [action, asked]


@pytest.mark.parametrize("actions", ["lambda:*", "lambda:InvokeFunction", ["lambda:ListAliases", "lambda:GetAlias"]])
def test_other_actions_stay_as_they_are(actions: str | list[str]) -> None:
    unchanged = properties({"Action": actions, "Effect": "Allow", "Resource": "arn"})

    assert name_resources(unchanged) == unchanged


@pytest.mark.parametrize(
    "resource",
    [
        {"Fn::Join": ["", ["arn:*:iam::", {"Ref": "AWS::AccountId"}, ":role/*"]]},
        {"Fn::Join": [":", ["arn", "*", "iam", "", {"Ref": "AWS::AccountId"}, "role/*"]]},
        {"Fn::Sub": "arn:*:iam::${AWS::AccountId}:role/*"},
    ],
)
def test_roles_are_allowed_by_name_when_the_stack_is_environment_agnostic(resource: Any) -> None:
    rewritten = name_resources(statement(Resource=resource))

    assert rewritten == {
        "Action": "sts:AssumeRole",
        "Effect": "Allow",
        "Resource": [
            {"Fn::Sub": "arn:*:iam::${AWS::AccountId}:role/cdk-*-file-publishing-role-*"},
            {"Fn::Sub": "arn:*:iam::${AWS::AccountId}:role/cdk-*-deploy-role-*"},
        ],
    }


def test_roles_are_allowed_by_name_in_the_template_of_an_environment_agnostic_pipeline() -> None:
    template = json.loads((case("v1-change-sets") / "Pipe.template.json").read_text())
    tagged = {name: found for name, found in template["Resources"].items() if TAG in json.dumps(found)}

    rewritten = {name: fit_policies(resource) for name, resource in tagged.items()}

    assert tagged
    assert TAG not in json.dumps(rewritten)
    assert "role/cdk-*-deploy-role-*" in json.dumps(rewritten)


@pytest.mark.parametrize(
    "role",
    [
        {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, ":role/Pipeline*"]]},
        {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/path/Pipeline*"},
    ],
)
def test_sessions_are_named_beside_roles_whose_account_is_a_pseudo_parameter(role: Any) -> None:
    rewritten = name_resources(statement(Condition={"ArnLike": {"aws:PrincipalArn": role}}))

    assert rewritten["Condition"]["ArnLike"]["aws:PrincipalArn"] == [
        role,
        {"Fn::Sub": "arn:${AWS::Partition}:sts::${AWS::AccountId}:assumed-role/Pipeline*/*"},
    ]


@pytest.mark.parametrize(
    ("value", "is_met"), [("codepipeline.amazonaws.com", True), ("false", True), (False, True), ("true", False)]
)
def test_a_condition_on_calls_for_others_is_met_where_it_asks_for_none(value: object, is_met: bool) -> None:
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
        "Condition": {"Bool": {"aws:ViaAWSService": value}},
    }
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Statement": [trust]}}}

    (statement,) = fit_policies(role)["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert statement == {name: part for name, part in trust.items() if name != "Condition" or not is_met}


@pytest.mark.parametrize("header", ["s3:if-none-match", "s3:if-match"])
def test_denial_of_writes_without_a_header_is_left_out_and_no_other(header: str) -> None:
    # given
    lacks = statement(Effect="Deny", Action="s3:PutObject", Condition={"Null": {header: "true"}})
    other = statement(Effect="Deny", Action="s3:PutObject", Condition={"Null": {"aws:PrincipalTag/team": "true"}})
    allowed = statement(Action="s3:PutObject", Condition={"Null": {header: "false"}})
    # when
    fit = fit_policies({"Type": "AWS::S3::BucketPolicy", "Properties": properties(lacks, other, allowed)})
    # then
    assert fit["Properties"]["PolicyDocument"]["Statement"] == [other, allowed]
