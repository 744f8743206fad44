"""Every property of AWS::CodeBuild::Project, and how the local run takes it in a build that a pipeline starts.

It must not resolve intrinsics. Sources: CloudFormation template reference, "AWS::CodeBuild::Project"; CodeBuild API,
Project and its parts; CodeBuild user guide, "Retry builds automatically" (not for CodePipeline).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.aws.resource import IsHidden, nothing_is_hidden
from rehearsal.codebuild.handling import Handling, Known, walk

_DONE = Known(Handling.DONE)
_FIDELITY = Known(Handling.FIDELITY)
_NOTHING = Known(Handling.WITHOUT_EFFECT)
_OF_PIPELINE = Known(Handling.WITHOUT_EFFECT, "CodePipeline gives the source and takes the artifacts")
_OFF = ("", "false", "[]", "{}")
_SYSTEMS = ("LINUX_CONTAINER", "LINUX_GPU_CONTAINER", "LINUX_EC2", "ARM_CONTAINER", "ARM_EC2")
_LAMBDA = ("LINUX_LAMBDA_CONTAINER", "ARM_LAMBDA_CONTAINER")

PROPERTIES: Mapping[str, Known] = {
    "Artifacts": _DONE,
    **{
        f"Artifacts/{name}": _OF_PIPELINE
        for name in (
            "ArtifactIdentifier", "BucketOwnerAccess", "EncryptionDisabled", "Location", "Name", "NamespaceType",
            "OverrideArtifactName", "Packaging", "Path", "Type",
        )
    },
    "AutoRetryLimit": Known(Handling.WITHOUT_EFFECT, "CodeBuild does not support auto-retry for CodePipeline"),
    "BadgeEnabled": _NOTHING,
    "BuildBatchConfig": Known(Handling.WITHOUT_EFFECT, "a batch build alone reads it, and BatchEnabled is refused"),
    "Cache": _DONE,
    "Cache/CacheNamespace": _NOTHING,
    "Cache/Location": _NOTHING,
    "Cache/Modes": _DONE,
    "Cache/Type": Known(
        Handling.NOTICED, "the cache is kept on this machine, not in S3", unless=("NO_CACHE", "LOCAL")
    ),
    "ConcurrentBuildLimit": Known(Handling.NOTICED, "builds are not throttled"),
    "Description": _NOTHING,
    "EncryptionKey": _DONE,
    "Environment": _DONE,
    "Environment/Certificate": Known(Handling.NOTICED, "builds trust what this machine trusts"),
    "Environment/ComputeConfiguration": _FIDELITY,
    "Environment/ComputeType": _FIDELITY,
    "Environment/DockerServer": Known(Handling.NOTICED, "there is no Docker here"),
    "Environment/EnvironmentVariables": _DONE,
    "Environment/Fleet": _FIDELITY,
    "Environment/HostKernel": _FIDELITY,
    "Environment/Image": _FIDELITY,
    "Environment/ImagePullCredentialsType": _FIDELITY,
    "Environment/PrivilegedMode": _FIDELITY,
    "Environment/RegistryCredential": _FIDELITY,
    "Environment/Type": Known(
        Handling.REFUSED, "builds run on this machine; supported are Linux ones", unless=(*_SYSTEMS, *_LAMBDA)
    ),
    "FileSystemLocations": Known(
        Handling.REFUSED, "there is no Amazon EFS here, and a build would find an empty folder", unless=_OFF
    ),
    "LogsConfig": Known(Handling.NOTICED, "logs of builds are in the run's folder, not in CloudWatch Logs or S3"),
    "Name": _DONE,
    "QueuedTimeoutInMinutes": Known(Handling.NOTICED, "builds are not queued"),
    "ResourceAccessRole": _NOTHING,
    "SecondaryArtifacts": _OF_PIPELINE,
    "SecondarySourceVersions": _OF_PIPELINE,
    "SecondarySources": _OF_PIPELINE,
    "ServiceRole": _DONE,
    "Source": _DONE,
    "Source/Auth": _OF_PIPELINE,
    "Source/BuildSpec": _DONE,
    "Source/BuildStatusConfig": _OF_PIPELINE,
    "Source/GitCloneDepth": _OF_PIPELINE,
    "Source/GitSubmodulesConfig": _OF_PIPELINE,
    "Source/InsecureSsl": _OF_PIPELINE,
    "Source/Location": _OF_PIPELINE,
    "Source/ReportBuildStatus": _OF_PIPELINE,
    "Source/SourceIdentifier": _OF_PIPELINE,
    "Source/Type": _OF_PIPELINE,
    "SourceVersion": _OF_PIPELINE,
    "Tags": _NOTHING,
    "TimeoutInMinutes": _DONE,
    "Triggers": Known(Handling.NOTICED, "its webhook is never called", unless=("{'Webhook': False}", "{}")),
    "Visibility": Known(Handling.NOTICED, "there are no public builds", unless=("PRIVATE",)),
    "VpcConfig": Known(Handling.NOTICED, "builds have this machine's network", unless=_OFF),
}  # fmt: skip


def refused_properties(properties: Mapping[str, Any], is_hidden: IsHidden = nothing_is_hidden) -> Iterator[str]:
    """What keeps a project's builds from running here, and what CloudFormation's page does not name.

    `is_hidden` tells a value that only the deployment knows: it refuses nothing.
    """
    for found in walk(properties, PROPERTIES):
        if found.known is None:
            yield f"{found.path}: no property of AWS::CodeBuild::Project that is known here"
        elif is_hidden(found.value):
            continue
        elif found.known.handling is Handling.REFUSED and str(found.value) not in found.known.unless:
            yield f"{found.path} {_shown(found.value)}: {found.known.words}"


def notices_of_properties(properties: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each property that is not done, the same for all projects."""
    for found in walk(properties, PROPERTIES):
        known = found.known
        if known is not None and known.handling is Handling.NOTICED and str(found.value) not in known.unless:
            yield f"{found.path} of a project is not done here: {known.words}."
    if (properties.get("Environment") or {}).get("Type") in _LAMBDA:
        yield "Environment/Type of a project is not done here: builds have not the limits of Lambda compute."


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else "is set"
