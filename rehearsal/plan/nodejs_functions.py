"""The Node.js functions of an assembly: whether there are any, and which of them this machine cannot run.

A runtime before nodejs18.x brings version 2 of the SDK, which is not here: such a function runs only if its code does
without. What an AwsCustomResource calls has to be among the SDK's clients that are here. It must not judge what a
function does with a client, nor look into packages that the function brings.

Sources: "Lambda runtimes" (deprecated runtimes); aws-cdk-lib's AwsCustomResource, whose services are named as in
version 2 or 3 of the SDK.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rehearsal.aws.lambda_host.nodejs.sdk import PINS
from rehearsal.source.assembly import CloudAssembly, StackArtifact
from rehearsal.source.intrinsics import Resolver

_FUNCTION_TYPE = "AWS::Lambda::Function"
_NODEJS = "nodejs"
_UNKNOWN = "<"  # what only the deployment will tell; CDK's own map is of Node.js runtimes
_VERSION = re.compile(r"nodejs(\d+)\..*")
_FIRST_WITH_VERSION_3 = 18
_SDK_VERSION_2 = re.compile(r"""(?:require\(|from\s|import\()\s*["']aws-sdk(?:/[^"']*)?["']""")
_SOURCES = (".js", ".mjs", ".cjs")
# CDK's function for S3's autoDeleteObjects is never called: the local AWS empties the bucket (bucket_emptier.py).
_SERVED = "CustomS3AutoDeleteObjectsCustomResourceProvider"
_SERVICE = re.compile(r'"service"\s*:\s*"(?:@aws-sdk/client-)?([^"<]+)"')
# Names of version 2 that are not those of version 3 without their dashes.
_OF_VERSION_2 = {
    "stepfunctions": "sfn",
    "elbv2": "elasticloadbalancingv2",
    "cognitoidentityserviceprovider": "cognitoidentityprovider",
    "rdsdataservice": "rdsdata",
    "iotdata": "iotdataplane",
}


def has_nodejs_functions(assembly: CloudAssembly) -> bool:
    """Whether any may be called; see also `_SERVED`."""
    return any(True for _ in _nodejs_functions(assembly))


def unsupported_nodejs(assembly: CloudAssembly) -> Iterator[str]:
    """One sentence for each function and each custom resource that could not run."""
    for stack, logical_id, runtime, properties in _nodejs_functions(assembly):
        if _brings_version_2(runtime) and _needs_version_2(assembly.directory, properties):
            yield (
                f"function {logical_id} in stack {stack.name}: runtime {runtime} with version 2 of the AWS SDK for "
                "JavaScript, which is not brought here; use nodejs18.x or newer, or a newer aws-cdk-lib where the "
                "function is CDK's own"
            )
    for stack in assembly.stacks:
        for logical_id, resource in stack.resources():
            if resource.get("Type") == "Custom::AWS":
                for service in sorted(_services_without_client(stack, resource.get("Properties") or {})):
                    yield (
                        f"custom resource {logical_id} in stack {stack.name}: it calls {service}, whose client is not "
                        "among those of AWS's SDK that are brought here"
                    )


def _nodejs_functions(assembly: CloudAssembly) -> Iterator[tuple[StackArtifact, str, str, Mapping[str, Any]]]:
    """Stack, logical id, runtime and properties of each. The runtime of CDK's own functions is a Fn::FindInMap."""
    for stack in assembly.stacks:
        for logical_id, resource in stack.resources():
            properties = resource.get("Properties") or {}
            if resource.get("Type") != _FUNCTION_TYPE or logical_id.startswith(_SERVED):
                continue
            if "Runtime" in properties:
                runtime = str(_resolver(stack).resolve(properties["Runtime"]))
                if runtime.startswith((_NODEJS, _UNKNOWN)):
                    yield stack, logical_id, runtime, properties


def _brings_version_2(runtime: str) -> bool:
    found = _VERSION.fullmatch(runtime)
    return found is not None and int(found.group(1)) < _FIRST_WITH_VERSION_3


def _needs_version_2(folder: Path, properties: Mapping[str, Any]) -> bool:
    return any(_SDK_VERSION_2.search(text) for text in _sources(folder, properties.get("Code") or {}))


def _sources(folder: Path, code: Mapping[str, Any]) -> Iterator[str]:
    """Inline, or the files of an asset that is a folder: `{hash}.zip` is published from `asset.{hash}`."""
    if isinstance(code.get("ZipFile"), str):
        yield code["ZipFile"]
    asset = folder / f"asset.{str(code.get('S3Key', '')).removesuffix('.zip')}"
    for file in sorted(asset.rglob("*")) if asset.is_dir() else ():
        if file.suffix in _SOURCES and "node_modules" not in file.parts and file.is_file():
            yield file.read_text(encoding="utf-8", errors="replace")


def _services_without_client(stack: StackArtifact, properties: Mapping[str, Any]) -> set[str]:
    calls = [
        str(_resolver(stack).resolve(properties[name])) for name in ("Create", "Update", "Delete") if name in properties
    ]
    return {service for call in calls for service in _SERVICE.findall(call) if _client(service) not in _clients()}


def _client(service: str) -> str:
    name = service.lower().replace("-", "")
    return _OF_VERSION_2.get(name, name)


@functools.cache
def _clients() -> frozenset[str]:
    packages = json.loads(PINS.read_text())["dependencies"]
    prefix = "@aws-sdk/client-"
    return frozenset(name.removeprefix(prefix).replace("-", "") for name in packages if name.startswith(prefix))


def _resolver(stack: StackArtifact) -> Resolver:
    environment = stack.environment
    return Resolver(
        template=stack.template,
        account=environment.account or "",
        region=environment.region or "",
        stack_name=stack.name,
    )
