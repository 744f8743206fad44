"""Single reasons to refuse an assembly, put into one that can be run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.plan.plan import Plan, make_plan
from rehearsal.source.assembly import read_assembly
from tests.rehearsal.cases import case

Change = Callable[[dict[str, Any]], None]


def unsupported(folder: Path, change: Change) -> tuple[str, ...]:
    return planned(folder, change).unsupported


def planned(folder: Path, change: Change) -> Plan:
    shutil.copytree(case("three-accounts"), folder / "cdk.out")
    template = folder / "cdk.out" / "Pipe.template.json"
    content = json.loads(template.read_text())
    change(content["Resources"])
    template.write_text(json.dumps(content))
    return make_plan(read_assembly(folder / "cdk.out"))


def with_buildspec(buildspec: str) -> Change:
    def change(resources: dict[str, Any]) -> None:
        project = next(found for found in resources.values() if found["Type"] == "AWS::CodeBuild::Project")
        project["Properties"]["Source"]["BuildSpec"] = buildspec

    return change


@pytest.mark.parametrize(
    ("buildspec", "reason"),
    [
        ('{"version": "0.2", "phases": {"bild": {"commands": ["true"]}}}', "bild"),
        ("version: 0.2\nphases: [", "YAML"),
        ("arn:aws:s3:::bucket/buildspec.yml", "it is in S3"),
    ],
)
def test_buildspec_that_cannot_be_run_is_named(tmp_path: Path, buildspec: str, reason: str) -> None:
    (sentence,) = unsupported(tmp_path, with_buildspec(buildspec))

    assert sentence.startswith("buildspec of project ")
    assert reason in sentence


def test_buildspec_in_a_file_of_the_assembly_is_read(tmp_path: Path) -> None:
    def change(resources: dict[str, Any]) -> None:
        (tmp_path / "cdk.out" / "buildspec-1.yaml").write_text("version: 0.3\n")
        with_buildspec("buildspec-1.yaml")(resources)

    (sentence,) = unsupported(tmp_path, change)

    assert "0.3" in sentence


def test_nested_stack_is_named(tmp_path: Path) -> None:
    def change(resources: dict[str, Any]) -> None:
        resources["Inner"] = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://a/b"}}

    (sentence,) = unsupported(tmp_path, change)

    assert sentence.startswith("nested stack Inner in stack Pipe")


def test_what_an_event_source_mapping_cannot_do_here_is_said_by_name(tmp_path: Path) -> None:
    def change(resources: dict[str, Any]) -> None:
        resources["Telemetry"] = {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": {"Fn::GetAtt": ["Stream", "Arn"]},
                "FunctionName": {"Ref": "Alias"},
                "StartingPosition": "LATEST",
                "FilterCriteria": {"Filters": [{"Pattern": "{}"}]},
                "TumblingWindowInSeconds": 30,
            },
        }

    assert unsupported(tmp_path, change) == (
        "event source mapping Telemetry in stack Pipe: FilterCriteria",
        "event source mapping Telemetry in stack Pipe: TumblingWindowInSeconds",
    )
