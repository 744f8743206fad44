"""CodeDeploy's events from a stage's account to a bus of the toolchain's, with every permission that AWS asks for.

The templates are the project's own, as synthesized: the stage's forwarder and the monitor's bus, rule and policy.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.aws.local_cloud import LocalCloud
from tests.assembly import Assembly, Template
from tests.rehearsal.aws.codedeploy.test_with_cloudformation import BETTER, CRASHES_AT_IMPORT, GOOD, template
from tests.rehearsal.aws.lambda_host.local_aws import eventually

TOOLCHAIN, STAGE, REGION = "111111111111", "333333333333", "eu-west-1"
BUS = f"arn:aws:events:{REGION}:{TOOLCHAIN}:event-bus/acs-deployments"
RULE = f"arn:aws:events:{REGION}:{STAGE}:rule/acs-deployments-prod"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    home: Path = tmp_path_factory.mktemp("cloud")
    with LocalCloud(home, cache=home / "cache", egress={}, speed=1000) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def urls(cloud: LocalCloud, assembly: Assembly) -> dict[str, str]:
    """Of queues: `heard` has what the toolchain's rule matched, `undelivered` what the stage's could not deliver."""
    toolchain = deploy(cloud, TOOLCHAIN, "Pipeline", hearing(assembly.pipeline_template))
    stage = deploy(cloud, STAGE, "Prod-Operators", telling(assembly.stage_template("Prod", "Operators")))
    return {"heard": toolchain["Url"], "undelivered": stage["Url"]}


def hearing(pipeline: Template) -> dict[str, Any]:
    """The bus of the pipeline's stack with its policy, and its rule with a queue in the place of the monitor."""
    kinds = ("AWS::Events::EventBus", "AWS::Events::EventBusPolicy")
    kept = {name: found for kind in kinds for name, found in pipeline.of_type(kind).items()}
    (rule,) = [
        found for found in pipeline.of_type("AWS::Events::Rule").values() if "EventBusName" in found["Properties"]
    ]
    target = {"Id": "Heard", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}
    heard = {**rule, "Properties": {**rule["Properties"], "Targets": [target]}}
    return with_queue({**kept, "Heard": heard})


