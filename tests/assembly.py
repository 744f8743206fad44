"""The synthesized application as the template tests see it: files on disk, parsed. It imports no CDK."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Template:
    """A CloudFormation template; `resources` maps logical ids to declarations."""

    resources: dict[str, dict[str, Any]]
    outputs: dict[str, Any]
    document: dict[str, Any] = field(default_factory=dict)

    def of_type(self, resource_type: str) -> dict[str, dict[str, Any]]:
        return {name: found for name, found in self.resources.items() if found["Type"] == resource_type}

    def only(self, resource_type: str) -> dict[str, Any]:
        """The properties of the one resource of its type."""
        (found,) = self.of_type(resource_type).values()
        properties: dict[str, Any] = found["Properties"]
        return properties

    def statements_of(self, role: str) -> list[dict[str, Any]]:
        """The statements of every policy attached to the role with this logical id; actions always as a list."""
        statements: list[dict[str, Any]] = []
        for policy in self.of_type("AWS::IAM::Policy").values():
            if {"Ref": role} in policy["Properties"]["Roles"]:
                statements += policy["Properties"]["PolicyDocument"]["Statement"]
        return [
            {
                **statement,
                "Action": [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"],
            }
            for statement in statements
        ]


@dataclass(frozen=True)
class Assembly:
    """A cloud assembly in `folder`, of the application with stages Staging and Prod."""

    folder: Path

    @property
    def pipeline_template(self) -> Template:
        return _read(self.folder / "AutonomousCarManagerPipeline.template.json")

    def stage_template(self, stage: str, stack: str) -> Template:
        """The template of a stage's stack, as `("Prod", "Api")`."""
        folder = self.folder / f"assembly-AutonomousCarManagerPipeline-{stage}"
        (found,) = folder.glob(f"AutonomousCarManagerPipeline{stage}{stack}*.template.json")
        return _read(found)

    def stage_templates(self, stage: str) -> list[Template]:
        """The templates of all stacks of a stage."""
        return list(self.stage_stacks(stage).values())

    def stage_stacks(self, stage: str) -> dict[str, Template]:
        """The templates of all stacks of a stage, by the stacks' names: "Staging-Api"."""
        prefix = f"AutonomousCarManagerPipeline{stage}"
        files = sorted((self.folder / f"assembly-AutonomousCarManagerPipeline-{stage}").glob("*.template.json"))
        ends = len("0123ABCD.template.json")
        return {f"{stage}-{file.name.removeprefix(prefix)[:-ends]}": _read(file) for file in files}

    @property
    def asset_manifests(self) -> list[Path]:
        return sorted(self.folder.rglob("*.assets.json"))

    def validated_by(self) -> set[str]:
        """The names of the plugins that checked it."""
        return {plugin["pluginName"] for plugin in self._reports()}

    def violations(self) -> list[str]:
        """What the plugins say, as 'rule at construct'."""
        return [
            f"{violation['ruleName']} at {construct['constructPath']}"
            for plugin in self._reports()
            for violation in plugin["violations"]
            for construct in violation["violatingConstructs"]
        ]

    def _reports(self) -> list[dict[str, Any]]:
        report = json.loads((self.folder / "validation-report.json").read_text())
        plugins: list[dict[str, Any]] = report["pluginReports"]
        return plugins

    def files(self) -> dict[str, bytes]:
        """Every file that depends on the sources alone, by its path in the assembly."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.name not in ("validation-report.json", "tree.json")
        }


def _read(path: Path) -> Template:
    content = json.loads(path.read_text())
    return Template(resources=content["Resources"], outputs=content.get("Outputs", {}), document=content)
