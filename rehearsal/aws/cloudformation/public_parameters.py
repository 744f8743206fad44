"""Public parameters of Systems Manager that a template's parameters read: the newest image, and what else there is.

The emulator has two, both of images. Any other that names an image gets one of these: nothing boots here, so which
image it is makes no difference. It must not know who deploys a template.
Source: "Discovering public parameters in Parameter Store"; "SSM parameter types", CloudFormation user guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_IMAGE = "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"
_VALUE = "AWS::SSM::Parameter::Value<"
_PUBLIC = "/aws/service/"
_SERVED_IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
_SERVED = frozenset({_SERVED_IMAGE, "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2"})


def with_served_images(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """The template, reading an image that is there in place of any other that AWS publishes."""
    parameters = template.get("Parameters") or {}
    changed = {
        name: {**parameter, "Default": _SERVED_IMAGE}
        for name, parameter in parameters.items()
        if _is_public(parameter) and parameter["Type"] == _IMAGE and parameter["Default"] not in _SERVED
    }
    return {**template, "Parameters": {**parameters, **changed}} if changed else template


def unserved_parameters(template: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The name of a template's parameter, and of what it reads that AWS publishes and nobody here has."""
    for name, parameter in (template.get("Parameters") or {}).items():
        if _is_public(parameter) and parameter["Type"] != _IMAGE and parameter["Default"] not in _SERVED:
            yield name, parameter["Default"]


def _is_public(parameter: Any) -> bool:
    return (
        isinstance(parameter, Mapping)
        and str(parameter.get("Type", "")).startswith(_VALUE)
        and str(parameter.get("Default", "")).startswith(_PUBLIC)
    )
