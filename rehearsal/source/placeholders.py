"""Secrets and parameters that a project's templates and builds read and no stack of it makes: in a real account
somebody put them there before. Here each gets the value of the app's settings, else a placeholder, so that the stacks
deploy; it is said which.

It must not overwrite one that exists, and no value of the user's is read.
Source: "Using dynamic references to specify template values", "AWS::SSM::Parameter::Value<String>".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import yaml

from rehearsal.aws.local_cloud import LocalCloud
from rehearsal.run_events import Notice
from rehearsal.source.assembly import CloudAssembly, StackArtifact
from rehearsal.source.intrinsics import Resolver
from rehearsal.source.references import place_of, resolver_of
from rehearsal.source.settings import SETTINGS_FILE, Settings

VALUE = "placeholder-of-the-local-run"
NO_SETTINGS = Settings()
_REFERENCE = re.compile(r"\{\{resolve:(secretsmanager|ssm|ssm-secure):([^}]+)\}\}")
_MADE_BY = {"AWS::SecretsManager::Secret": "secretsmanager", "AWS::SSM::Parameter": "ssm"}
_OWN_BY_BOOTSTRAP = "/cdk-bootstrap/"


@dataclass(frozen=True, order=True)
class Placeholder:
    """`service` is secretsmanager or ssm; `keys` are those of the secret's JSON that are read.

    `value` is that of the settings, None where they do not have it.
    """

    account: str
    region: str
    service: str
    name: str
    keys: tuple[str, ...] = ()
    value: str | None = None

    @property
    def content(self) -> str:
        if self.value is not None:
            return self.value
        return json.dumps(dict.fromkeys(self.keys, VALUE)) if self.keys else VALUE


def find_placeholders(
    assembly: CloudAssembly, *, default: tuple[str, str], settings: Settings = NO_SETTINGS
) -> tuple[Placeholder, ...]:
    """What every stack reads, in the stack's own environment, and what the settings have, in every environment.

    `default` is the place of agnostic stacks.
    """
    keys: dict[tuple[str, str, str, str], set[str]] = {}
    for stack in assembly.stacks:
        place = place_of(stack, default)
        for service, name, key in _reads(stack, place):
            keys.setdefault((*place, service, name), set()).update({key} - {""})
    values = {
        **{("ssm", name): value for name, value in settings.parameters.items()},
        **{("secretsmanager", name): _secret_string(value) for name, value in settings.secrets.items()},
    }
    for place in {default, *(place_of(stack, default) for stack in assembly.stacks)}:
        for service, name in values:
            keys.setdefault((*place, service, name), set())
    made = set(_made(assembly, default))
    return tuple(
        sorted(
            Placeholder(*where, keys=tuple(sorted(read)), value=values.get(where[2:]))
            for where, read in keys.items()
            if where not in made
        )
    )


def _secret_string(value: str | Mapping[str, str]) -> str:
    return value if isinstance(value, str) else json.dumps(dict(value))


def create_placeholders(cloud: LocalCloud, placeholders: tuple[Placeholder, ...]) -> None:
    """Creates each that does not exist, and says so."""
    for item in placeholders:
        session = cloud.clients.root(item.account, item.region)
        if item.service == "ssm":
            ssm = session.client("ssm")
            if ssm.get_parameters(Names=[item.name])["Parameters"]:
                continue
            ssm.put_parameter(Name=item.name, Value=item.content, Type="String")
        else:
            secrets = session.client("secretsmanager")
            if any(secret["Name"] == item.name for secret in secrets.list_secrets()["SecretList"]):
                continue
            secrets.create_secret(Name=item.name, SecretString=item.content)
        cloud.event_log.emit(Notice(text=_said(item)))


def _said(item: Placeholder) -> str:
    what = f"{item.service} {item.name} in {item.account}/{item.region}"
    if item.value is not None:
        return f"{what} has its value of {SETTINGS_FILE}."
    return f"{what} is a placeholder: it is read, no stack makes it, and {SETTINGS_FILE} does not have it."


def _made(assembly: CloudAssembly, default: tuple[str, str]) -> Iterator[tuple[str, str, str, str]]:
    """Those that a stack of the assembly makes under a name of its own."""
    for stack in assembly.stacks:
        place, resolver = place_of(stack, default), resolver_of(stack, default)
        for _, resource in stack.resources():
            service = _MADE_BY.get(str(resource.get("Type")))
            name = (resource.get("Properties") or {}).get("Name")
            if service and name:
                yield (*place, service, str(resolver.resolve(name)))


def _reads(stack: StackArtifact, place: tuple[str, str]) -> Iterator[tuple[str, str, str]]:
    """Service, name and key of the secret's JSON; names that only CloudFormation can tell are left to it."""
    resolver = Resolver(template=stack.template, account=place[0], region=place[1], stack_name=stack.name)
    for text in _texts(resolver.resolve(stack.template.get("Resources") or {})):
        for service, reference in _REFERENCE.findall(text):
            if service != "secretsmanager":
                name = reference.rsplit(":", 1)[0] if re.search(r":\d+$", reference) else reference
                yield from _known("ssm", name, "")
            else:
                yield from _secret(reference)
    for _, resource in stack.resources():
        if resource.get("Type") == "AWS::CodeBuild::Project":
            yield from _read_by_builds(resolver.resolve(resource.get("Properties") or {}))
    for parameter in (stack.template.get("Parameters") or {}).values():
        if str(parameter.get("Type", "")).startswith("AWS::SSM::Parameter::Value"):
            yield from _known("ssm", str(parameter.get("Default", "")), "")


def _read_by_builds(project: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Variables of the project, and of a buildspec that is in it. A buildspec that cannot be read, the plan refuses."""
    for variable in (project.get("Environment") or {}).get("EnvironmentVariables") or []:
        yield from _of_build_variable(str(variable.get("Type", "")), str(variable.get("Value", "")))
    with suppress(yaml.YAMLError, AttributeError):
        declared = yaml.safe_load(str((project.get("Source") or {}).get("BuildSpec", ""))).get("env") or {}
        for kind, key in (("PARAMETER_STORE", "parameter-store"), ("SECRETS_MANAGER", "secrets-manager")):
            for reference in (declared.get(key) or {}).values():
                yield from _of_build_variable(kind, str(reference))


def _of_build_variable(kind: str, reference: str) -> Iterator[tuple[str, str, str]]:
    """A secret is named `id:json-key:version-stage:version-id`. Source: "Build specification reference", env."""
    if kind == "PARAMETER_STORE":
        yield from _known("ssm", reference, "")
    elif kind == "SECRETS_MANAGER" and not reference.startswith("arn:"):
        name, _, rest = reference.partition(":")
        yield from _known("secretsmanager", name, rest.split(":")[0])


def _secret(reference: str) -> Iterator[tuple[str, str, str]]:
    """`name:SecretString:key:stage:version`, or an ARN in place of the name."""
    if reference.startswith("arn:"):
        return
    name, _, rest = reference.partition(":")
    parts = rest.split(":")
    yield from _known("secretsmanager", name, parts[1] if len(parts) > 1 else "")


def _known(service: str, name: str, key: str) -> Iterator[tuple[str, str, str]]:
    if name and "<" not in name and not name.startswith((_OWN_BY_BOOTSTRAP, "/aws/")):
        yield service, name, key


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
