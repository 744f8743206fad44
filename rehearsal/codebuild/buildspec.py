"""A buildspec's text, YAML or JSON, parsed once into frozen dataclasses.

It must not read files or run anything. Every value is text, as it was written: 0.2, yes and 010 stay so.
Source: CodeBuild user guide, "Build specification reference for CodeBuild".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import yaml

from rehearsal.codebuild.buildspec_keys import notices_of_keys

PHASE_NAMES = ("install", "pre_build", "build", "post_build")
_VERSIONS = ("0.1", "0.2")
_SHELLS = {"": "/bin/sh", "/bin/sh": "/bin/sh", "sh": "/bin/sh", "bash": "bash", "/bin/bash": "bash"}
_WINDOWS_SHELLS = frozenset({"powershell.exe", "cmd.exe"})
# RETRY, RETRY-count, RETRY-regex, RETRY-count-regex; the reference's own examples have Retry, too.
_RETRY = re.compile(r"RETRY(?:-(?P<count>\d+))?(?:-.+)?", re.IGNORECASE)
_MOST_RETRIES = 100


class BuildspecError(Exception):
    """The buildspec is wrong; the message says where and what is allowed."""


class OnFailure(StrEnum):
    """RETRY stands for its four forms: in a pipeline CodeBuild retries none of them."""

    ABORT = "ABORT"
    CONTINUE = "CONTINUE"
    RETRY = "RETRY"


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
    """`notices` say what the buildspec asks for and the local run does not do; `refused` what keeps it from running.

    Each is a sentence about "a buildspec", the same for all builds.
    """

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
    notices: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

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
        notices=(*notices_of_keys(document), *_notices_of_retries(phases)),
        refused=_refused(env),
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
    return Phase(
        name=name,
        commands=_list(document.get("commands"), f"{where}/commands"),
        finally_commands=_list(document.get("finally"), f"{where}/finally"),
        on_failure=_on_failure(_text(document.get("on-failure", ""), f"{where}/on-failure"), where),
        runtime_versions=_texts(document.get("runtime-versions"), f"{where}/runtime-versions"),
    )


def _on_failure(text: str, where: str) -> OnFailure | None:
    if text in ("", OnFailure.ABORT, OnFailure.CONTINUE):
        return OnFailure(text) if text else None
    retry = _RETRY.fullmatch(text)
    if retry is None or int(retry["count"] or 0) > _MOST_RETRIES:
        raise BuildspecError(
            f"{where}/on-failure is {text}; allowed are ABORT, CONTINUE, RETRY, RETRY-count, RETRY-regex and "
            f"RETRY-count-regex, with a count from 0 to {_MOST_RETRIES}"
        )
    return OnFailure.RETRY


def _notices_of_retries(phases: tuple[Phase, ...]) -> Iterator[str]:
    if any(phase.on_failure is OnFailure.RETRY for phase in phases):
        yield (
            "on-failure: RETRY of a buildspec is not done here: CodeBuild does not support auto-retry for "
            "CodePipeline. A phase that fails, fails the build."
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
    if name not in _SHELLS and name not in _WINDOWS_SHELLS:
        raise BuildspecError(
            f"env/shell is {name}; allowed are bash and /bin/sh, on Windows {' and '.join(sorted(_WINDOWS_SHELLS))}"
        )
    return _SHELLS.get(name, "/bin/sh")


def _refused(env: Mapping[str, Any]) -> tuple[str, ...]:
    name = env.get("shell")
    return (f"env/shell {name}: Windows builds; supported are bash and /bin/sh",) if name in _WINDOWS_SHELLS else ()


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
