"""What docs/developing.md tells people to type is there: files, templates, functions, settings, stacks and targets."""

from __future__ import annotations

import fnmatch
import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from string import Template as ShellText
from typing import Any

import pytest

from service.cars.settings import Setting
from tests.assembly import Assembly
from tests.synthesis import ROOT

PAGE = (ROOT / "docs" / "developing.md").read_text()
CODE = re.findall(r"^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
INLINE = [
    " ".join(found.split())
    for found in re.findall(r"(?<!`)`([^`]+)`(?!`)", re.sub(r"(?s)^```.*?^```", "", PAGE, flags=re.M))
]
COMMANDS = [line for block in CODE for line in block.splitlines() if line] + INLINE
VARIABLES = dict(re.findall(r"^([A-Z]+)=(\S+)$", "\n".join(COMMANDS), re.MULTILINE))


@dataclass(frozen=True)
class Invocation:
    """A `sam local invoke` of the page, as `-t` TEMPLATE, the function's logical id, and `-e` EVENT."""

    template: str
    function: str
    event: str

    def resources(self, assembly: Assembly) -> dict[str, Any]:
        """Those of its template; the page names it in cdk.out, where `make synth` writes what `assembly` is."""
        path = Path(self.template)
        assert path.parts[0] == "cdk.out"
        resources: dict[str, Any] = json.loads((assembly.folder / path.relative_to("cdk.out")).read_text())["Resources"]
        return resources


def invocations() -> list[Invocation]:
    found = []
    for command in COMMANDS:
        match shlex.split(ShellText(command).safe_substitute(VARIABLES)):
            case ["sam", "local", "invoke", "-t", template, function, "-e", event]:
                found.append(Invocation(template, function, event))
            case ["sam", *_]:
                raise AssertionError(f"this test does not understand: {command}")
    return found


def stack_names(folder: Path) -> dict[str, str]:
    """The stacks of one cloud assembly: the name that `cdk` knows each by, and CloudFormation's."""
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    return {
        found["displayName"]: found["properties"]["stackName"]
        for found in artifacts.values()
        if found["type"] == "aws:cloudformation:stack"
    }


@pytest.mark.parametrize("invocation", invocations(), ids=lambda invocation: invocation.function)
def test_invoked_function_is_one_of_its_template_and_its_event_a_file(
    invocation: Invocation, assembly: Assembly
) -> None:
    resources = invocation.resources(assembly)

    assert resources[invocation.function]["Type"] == "AWS::Lambda::Function"
    json.loads((ROOT / invocation.event).read_text())


def test_every_function_with_an_alias_has_a_command_and_so_has_the_one_that_rotates(assembly: Assembly) -> None:
    templates = assembly.stage_templates("Staging")
    with_alias = [
        alias["Properties"]["FunctionName"]["Ref"]
        for template in templates
        for alias in template.of_type("AWS::Lambda::Alias").values()
    ]
    rotating = [
        schedule["Properties"]["RotationLambdaARN"]["Fn::GetAtt"][0]
        for template in templates
        for schedule in template.of_type("AWS::SecretsManager::RotationSchedule").values()
    ]

    assert with_alias
    assert rotating
    assert sorted(invocation.function for invocation in invocations()) == sorted([*with_alias, *rotating])


def test_settings_that_sam_cannot_resolve_are_those_that_the_page_has_exported(assembly: Assembly) -> None:
    exported = {name for line in COMMANDS if line.startswith("export ") for name in re.findall(r"\b([A-Z_]+)=", line)}
    properties = [invocation.resources(assembly)[invocation.function]["Properties"] for invocation in invocations()]
    unresolved = {
        name
        for function in properties
        for name, value in function.get("Environment", {}).get("Variables", {}).items()
        if not isinstance(value, str)
    }

    assert exported - {"PATH"} == unresolved
    assert unresolved <= set(Setting)


def test_cdk_commands_name_stacks_of_a_sandbox(with_additions: Assembly) -> None:
    known = stack_names(with_additions.folder / "assembly-Sandbox")
    commands = [shlex.split(command)[1:] for command in _starting("cdk ")]
    patterns = {(words[0], words[1]) for words in commands if len(words) > 1 and words[0] != "bootstrap"}

    assert {command for command, _ in patterns} == {"deploy", "watch", "destroy"}
    for command, pattern in patterns:
        assert fnmatch.filter(known, pattern) == list(known), f"cdk {command} {pattern}"


def test_aws_commands_name_stacks_of_a_sandbox(with_additions: Assembly) -> None:
    named = [name for command in _starting("aws ") for name in re.findall(r"--stack-name (\S+)", command)]

    assert named
    assert set(named) <= set(stack_names(with_additions.folder / "assembly-Sandbox").values())


def test_make_commands_are_targets() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {shlex.split(command)[1] for command in _starting("make ")}

    assert {"openapi", "schema", "released"} <= named <= targets


def test_paths_of_the_page_exist() -> None:
    """Those with UNIT in them are of a unit to come: what they are like has to be there for another."""
    paths = {
        word
        for text in INLINE
        for word in text.split()
        if re.fullmatch(r"(\.?\w[\w.-]*/)+[\w.-]*|\w+\.(py|toml)", word)
    }
    paths -= {word for word in paths if word.startswith(".venv/") or word == "ruff.toml"}

    assert "service/maintenance" in paths
    missing = [path for path in sorted(paths) if not (ROOT / path.replace("UNIT", "maintenance")).exists()]
    assert missing == []


def test_names_of_the_checklist_are_in_the_code() -> None:
    names = {text for text in INLINE if re.fullmatch(r"\w*_\w+|[A-Z]\w+[a-z]", text)} - {"Sandbox", "UNIT"}
    code = "\n".join(file.read_text() for file in sorted((ROOT / "service").rglob("*.py")))

    assert {"add_canary", "FailureQueue", "queued_failures_alarm", "AWS_SERVICES"} <= names
    assert [
        name for name in sorted(names) if not re.search(rf"^ *(def |class )?{name}\b[ =:(]", code, re.MULTILINE)
    ] == []


def _starting(text: str) -> list[str]:
    return [command for command in COMMANDS if command.startswith(text)]
