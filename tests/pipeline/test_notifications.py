"""Who decides about a release is told what waits for them and what went wrong, once, and nobody else can say it."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions

from pipeline.notifications import Notifications
from tests.assembly import Template

Stages = dict[str, dict[str, Any]]
ABOUT = {"pipeline": "AutonomousCarManager", "execution-id": "e", "version": 7.0, "pipeline-execution-attempt": 1.0}
APPROVAL = {"owner": "AWS", "provider": "Manual", "category": "Approval", "version": "1"}
BUILD = {"owner": "AWS", "provider": "CodeBuild", "category": "Build", "version": "1"}
DEPLOY = {"owner": "AWS", "provider": "CloudFormation", "category": "Deploy", "version": "1"}


def event(what: str, state: str, **detail: Any) -> dict[str, Any]:
    """As the user guide, and subscribers' logs, show events of CodePipeline."""
    return {
        "version": "0",
        "source": "aws.codepipeline",
        "detail-type": f"CodePipeline {what} Execution State Change",
        "account": "111111111111",
        "region": "eu-west-1",
        "resources": ["arn:aws:codepipeline:eu-west-1:111111111111:AutonomousCarManager"],
        "detail": {**ABOUT, "state": state, **detail},
    }


def topic_of(template: Template) -> str:
    (topic,) = template.of_type("AWS::SNS::Topic")
    return topic


def told(template: Template, happened: dict[str, Any]) -> list[str]:
    """The texts that the rules publish of it."""
    texts = []
    for rule in template.of_type("AWS::Events::Rule").values():
        properties = rule["Properties"]
        if _matches(properties["EventPattern"], happened):
            (target,) = properties["Targets"]
            assert target["Arn"] == {"Ref": topic_of(template)}
            texts.append(_transformed(target["InputTransformer"], happened))
    return texts


def test_approval_tells_the_topic_that_it_waits(template: Template, stages: Stages) -> None:
    configuration = stages["ApproveProd"]["Actions"][-1]["Configuration"]
    assert configuration["NotificationArn"] == {"Ref": topic_of(template)}


def test_approval_may_publish_to_the_topic_and_use_its_key(template: Template, stages: Stages) -> None:
    role = stages["ApproveProd"]["Actions"][-1]["RoleArn"]["Fn::GetAtt"][0]
    topic = template.only("AWS::SNS::Topic")
    granted = {
        (tuple(statement["Action"]), json.dumps(statement["Resource"])) for statement in template.statements_of(role)
    }
    assert granted == {
        (("sns:Publish",), json.dumps({"Ref": topic_of(template)})),
        (("kms:Decrypt", "kms:GenerateDataKey*"), json.dumps(topic["KmsMasterKeyId"])),
    }


@pytest.mark.parametrize(
    ("happened", "words"),
    [
        (
            event("Action", "FAILED", stage="ApproveProd", action="Approve", type=APPROVAL),
            "not approved in ApproveProd",
        ),
        (event("Action", "ABANDONED", stage="ApproveProd", action="Approve", type=APPROVAL), "not approved"),
        (
            event("Action", "FAILED", stage="ApproveProd", action="Evidence", type=BUILD),
            "nobody was asked for it",
        ),
        (event("Stage", "FAILED", stage="Prod"), "Stage Prod of AutonomousCarManager failed"),
        (event("Stage", "FAILED", stage="Build"), "Stage Build"),
        (event("Pipeline", "STOPPED"), "stopped a release"),
        (
            event("Pipeline", "STARTED", **{"execution-trigger": {"trigger-type": "AutomatedRollback"}}),
            "being rolled back (AutomatedRollback)",
        ),
    ],
)
def test_what_wants_a_person_is_told_once_with_its_execution_and_what_to_do(
    template: Template, happened: dict[str, Any], words: str
) -> None:
    (text,) = told(template, happened)
    assert words in text
    assert "Execution e. " in text
    assert text.endswith("/docs/runbook/release.md")


