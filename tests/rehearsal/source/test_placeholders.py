from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rehearsal.source.assembly import CloudAssembly, Environment, StackArtifact, read_assembly
from rehearsal.source.placeholders import Placeholder, find_placeholders
from rehearsal.source.settings import Settings
from tests.rehearsal.cases import case

DEFAULT = ("111111111111", "us-east-1")


def assembly_of(template: dict[str, Any]) -> CloudAssembly:
    stack = StackArtifact(
        artifact_id="Api",
        name="Api",
        display_name="Api",
        environment=Environment("222222222222", None),
        template_file="Api.template.json",
        template=template,
    )
    return CloudAssembly(directory=Path(), version="54.0.0", stacks=(stack,))


def reading(text: Any) -> CloudAssembly:
    return assembly_of({"Resources": {"A": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": text}}}})


def test_secret_of_a_github_source_is_found_in_a_real_assembly() -> None:
    assert find_placeholders(read_assembly(case("unsupported")), default=DEFAULT) == (
        Placeholder("111111111111", "eu-west-1", "secretsmanager", "github-token"),
    )


@pytest.mark.parametrize(
    ("text", "service", "name", "keys"),
    [
        ("{{resolve:secretsmanager:db:SecretString:password::}}", "secretsmanager", "db", ("password",)),
        ("{{resolve:secretsmanager:db}}", "secretsmanager", "db", ()),
        ("x{{resolve:ssm:/app/size:3}}y", "ssm", "/app/size", ()),
        ({"Fn::Join": ["", ["{{resolve:ssm:/app/", {"Ref": "AWS::Region"}, "}}"]]}, "ssm", "/app/us-east-1", ()),
    ],
)
def test_dynamic_references_are_found(text: Any, service: str, name: str, keys: tuple[str, ...]) -> None:
    assert find_placeholders(reading(text), default=DEFAULT) == (
        Placeholder("222222222222", "us-east-1", service, name, keys),
    )


@pytest.mark.parametrize(
    "text",
    [
        "{{resolve:ssm:/cdk-bootstrap/hnb659fds/version}}",
        "{{resolve:secretsmanager:arn:aws:secretsmanager:us-east-1:222222222222:secret:db}}",
        {"Fn::Sub": "{{resolve:secretsmanager:${MadeHere}}}"},
        "no reference",
    ],
)
def test_what_bootstrap_a_stack_or_only_cloudformation_knows_gets_no_placeholder(text: Any) -> None:
    assert find_placeholders(reading(text), default=DEFAULT) == ()


def test_parameters_that_are_read_from_ssm_are_found() -> None:
    parameter = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/app/size"}

    found = find_placeholders(assembly_of({"Parameters": {"Size": parameter}, "Resources": {}}), default=DEFAULT)

    assert found == (Placeholder("222222222222", "us-east-1", "ssm", "/app/size"),)


def test_what_a_stack_makes_under_that_name_gets_no_placeholder() -> None:
    made = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/app/size", "Value": "1", "Type": "String"}}
    reads = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "{{resolve:ssm:/app/size}}"}}

    assert find_placeholders(assembly_of({"Resources": {"Made": made, "Reads": reads}}), default=DEFAULT) == ()


def test_settings_have_the_values_of_what_is_read_and_are_there_for_what_no_template_reads() -> None:
    text = "{{resolve:secretsmanager:db:SecretString:password::}}"
    settings = Settings(parameters={"/app/size": "3"}, secrets={"db": {"password": "p", "user": "u"}})

    found = find_placeholders(reading(text), default=DEFAULT, settings=settings)

    assert {(item.account, item.service, item.name): item.content for item in found} == {
        ("111111111111", "secretsmanager", "db"): '{"password": "p", "user": "u"}',
        ("222222222222", "secretsmanager", "db"): '{"password": "p", "user": "u"}',
        ("111111111111", "ssm", "/app/size"): "3",
        ("222222222222", "ssm", "/app/size"): "3",
    }


def test_parameter_of_the_settings_that_a_stack_makes_is_left_to_it() -> None:
    made = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/app/size", "Value": "1", "Type": "String"}}

    found = find_placeholders(
        assembly_of({"Resources": {"Made": made}}), default=DEFAULT, settings=Settings(parameters={"/app/size": "3"})
    )

    assert [item.account for item in found] == ["111111111111"]


def test_what_builds_read_is_found() -> None:
    buildspec = """{"version": "0.2", "env": {
        "parameter-store": {"SIZE": "/app/size"}, "secrets-manager": {"KEY": "keys:signing:AWSCURRENT"}}}"""
    variables = [
        {"Name": "A", "Value": "plain"},
        {"Name": "B", "Value": "/app/colour", "Type": "PARAMETER_STORE"},
        {"Name": "C", "Value": "db:password", "Type": "SECRETS_MANAGER"},
    ]
    project = {
        "Type": "AWS::CodeBuild::Project",
        "Properties": {"Source": {"BuildSpec": buildspec}, "Environment": {"EnvironmentVariables": variables}},
    }

    found = find_placeholders(assembly_of({"Resources": {"Project": project}}), default=DEFAULT)

    assert [(item.service, item.name, item.keys) for item in found] == [
        ("secretsmanager", "db", ("password",)),
        ("secretsmanager", "keys", ("signing",)),
        ("ssm", "/app/colour", ()),
        ("ssm", "/app/size", ()),
    ]


@pytest.mark.parametrize("buildspec", ["buildspec.yml", "", "phases: [", "version: 0.2"])
def test_buildspec_that_reads_nothing_gets_no_placeholder(buildspec: str) -> None:
    project = {"Type": "AWS::CodeBuild::Project", "Properties": {"Source": {"BuildSpec": buildspec}}}

    assert find_placeholders(assembly_of({"Resources": {"Project": project}}), default=DEFAULT) == ()
