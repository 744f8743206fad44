"""CloudFormation templates, made fit for the emulator and back.

In: a template as its author wrote it. Out: the same template in which every resource of a claimed type is a custom
resource (its Properties and UpdatePolicy carried along, so that every intrinsic is resolved by CloudFormation), and
every function is run by the Lambda host. Pure functions: no AWS, no files. It must not know what a resource type means.

Source of the template's shape: "Template anatomy" and "Resource attribute reference" of the CloudFormation user guide.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from rehearsal.aws.apigateway.templates import fit_api
from rehearsal.aws.cloudformation.attributes import with_told_attributes
from rehearsal.aws.cloudformation.public_parameters import with_served_images
from rehearsal.aws.cloudformation.stack_outputs import StackOutput, with_stack_outputs
from rehearsal.aws.eventbridge.rule_problems import require_supported
from rehearsal.aws.eventbridge.rule_targets import RULE_TYPE, with_own_delivery
from rehearsal.aws.eventbridge.service_events import hearing_services
from rehearsal.aws.iam.policies import fit_policies
from rehearsal.aws.lambda_host.function import DEAD_LETTER_VARIABLE, PROXY_URL_VARIABLE
from rehearsal.errors import Unsupported

ORIGINAL = "RehearsalOriginal"
FUNCTION_TYPE = "AWS::Lambda::Function"
# CloudFormation gives up on a custom resource after an hour; a traffic shift at the speed of AWS may take two days.
_SERVICE_TIMEOUT_SECONDS = 3 * 24 * 3600
_CUSTOM_TYPE = re.compile(r"Custom::((?:AWS|Custom)(?:--[A-Za-z0-9]+)+)")
# Types that a provider serves only where the property is there; without it the emulator serves them.
_ONLY_WITH_PROPERTY = {"AWS::Events::Rule": "ScheduleExpression"}

Template = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Rewriting:
    """What a template is made fit for: `service_token` is the ARN of the function that stands for the providers.

    `delivers_events` tells whether that function also delivers what rules have matched.
    """

    claimed_types: frozenset[str]
    service_token: str
    lambda_url: str
    delivers_events: bool = False
    stack_outputs: Mapping[StackOutput, str] = field(default_factory=dict)


def parse_template(text: str) -> Template:
    """A template as JSON or YAML, short forms (`!Ref`) included. `ValueError` where it is neither."""
    try:
        parsed = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, Loader=_TemplateLoader)  # noqa: S506
    except (yaml.YAMLError, json.JSONDecodeError) as exc:
        raise ValueError(f"Template format error: {exc}") from exc
    if not isinstance(parsed, dict):
        raise ValueError("Template format error: the template is not a mapping.")
    _require_mappings(parsed)
    return parsed


def _require_mappings(template: Template) -> None:
    resources = template.get("Resources") or {}
    if not isinstance(resources, dict):
        raise ValueError("Template format error: Resources is not a mapping.")
    for name, resource in resources.items():
        if isinstance(resource, dict) and not isinstance(resource.get("Properties") or {}, dict):
            raise ValueError(f"Template format error: [/Resources/{name}/Properties] is not a mapping.")


def rewrite(template: Mapping[str, Any], rewriting: Rewriting) -> Template | None:
    """The template for the emulator, or None where nothing has to change. `Unsupported` names a resource."""
    filled = with_stack_outputs(template, rewriting.stack_outputs)
    filled = with_served_images(with_told_attributes(filled))
    resources = filled.get("Resources")
    if not isinstance(resources, Mapping):
        return None
    rewritten = {name: _rewrite_resource(name, resource, resources, rewriting) for name, resource in resources.items()}
    if rewritten == resources and filled == template:
        return None
    metadata = {**(template.get("Metadata") or {}), ORIGINAL: fingerprint(template)}
    return {**filled, "Metadata": metadata, "Resources": rewritten}


def fingerprint(template: Mapping[str, Any]) -> str:
    """Names a template, however it is written; the original of a rewritten template is found by it."""
    return hashlib.sha256(json.dumps(template, sort_keys=True, default=str).encode()).hexdigest()


def custom_type(resource_type: str) -> str:
    """`AWS::CodeDeploy::Application` -> `Custom::AWS--CodeDeploy--Application`."""
    return "Custom::" + resource_type.replace("::", "--")


def original_types(text: str) -> str:
    """Turns the custom types in any text back into those that the template's author wrote."""
    return _CUSTOM_TYPE.sub(lambda match: match.group(1).replace("--", "::"), text)


