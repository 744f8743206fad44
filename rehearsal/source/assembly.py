"""Reads a cloud assembly (cdk.out) with its nested assemblies: stacks, templates, assets, what is missing.

Input: the folder that `cdk synth` wrote. Output: frozen dataclasses. It must not judge what it reads, nor run anything.
Source: cloud-assembly-schema (manifest.json, *.assets.json), aws-cdk.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from rehearsal.errors import BadInput

_ENVIRONMENT = re.compile(r"^aws://([^/]+)/([^/]+)$")
_BOOTSTRAP_PARAMETER = re.compile(r"^/cdk-bootstrap/([^/]+)/version$")


@dataclass(frozen=True, order=True)
class Environment:
    """An account and region; None where the stack is environment-agnostic."""

    account: str | None
    region: str | None

    def __str__(self) -> str:
        return f"{self.account or 'any account'}/{self.region or 'any region'}"


@dataclass(frozen=True, kw_only=True)
class Asset:
    """A file or a Docker image that is published before stacks are deployed."""

    id: str
    display_name: str
    is_docker_image: bool


@dataclass(frozen=True, kw_only=True)
class StackArtifact:
    """`name` is the CloudFormation stack's, `display_name` the construct path that the CDK CLI takes.

    `template_file` is relative to the root of the assembly, with forward slashes, as pipelines name it.
    """

    artifact_id: str
    name: str
    display_name: str
    environment: Environment
    template_file: str
    template: Mapping[str, Any]
    assets: tuple[Asset, ...] = ()
    dependencies: tuple[str, ...] = ()
    qualifier: str | None = None
    is_nested_assembly: bool = False

    def resources(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for logical_id, resource in (self.template.get("Resources") or {}).items():
            if isinstance(resource, Mapping):
                yield logical_id, resource


@dataclass(frozen=True, kw_only=True)
class MissingContext:
    """`level` is the folder of the assembly that misses it, relative to the root ("." for the root's own stacks)."""

    key: str
    provider: str
    level: str = "."


@dataclass(frozen=True, kw_only=True)
class CloudAssembly:
    """`version` is the schema's: whether a CDK CLI reads it, that CLI says itself."""

    directory: Path
    version: str
    stacks: tuple[StackArtifact, ...]
    missing: tuple[MissingContext, ...] = ()

    def only(self, stacks: Collection[StackArtifact]) -> CloudAssembly:
        """As if these stacks were all of it; of what is missing, what their own levels miss."""
        kept = tuple(stack for stack in self.stacks if stack in stacks)
        levels = {PurePosixPath(stack.template_file).parent.as_posix() for stack in kept}
        return replace(self, stacks=kept, missing=tuple(entry for entry in self.missing if entry.level in levels))


def read_assembly(directory: Path) -> CloudAssembly:
    """Reads `directory/manifest.json` and all below it. Raises BadInput when it is not a cloud assembly."""
    manifest = _read_manifest(directory)
    stacks, missing = _read_level(directory, directory, manifest)
    return CloudAssembly(
        directory=directory,
        version=str(manifest.get("version", "")),
        stacks=tuple(stacks),
        missing=tuple(missing),
    )


def _read_manifest(directory: Path) -> dict[str, Any]:
    path = directory / "manifest.json"
    if not path.is_file():
        raise BadInput(
            f"{directory} is not a cloud assembly: it has no manifest.json. Run `cdk synth` in the project, or give "
            "the project's folder with --project."
        )
    return _read_json(path)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as exc:
        raise BadInput(f"{path} cannot be read as JSON: {exc}. Run `cdk synth` again.") from exc
    if not isinstance(content, dict):
        raise BadInput(f"{path} does not hold a JSON object. Run `cdk synth` again.")
    return content


def _read_level(
    root: Path, directory: Path, manifest: Mapping[str, Any]
) -> tuple[list[StackArtifact], list[MissingContext]]:
    stacks: list[StackArtifact] = []
    missing = [
        MissingContext(
            key=str(entry.get("key")),
            provider=str(entry.get("provider")),
            level=directory.relative_to(root).as_posix(),
        )
        for entry in manifest.get("missing") or []
    ]
    for artifact_id, artifact in (manifest.get("artifacts") or {}).items():
        if artifact.get("type") == "aws:cloudformation:stack":
            stacks.append(_read_stack(root, directory, artifact_id, artifact, manifest["artifacts"]))
        elif artifact.get("type") == "cdk:cloud-assembly":
            nested = directory / artifact["properties"]["directoryName"]
            nested_stacks, nested_missing = _read_level(root, nested, _read_manifest(nested))
            stacks += nested_stacks
            missing += nested_missing
    return stacks, missing


def _read_stack(
    root: Path, directory: Path, artifact_id: str, artifact: Mapping[str, Any], siblings: Mapping[str, Any]
) -> StackArtifact:
    properties = artifact.get("properties") or {}
    template_path = directory / properties["templateFile"]
    dependencies = tuple(artifact.get("dependencies") or ())
    return StackArtifact(
        artifact_id=artifact_id,
        name=str(properties.get("stackName") or artifact_id),
        display_name=str(artifact.get("displayName") or artifact_id),
        environment=_environment(str(artifact.get("environment", ""))),
        template_file=template_path.relative_to(root).as_posix(),
        template=_read_json(template_path),
        assets=tuple(_read_assets(directory, dependencies, siblings)),
        dependencies=tuple(name for name in dependencies if _is_stack(siblings.get(name))),
        qualifier=_qualifier(properties.get("bootstrapStackVersionSsmParameter")),
        is_nested_assembly=directory != root,
    )


def _is_stack(artifact: Mapping[str, Any] | None) -> bool:
    return artifact is not None and artifact.get("type") == "aws:cloudformation:stack"


def _read_assets(directory: Path, dependencies: tuple[str, ...], siblings: Mapping[str, Any]) -> Iterator[Asset]:
    for name in dependencies:
        artifact = siblings.get(name) or {}
        if artifact.get("type") != "cdk:asset-manifest":
            continue
        manifest = _read_json(directory / artifact["properties"]["file"])
        for kind, is_docker_image in (("files", False), ("dockerImages", True)):
            for asset_id, asset in (manifest.get(kind) or {}).items():
                yield Asset(
                    id=asset_id,
                    display_name=str(asset.get("displayName") or asset_id),
                    is_docker_image=is_docker_image,
                )


def _environment(text: str) -> Environment:
    match = _ENVIRONMENT.match(text)
    if match is None:
        return Environment(None, None)
    account, region = match.groups()
    return Environment(
        None if account == "unknown-account" else account, None if region == "unknown-region" else region
    )


def _qualifier(parameter: object) -> str | None:
    match = _BOOTSTRAP_PARAMETER.match(str(parameter or ""))
    return match.group(1) if match else None
