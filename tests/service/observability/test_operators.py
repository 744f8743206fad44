"""The topic that calls people: what may publish to it, and who is called."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import aws_cdk as cdk
from aws_cdk.assertions import Template

from service.observability.operators import OperatorsStack
from tests.assembly import Assembly
from tests.example import example_configuration
from tests.synthesis import new_app


def test_alarms_of_its_own_account_may_publish_and_nobody_without_tls(assembly: Assembly) -> None:
    template = assembly.stage_template("Prod", "Operators")
    (policy,) = template.of_type("AWS::SNS::TopicPolicy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]

    (allowed,) = (statement for statement in statements if statement["Effect"] == "Allow")
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": "333333333333"}}
    (denied,) = (statement for statement in statements if statement["Effect"] == "Deny")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_operators_are_subscribed_when_the_settings_name_them(tmp_path: Path) -> None:
    settings = dataclasses.replace(example_configuration().prod.service, operators_email="operators@example.com")
    stage = cdk.Stage(new_app(tmp_path), "Prod", env=cdk.Environment(account="333333333333", region="eu-west-1"))
    stack = OperatorsStack(stage, "Operators", settings=settings)

    (subscription,) = Template.from_stack(stack).find_resources("AWS::SNS::Subscription").values()

    assert subscription["Properties"]["Protocol"] == "email"
    assert subscription["Properties"]["Endpoint"] == "operators@example.com"


def test_every_alarm_of_the_service_calls_them_and_says_where_to_read(assembly: Assembly) -> None:
    for stack in ("Api", "Changes", "Notifications", "Prober"):
        alarms = assembly.stage_template("Prod", stack).of_type("AWS::CloudWatch::Alarm").values()
        named = [alarm["Properties"] for alarm in alarms if "AlarmName" in alarm["Properties"]]
        assert named
        for alarm in named:
            assert alarm["AlarmActions"] == alarm["OKActions"]
            assert alarm["AlarmActions"][0]["Fn::GetStackOutput"]["StackName"] == "Prod-Operators"
            what = alarm["AlarmName"].removeprefix("cars-prod-")
            assert alarm["AlarmDescription"].endswith(f"/docs/runbook/{what.split('-', 1)[0]}.md#{what}")
