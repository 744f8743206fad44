"""A stage's cloud assembly as the pipeline deploys it: its stacks, their templates, and its digest.

It must not know the pipeline, nor ask AWS. Source: CDK's cloud assembly schema (manifest.json, *.assets.json).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.evidence.runtime.errors import EvidenceError

Template = Mapping[str, Any]
_CHUNK = 1 << 20


@dataclass(frozen=True)
class StageAssembly:
    """`templates` by stack name, as CloudFormation knows it; `assets` are files and folders, by name."""

    folder: Path
    templates: Mapping[str, Template]
    assets: Mapping[str, Path]


def read_stage(assembly: Path, stage: str) -> StageAssembly:
    """The stage's part of `cdk.out`. Raises EvidenceError when there is none, or it cannot be read."""
    found = sorted(path for path in assembly.glob(f"assembly-*-{stage}") if path.is_dir())
    if len(found) != 1:
        raise EvidenceError(
            f"{assembly} has {len(found)} folders assembly-*-{stage}, and there has to be one: is it the Build's "
            "cdk.out, and is the stage's name right?"
        )
    (folder,) = found
    artifacts = _read(folder / "manifest.json").get("artifacts", {})
    templates: dict[str, Template] = {}
    assets: dict[str, Path] = {}
    for name, artifact in artifacts.items():
        properties = artifact.get("properties", {})
        if artifact["type"] == "aws:cloudformation:stack":
            templates[properties.get("stackName", name)] = _read(folder / properties["templateFile"])
        elif artifact["type"] == "cdk:asset-manifest":
            assets.update(_assets(folder, properties["file"]))
    return StageAssembly(folder, templates, assets)


def _assets(folder: Path, manifest: str) -> Iterator[tuple[str, Path]]:
    for file in _read(folder / manifest).get("files", {}).values():
        path = (folder / file["source"]["path"]).resolve()
        if not path.exists():
            raise EvidenceError(f"{folder / manifest} names {file['source']['path']}, which is not in the artifact.")
        yield path.name, path


def digest(stage: StageAssembly) -> str:
    """SHA-256, in hex, over the names and bytes of all that the stage would deploy.

    That is each file of the stage's folder (templates, the manifests that say what goes where) and each file of the
    assets that it names: a line "<sha256 of the bytes>  <path>" for each, sorted by path, and the SHA-256 of these.
    """
    files = {path.relative_to(stage.folder).as_posix(): path for path in _files(stage.folder)}
    for name, asset in stage.assets.items():
        if asset.is_relative_to(stage.folder.resolve()):
            continue  # the templates are assets, too
        for path in _files(asset):
            inside = "" if path == asset else "/" + path.relative_to(asset).as_posix()
            files[f"../{name}{inside}"] = path
    lines = "".join(f"{_sha256(files[name])}  {name}\n" for name in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(found for found in path.rglob("*") if found.is_file())


def _sha256(path: Path) -> str:
    hashed = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            hashed.update(chunk)
    return hashed.hexdigest()


def _read(path: Path) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as exc:
        raise EvidenceError(f"{path} of the cloud assembly cannot be read ({exc}): has the Build written it?") from exc
    return document