def _rewrite_resource(logical_id: str, resource: Any, resources: Mapping[str, Any], rewriting: Rewriting) -> Any:
    if not isinstance(resource, Mapping):  # Fn::ForEach
        return resource
    resource_type = resource.get("Type")
    if resource_type in rewriting.claimed_types and _has_needed_property(resource):
        return _as_custom_resource(resource, rewriting)
    if resource_type == FUNCTION_TYPE and _is_run_by_the_host(resource):
        return _with_proxy(logical_id, resource, rewriting)
    if resource_type == RULE_TYPE and rewriting.delivers_events:
        require_supported(logical_id, resource.get("Properties") or {})
        return with_own_delivery(hearing_services(resource), resources, rewriting.service_token)
    return fit_policies(fit_api(resource))


def _has_needed_property(resource: Mapping[str, Any]) -> bool:
    needed = _ONLY_WITH_PROPERTY.get(resource["Type"])
    return needed is None or needed in (resource.get("Properties") or {})


def _as_custom_resource(resource: Mapping[str, Any], rewriting: Rewriting) -> dict[str, Any]:
    carried = {
        "ServiceToken": rewriting.service_token,
        "ServiceTimeout": _SERVICE_TIMEOUT_SECONDS,
        "Properties": resource.get("Properties") or {},
    }
    if resource.get("UpdatePolicy"):
        carried["UpdatePolicy"] = resource["UpdatePolicy"]
    kept = {name: value for name, value in resource.items() if name not in ("Type", "Properties", "UpdatePolicy")}
    return {**kept, "Type": custom_type(resource["Type"]), "Properties": carried}


def _is_run_by_the_host(resource: Mapping[str, Any]) -> bool:
    """All but container images. A runtime may be an intrinsic: that of CDK's own custom resources is Fn::FindInMap."""
    return "Runtime" in (resource.get("Properties") or {})


def require_variables(logical_id: str, resource: Mapping[str, Any]) -> None:
    """`Unsupported` where a function's variables are not to be seen in its template: one has to be added to them."""
    if not _is_run_by_the_host(resource):
        return
    environment = (resource.get("Properties") or {}).get("Environment") or {}
    if _is_intrinsic(environment) or _is_intrinsic(environment.get("Variables")):
        raise Unsupported(
            f"Function {logical_id}: the local run adds a variable to Environment.Variables, "
            f"which has to be a mapping, not an intrinsic ({json.dumps(environment)[:120]})."
        )


def _with_proxy(logical_id: str, resource: Mapping[str, Any], rewriting: Rewriting) -> dict[str, Any]:
    properties = resource["Properties"]
    require_variables(logical_id, resource)
    environment = properties.get("Environment") or {}
    variables = environment.get("Variables") or {}
    added = {PROXY_URL_VARIABLE: rewriting.lambda_url, **_dead_letter_variable(logical_id, properties)}
    proxied = {**environment, "Variables": {**variables, **added}}
    return {**resource, "Properties": {**properties, "Environment": proxied}}


def _dead_letter_variable(logical_id: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """The emulator's CloudFormation drops the property, so the host is told by a variable."""
    config = properties.get("DeadLetterConfig") or {}
    if _is_intrinsic(config):
        raise Unsupported(
            f"Function {logical_id}: DeadLetterConfig has to be a mapping, not {json.dumps(config)[:120]}."
        )
    return {DEAD_LETTER_VARIABLE: config["TargetArn"]} if config.get("TargetArn") else {}


def _is_intrinsic(value: Any) -> bool:
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))


class _TemplateLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML as CloudFormation reads it: short forms of intrinsics, and dates are strings ("2012-10-17")."""


def _construct_short_form(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_TemplateLoader.add_multi_constructor("!", _construct_short_form)
_TemplateLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
