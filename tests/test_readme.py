"""What README.md says of the service is so: units, commands, and the order in which stacks can be deleted."""

from __future__ import annotations

import json
import re

from tests.assembly import Assembly
from tests.synthesis import ROOT

README = (ROOT / "README.md").read_text()
LONGEST = 150


def section(heading: str) -> str:
    return README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]


def dependencies(assembly: Assembly) -> dict[str, set[str]]:
    """Prod's stacks, each with those of them that it needs."""
    folder = assembly.folder / "assembly-AutonomousCarManagerPipeline-Prod"
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    names = {
        artifact_id: artifact["properties"]["stackName"]
        for artifact_id, artifact in artifacts.items()
        if artifact["type"] == "aws:cloudformation:stack"
    }
    return {
        name: {names[needed] for needed in artifacts[artifact_id].get("dependencies", []) if needed in names}
        for artifact_id, name in names.items()
    }


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= LONGEST


def test_stacks_are_deleted_before_what_they_need(assembly: Assembly) -> None:
    order = re.findall(r"`(Prod-\w+)`", section("Clean up"))
    needs = dependencies(assembly)

    assert sorted(order) == sorted(needs)
    for place, stack in enumerate(order):
        assert needs[stack] <= set(order[place + 1 :]), stack


def test_units_are_those_whose_functions_have_an_alias_or_rotate(assembly: Assembly) -> None:
    named = re.findall(r"^\| `(\w+)` \|", section("The service"), re.MULTILINE)
    templates = {
        name.removeprefix("Prod-").lower(): assembly.stage_template("Prod", name.removeprefix("Prod-"))
        for name in dependencies(assembly)
    }

    assert sorted(named) == sorted(
        name
        for name, template in templates.items()
        if template.of_type("AWS::Lambda::Alias") or template.of_type("AWS::SecretsManager::RotationSchedule")
    )


def test_make_commands_are_targets() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make (\w+)", README))

    assert {"run", "test", "gauntlet"} <= named <= targets
