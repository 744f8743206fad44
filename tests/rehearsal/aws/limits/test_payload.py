"""How large payloads of functions may be, on the local AWS: the rows of the table for Invoke."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from rehearsal.aws.limits.payload import ASYNCHRONOUS_BYTES, RESPONSE_BYTES, SYNCHRONOUS_BYTES
from rehearsal.aws.limits.table import LIMITS
from rehearsal.aws.local_cloud import LocalCloud

ACCOUNT, REGION = "222222222222", "eu-west-1"
ROWS = {limit.rule: limit for limit in LIMITS if limit.service == "lambda"}
ANSWERS = """
def handle(event, context):
    return "x" * (event["size"] - 2) if "size" in event else len(event["text"])
"""


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A Lambda client; the function `answers` returns as many bytes as it is asked for."""
    home: Path = tmp_path_factory.mktemp("payload")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}}
    function = {
        "FunctionName": "answers",
        "Runtime": "python3.13",
        "Handler": "index.handle",
        "Timeout": 30,
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": ANSWERS},
    }
    resources = {
        "Role": {"Type": "AWS::IAM::Role", "Properties": role},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
    }
    with LocalCloud(home, cache=home / "cache", egress={}, speed=1) as cloud:
        session = cloud.clients.root(ACCOUNT, REGION)
        cloudformation: Any = session.client("cloudformation")
        cloudformation.create_stack(
            StackName="Payload", TemplateBody=json.dumps({"Resources": resources}), Capabilities=["CAPABILITY_IAM"]
        )
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName="Payload", WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
        )
        yield session.client("lambda", config=Config(retries={"total_max_attempts": 1}))


def payload(size: int) -> bytes:
    return json.dumps({"text": "x" * (size - len('{"text": ""}'))}).encode()


@pytest.mark.parametrize(
    ("kind", "maximum", "rule"),
    [
        ("RequestResponse", SYNCHRONOUS_BYTES, "a synchronous payload has at most 6 MiB"),
        ("Event", ASYNCHRONOUS_BYTES, "an asynchronous payload has at most 1 MiB"),
    ],
)
def test_a_payload_over_the_limit_is_refused_and_the_largest_passes(
    functions: Any, kind: str, maximum: int, rule: str
) -> None:
    with pytest.raises(ClientError) as refused:
        functions.invoke(FunctionName="answers", InvocationType=kind, Payload=payload(maximum + 1))

    assert refused.value.response["Error"]["Code"] == ROWS[rule].code
    assert ROWS[rule].message in refused.value.response["Error"]["Message"]
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    answer = functions.invoke(FunctionName="answers", InvocationType=kind, Payload=payload(maximum))
    answer["Payload"].read()
    assert "FunctionError" not in answer


def test_a_response_over_the_limit_is_the_functions_error_and_the_largest_passes(functions: Any) -> None:
    row = ROWS["a response has at most 6 MiB"]

    too_large = functions.invoke(FunctionName="answers", Payload=json.dumps({"size": RESPONSE_BYTES + 1}))
    largest = functions.invoke(FunctionName="answers", Payload=json.dumps({"size": RESPONSE_BYTES}))

    error = json.loads(too_large["Payload"].read())
    assert (too_large["FunctionError"], error["errorType"]) == ("Unhandled", row.code)
    assert row.message in error["errorMessage"]
    assert "FunctionError" not in largest
    assert len(largest["Payload"].read()) == RESPONSE_BYTES
