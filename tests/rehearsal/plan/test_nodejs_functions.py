from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.plan.nodejs_functions import has_nodejs_functions, unsupported_nodejs
from rehearsal.source.assembly import CloudAssembly, Environment, StackArtifact

VERSION_2 = "const AWS = require('aws-sdk'); exports.handler = async () => 1;"
VERSION_3 = "const { S3 } = require('@aws-sdk/client-s3'); exports.handler = async () => 1;"
MAP = {"Fn::FindInMap": ["LatestNodeRuntimeMap", {"Ref": "AWS::Region"}, "value"]}


def assembly(folder: Path, **resources: Any) -> CloudAssembly:
    template = {
        "Mappings": {"LatestNodeRuntimeMap": {"eu-west-1": {"value": "nodejs24.x"}}},
        "Resources": resources,
    }
    stack = StackArtifact(
        artifact_id="Cars",
        name="Cars",
        display_name="Cars",
        environment=Environment("222222222222", "eu-west-1"),
        template_file="Cars.template.json",
        template=template,
    )
    return CloudAssembly(directory=folder, version="54.0.0", stacks=(stack,))


def function(runtime: object, **code: str) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": runtime, "Code": code}}


def call(service: str) -> dict[str, Any]:
    text = json.dumps({"service": service, "action": "get"})
    joined = {"Fn::Join": ["", [text[:-1], ',"parameters":{"Name":"', {"Ref": "Name"}, '"}}']]}
    return {"Type": "Custom::AWS", "Properties": {"Create": joined, "Update": joined}}


@pytest.mark.parametrize(
    ("runtime", "expected"), [("nodejs22.x", True), (MAP, True), ("python3.13", False), ("ruby3.4", False)]
)
def test_nodejs_function_is_known_by_its_runtime_however_it_is_said(
    tmp_path: Path, runtime: object, expected: bool
) -> None:
    assert has_nodejs_functions(assembly(tmp_path, Function=function(runtime))) is expected


def test_function_that_is_never_called_here_does_not_count(tmp_path: Path) -> None:
    served = {"CustomS3AutoDeleteObjectsCustomResourceProviderHandler9D90184F": function(MAP)}

    assert not has_nodejs_functions(assembly(tmp_path, **served))


def test_function_with_version_2_of_the_sdk_is_named(tmp_path: Path) -> None:
    (sentence,) = unsupported_nodejs(assembly(tmp_path, Old=function("nodejs16.x", ZipFile=VERSION_2)))

    assert sentence.startswith("function Old in stack Cars: runtime nodejs16.x with version 2 of the AWS SDK")


def test_function_with_version_2_of_the_sdk_in_its_asset_is_named(tmp_path: Path) -> None:
    (tmp_path / "asset.abc" / "src").mkdir(parents=True)
    (tmp_path / "asset.abc" / "src" / "index.js").write_text(VERSION_2)

    (sentence,) = unsupported_nodejs(assembly(tmp_path, Old=function("nodejs14.x", S3Key="abc.zip")))

    assert "function Old" in sentence


@pytest.mark.parametrize(
    "resources",
    [
        {"Old": function("nodejs16.x", ZipFile="exports.handler = async () => 'aws-sdk';")},
        {"New": function("nodejs18.x", ZipFile=VERSION_2)},
        {"New": function("nodejs22.x", ZipFile=VERSION_3)},
        {"Map": function(MAP, ZipFile=VERSION_3)},
        {"CustomS3AutoDeleteObjectsCustomResourceProviderHandler9D90184F": function("nodejs16.x", ZipFile=VERSION_2)},
        {"Call": call("SSM"), "Another": call("@aws-sdk/client-secrets-manager"), "Third": call("StepFunctions")},
        {"Call": call("CognitoIdentityServiceProvider"), "Another": call("ELBv2"), "Third": call("CloudWatchLogs")},
    ],
)
def test_function_that_can_run_is_not_named(tmp_path: Path, resources: Any) -> None:
    assert list(unsupported_nodejs(assembly(tmp_path, **resources))) == []


def test_aws_custom_resource_whose_service_has_no_client_here_is_named_once(tmp_path: Path) -> None:
    assert list(unsupported_nodejs(assembly(tmp_path, Call=call("Rekognition")))) == [
        "custom resource Call in stack Cars: it calls Rekognition, whose client is not among those of AWS's SDK that "
        "are brought here"
    ]