def telling(operators: Template) -> dict[str, Any]:
    """The stage's forwarder, with a queue for what it cannot deliver."""
    kept = {name: found for name, found in operators.resources.items() if name.startswith("Deployments")}
    (rule_id,) = operators.of_type("AWS::Events::Rule")
    rule = kept[rule_id]["Properties"]
    (target,) = rule["Targets"]
    seen = {**target, "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}}
    return with_queue({**kept, rule_id: {**kept[rule_id], "Properties": {**rule, "Targets": [seen]}}})


def with_queue(resources: dict[str, Any]) -> dict[str, Any]:
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": {"Fn::GetAtt": ["Queue", "Arn"]},
    }
    policy = {"Queues": [{"Ref": "Queue"}], "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow]}}
    queue = {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "QueuePolicy": {"Type": "AWS::SQS::QueuePolicy", "Properties": policy},
    }
    return {"Resources": {**resources, **queue}, "Outputs": {"Url": {"Value": {"Ref": "Queue"}}}}


def deploy(
    cloud: LocalCloud, account: str, name: str, document: dict[str, Any], *, is_update: bool = False
) -> dict[str, str]:
    """The stack's outputs, once it is at rest."""
    cloudformation = client(cloud, account, "cloudformation")
    call = cloudformation.update_stack if is_update else cloudformation.create_stack
    call(StackName=name, TemplateBody=json.dumps(document), Capabilities=["CAPABILITY_NAMED_IAM"])
    while (stack := cloudformation.describe_stacks(StackName=name)["Stacks"][0])["StackStatus"].endswith("PROGRESS"):
        time.sleep(0.05)
    assert is_update or stack["StackStatus"] == "CREATE_COMPLETE", stack.get("StackStatusReason")
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def client(cloud: LocalCloud, account: str, service: str) -> Any:
    return cloud.clients.root(account, REGION).client(service)  # type: ignore[call-overload]


def taken(cloud: LocalCloud, account: str, url: str) -> list[Any]:
    """Takes what the queue has."""
    sqs = client(cloud, account, "sqs")
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    for message in messages.get("Messages", []):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return list(messages.get("Messages", []))


def put_as_service(cloud: LocalCloud, **detail: str) -> None:
    """An event of CodeDeploy in the stage's account, of a deployment that has been stopped."""
    told = {"state": "STOP", "application": "Prod-Api-A", "deploymentId": "d-1", **detail}
    entry = {
        "Source": "rehearsal:aws.codedeploy",
        "DetailType": "CodeDeploy Deployment State-change Notification",
        "Detail": json.dumps(told),
    }
    assert client(cloud, STAGE, "events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_ends_of_traffic_shifts_of_the_stage_come_to_the_toolchain(cloud: LocalCloud, urls: dict[str, str]) -> None:
    # given a stack of the stage whose alias is shifted, once well, once not
    deploy(cloud, STAGE, "Prod-Api", template(GOOD, 1))
    deploy(cloud, STAGE, "Prod-Api", template(BETTER, 2), is_update=True)
    deploy(cloud, STAGE, "Prod-Api", template(CRASHES_AT_IMPORT, 3), is_update=True)
    # and one of another application in the account
    deploy(cloud, STAGE, "Another", template(GOOD, 1))
    deploy(cloud, STAGE, "Another", template(BETTER, 2), is_update=True)

    # when
    heard: list[Any] = []

    def two_are_heard() -> bool:
        heard.extend(taken(cloud, TOOLCHAIN, urls["heard"]))
        return len(heard) >= 2

    eventually(two_are_heard)
    time.sleep(0.5)  # for what should not come
    heard += taken(cloud, TOOLCHAIN, urls["heard"])

    # then
    events = [json.loads(message["Body"]) for message in heard]
    deployments = client(cloud, STAGE, "codedeploy")
    assert sorted(event["detail"]["state"] for event in events) == ["FAILURE", "SUCCESS"]
    for event in events:
        assert (event["source"], event["detail-type"]) == (
            "aws.codedeploy",
            "CodeDeploy Deployment State-change Notification",
        )
        info = deployments.get_deployment(deploymentId=event["detail"]["deploymentId"])["deploymentInfo"]
        assert event["detail"]["application"] == info["applicationName"]
        assert event["detail"]["deploymentGroup"] == info["deploymentGroupName"]
        place = f"arn:aws:codedeploy:{REGION}:{STAGE}"
        assert event["resources"] == [
            f"{place}:application:{info['applicationName']}",
            f"{place}:deploymentgroup:{info['applicationName']}/{info['deploymentGroupName']}",
        ]
    assert taken(cloud, STAGE, urls["undelivered"]) == []


@pytest.mark.parametrize(
    ("change", "because"),
    [
        ("its policy does not let it", "is not authorized to perform events:PutEvents on resource"),
        ("the bus does not let it", "because no resource-based policy allows it"),
        ("the role does not trust the rule", "does not trust events.amazonaws.com for"),
    ],
)
def test_without_one_of_the_permissions_the_event_is_a_dead_letter(
    cloud: LocalCloud, urls: dict[str, str], assembly: Assembly, change: str, because: str
) -> None:
    # given
    stage, toolchain = telling(assembly.stage_template("Prod", "Operators")), hearing(assembly.pipeline_template)
    text = json.dumps(stage)
    if change == "its policy does not let it":
        text = text.replace('"Action": "events:PutEvents"', '"Action": "events:DescribeEventBus"')
    elif change == "the bus does not let it":
        other = json.loads(json.dumps(toolchain).replace("role/acs-deployments-forwarder-prod", "role/another"))
        deploy(cloud, TOOLCHAIN, "Pipeline", other, is_update=True)
    else:
        text = text.replace(f'"aws:SourceArn": "{RULE}"', f'"aws:SourceArn": "{RULE}-other"')
    if text != json.dumps(stage):
        deploy(cloud, STAGE, "Prod-Operators", json.loads(text), is_update=True)

    # when
    put_as_service(cloud)
    (letter,) = eventually(lambda: taken(cloud, STAGE, urls["undelivered"]))

    # then
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert (attributes["RULE_ARN"], attributes["TARGET_ARN"]) == (RULE, BUS)
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert because in attributes["ERROR_MESSAGE"]
    assert taken(cloud, TOOLCHAIN, urls["heard"]) == []

    # and with all of them it comes
    if text != json.dumps(stage):
        deploy(cloud, STAGE, "Prod-Operators", stage, is_update=True)
    else:
        deploy(cloud, TOOLCHAIN, "Pipeline", toolchain, is_update=True)
    put_as_service(cloud)
    (message,) = eventually(lambda: taken(cloud, TOOLCHAIN, urls["heard"]))
    assert json.loads(message["Body"])["source"] == "aws.codedeploy"
