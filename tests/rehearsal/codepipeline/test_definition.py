from __future__ import annotations

from typing import Any

import pytest

from rehearsal.codepipeline.definition import (
    ArtifactStore,
    ConditionKind,
    ConditionResult,
    ExecutionMode,
    parse_definition,
)

RULE = {
    "Name": "Bake",
    "RuleTypeId": {"Category": "Rule", "Owner": "AWS", "Provider": "CloudWatchAlarm", "Version": "1"},
    "Configuration": {"AlarmName": "errors", "WaitTime": 10},
    "RoleArn": "arn:aws:iam::333333333333:role/reader",
    "Region": "us-east-1",
}


def properties(**changes: Any) -> dict[str, Any]:
    """As CloudFormation hands it to a custom resource: numbers and booleans as text."""
    action = {
        "Name": "Deploy",
        "ActionTypeId": {"Category": "Deploy", "Owner": "AWS", "Provider": "CloudFormation", "Version": "1"},
        "RunOrder": "2",
        "TimeoutInMinutes": "15",
        "InputArtifacts": [{"Name": "Assembly"}],
        "Configuration": {"StackName": "Api"},
    }
    return {
        "Name": "release",
        "RoleArn": "arn:aws:iam::111111111111:role/pipeline",
        "PipelineType": "V2",
        "RestartExecutionOnUpdate": "true",
        "ArtifactStore": {"Location": "bucket", "Type": "S3", "EncryptionKey": {"Id": "key", "Type": "KMS"}},
        "Stages": [{"Name": "Prod", "Actions": [action]}],
    } | changes


def stage(**changes: Any) -> list[dict[str, Any]]:
    return [properties()["Stages"][0] | changes]


def test_parse_definition_reads_numbers_and_booleans_that_came_as_text() -> None:
    definition = parse_definition(properties())

    (action,) = definition.stage("Prod").actions
    assert (action.run_order, action.timeout_minutes) == (2, 15)
    assert definition.is_restarted_on_update
    assert definition.execution_mode is ExecutionMode.SUPERSEDED
    assert definition.artifact_store("eu-west-1") == ArtifactStore("bucket", "key")


def test_parse_definition_reads_a_store_for_each_region() -> None:
    stores = [{"Region": region, "ArtifactStore": {"Location": region}} for region in ("eu-west-1", "us-east-1")]

    definition = parse_definition(properties(ArtifactStores=stores) | {"ArtifactStore": None})

    assert definition.artifact_store("us-east-1") == ArtifactStore("us-east-1")


def test_parse_definition_reads_conditions() -> None:
    conditions = {"Conditions": [{"Result": "ROLLBACK", "Rules": [RULE]}]}

    definition = parse_definition(properties(Stages=stage(OnSuccess=conditions, OnFailure={"Result": "ROLLBACK"})))

    declared = definition.stage("Prod")
    ((kind, condition),) = declared.conditions()
    assert (kind, condition.result) == (ConditionKind.ON_SUCCESS, ConditionResult.ROLLBACK)
    assert condition.rules[0].configuration == {"AlarmName": "errors", "WaitTime": "10"}
    assert (condition.rules[0].region, condition.rules[0].role_arn) == ("us-east-1", RULE["RoleArn"])
    assert declared.on_failure is not None
    assert declared.on_failure.result is ConditionResult.ROLLBACK


def test_parse_definition_refuses_two_conditions_of_a_kind() -> None:
    conditions = {"Conditions": [{"Result": "FAIL", "Rules": [RULE]}] * 2}

    with pytest.raises(ValueError, match="2 conditions of one kind"):
        parse_definition(properties(Stages=stage(BeforeEntry=conditions)))


def test_parse_definition_names_what_is_missing() -> None:
    incomplete = properties()
    del incomplete["RoleArn"]

    with pytest.raises(ValueError, match="RoleArn"):
        parse_definition(incomplete)
