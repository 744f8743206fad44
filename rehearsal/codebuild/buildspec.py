"""A buildspec's text, YAML or JSON, parsed once into frozen dataclasses.

It must not read files or run anything. Every value is text, as it was written: 0.2, yes and 010 stay so.
Source: CodeBuild user guide, "Build specification reference for CodeBuild".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import yaml

PHASE_NAMES = ("install", "pre_build", "build", "post_build")
_VERSIONS = ("0.1", "0.2")
_SHELLS = {"": "/bin/sh", "/bin/sh": "/bin/sh", "sh": "/bin/sh", "bash": "bash", "/bin/bash": "bash"}
_KEYS = frozenset({"version", "env", "phases", "artifacts", "cache"})
_CACHE_KEYS = frozenset({"paths"})
_ENV_KEYS = frozenset({"shell", "variables", "parameter-store", "secrets-manager", "exported-variables"})
_PHASE_KEYS = frozenset({"commands", "finally", "on-failure", "runtime-versions"})


class BuildspecError(Exception):
    """The buildspec is wrong; the message says where and what is allowed."""


class OnFailure(StrEnum):
    ABORT = "ABORT"
    CONTINUE = "CONTINUE"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """`on_failure` None means the transitions that CodeBuild has for the phase."""

    name: str
    commands: tuple[str, ...] = ()
    finally_commands: tuple[str, ...] = ()
    on_failure: OnFailure | None = None
    runtime_versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ArtifactFiles:
    """Patterns of files, relative to `base_directory`, which is relative to the source folder."""

    files: tuple[str, ...]
    base_directory: str = ""
    exclude_paths: tuple[str, ...] = ()
    has_discarded_paths: bool = False
    has_symlinks: bool = False


@dataclass(frozen=True, kw_only=True)
class Buildspec:
    """`ignored` names what the buildspec asks for and the local run does not do."""

    version: str
    shell: str = "/bin/sh"
    variables: Mapping[str, str] = field(default_factory=dict)
    parameter_store: Mapping[str, str] = field(default_factory=dict)
    secrets_manager: Mapping[str, str] = field(default_factory=dict)
    exported_variables: tuple[str, ...] = ()
    phases: tuple[Phase, ...] = ()
    artifacts: ArtifactFiles | None = None
    secondary_artifacts: Mapping[str, ArtifactFiles] = field(default_factory=dict)
    cache_paths: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    @property
    def runtime_versions(self) -> Mapping[str, str]:
        return {name: version for phase in self.phases for name, version in phase.runtime_versions.items()}


def is_inline(text: str) -> bool:
    """Whether a project's buildspec is the text itself, and not the name of a file."""
    return bool(re.search(r"\n|^\s*\{|^\s*version\s*:", text))


def parse_buildspec(text: str) -> Buildspec:
    """Raises BuildspecError for what CodeBuild calls a YAML_FILE_ERROR."""
    document = _mapping(_load(text), "the buildspec")
    version = _text(document.get("version", ""), "version")
    if version not in _VERSIONS:
        raise BuildspecError(f"version is {version or 'missing'}; allowed are {' and '.join(_VERSIONS)}")
    env = _mapping(document.get("env"), "env")
    phases = _phases(_mapping(document.get("phases"), "phases"))
    artifacts = _mapping(document.get("artifacts"), "artifacts")
    secondary = _mapping(artifacts.get("secondary-artifacts"), "artifacts/secondary-artifacts")
    return Buildspec(
        version=version,
        shell=_shell(env),
        variables=_texts(env.get("variables"), "env/variables"),
        parameter_store=_texts(env.get("parameter-store"), "env/parameter-store"),
        secrets_manager=_texts(env.get("secrets-manager"), "env/secrets-manager"),
        exported_variables=_list(env.get("exported-variables"), "env/exported-variables"),
        phases=phases,
        artifacts=_artifact_files(artifacts, "artifacts") if artifacts.get("files") else None,
        secondary_artifacts={
            name: _artifact_files(_mapping(value, where), where)
            for name, value in secondary.items()
            for where in (f"artifacts/secondary-artifacts/{name}",)
        },
        cache_paths=_list(_mapping(document.get("cache"), "cache").get("paths"), "cache/paths"),
        ignored=_ignored(document, env),
    )


