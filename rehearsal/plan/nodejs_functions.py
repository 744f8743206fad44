"""The Node.js functions of an assembly: their runtimes, and which of their calls this machine cannot serve.

What an AwsCustomResource calls has to be among the clients of the SDK's version 3 that are here; version 2, which
runtimes before nodejs18.x bring, has all of them. It must not judge what a function does with a client.

Sources: "Lambda runtimes" (deprecated runtimes); aws-cdk-lib's AwsCustomResource, whose services are named as in
version 2 or 3 of the SDK.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.aws.lambda_host.nodejs.sdk import PINS, brings_version_2
from rehearsal.source.assembly import CloudAssembly, StackArtifact
from rehearsal.source.intrinsics import Resolver

_FUNCTION_TYPE = "AWS::Lambda::Function"
_NODEJS = "nodejs"
_UNKNOWN = "<"  # what only the deployment will tell; CDK's own map is of Node.js runtimes
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


def nodejs_runtimes(assembly: CloudAssembly) -> frozenset[str]:
    """Those of functions that may be called; see also `_SERVED`. What only the deployment will tell stands as `<…>`."""
    return frozenset(runtime for _, _, runtime in _nodejs_functions(assembly))


def unsupported_nodejs(assembly: CloudAssembly) -> Iterator[str]:
    """One sentence for each custom resource whose call could not be made."""
    old = {(stack.name, logical_id) for stack, logical_id, of in _nodejs_functions(assembly) if brings_version_2(of)}
    for stack in assembly.stacks:
        for logical_id, resource in stack.resources():
            if resource.get("Type") == "Custom::AWS" and (stack.name, _provider(resource)) not in old:
                for service in sorted(_services_without_client(stack, resource.get("Properties") or {})):
                    yield (
                        f"custom resource {logical_id} in stack {stack.name}: it calls {service}, whose client is not "
                        "among those of AWS's SDK that are brought here"
                    )


def _provider(resource: Mapping[str, Any]) -> str:
    """The function behind a custom resource, by its logical id; "" where it is none of the stack's."""
    match (resource.get("Properties") or {}).get("ServiceToken"):
        case {"Fn::GetAtt": [str(logical_id), "Arn"]}:
            return logical_id
        case _:
            return ""


def _nodejs_functions(assembly: CloudAssembly) -> Iterator[tuple[StackArtifact, str, str]]:
    """Stack, logical id and runtime of each. The runtime of CDK's own functions is a Fn::FindInMap."""
    for stack in assembly.stacks:
        for logical_id, resource in stack.resources():
            properties = resource.get("Properties") or {}
            if resource.get("Type") != _FUNCTION_TYPE or logical_id.startswith(_SERVED):
                continue
            if "Runtime" in properties:
                runtime = str(_resolver(stack).resolve(properties["Runtime"]))
                if runtime.startswith((_NODEJS, _UNKNOWN)):
                    yield stack, logical_id, runtime


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
