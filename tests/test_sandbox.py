"""A sandbox stands beside the pipeline, which neither deploys it nor guards it, and has no canary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.assembly import Assembly

UNITS = ("Api", "Changes", "Maintenance", "Notifications", "Prober", "Telemetry")


@pytest.fixture(scope="module")
def stacks(with_additions: Assembly) -> dict[str, dict[str, dict[str, Any]]]:
    """The resources of each of the sandbox's stacks, by the name that `cdk` knows it by."""
    folder = with_additions.folder / "assembly-Sandbox"
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"].values()
    return {
        artifact["displayName"]: _resources(folder / artifact["properties"]["templateFile"])
        for artifact in artifacts
        if artifact["type"] == "aws:cloudformation:stack"
    }


def _resources(template: Path) -> dict[str, dict[str, Any]]:
    resources: dict[str, dict[str, Any]] = json.loads(template.read_text())["Resources"]
    return resources


def test_sandbox_has_every_stack_of_a_stage(with_additions: Assembly, stacks: dict[str, Any]) -> None:
    prod = json.loads((with_additions.folder / "assembly-AutonomousCarManagerPipeline-Prod/manifest.json").read_text())
    of_prod = [found["displayName"] for found in prod["artifacts"].values() if "displayName" in found]
    stacks_of_prod = {name for name in of_prod if not name.endswith(".assets")}

    assert "Sandbox/Api" in stacks
    assert {f"AutonomousCarManagerPipeline/{name.replace('Sandbox/', 'Prod/')}" for name in stacks} == stacks_of_prod


@pytest.mark.parametrize("unit", UNITS)
def test_alias_of_a_unit_in_a_sandbox_is_whatever_cdk_watch_has_put_there_last(
    stacks: dict[str, dict[str, dict[str, Any]]], assembly: Assembly, unit: str
) -> None:
    aliases = [found for found in stacks[f"Sandbox/{unit}"].values() if found["Type"] == "AWS::Lambda::Alias"]

    assert len(aliases) == len(assembly.stage_template("Prod", unit).of_type("AWS::Lambda::Alias"))
    assert {alias["Properties"]["FunctionVersion"] for alias in aliases} == {"$LATEST"}
    assert [alias for alias in aliases if "UpdatePolicy" in alias] == []
    assert [found for found in stacks[f"Sandbox/{unit}"].values() if found["Type"] == "AWS::Lambda::Version"] == []


def test_sandbox_has_nothing_of_codedeploy_and_none_of_its_hooks(
    stacks: dict[str, dict[str, dict[str, Any]]],
) -> None:
    found = [resource for resources in stacks.values() for resource in resources.values()]
    handlers = [resource["Properties"].get("Handler", "") for resource in found if "Properties" in resource]

    assert [resource["Type"] for resource in found if "CodeDeploy" in resource["Type"]] == []
    assert [handler for handler in handlers if handler.startswith("service.release.")] == []


def test_alarms_of_a_sandbox_are_those_of_prod_but_for_the_canarys(
    stacks: dict[str, dict[str, dict[str, Any]]], assembly: Assembly
) -> None:
    named = [
        resource["Properties"].get("AlarmName")
        for resources in stacks.values()
        for resource in resources.values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
    of_prod = [
        alarm["Properties"]["AlarmName"]
        for template in assembly.stage_templates("Prod")
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values()
        if "AlarmName" in alarm["Properties"]
    ]

    assert sorted(named) == sorted(name.replace("cars-prod-", "cars-sandbox-") for name in of_prod)


def test_application_with_a_sandbox_passes_cdk_nag(with_additions: Assembly) -> None:
    assert "AwsSolutions" in with_additions.validated_by()
    assert with_additions.violations() == []


def test_pipeline_and_its_stages_are_the_same_with_a_sandbox(with_additions: Assembly, assembly: Assembly) -> None:
    released, beside = assembly.files(), with_additions.files()
    templates = [name for name in released if name.endswith(".template.json")]

    assert templates
    assert [name for name in templates if beside[name] != released[name]] == []
