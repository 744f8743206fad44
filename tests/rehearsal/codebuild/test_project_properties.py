from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.session
import pytest

import rehearsal
from rehearsal.codebuild.handling import Handling
from rehearsal.codebuild.project_properties import PROPERTIES, notices_of_properties, refused_properties

OF_CLOUDFORMATION_ALONE = {"ResourceAccessRole", "Triggers", "Visibility"}
PARTS = {
    "Artifacts": "ProjectArtifacts",
    "Cache": "ProjectCache",
    "Environment": "ProjectEnvironment",
    "Source": "ProjectSource",
}
# As CDK writes the project of a CodeBuildStep.
OF_CDK = {
    "Artifacts": {"Type": "CODEPIPELINE"},
    "Cache": {"Type": "NO_CACHE"},
    "Description": "Pipeline step app/Pipeline/Build/Synth",
    "EncryptionKey": "alias/aws/s3",
    "Environment": {
        "ComputeType": "BUILD_GENERAL1_SMALL",
        "EnvironmentVariables": [{"Name": "A", "Type": "PLAINTEXT", "Value": "1"}],
        "Image": "aws/codebuild/standard:7.0",
        "ImagePullCredentialsType": "CODEBUILD",
        "PrivilegedMode": False,
        "Type": "LINUX_CONTAINER",
    },
    "ServiceRole": "<Role>",
    "Source": {"BuildSpec": "{}", "Type": "CODEPIPELINE"},
}


def members(shape: str) -> set[str]:
    """A CodeBuild structure's members as CloudFormation spells them."""
    model: Any = botocore.session.get_session().get_service_model("codebuild")
    names = model.shape_for(shape).members
    return {"BuildSpec" if name == "buildspec" else name[0].upper() + name[1:] for name in names}


def test_every_property_that_codebuild_knows_is_in_the_table() -> None:
    top = {path for path in PROPERTIES if "/" not in path}

    assert top == members("CreateProjectInput") | OF_CLOUDFORMATION_ALONE
    for part, shape in PARTS.items():
        assert {path.split("/")[1] for path in PROPERTIES if path.startswith(f"{part}/")} == members(shape), part


def test_every_property_that_differs_in_every_build_is_on_the_fidelity_page() -> None:
    page = (Path(rehearsal.__file__).parents[1] / "docs" / "fidelity.md").read_text()

    names = {path.split("/")[-1] for path, known in PROPERTIES.items() if known.handling is Handling.FIDELITY}

    assert {name for name in names if f"`{name}`" not in page} == set()


def test_what_cdk_writes_is_neither_refused_nor_noticed() -> None:
    assert list(refused_properties(OF_CDK)) == []
    assert list(notices_of_properties(OF_CDK)) == []


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"FileSystemLocations": [{"Type": "EFS", "Identifier": "data"}]}, "FileSystemLocations is set: there is no"),
        ({"Environment": {"Type": "WINDOWS_SERVER_2022_CONTAINER"}}, "Environment/Type WINDOWS_SERVER_2022_CONTAINER"),
        ({"Environment": {"Type": "MAC_ARM"}}, "Environment/Type MAC_ARM"),
        ({"NewThing": 1}, "NewThing: no property of AWS::CodeBuild::Project that is known here"),
        ({"Environment": {"NewThing": 1}}, "Environment/NewThing: no property"),
        ({"Source": {"NewThing": 1}}, "Source/NewThing: no property"),
    ],
)
def test_refused_properties_are_named(properties: dict[str, Any], words: str) -> None:
    (sentence,) = refused_properties({**OF_CDK, **properties})

    assert sentence.startswith(words)


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"Cache": {"Type": "S3", "Location": "bucket"}}, "Cache/Type"),
        ({"ConcurrentBuildLimit": 1}, "ConcurrentBuildLimit"),
        ({"Environment": {"Certificate": "bucket/key.pem"}}, "Environment/Certificate"),
        ({"Environment": {"DockerServer": {"ComputeType": "BUILD_GENERAL1_SMALL"}}}, "Environment/DockerServer"),
        ({"Environment": {"Type": "ARM_LAMBDA_CONTAINER"}}, "Environment/Type"),
        ({"LogsConfig": {"CloudWatchLogs": {"Status": "ENABLED"}}}, "LogsConfig"),
        ({"QueuedTimeoutInMinutes": 30}, "QueuedTimeoutInMinutes"),
        ({"Triggers": {"Webhook": True}}, "Triggers"),
        ({"Visibility": "PUBLIC_READ"}, "Visibility"),
        ({"VpcConfig": {"VpcId": "<Vpc>"}}, "VpcConfig"),
    ],
)
def test_notices_of_properties_name_what_is_not_done(properties: dict[str, Any], name: str) -> None:
    (sentence,) = notices_of_properties({**OF_CDK, **properties})

    assert sentence.startswith(f"{name} of a project is not done here: ")


@pytest.mark.parametrize(
    "properties",
    [
        {"AutoRetryLimit": 2},
        {"BuildBatchConfig": {"ServiceRole": "<Role>"}},
        {"Cache": {"Type": "LOCAL", "Modes": ["LOCAL_CUSTOM_CACHE"]}},
        {"FileSystemLocations": []},
        {"ResourceAccessRole": "<Role>"},
        {"SecondarySources": [{"Type": "GITHUB"}]},
        {"TimeoutInMinutes": 5},
        {"Triggers": {"Webhook": False}},
        {"Visibility": "PRIVATE"},
        {"VpcConfig": {}},
    ],
)
def test_what_a_pipeline_does_not_heed_on_aws_either_is_not_noticed(properties: dict[str, Any]) -> None:
    assert [*notices_of_properties({**OF_CDK, **properties}), *refused_properties({**OF_CDK, **properties})] == []
