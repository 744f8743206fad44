"""The SDK itself, in a function of the local AWS, under its role: only where a run has fetched it already.

Tests ask no registry; the apps of others that the tool is tried on fetch it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from rehearsal.aws.lambda_host.nodejs.sdk import node_sdk
from rehearsal.aws.local_cloud import LocalCloud
from rehearsal.machine.egress import Egress
from rehearsal.machine.user_cache import user_cache
from tests.rehearsal.aws.lambda_host.local_aws import FROM_LAMBDA

ACCOUNT = "222222222222"
REGION: Literal["eu-west-1"] = "eu-west-1"
VERSION_3 = """
const { S3Client, PutObjectCommand, GetObjectCommand, DeleteObjectCommand } = require("@aws-sdk/client-s3");
exports.handler = async ({ bucket }) => {
  const s3 = new S3Client({});
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: "a/ü.txt", Body: "text" }));
  const read = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: "a/ü.txt" }));
  const text = await read.Body.transformToString();
  try { await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: "a/ü.txt" })); }
  catch (error) { return { text, refused: error.message }; }
};"""

VERSION_2 = """
const AWS = require("aws-sdk");
exports.handler = async ({ bucket }) => {
  const s3 = new AWS.S3();
  await s3.putObject({ Bucket: bucket, Key: "a/ü.txt", Body: "text" }).promise();
  const read = await s3.getObject({ Bucket: bucket, Key: "a/ü.txt" }).promise();
  const text = read.Body.toString();
  try { await s3.deleteObject({ Bucket: bucket, Key: "a/ü.txt" }).promise(); }
  catch (error) { return { text, refused: error.message }; }
};"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    home: Path = tmp_path_factory.mktemp("cloud")
    with (
        Egress(home, print) as egress,
        LocalCloud(home, cache=user_cache(), egress=egress.variables(), speed=1000) as cloud,
    ):
        yield cloud


@pytest.mark.parametrize(("runtime", "code"), [("nodejs22.x", VERSION_3), ("nodejs16.x", VERSION_2)])
def test_sdk_calls_the_local_aws_with_the_functions_role(cloud: LocalCloud, runtime: str, code: str) -> None:
    # given
    if not node_sdk(user_cache(), print).is_kept(runtime):
        pytest.skip(f"no run has fetched the AWS SDK for {runtime} functions yet")
    name = runtime.partition(".")[0]
    root = cloud.clients.root(ACCOUNT, REGION)
    root.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    iam = root.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(FROM_LAMBDA))["Role"]["Arn"]
    allowed: dict[str, Any] = {
        "Effect": "Allow",
        "Action": ["s3:PutObject", "s3:GetObject"],
        "Resource": f"arn:aws:s3:::{name}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy)
    deploy(cloud, name, runtime, code, role)

    # when
    result = cloud.lambda_host.invoke(f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}", {"bucket": name})

    # then
    assert result.function_error is None, result.error_message
    answer = json.loads(result.payload)
    assert answer["text"] == "text"
    assert "is not authorized to perform: s3:DeleteObject" in answer["refused"]


def deploy(cloud: LocalCloud, name: str, runtime: str, code: str, role: str) -> None:
    function = {
        "FunctionName": name,
        "Runtime": runtime,
        "Handler": "index.handler",
        "Role": role,
        "Timeout": 30,
        "Code": {"ZipFile": code},
    }
    template = {"Resources": {"Function": {"Type": "AWS::Lambda::Function", "Properties": function}}}
    client = cloud.clients.root(ACCOUNT, REGION).client("cloudformation")
    client.create_stack(StackName=name, TemplateBody=json.dumps(template))
    client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30})
