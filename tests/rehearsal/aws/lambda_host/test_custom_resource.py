"""Custom resources whose functions answer, fail, take too long or say nothing: each stack comes to its end."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from rehearsal.aws.lambda_host.custom_resource import CustomResourceEnds, CustomResourceRequest
from rehearsal.aws.lambda_host.function import InvocationResult
from rehearsal.aws.local_cloud import LocalCloud
from tests.rehearsal.aws.lambda_host.fake_sdk import fake_sdk

ACCOUNT, REGION = "222222222222", "eu-west-1"
DEADLINE_SECONDS = 30.0
# As CDK's handlers answer: by HTTPS, to the address's host and path, without its port.
ANSWERING = """
const https = require("https"), url = require("url");
exports.handler = (event) => new Promise((resolve, reject) => {
  const to = url.parse(event.ResponseURL);
  const body = JSON.stringify({ ...event, Status: "SUCCESS", PhysicalResourceId: "car", Data: { Model: "one" } });
  const request = https.request({
    hostname: to.hostname, path: to.path, method: "PUT", headers: { "content-length": Buffer.byteLength(body) },
  }, (response) => { response.resume(); resolve(); });
  request.on("error", reject);
  request.end(body);
});"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    home: Path = tmp_path_factory.mktemp("cloud")
    fake_sdk(home / "cache")
    with LocalCloud(home, cache=home / "cache", egress={}, speed=1000) as cloud:
        yield cloud


def stack_of(name: str, code: str, **properties: Any) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]}}
    function = {
        "Runtime": "nodejs22.x",
        "Handler": "index.handler",
        "Code": {"ZipFile": code},
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "FunctionName": f"{name}-function",
        **properties,
    }
    token = {"Fn::GetAtt": ["Function", "Arn"]}
    return {
        "Resources": {
            "Role": {"Type": "AWS::IAM::Role", "Properties": role},
            "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
            "Car": {"Type": "Custom::Car", "Properties": {"ServiceToken": token}},
        },
        "Outputs": {"Model": {"Value": {"Fn::GetAtt": ["Car", "Model"]}}},
    }


def deploy(cloud: LocalCloud, name: str, template: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The stack at its end, and why its custom resource failed."""
    client = cloud.clients.root(ACCOUNT, REGION).client("cloudformation")
    client.create_stack(StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (stack := client.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"].endswith("PROGRESS"):
        assert time.monotonic() < deadline, "the stack is not made in time"
        time.sleep(0.05)
    reasons = [
        event.get("ResourceStatusReason", "")
        for event in client.describe_stack_events(StackName=name)["StackEvents"]
        if event["LogicalResourceId"] == "Car" and event["ResourceStatus"] == "CREATE_FAILED"
    ]
    return dict(stack), "".join(reasons)


def test_function_answers_cloudformation_by_https_and_without_the_port(cloud: LocalCloud) -> None:
    stack, _ = deploy(cloud, "answering", stack_of("answering", ANSWERING))

    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Outputs"][0]["OutputValue"] == "one"


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("missing", "require('@aws-sdk/client-rekognition');", "Cannot find module '@aws-sdk/client-rekognition'"),
        ("throwing", "exports.handler = async () => { throw new Error('out of cars'); };", "out of cars"),
        (
            "hanging",
            "exports.handler = () => new Promise((r) => setTimeout(r, 60000));",
            "timed out after 2.00 s",
        ),
    ],
)
def test_stack_whose_custom_resource_fails_without_an_answer_is_rolled_back_with_the_cause(
    cloud: LocalCloud, name: str, code: str, reason: str
) -> None:
    stack, why = deploy(cloud, name, stack_of(name, code, Timeout=2))

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert why.startswith(f"{name}-function failed and has not answered: ")
    assert reason in why


def test_function_that_fails_at_first_is_tried_again_as_lambda_does(cloud: LocalCloud) -> None:
    code = "let n = 0;" + ANSWERING.replace("(event) =>", "(event) => n++ === 0 ? Promise.reject(Error('first')) :")

    stack, _ = deploy(cloud, "retried", stack_of("retried", code))

    assert stack["StackStatus"] == "CREATE_COMPLETE"


REQUEST = {
    "RequestType": "Create",
    "ResponseURL": "http://localhost:4566/_ministack/cfn-response/one",
    "StackId": "arn:aws:cloudformation:eu-west-1:222222222222:stack/cars/1",
    "RequestId": "r-1",
    "LogicalResourceId": "Car",
    "ResourceProperties": {"ServiceTimeout": "900"},
}


@pytest.mark.parametrize(
    "event",
    [
        {**REQUEST, "ResponseURL": "http://example.com/_ministack/cfn-response/one"},
        {**REQUEST, "ResponseURL": "http://localhost:4566/bucket/key"},
        {name: value for name, value in REQUEST.items() if name != "StackId"},
        ["RequestType"],
        None,
    ],
)
def test_only_what_the_local_cloudformation_waits_for_is_a_custom_resources_request(event: object) -> None:
    assert CustomResourceRequest.from_event(REQUEST) is not None
    assert CustomResourceRequest.from_event(event) is None


class ManualLoop(asyncio.SelectorEventLoop):
    """Keeps what is to be called later."""

    def __init__(self) -> None:
        super().__init__()
        self.later: list[tuple[float, Callable[..., object]]] = []

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any, **_: Any) -> asyncio.TimerHandle:  # type: ignore[override]
        self.later.append((delay, callback))
        return super().call_later(delay, callback, *args)


@pytest.mark.parametrize(
    ("timeout", "speed", "seconds"), [("3600", 1.0, 3600.0), ("3600", 4.0, 900.0), ("3600", 60.0, 300.0)]
)
def test_function_that_returns_without_an_answer_has_the_service_timeout_on_the_runs_clock(
    timeout: str, speed: float, seconds: float
) -> None:
    loop = ManualLoop()
    with ThreadPoolExecutor(1) as threads:
        ends = CustomResourceEnds(loop, threads, speed)
        event = {**REQUEST, "ResourceProperties": {"ServiceTimeout": timeout}}

        ends.ended(json.dumps(event).encode(), "cars", InvocationResult(version="1", payload=b"null"))
        ends.ended(b'{"car": 1}', "cars", InvocationResult(version="1", payload=b"null"))

        assert [delay for delay, _ in loop.later] == [seconds]
        ends.close()
    loop.close()
