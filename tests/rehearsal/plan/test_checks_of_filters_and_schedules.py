from __future__ import annotations

from typing import Any

import pytest

from rehearsal.plan.deployment_checks import refused_resources
from rehearsal.source.assembly import Environment, StackArtifact

TRANSFORMATION = {"MetricName": "Errors", "MetricNamespace": "App", "MetricValue": "1"}
TARGET = {"Arn": {"Fn::GetAtt": ["Queue", "Arn"]}, "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}}


def refused(resource_type: str, **properties: Any) -> list[str]:
    stack = StackArtifact(
        artifact_id="Cars",
        name="Cars",
        display_name="Cars",
        environment=Environment(None, None),
        template_file="Cars.template.json",
        template={"Resources": {"Thing": {"Type": resource_type, "Properties": properties}}},
    )
    return list(refused_resources(stack, account="111111111111", region="eu-west-1"))


@pytest.mark.parametrize(
    ("resource_type", "properties", "reason"),
    [
        ("AWS::Logs::MetricFilter", {"FilterPattern": "{ $.a[*] = 1 }"}, "a selector like"),
        ("AWS::Scheduler::Schedule", {"ScheduleExpression": "cron(0 9 L * ? *)"}, "'L' in the field day of month"),
        ("AWS::Scheduler::Schedule", {"Target": {**TARGET, "EcsParameters": {}}}, "Target.EcsParameters"),
    ],
)
def test_resource_that_its_provider_would_refuse_is_refused_by_name(
    resource_type: str, properties: dict[str, Any], reason: str
) -> None:
    good = {"MetricTransformations": [TRANSFORMATION], "ScheduleExpression": "rate(1 hour)", "Target": TARGET}
    known = {"AWS::Logs::MetricFilter": ("MetricTransformations",)}.get(resource_type, ("ScheduleExpression", "Target"))

    (sentence,) = refused(resource_type, **{name: good[name] for name in known} | properties)

    assert " Thing in stack Cars: " in sentence
    assert reason in sentence


def test_resource_that_its_provider_takes_is_not_refused() -> None:
    assert refused("AWS::Logs::MetricFilter", FilterPattern="ERROR", MetricTransformations=[TRANSFORMATION]) == []
    assert refused("AWS::Scheduler::Schedule", ScheduleExpression="rate(1 hour)", Target=TARGET) == []


def test_what_only_the_deployment_knows_is_left_to_it() -> None:
    assert refused("AWS::Scheduler::Schedule", ScheduleExpression={"Ref": "When"}, Target=TARGET) == []
