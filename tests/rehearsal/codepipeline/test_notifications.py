"""What a pipeline tells: the approval its topic, with its own role, and EventBridge each change of state, for rules.

On the local AWS with IAM on, up to the queue that is subscribed to the topic.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rehearsal.aws.local_cloud import LocalCloud
from rehearsal.codepipeline.actions.approval import ApprovalAction, ApprovalAnswer, Approvals
from rehearsal.codepipeline.definition import StageDeclaration
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline, PipelineStore
from rehearsal.codepipeline.engine import Engine
from rehearsal.codepipeline.execution import Execution, Source
from rehearsal.codepipeline.state_changes import StateChanges
from rehearsal.run_events import Status
from tests.rehearsal.aws.lambda_host.local_aws import eventually
from tests.rehearsal.codepipeline.fake_cloud import (
    ACCOUNT,
    REGION,
    FolderArtifacts,
    NoArtifactRoles,
    SourceOf,
    action,
    deployed,
    source_stage,
)

ROLE = f"arn:aws:iam::{ACCOUNT}:role"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:releases"


def may(action: str, resource: Any, **principal: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **principal}]}


def role(name: str, trusted: Any, policy: Mapping[str, Any]) -> dict[str, Any]:
    trust = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted}]}
    policies = [{"PolicyName": "own", "PolicyDocument": policy}]
    properties = {"RoleName": name, "AssumeRolePolicyDocument": trust, "Policies": policies}
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def rule(kind: str, detail: Mapping[str, Any], text: str) -> dict[str, Any]:
    pattern = {"source": ["aws.codepipeline"], "detail-type": [f"CodePipeline {kind} Execution State Change"]}
    paths = {"execution": "$.detail.execution-id", "source": "$.source"}
    transformer = {"InputPathsMap": paths, "InputTemplate": f'"{text} <execution> (<source>)"'}
    target = {"Id": "Topic", "Arn": {"Ref": "Topic"}, "InputTransformer": transformer}
    return {
        "Type": "AWS::Events::Rule",
        "Properties": {"EventPattern": {**pattern, "detail": detail}, "Targets": [target]},
    }


RESOURCES = {
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "releases"}},
    "TopicPolicy": {
        "Type": "AWS::SNS::TopicPolicy",
        "Properties": {
            "Topics": [{"Ref": "Topic"}],
            "PolicyDocument": may(
                "sns:Publish",
                {"Ref": "Topic"},
                Principal={"Service": "events.amazonaws.com"},
                Condition={"ArnEquals": {"aws:SourceArn": [{"Fn::GetAtt": ["NotApproved", "Arn"]}]}},
            ),
        },
    },
    "Queue": {"Type": "AWS::SQS::Queue"},
    "QueuePolicy": {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [{"Ref": "Queue"}],
            "PolicyDocument": may(
                "sqs:SendMessage",
                {"Fn::GetAtt": ["Queue", "Arn"]},
                Principal={"Service": "sns.amazonaws.com"},
                Condition={"ArnEquals": {"aws:SourceArn": {"Ref": "Topic"}}},
            ),
        },
    },
    "Subscription": {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "TopicArn": {"Ref": "Topic"},
            "Protocol": "sqs",
            "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]},
            "RawMessageDelivery": True,
        },
    },
    "NotApproved": rule("Action", {"type": {"category": ["Approval"]}, "state": ["FAILED"]}, "Not approved:"),
    # The topic's policy does not name it.
    "Uninvited": rule("Stage", {"state": ["FAILED"]}, "Uninvited:"),
    "PipelineRole": role(
        "pipeline",
        {"Service": "codepipeline.amazonaws.com"},
        may("sts:AssumeRole", [f"{ROLE}/approval", f"{ROLE}/other"]),
    ),
    "ApprovalRole": role(
        "approval", {"AWS": {"Fn::GetAtt": ["PipelineRole", "Arn"]}}, may("sns:Publish", {"Ref": "Topic"})
    ),
    "OtherRole": role("other", {"AWS": {"Fn::GetAtt": ["PipelineRole", "Arn"]}}, may("sns:ListTopics", "*")),
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    home: Path = tmp_path_factory.mktemp("cloud")
    with LocalCloud(home, cache=home / "cache", egress={}, speed=1000) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def queue(cloud: LocalCloud) -> str:
    """The address of the queue that is subscribed to the topic, in the stack with all the rest."""
    cloudformation = client(cloud, "cloudformation")
    template = {"Resources": RESOURCES, "Outputs": {"Queue": {"Value": {"Ref": "Queue"}}}}
    cloudformation.create_stack(
        StackName="Releases", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
    )

    def made() -> Any:
        (stack,) = cloudformation.describe_stacks(StackName="Releases")["Stacks"]
        return None if stack["StackStatus"].endswith("PROGRESS") else stack

    stack = eventually(made, seconds=30)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return str(stack["Outputs"][0]["OutputValue"])


def client(cloud: LocalCloud, service: str) -> Any:
    return cloud.clients.root(ACCOUNT, REGION).client(service)  # type: ignore[call-overload]


def pipeline_with(approval_role: str) -> DeployedPipeline:
    asks = action(
        "Ask",
        category="Approval",
        provider="Manual",
        configuration={"NotificationArn": TOPIC, "CustomData": "Release it?"},
        role_arn=f"{ROLE}/{approval_role}",
    )
    return deployed(source_stage(), StageDeclaration(name="Approve", actions=(asks,)))


class Release:
    """One that runs in a thread, until it is over."""

    def __init__(self, cloud: LocalCloud, home: Path, pipeline: DeployedPipeline) -> None:
        store = PipelineStore()
        store.add(pipeline)
        cloud.event_log.subscribe(StateChanges(store, cloud.service_events.put))
        (home / "artifacts").mkdir()
        self.approvals = Approvals(lambda _: None)
        self._engine = Engine(
            cloud,
            artifacts=FolderArtifacts(home / "artifacts"),
            artifact_roles=NoArtifactRoles(),
            actions={("Approval", "Manual"): ApprovalAction(self.approvals)},
            rules={},
        )
        self._pipeline = pipeline
        self._ended: list[Execution] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        self._ended.append(self._engine.release(self._pipeline, Source(action=SourceOf("c1"), commit="c1")))

    def execution(self) -> Execution:
        self._thread.join(30)
        (execution,) = self._ended
        return execution


def taken(cloud: LocalCloud, queue: str) -> Any:
    """The next message of the queue, None while there is none."""
    sqs = client(cloud, "sqs")
    for message in sqs.receive_message(QueueUrl=queue).get("Messages", []):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return message["Body"]
    return None


def test_approval_that_waits_and_is_rejected_reaches_who_is_subscribed(
    cloud: LocalCloud, queue: str, tmp_path: Path
) -> None:
    release = Release(cloud, tmp_path, pipeline_with("approval"))

    # while it waits
    told = json.loads(eventually(lambda: taken(cloud, queue)))
    approval = told["approval"]
    assert (told["region"], approval["pipelineName"], approval["stageName"]) == (REGION, "release", "Approve")
    assert approval["customData"] == "Release it?"
    assert approval["token"] in approval["approvalReviewLink"]

    # once it is answered, with the token that was told
    release.approvals.answer(approval["token"], ApprovalAnswer(False, "not today"))
    execution = release.execution()
    assert json.loads(eventually(lambda: taken(cloud, queue))) == f"Not approved: {execution.id} (aws.codepipeline)"
    assert execution.status is Status.FAILED
    assert taken(cloud, queue) is None


def test_approval_fails_when_its_role_may_not_tell_the_topic(cloud: LocalCloud, queue: str, tmp_path: Path) -> None:
    execution = Release(cloud, tmp_path, pipeline_with("other")).execution()

    assert execution.status is Status.FAILED
    assert execution.stopped_by
    assert "is not authorized to perform: sns:Publish" in execution.stopped_by.reason