def _load(text: str) -> Any:
    if text.lstrip().startswith("{"):
        try:
            return _as_texts(json.loads(text))
        except ValueError:
            pass  # YAML in flow style; if it is broken JSON, YAML's message is as good
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  (makes text, lists and mappings, nothing else)
    except yaml.YAMLError as exc:
        raise BuildspecError(f"it is not YAML: {exc}") from exc


def _as_texts(value: Any) -> Any:
    match value:
        case dict():
            return {name: _as_texts(item) for name, item in value.items()}
        case list():
            return [_as_texts(item) for item in value]
        case bool():
            return "true" if value else "false"
        case None:
            return ""
        case _:
            return str(value)


def _phases(document: Mapping[str, Any]) -> tuple[Phase, ...]:
    if not document:
        raise BuildspecError("phases is missing: a build needs at least one phase with commands")
    unknown = [name for name in document if name not in PHASE_NAMES]
    if unknown:
        raise BuildspecError(f"invalid phase name found: {', '.join(unknown)}; expecting: {', '.join(PHASE_NAMES)}")
    return tuple(_phase(name, _mapping(document[name], f"phases/{name}")) for name in PHASE_NAMES if name in document)


def _phase(name: str, document: Mapping[str, Any]) -> Phase:
    where = f"phases/{name}"
    on_failure = _text(document.get("on-failure", ""), f"{where}/on-failure")
    if on_failure and on_failure not in list(OnFailure):
        raise BuildspecError(f"{where}/on-failure is {on_failure}; supported here are {', '.join(OnFailure)}")
    return Phase(
        name=name,
        commands=_list(document.get("commands"), f"{where}/commands"),
        finally_commands=_list(document.get("finally"), f"{where}/finally"),
        on_failure=OnFailure(on_failure) if on_failure else None,
        runtime_versions=_texts(document.get("runtime-versions"), f"{where}/runtime-versions"),
    )


def _artifact_files(document: Mapping[str, Any], where: str) -> ArtifactFiles:
    files = _list(document.get("files"), f"{where}/files")
    if not files:
        raise BuildspecError(f"{where}/files is missing: name the files of the artifact, for example '**/*'")
    return ArtifactFiles(
        files=files,
        base_directory=_text(document.get("base-directory", ""), f"{where}/base-directory"),
        exclude_paths=_list(document.get("exclude-paths"), f"{where}/exclude-paths"),
        has_discarded_paths=_is_yes(document.get("discard-paths")),
        has_symlinks=_is_yes(document.get("enable-symlinks")),
    )


def _shell(env: Mapping[str, Any]) -> str:
    name = _text(env.get("shell", ""), "env/shell")
    if name not in _SHELLS:
        raise BuildspecError(f"env/shell is {name}; supported here are bash and /bin/sh")
    return _SHELLS[name]


def _ignored(document: Mapping[str, Any], env: Mapping[str, Any]) -> tuple[str, ...]:
    phases = _mapping(document.get("phases"), "phases")
    in_phases = [
        f"phases/{name}/{key}"
        for name, phase in phases.items()
        for key in _mapping(phase, f"phases/{name}")
        if key not in _PHASE_KEYS
    ]
    return (
        *(key for key in document if key not in _KEYS),
        *(f"env/{key}" for key in env if key not in _ENV_KEYS),
        *(f"cache/{key}" for key in _mapping(document.get("cache"), "cache") if key not in _CACHE_KEYS),
        *in_phases,
    )


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise BuildspecError(f"{where} must hold keys and values, and is {_shown(value)}")
    return value


def _texts(value: Any, where: str) -> dict[str, str]:
    return {name: _text(item, f"{where}/{name}") for name, item in _mapping(value, where).items()}


def _list(value: Any, where: str) -> tuple[str, ...]:
    """One text stands for a list of one, as CodeBuild takes it and CDK writes it."""
    if value is None or value == "":
        return ()
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise BuildspecError(f"{where} must be a list, and is {_shown(value)}")
    return tuple(_text(item, f"{where}[{number}]") for number, item in enumerate(items))


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise BuildspecError(
            f"Expected {where} to be of string type, found {_shown(value)}. A colon makes keys: quote the whole text."
        )
    return value


def _is_yes(value: object) -> bool:
    return str(value).lower() in {"yes", "true"}


def _shown(value: object) -> str:
    return f"keys {', '.join(map(str, value))}" if isinstance(value, dict) else repr(value)
