from __future__ import annotations

from pathlib import Path
from typing import Any

from rehearsal.source.assembly import CloudAssembly, Environment, StackArtifact
from rehearsal.source.settings import Settings
from rehearsal.source.stand_ins import find_stand_ins

DEFAULT = ("111111111111", "us-east-1")


def reading(*values: Any) -> CloudAssembly:
    topics = {f"T{n}": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": v}} for n, v in enumerate(values)}
    stack = StackArtifact(
        artifact_id="Api",
        name="Api",
        display_name="Api",
        environment=Environment("222222222222", None),
        template_file="Api.template.json",
        template={"Resources": topics},
    )
    return CloudAssembly(directory=Path(), version="54.0.0", stacks=(stack,))


def output(stack: str, name: str, **more: str) -> Any:
    return {"Fn::GetStackOutput": {"StackName": stack, "OutputName": name, **more}}


def test_stand_ins_have_what_the_stacks_read_and_the_settings_know() -> None:
    assembly = reading(
        {"Fn::ImportValue": "vpc:Id"},
        output("Net", "Zone"),
        output("Net", "Zone", Region="eu-west-1"),
        output("No", "A"),
    )
    settings = Settings(exports={"vpc:Id": "vpc-1", "unread": "x"}, stack_outputs={"Net": {"Zone": "Z1", "More": "x"}})

    found = find_stand_ins(assembly, settings, default=DEFAULT)

    assert {(item.region, item.stack_name): item.template()["Outputs"] for item in found} == {
        ("us-east-1", "exports-of-the-settings"): {"Export0": {"Value": "vpc-1", "Export": {"Name": "vpc:Id"}}},
        ("us-east-1", "Net"): {"Zone": {"Value": "Z1"}},
        ("eu-west-1", "Net"): {"Zone": {"Value": "Z1"}},
    }
    assert {item.account for item in found} == {"222222222222"}


def test_there_are_no_stand_ins_for_what_is_not_read() -> None:
    assert find_stand_ins(reading("a"), Settings(exports={"unread": "x"}), default=DEFAULT) == ()
