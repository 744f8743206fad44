from __future__ import annotations

from typing import Any

import pytest

from pipeline.local.cloud.policy_conditions import name_resources

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
