from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.plan.nodejs_functions import nodejs_runtimes, unsupported_nodejs
from rehearsal.source.assembly import CloudAssembly, Environment, StackArtifact

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


def function(runtime: object) -> dict[str, Any]:
    return {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": runtime, "Code": {}}}


def call(service: str, *, of: str = "Function") -> dict[str, Any]:
    text = json.dumps({"service": service, "action": "get"})
    joined = {"Fn::Join": ["", [text[:-1], ',"parameters":{"Name":"', {"Ref": "Name"}, '"}}']]}
    token = {"Fn::GetAtt": [of, "Arn"]}
    return {"Type": "Custom::AWS", "Properties": {"ServiceToken": token, "Create": joined, "Update": joined}}


@pytest.mark.parametrize(
    ("runtime", "expected"), [("nodejs22.x", True), (MAP, True), ("python3.13", False), ("ruby3.4", False)]
)
def test_nodejs_function_is_known_by_its_runtime_however_it_is_said(
    tmp_path: Path, runtime: object, expected: bool
) -> None:
    assert bool(nodejs_runtimes(assembly(tmp_path, Function=function(runtime)))) is expected


def test_function_that_is_never_called_here_does_not_count(tmp_path: Path) -> None:
    served = {"CustomS3AutoDeleteObjectsCustomResourceProviderHandler9D90184F": function(MAP)}

    assert not nodejs_runtimes(assembly(tmp_path, **served))


@pytest.mark.parametrize(
    "resources",
    [
        {"Old": function("nodejs16.x"), "Call": call("Rekognition", of="Old")},
        {"Call": call("SSM"), "Another": call("@aws-sdk/client-secrets-manager"), "Third": call("StepFunctions")},
        {"Call": call("CognitoIdentityServiceProvider"), "Another": call("ELBv2"), "Third": call("CloudWatchLogs")},
    ],
)
def test_call_that_can_be_made_is_not_named(tmp_path: Path, resources: Any) -> None:
    assert list(unsupported_nodejs(assembly(tmp_path, **resources))) == []


def test_runtimes_are_those_that_have_to_be_brought(tmp_path: Path) -> None:
    functions = {"Old": function("nodejs14.x"), "New": function(MAP), "Other": function("python3.13")}

    assert nodejs_runtimes(assembly(tmp_path, **functions)) == {"nodejs14.x", "nodejs24.x"}


def test_aws_custom_resource_whose_service_has_no_client_here_is_named_once(tmp_path: Path) -> None:
    assert list(unsupported_nodejs(assembly(tmp_path, Call=call("Rekognition")))) == [
        "custom resource Call in stack Cars: it calls Rekognition, whose client is not among those of AWS's SDK that "
        "are brought here"
    ]
