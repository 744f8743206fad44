"""`Fn::GetAtt` of attributes that the emulator's resources lack or have in a form of its own: told by the template.

The emulator knows no range of a VPC, and gives an HTTP API an address of its own, which many machines cannot resolve.
It must not know what an attribute means. Pure. Source: "Return values" of each type in the CloudFormation template
reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Tell = Callable[[str, Mapping[str, Any]], Any]


def _range(_: str, properties: Mapping[str, Any]) -> Any:
    return properties.get("CidrBlock")


def _http_address(logical_id: str, properties: Mapping[str, Any]) -> Any:
    """As AWS has it; that of a WebSocket API stays the emulator's."""
    if properties.get("ProtocolType") != "HTTP":
        return None
    return {"Fn::Sub": f"https://${{{logical_id}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}"}


_TOLD: Mapping[tuple[str, str], Tell] = {
    ("AWS::EC2::VPC", "CidrBlock"): _range,
    ("AWS::ApiGatewayV2::Api", "ApiEndpoint"): _http_address,
}
"""By type and attribute: its value by the resource's logical id and properties, None where they do not tell."""


def with_told_attributes(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """The template; each such attribute is replaced by what is told of it."""
    told = _told(template.get("Resources") or {})
    if not told:
        return template
    changed = {name: _replace(template[name], told) for name in ("Resources", "Outputs") if name in template}
    return {**template, **changed}


def _told(resources: Mapping[str, Any]) -> Mapping[tuple[str, str], Any]:
    found = {
        (logical_id, attribute): tell(logical_id, resource.get("Properties") or {})
        for logical_id, resource in resources.items()
        if isinstance(resource, Mapping)
        for (kind, attribute), tell in _TOLD.items()
        if resource.get("Type") == kind
    }
    return {place: value for place, value in found.items() if value is not None}


def _replace(value: Any, told: Mapping[tuple[str, str], Any]) -> Any:
    if isinstance(value, list):
        return [_replace(item, told) for item in value]
    if not isinstance(value, Mapping):
        return value
    match value:
        case {"Fn::GetAtt": [str(logical_id), str(attribute)]} if (logical_id, attribute) in told:
            return told[logical_id, attribute]
        case {"Fn::GetAtt": str(text)} if (at := (text.partition(".")[0], text.partition(".")[2])) in told:
            return told[at]
    return {key: _replace(item, told) for key, item in value.items()}
