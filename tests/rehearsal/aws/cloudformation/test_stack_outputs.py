"""What stacks take from each other, in templates as they are written."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.aws.cloudformation.stack_outputs import (
    Export,
    StackOutput,
    lost_exports,
    stack_outputs_in,
    with_stack_outputs,
)
from rehearsal.errors import Unsupported


def read(stack_name: object = "Database", output_name: object = "Arn", **more: object) -> dict[str, Any]:
    return {"Fn::GetStackOutput": {"StackName": stack_name, "OutputName": output_name, **more}}


def test_outputs_are_found_wherever_they_stand_and_their_values_take_their_place() -> None:
    template = {
        "Resources": {"Queue": {"Properties": {"Policy": [{"Resource": {"Fn::Join": ["", [read(), "/*"]]}}]}}},
        "Outputs": {"Same": {"Value": read(Region="eu-west-1")}, "Own": {"Value": read(Region={"Ref": "AWS::Region"})}},
    }
    here, there = StackOutput("Database", "Arn"), StackOutput("Database", "Arn", "eu-west-1")

    assert stack_outputs_in(template) == {here, there}
    assert with_stack_outputs(template, {here: "arn:1", there: "arn:2"}) == {
        "Resources": {"Queue": {"Properties": {"Policy": [{"Resource": {"Fn::Join": ["", ["arn:1", "/*"]]}}]}}},
        "Outputs": {"Same": {"Value": "arn:2"}, "Own": {"Value": "arn:1"}},
    }


@pytest.mark.parametrize(
    "function",
    [
        read(RoleArn="arn:aws:iam::222222222222:role/reader"),
        read(stack_name={"Ref": "Producer"}),
        read(output_name={"Ref": "Name"}),
        read(Region={"Ref": "Where"}),
        {"Fn::GetStackOutput": "Database.Arn"},
    ],
)
def test_output_that_cannot_be_told_before_is_refused_by_name(function: dict[str, Any]) -> None:
    with pytest.raises(Unsupported, match="Fn::GetStackOutput"):
        stack_outputs_in({"Resources": {"Queue": {"Properties": {"Name": function}}}})


def exporting(value: object, name: object = "Database:Arn") -> dict[str, Any]:
    return {"Outputs": {"Arn": {"Value": value, "Export": {"Name": name}}}}


EXPORT = Export("Arn", "Database:Arn")
TABLE = {"Fn::GetAtt": ["Table", "Arn"]}


@pytest.mark.parametrize(
    ("new", "lost"),
    [
        (exporting(TABLE), []),
        (exporting(TABLE, {"Fn::Sub": "${AWS::StackName}:Arn"}), []),
        (exporting({"Fn::GetAtt": ["NewTable", "Arn"]}), [(EXPORT, "updated")]),
        (exporting(TABLE, "Another:Arn"), [(EXPORT, "deleted")]),
        ({"Outputs": {"Arn": {"Value": TABLE}}}, [(EXPORT, "deleted")]),
        ({}, [(EXPORT, "deleted")]),
    ],
)
def test_export_is_lost_when_an_update_takes_it_away_or_changes_it(
    new: dict[str, Any], lost: list[tuple[Export, str]]
) -> None:
    assert list(lost_exports([EXPORT], exporting(TABLE), new)) == lost
