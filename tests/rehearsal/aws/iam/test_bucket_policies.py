"""A bucket policy that names a role of its own template by `aws:PrincipalArn` binds the role's sessions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.local_cloud import LocalCloud
from tests.rehearsal.aws.lambda_host.local_aws import eventually

ACCOUNT, REGION = "111111111111", "eu-west-1"


def role(name: str) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "codebuild.amazonaws.com"}}
    everything = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": name,
            "AssumeRolePolicyDocument": {"Statement": [trust]},
            "Policies": [{"PolicyName": "all", "PolicyDocument": everything}],
        },
    }


RESOURCES = {
    "Artifacts": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "artifacts"}},
    "BuildRole": role("build"),
    "OtherRole": role("other"),
    "ArtifactsPolicy": {
        "Type": "AWS::S3::BucketPolicy",
        "Properties": {
            "Bucket": {"Ref": "Artifacts"},
            "PolicyDocument": {
                "Statement": [
                    {
                        "Effect": "Deny",
                        "Principal": {"AWS": "*"},
                        "Action": "s3:PutObject",
                        "NotResource": {"Fn::Sub": "${Artifacts.Arn}/own/*"},
                        "Condition": {"ArnEquals": {"aws:PrincipalArn": [{"Fn::GetAtt": ["BuildRole", "Arn"]}]}},
                    },
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": "s3:PutObject",
                        "Resource": {"Fn::Sub": "${Artifacts.Arn}/kept/*"},
                        "Condition": {"Null": {"s3:if-none-match": "true"}},
                    },
                    {
                        "Effect": "Deny",
                        "Principal": "*",
                        "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
                        "Resource": {"Fn::Sub": "${Artifacts.Arn}/kept/*"},
                    },
                ]
            },
        },
    },
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    home: Path = tmp_path_factory.mktemp("cloud")
    with LocalCloud(home, cache=home / "cache", egress={}) as cloud:
        cloudformation = cloud.clients.root(ACCOUNT, REGION).client("cloudformation")
        cloudformation.create_stack(
            StackName="Store",
            TemplateBody=json.dumps({"Resources": RESOURCES}),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        eventually(
            lambda: cloudformation.describe_stacks(StackName="Store")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE",
            seconds=30,
        )
        yield cloud


def s3_of(cloud: LocalCloud, role_name: str) -> Any:
    session = cloud.clients.assume(
        f"arn:aws:iam::{ACCOUNT}:role/{role_name}", session_name="AWSCodeBuild-1", region=REGION
    )
    return session.client("s3")


def put(cloud: LocalCloud, role_name: str, key: str) -> None:
    s3_of(cloud, role_name).put_object(Bucket="artifacts", Key=key, Body=b"")


def test_session_of_the_role_writes_where_the_policy_lets_it_and_nowhere_else(cloud: LocalCloud) -> None:
    put(cloud, "build", "own/x")

    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        put(cloud, "build", "others/x")


def test_session_of_another_role_is_not_bound(cloud: LocalCloud) -> None:
    put(cloud, "other", "others/x")


def test_object_that_may_only_be_created_is_created_once_and_not_deleted(cloud: LocalCloud) -> None:
    s3 = s3_of(cloud, "other")
    s3.put_object(Bucket="artifacts", Key="kept/x", Body=b"first", IfNoneMatch="*")

    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="artifacts", Key="kept/x", Body=b"second", IfNoneMatch="*")
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        s3.delete_object(Bucket="artifacts", Key="kept/x")
    assert s3.get_object(Bucket="artifacts", Key="kept/x")["Body"].read() == b"first"
