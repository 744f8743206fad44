"""Who decides about a release is told by one topic, and nobody but the monitor and the alarms can say it."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions

from pipeline.notifications import Notifications
from tests.assembly import Template

OF_THIS_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
ALARMS = {"Service": "cloudwatch.amazonaws.com"}


def key_of(template: Template) -> dict[str, Any]:
    properties: dict[str, Any] = template.resources[
        template.only("AWS::SNS::Topic")["KmsMasterKeyId"]["Fn::GetAtt"][0]
    ]["Properties"]
    return properties


def statements(template: Template, effect: str) -> list[dict[str, Any]]:
    return [
        statement
        for statement in template.only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
        if statement["Effect"] == effect
    ]


def test_topic_is_encrypted_with_a_key_that_rotates_and_refuses_what_is_not(template: Template) -> None:
    assert key_of(template)["EnableKeyRotation"] is True
    assert [statement["Condition"] for statement in statements(template, "Deny")] == [
        {"Bool": {"aws:SecureTransport": "false"}}
    ]


def test_topic_takes_messages_of_this_accounts_alarms_and_of_roles_that_have_the_permission(template: Template) -> None:
    (allowed,) = statements(template, "Allow")

    assert (allowed["Principal"], allowed["Action"], allowed["Condition"]) == (ALARMS, "sns:Publish", OF_THIS_ACCOUNT)


def test_alarms_may_use_the_key_for_what_they_publish(template: Template) -> None:
    granted = [
        (statement["Action"], statement["Condition"])
        for statement in key_of(template)["KeyPolicy"]["Statement"]
        if statement["Principal"] == ALARMS
    ]

    assert granted == [(["kms:Decrypt", "kms:GenerateDataKey*"], OF_THIS_ACCOUNT)]


def test_only_the_monitor_may_publish(template: Template) -> None:
    policies = [policy["Properties"] for policy in template.of_type("AWS::IAM::Policy").values()]
    publishers = [
        policy["Roles"]
        for policy in policies
        if any("sns:Publish" in statement["Action"] for statement in policy["PolicyDocument"]["Statement"])
    ]

    assert publishers == [[{"Ref": template.only("AWS::Lambda::Function")["Role"]["Fn::GetAtt"][0]}]]


def test_address_is_subscribed_when_the_configuration_has_one() -> None:
    stack = cdk.Stack(cdk.App(), "Small")
    Notifications(stack, "Notifications", email="managers@example.com")
    (subscription,) = assertions.Template.from_stack(stack).find_resources("AWS::SNS::Subscription").values()
    assert subscription["Properties"]["Protocol"] == "email"
    assert subscription["Properties"]["Endpoint"] == "managers@example.com"


def test_nobody_is_subscribed_otherwise(template: Template) -> None:
    assert template.of_type("AWS::SNS::Subscription") == {}
