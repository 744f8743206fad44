from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.errors import BadInput
from rehearsal.source.assembly import Environment, read_assembly
from tests.rehearsal.cases import case


def test_read_assembly_finds_the_stacks_of_nested_assemblies() -> None:
    assembly = read_assembly(case("three-accounts"))

    found = {stack.name: (stack.environment, stack.template_file) for stack in assembly.stacks}

    assert found["Pipe"] == (Environment("111111111111", "eu-west-1"), "Pipe.template.json")
    assert found["Staging-Api"] == (
        Environment("222222222222", "eu-west-1"),
        "assembly-Pipe-Staging/PipeStagingApiA3F04E24.template.json",
    )
    assert found["Prod-Api"][0] == Environment("333333333333", "us-east-1")


def test_read_assembly_tells_the_schema_and_the_bootstrap_qualifier() -> None:
    assembly = read_assembly(case("three-accounts"))

    assert assembly.version == "54.0.0"
    assert {stack.qualifier for stack in assembly.stacks if not stack.name.startswith("Pipe-support")} == {"hnb659fds"}


def test_read_assembly_leaves_account_and_region_open_when_a_stack_is_environment_agnostic() -> None:
    assembly = read_assembly(case("v1-change-sets"))

    assert {stack.environment for stack in assembly.stacks} == {Environment(None, None)}


def test_read_assembly_finds_assets_and_missing_context() -> None:
    assembly = read_assembly(case("unsupported"))

    (stack,) = assembly.stacks
    assert [asset.display_name for asset in stack.assets if asset.is_docker_image] == ["Image/AssetImage"]
    assert [(entry.provider, "/looked/up" in entry.key) for entry in assembly.missing] == [("ssm", True)]


def test_read_assembly_says_what_to_do_when_the_folder_is_none(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cdk synth"):
        read_assembly(tmp_path)


def test_read_assembly_refuses_a_manifest_that_is_no_json(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{")

    with pytest.raises(BadInput, match=r"manifest\.json cannot be read"):
        read_assembly(tmp_path)
