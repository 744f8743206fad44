"""The monitor hears what is news, may read one pipeline and write to one topic, and does not fail unseen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.monitor.infrastructure import MEASURED_EVERY_MINUTES
from pipeline.monitor.runtime.settings import Metric, Setting
from pipeline.monitor.runtime.stages import parse_stages
from tests.assembly import Assembly, Template
from tests.pipeline.event_pattern import matches
from tests.pipeline.monitor.test_news import event

READERS = [
    "arn:aws:iam::222222222222:role/acs-release-reader-staging",
    "arn:aws:iam::333333333333:role/acs-release-reader-prod",
]
PIPELINE_ARN = "arn:aws:codepipeline:eu-west-1:111111111111:AutonomousCarManager"
APPROVAL, ENDED = "codepipeline-approval-started", "codepipeline-execution-failed"
DEPLOY = {"owner": "AWS", "provider": "CloudFormation", "category": "Deploy", "version": "1"}


@pytest.fixture
def function(template: Template) -> dict[str, Any]:
    return template.only("AWS::Lambda::Function")


def heard_by(template: Template, happened: dict[str, Any]) -> list[str]:
    """The rules that match."""
    rules = template.of_type("AWS::Events::Rule")
    patterns = {name: rule["Properties"].get("EventPattern") for name, rule in rules.items()}
    return [name for name, pattern in patterns.items() if pattern is not None and matches(pattern, happened)]


@pytest.mark.parametrize(
    "happened",
    [
        event(APPROVAL),
        *(event(ENDED, state=state) for state in ("SUCCEEDED", "FAILED", "STOPPED")),
        event("codedeploy-deployment-stopped"),
    ],
)
def test_what_is_news_is_heard_once(template: Template, happened: dict[str, Any]) -> None:
    assert len(heard_by(template, happened)) == 1


@pytest.mark.parametrize(
    "happened",
    [
        *(event(ENDED, state=state) for state in ("STARTED", "SUPERSEDED", "CANCELED")),
        *(event(APPROVAL, state=state) for state in ("SUCCEEDED", "FAILED", "ABANDONED")),
        event(ENDED, pipeline="another"),
        event(APPROVAL, pipeline="another"),
        {**event(ENDED), "source": "somebody"},
        {**event(APPROVAL), "detail": {**event(APPROVAL)["detail"], "type": DEPLOY}},
        {**event(ENDED, stage="Prod"), "detail-type": "CodePipeline Stage Execution State Change"},
    ],
)
def test_what_is_none_is_not_heard(template: Template, happened: dict[str, Any]) -> None:
    assert heard_by(template, happened) == []


def test_traffic_shifts_are_heard_on_a_bus_of_their_own(template: Template) -> None:
    """What is told there comes from other accounts: no other rule of this account hears it."""
    (heard,) = heard_by(template, event("codedeploy-deployment-stopped"))
    (bus,) = template.of_type("AWS::Events::EventBus")

    assert [
        name for name, rule in template.of_type("AWS::Events::Rule").items() if "EventBusName" in rule["Properties"]
    ] == [heard]
    assert template.resources[heard]["Properties"]["EventBusName"] == {"Ref": bus}


def test_bus_takes_events_of_codedeploy_from_one_role_of_each_stages_account(template: Template) -> None:
    (bus,) = template.of_type("AWS::Events::EventBus")
    statements = [
        policy["Properties"]["Statement"] for policy in template.of_type("AWS::Events::EventBusPolicy").values()
    ]

    assert template.resources[bus]["Properties"]["Name"] == "acs-deployments"
    assert {statement["Principal"]["AWS"]: statement["Condition"] for statement in statements} == {
        f"arn:aws:iam::{account}:root": {
            "ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{account}:role/acs-deployments-forwarder-{stage}"},
            "StringEquals": {
                "events:source": "aws.codedeploy",
                "events:detail-type": "CodeDeploy Deployment State-change Notification",
            },
        }
        for stage, account in (("staging", "222222222222"), ("prod", "333333333333"))
    }
    for statement in statements:
        assert (statement["Effect"], statement["Action"]) == ("Allow", "events:PutEvents")
        assert statement["Resource"] == {"Fn::GetAtt": [bus, "Arn"]}


def test_statements_of_the_bus_are_made_one_after_another(template: Template) -> None:
    """PutPermission changes the bus's one policy, and is refused while another change of it goes on."""
    first, second = template.of_type("AWS::Events::EventBusPolicy")

    assert template.resources[second]["DependsOn"] == [first]


