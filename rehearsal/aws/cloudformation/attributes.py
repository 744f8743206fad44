"""`Fn::GetAtt` of attributes that the emulator's resources lack, and that their template tells: read from there.

It must not know what an attribute means. Pure. Source: "Return values" of each type in the CloudFormation template
reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# By type, the attribute and the property that holds it.
_PROPERTY_OF = {("AWS::EC2::VPC", "CidrBlock"): "CidrBlock"}


def with_told_attributes(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """The template; each such attribute is replaced by the value of its property, where there is one."""
    told = _told(template.get("Resources") or {})
    if not told:
        return template
    changed = {name: _replace(template[name], told) for name in ("Resources", "Outputs") if name in template}
    return {**template, **changed}


def _told(resources: Mapping[str, Any]) -> Mapping[tuple[str, str], Any]:
    return {
        (logical_id, attribute): resource["Properties"][name]
        for logical_id, resource in resources.items()
        if isinstance(resource, Mapping)
        for (kind, attribute), name in _PROPERTY_OF.items()
        if resource.get("Type") == kind and name in (resource.get("Properties") or {})
    }


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
