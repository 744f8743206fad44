from __future__ import annotations

from collections import Counter

import pytest

from rehearsal.aws.cloudformation.stored_types import STORED_TYPES
from rehearsal.plan.resource_standing import (
    Standing,
    refused_properties,
    refused_type,
    resource_table,
    stored_only,
)
from rehearsal.plan.resource_types import PROVIDED_RESOURCE_TYPES, emulator_resource_types

# Named, so that a plan says why; neither the emulator nor the rehearsal makes them.
ONLY_REFUSED = {"AWS::Synthetics::Canary"}


def listed() -> list[str]:
    return [kind for group in resource_table().types for kind in group.types]


def test_every_type_of_the_emulator_and_of_the_rehearsal_has_one_standing() -> None:
    lacking = (emulator_resource_types() | PROVIDED_RESOURCE_TYPES) - set(listed())

    assert lacking == set(), "judge them in rehearsal/plan/resource_types.toml: works, stored or refused?"
    assert [kind for kind, count in Counter(listed()).items() if count > 1] == []


def test_table_names_no_type_that_nobody_makes_any_more() -> None:
    made = emulator_resource_types() | PROVIDED_RESOURCE_TYPES | ONLY_REFUSED

    assert set(listed()) - made == set(), "remove them from rehearsal/plan/resource_types.toml"


def test_types_that_only_have_to_exist_are_called_stored() -> None:
    stored = {kind for group in resource_table().types if group.standing is Standing.STORED for kind in group.types}

    assert set(STORED_TYPES) <= stored


def test_properties_are_those_of_types_that_the_table_knows_and_each_has_a_reason() -> None:
    table = resource_table()

    assert {row.type for row in table.properties} <= set(listed())
    assert [row for row in table.properties if not row.why] == []
    assert [group for group in table.types if bool(group.why) is (group.standing is Standing.WORKS)] == []


def test_types_that_are_stored_only_are_told_by_reason_with_counts() -> None:
    vpc, dashboard = stored_only(
        [
            {"Type": "AWS::EC2::Subnet"},
            {"Type": "AWS::SQS::Queue"},
            {"Type": "AWS::EC2::Subnet"},
            {"Type": "AWS::EC2::VPC"},
            {"Type": "AWS::CloudWatch::Dashboard"},
        ]
    )

    assert vpc.what == "AWS::EC2::Subnet (2), VPC"
    assert "there is no network" in str(vpc)
    assert (dashboard.what, dashboard.is_quiet) == ("AWS::CloudWatch::Dashboard", True)


@pytest.mark.parametrize(
    ("resource_type", "properties", "what"),
    [
        ("AWS::Lambda::Function", {"ReservedConcurrentExecutions": 3}, "ReservedConcurrentExecutions"),
        (
            "AWS::ApiGateway::Stage",
            {"MethodSettings": [{"ThrottlingRateLimit": 1}, {}]},
            "MethodSettings.ThrottlingRateLimit",
        ),
        ("AWS::SNS::Subscription", {"RedrivePolicy": {"Ref": "Policy"}}, "RedrivePolicy"),
    ],
)
def test_property_that_is_stored_only_is_told(resource_type: str, properties: dict[str, object], what: str) -> None:
    (row,) = stored_only([{"Type": resource_type, "Properties": properties}])

    assert row.what == f"{resource_type} {what}"


@pytest.mark.parametrize("value", [False, "false", {}, [], None])
def test_property_that_is_off_is_not_told(value: object) -> None:
    assert stored_only([{"Type": "AWS::ApiGateway::Stage", "Properties": {"TracingEnabled": value}}]) == ()


def test_unknown_type_is_refused_and_custom_resources_are_not() -> None:
    assert refused_type("AWS::IVS::Channel") == ""
    assert "a gate leans on" in str(refused_type("AWS::Synthetics::Canary"))
    assert refused_type("Custom::Anything") is None
    assert refused_type("AWS::EC2::VPC") is None


def test_property_that_cannot_be_served_is_refused_by_name() -> None:
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"ReplicaRegions": [{"Region": "eu-west-1"}]}}

    assert [path for path, _ in refused_properties(secret)] == ["ReplicaRegions"]
