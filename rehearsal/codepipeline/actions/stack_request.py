"""What an action's configuration says of a stack, as the parameters of CreateStack, UpdateStack and CreateChangeSet.

It must not call CloudFormation. Source: as cloudformation.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.codepipeline.actions.action import ActionContext
from rehearsal.errors import ActionFailed


def stack_request(context: ActionContext) -> dict[str, Any]:
    """StackName, TemplateBody, Parameters, Tags, Capabilities and RoleARN; keys without a value are left out."""
    configuration = context.configuration
    settings = _template_configuration(context)
    parameters = {**_section(settings, "Parameters"), **_parameter_overrides(context)}
    tags = _section(settings, "Tags")
    request: dict[str, Any] = {
        "StackName": required(context, "StackName"),
        "TemplateBody": _read(context, configuration.get("TemplatePath", ""), "TemplatePath"),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
        "Capabilities": [name.strip() for name in configuration.get("Capabilities", "").split(",") if name.strip()],
        "RoleARN": configuration.get("RoleArn"),
    }
    return {key: value for key, value in request.items() if value}


def files_read(configuration: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """The files of which `stack_request` reads some, by artifact. What cannot be read it is left to say."""
    references = [configuration.get(name, "") for name in ("TemplatePath", "TemplateConfiguration")]
    try:
        overrides = json.loads(configuration.get("ParameterOverrides", "") or "{}")
    except ValueError:
        overrides = {}
    for value in overrides.values() if isinstance(overrides, dict) else ():
        match value:
            case {"Fn::GetParam": [str(artifact), str(file_name), _]}:
                references.append(f"{artifact}::{file_name}")
    found: dict[str, frozenset[str]] = {}
    for artifact, separator, name in (reference.partition("::") for reference in references):
        if separator:
            found[artifact] = found.get(artifact, frozenset()) | {name}
    return found


def required(context: ActionContext, name: str) -> str:
    """A value of the configuration that must be there."""
    value = context.configuration.get(name, "")
    if not value:
        raise ActionFailed(f"The configuration of action {context.declaration.name} has no {name}.")
    return value


def artifact_path(folder: Path, name: str) -> Path:
    """A file within an artifact. Raises ActionFailed for a path that leaves it."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ActionFailed(f"The path {name} leaves its artifact.")
    return path


def _template_configuration(context: ActionContext) -> Mapping[str, Any]:
    """The file has Parameters, Tags and StackPolicy; a stack policy is refused, for nothing here would heed it."""
    reference = context.configuration.get("TemplateConfiguration", "")
    if not reference:
        return {}
    settings = _json_object(_read(context, reference, "TemplateConfiguration"), f"TemplateConfiguration {reference}")
    if settings.get("StackPolicy"):
        raise ActionFailed(f"TemplateConfiguration {reference} has a StackPolicy, which the local run cannot enforce.")
    return settings


def _parameter_overrides(context: ActionContext) -> dict[str, str]:
    overrides = _json_object(context.configuration.get("ParameterOverrides", "") or "{}", "ParameterOverrides")
    return {name: _override(context, value) for name, value in overrides.items()}


def _override(context: ActionContext, value: Any) -> str:
    """`value` is a text, a list of texts, or one of two functions:

    {"Fn::GetArtifactAtt": [artifact, attribute]}, {"Fn::GetParam": [artifact, file, key]}
    """
    match value:
        case {"Fn::GetArtifactAtt": [str(artifact), str(attribute)]}:
            return _artifact_attribute(context, artifact, attribute)
        case {"Fn::GetParam": [str(artifact), str(file_name), str(key)]}:
            found = _json_object(_read(context, f"{artifact}::{file_name}", "Fn::GetParam"), file_name)
            if key not in found:
                raise ActionFailed(f"Fn::GetParam: {file_name} of artifact {artifact} has no key {key}.")
            return found[key] if isinstance(found[key], str) else json.dumps(found[key])
        case dict():
            raise ActionFailed(
                f"ParameterOverrides has {json.dumps(value)}; allowed are texts, Fn::GetArtifactAtt and Fn::GetParam."
            )
        case list():
            return ",".join(map(str, value))
        case bool():
            return json.dumps(value)
        case _:
            return str(value)


def _artifact_attribute(context: ActionContext, artifact: str, attribute: str) -> str:
    location = context.locations.get(artifact)
    if location is None:
        raise ActionFailed(f"Fn::GetArtifactAtt: the action has no input artifact {artifact}.")
    match attribute:
        case "BucketName":
            return location.bucket
        case "ObjectKey":
            return location.key
        case "URL":
            return f"https://s3.{context.region}.amazonaws.com/{location.bucket}/{location.key}"
        case _:
            raise ActionFailed(f"Fn::GetArtifactAtt: {attribute}; allowed are BucketName, ObjectKey and URL.")


def _read(context: ActionContext, reference: str, where: str) -> str:
    """The text of `artifact::file`."""
    artifact, separator, name = reference.partition("::")
    if not separator or artifact not in context.inputs:
        raise ActionFailed(
            f"{where} is {reference or 'missing'}; it must be ARTIFACT::FILE with one of the input artifacts "
            f"{', '.join(context.inputs) or '(none)'}."
        )
    path = artifact_path(context.inputs[artifact], name)
    if not path.is_file():
        raise ActionFailed(f"{where}: the artifact {artifact} has no file {name}.")
    return path.read_text(encoding="utf-8")


def _json_object(text: str, where: str) -> Mapping[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as exc:
        raise ActionFailed(f"{where} is not JSON: {exc}.") from exc
    if not isinstance(document, dict):
        raise ActionFailed(f"{where} must be a JSON object, and is {text[:80]!r}.")
    return document


def _section(settings: Mapping[str, Any], name: str) -> dict[str, str]:
    section = settings.get(name, {})
    if not isinstance(section, dict):
        raise ActionFailed(f"{name} of the TemplateConfiguration must be a JSON object, and is {section!r}.")
    return {key: str(value) for key, value in section.items()}