@pytest.mark.parametrize(
    "happened",
    [
        event("Pipeline", "STARTED", **{"execution-trigger": {"trigger-type": "WebhookV2"}}),
        event("Pipeline", "SUCCEEDED"),
        event("Pipeline", "SUPERSEDED"),
        event("Stage", "STARTED", stage="Prod"),
        event("Action", "STARTED", stage="ApproveProd", action="Approve", type=APPROVAL),  # it tells this itself
        event("Action", "SUCCEEDED", stage="ApproveProd", action="Approve", type=APPROVAL),
        # told by another rule, or by the rule on its stage
        event("Stage", "FAILED", stage="ApproveProd"),
        event("Action", "FAILED", stage="Prod", action="Api.Deploy", type=DEPLOY),
        event("Pipeline", "FAILED"),
        {**event("Stage", "FAILED", stage="Prod"), "detail": {**ABOUT, "pipeline": "another", "state": "FAILED"}},
    ],
)
def test_what_goes_well_or_is_told_already_is_not_told(template: Template, happened: dict[str, Any]) -> None:
    assert told(template, happened) == []


def test_rollbacks_are_known_by_both_of_their_triggers(template: Template) -> None:
    for trigger in ("AutomatedRollback", "ManualRollback"):
        assert (
            len(told(template, event("Pipeline", "STARTED", **{"execution-trigger": {"trigger-type": trigger}}))) == 1
        )


def test_topic_is_encrypted_with_a_key_that_rotates_and_refuses_what_is_not(template: Template) -> None:
    key = template.resources[template.only("AWS::SNS::Topic")["KmsMasterKeyId"]["Fn::GetAtt"][0]]["Properties"]
    statements = template.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    assert key["EnableKeyRotation"] is True
    assert [statement["Condition"] for statement in statements if statement["Effect"] == "Deny"] == [
        {"Bool": {"aws:SecureTransport": "false"}}
    ]


def test_no_rule_but_the_pipelines_own_may_publish(template: Template) -> None:
    (allowed,) = [
        statement
        for statement in template.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"
    named = [arn["Fn::GetAtt"][0] for arn in allowed["Condition"]["ArnEquals"]["aws:SourceArn"]]
    assert sorted(named) == sorted(template.of_type("AWS::Events::Rule"))


def test_eventbridge_may_use_the_key_for_what_it_publishes(template: Template) -> None:
    key = template.resources[template.only("AWS::SNS::Topic")["KmsMasterKeyId"]["Fn::GetAtt"][0]]["Properties"]
    granted = [
        statement["Action"]
        for statement in key["KeyPolicy"]["Statement"]
        if statement["Principal"] == {"Service": "events.amazonaws.com"}
    ]
    assert granted == [["kms:Decrypt", "kms:GenerateDataKey"]]


def test_address_is_subscribed_when_the_configuration_has_one() -> None:
    stack = cdk.Stack(cdk.App(), "Small")
    Notifications(stack, "Notifications", email="managers@example.com")
    (subscription,) = assertions.Template.from_stack(stack).find_resources("AWS::SNS::Subscription").values()
    assert subscription["Properties"]["Protocol"] == "email"
    assert subscription["Properties"]["Endpoint"] == "managers@example.com"


def test_nobody_is_subscribed_otherwise(template: Template) -> None:
    assert template.of_type("AWS::SNS::Subscription") == {}


def _matches(pattern: Any, value: Any) -> bool:
    """EventBridge's matching, as far as the rules use it."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(_matches(wanted, value.get(name)) for name, wanted in pattern.items())
    return any(
        value is not None and value not in wanted["anything-but"] if isinstance(wanted, dict) else value == wanted
        for wanted in pattern
    )


def _transformed(transformer: dict[str, Any], happened: dict[str, Any]) -> str:
    text: str = json.loads(transformer["InputTemplate"])
    for name, path in transformer["InputPathsMap"].items():
        value: Any = happened
        for part in path.removeprefix("$.").split("."):
            value = value[part]
        text = text.replace(f"<{name}>", value)
    assert "<" not in text
    return text
