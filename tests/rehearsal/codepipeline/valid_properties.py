"""Properties of an AWS::CodePipeline::Pipeline that CodePipeline takes: what a test changes is what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.rehearsal.codepipeline.fake_cloud import ACCOUNT


def action(name: str, provider: str, category: str, **changes: Any) -> dict[str, Any]:
    kind = {"Category": category, "Owner": "AWS", "Provider": provider, "Version": "1"}
    return {"Name": name, "ActionTypeId": kind} | changes


def stage(name: str, *actions: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"Name": name, "Actions": list(actions)} | changes


def source(**changes: Any) -> dict[str, Any]:
    configuration = {
        "ConnectionArn": f"arn:aws:codeconnections:eu-west-1:{ACCOUNT}:connection/1",
        "FullRepositoryId": "owner/name",
        "BranchName": "main",
    }
    made = action("Checkout", "CodeStarSourceConnection", "Source", Configuration=configuration) | changes
    return {"OutputArtifacts": [{"Name": "Code"}]} | made


def build(name: str = "Synth", **changes: Any) -> dict[str, Any]:
    made = action(name, "CodeBuild", "Build", Configuration={"ProjectName": "synth"})
    return made | {"InputArtifacts": [{"Name": "Code"}]} | changes


def alarm_rule(**changes: Any) -> dict[str, Any]:
    kind = {"Category": "Rule", "Owner": "AWS", "Provider": "CloudWatchAlarm", "Version": "1"}
    return {"Name": "Bake", "RuleTypeId": kind, "Configuration": {"AlarmName": "errors", "WaitTime": "10"}} | changes


def condition(result: str | None, *rules: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"Rules": list(rules) or [alarm_rule()]}
    return {"Conditions": [made if result is None else made | {"Result": result}]}


SOURCE_STAGE = stage("Source", source())


def valid_properties(*, stages: Sequence[dict[str, Any]] = (), **changes: Any) -> dict[str, Any]:
    return {
        "Name": "release",
        "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/pipeline",
        "ArtifactStore": {"Location": "bucket", "Type": "S3"},
        "Stages": list(stages) or [SOURCE_STAGE, stage("Build", build())],
    } | changes