def test_stages_trust_the_functions_role_by_its_name_and_it_may_become_their_readers_alone(
    template: Template, function: dict[str, Any], assembly: Assembly
) -> None:
    role = function["Role"]["Fn::GetAtt"][0]
    name = template.resources[role]["Properties"]["RoleName"]
    (assumes,) = [each for each in template.statements_of(role) if "sts:AssumeRole" in each["Action"]]

    assert assumes["Resource"] == READERS
    for stage in ("Staging", "Prod"):
        (reader,) = [
            found["Properties"]
            for found in assembly.stage_template(stage, "Operators").of_type("AWS::IAM::Role").values()
            if found["Properties"].get("RoleName", "").startswith("acs-release-reader")
        ]
        (trust,) = reader["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
        assert trust["Condition"] == {
            "ArnEquals": {
                "aws:PrincipalArn": [
                    "arn:aws:iam::111111111111:role/acs-evidence",
                    f"arn:aws:iam::111111111111:role/{name}",
                ]
            }
        }


def test_pipeline_is_measured_though_nothing_happens(template: Template) -> None:
    schedules = [
        rule["Properties"].get("ScheduleExpression") for rule in template.of_type("AWS::Events::Rule").values()
    ]

    assert [found for found in schedules if found] == [f"rate({MEASURED_EVERY_MINUTES} minutes)"]


def test_function_may_read_this_pipeline_publish_to_the_topic_and_use_its_key(
    template: Template, function: dict[str, Any]
) -> None:
    topic = next(iter(template.of_type("AWS::SNS::Topic")))
    key = template.only("AWS::SNS::Topic")["KmsMasterKeyId"]
    granted = {
        action: json.dumps(statement["Resource"])
        for statement in template.statements_of(function["Role"]["Fn::GetAtt"][0])
        for action in statement["Action"]
    }

    for_what = {name: place for name, place in granted.items() if name.split(":")[0] not in ("logs", "xray", "sqs")}
    assert for_what == {
        "codepipeline:GetPipelineState": json.dumps(PIPELINE_ARN),
        "codepipeline:ListActionExecutions": json.dumps(PIPELINE_ARN),
        "codepipeline:ListPipelineExecutions": json.dumps(PIPELINE_ARN),
        "sts:AssumeRole": json.dumps(READERS),
        "sns:Publish": json.dumps({"Ref": topic}),
        "kms:Decrypt": json.dumps(key),
        "kms:GenerateDataKey*": json.dumps(key),
    }


def test_function_has_every_variable_that_it_reads(function: dict[str, Any]) -> None:
    variables = function["Environment"]["Variables"]

    assert {setting.value for setting in Setting} <= variables.keys()
    assert variables[Setting.SELF_MUTATION_STAGE] == "UpdatePipeline"
    assert variables[Setting.PROD_STAGE] == "Prod"
    stages = parse_stages(variables[Setting.STAGES])
    assert {name: place.role_arn for name, place in stages.items()} == dict(
        zip(("Staging", "Prod"), READERS, strict=True)
    )
    assert {place.region for place in stages.values()} == {"eu-west-1"}


def test_what_it_gives_up_and_what_never_reached_it_lies_in_a_queue(template: Template) -> None:
    queue = {"Fn::GetAtt": [next(iter(template.of_type("AWS::SQS::Queue"))), "Arn"]}
    config = template.only("AWS::Lambda::EventInvokeConfig")
    targets = [
        target for rule in template.of_type("AWS::Events::Rule").values() for target in rule["Properties"]["Targets"]
    ]

    assert config["DestinationConfig"] == {"OnFailure": {"Destination": queue}}
    assert config["MaximumRetryAttempts"] == 2
    assert len(targets) == 4
    assert all(target["DeadLetterConfig"] == {"Arn": queue} for target in targets)


def test_alarms_tell_the_topic_and_know_what_missing_data_means(template: Template) -> None:
    topic = {"Ref": next(iter(template.of_type("AWS::SNS::Topic")))}
    alarms = {alarm["AlarmName"]: alarm for alarm in _alarms(template)}

    assert set(alarms) == {
        "pipeline-action-stuck",
        "pipeline-approval-waits",
        "pipeline-self-mutation-failed",
        "pipeline-monitor-failed",
    }
    for name, alarm in alarms.items():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == ([topic], [topic]), name
        assert alarm["TreatMissingData"] == "ignore", name


def test_approval_rings_when_half_of_its_time_is_over(template: Template) -> None:
    (alarm,) = [alarm for alarm in _alarms(template) if alarm["MetricName"] == Metric.APPROVAL_WAITING]
    (action,) = [
        action
        for stage in template.only("AWS::CodePipeline::Pipeline")["Stages"]
        for action in stage["Actions"]
        if action["Name"] == "Approve"
    ]

    assert alarm["Threshold"] == action["TimeoutInMinutes"] * 60 / 2
    assert f"more than {action['TimeoutInMinutes'] / 120:g} hours" in alarm["AlarmDescription"]


def test_alarms_and_dashboard_look_at_metrics_that_the_function_sends(template: Template) -> None:
    sent = {metric.value for metric in Metric}
    alarmed = {alarm["MetricName"] for alarm in _alarms(template) if alarm["Namespace"] == "ReleasePipeline"}
    body = json.dumps(template.only("AWS::CloudWatch::Dashboard")["DashboardBody"])

    assert alarmed == {Metric.ACTION_RUNNING, Metric.APPROVAL_WAITING, Metric.SELF_MUTATION_FAILED}
    assert all(metric in body or metric in alarmed for metric in sent)


def _alarms(template: Template) -> list[dict[str, Any]]:
    return [alarm["Properties"] for alarm in template.of_type("AWS::CloudWatch::Alarm").values()]


def _rules(template: Template) -> list[dict[str, Any]]:
    return [rule["Properties"] for rule in template.of_type("AWS::Events::Rule").values()]
