"""Resolves the intrinsic functions of a template as far as a template alone can tell.

What CloudFormation decides only when it deploys stays readable: `<LogicalId>` for a Ref, `<LogicalId.Attribute>` for a
GetAtt. It must not be used to run anything: the engine sees what CloudFormation resolved.

Source: "Intrinsic function reference", CloudFormation user guide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PLACEHOLDER = re.compile(r"\$\{([^!}][^}]*)\}")
_NO_VALUE = object()


@dataclass(frozen=True, kw_only=True)
class Resolver:
    """Resolves values of one template in one environment."""

    template: Mapping[str, Any]
    account: str
    region: str
    stack_name: str
    partition: str = "aws"

    def resolve(self, value: Any) -> Any:
        """The value without intrinsics; keys whose value is AWS::NoValue are left out."""
        if isinstance(value, list):
            resolved = [self.resolve(item) for item in value]
            return [item for item in resolved if item is not _NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name == "Ref":
                return self._ref(str(argument))
            if name.startswith("Fn::"):
                return self._function(name, argument)
        items = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in items.items() if item is not _NO_VALUE}

    def _ref(self, name: str) -> Any:
        pseudo = {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": self.partition,
            "AWS::StackName": self.stack_name,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NoValue": _NO_VALUE,
        }
        if name in pseudo:
            return pseudo[name]
        parameter = (self.template.get("Parameters") or {}).get(name)
        if isinstance(parameter, Mapping) and "Default" in parameter:
            return parameter["Default"]
        return self._physical_name(name) or f"<{name}>"

    def _physical_name(self, logical_id: str) -> str | None:
        """The name that the template itself gives a resource whose Ref is its name."""
        resource = (self.template.get("Resources") or {}).get(logical_id) or {}
        kind = str(resource.get("Type", "")).rsplit("::", 1)[-1]
        properties = resource.get("Properties") or {}
        for key in (f"{kind}Name", "Name"):
            if key in properties:
                return str(self.resolve(properties[key]))
        return None

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "Fn::Join":
                separator, items = argument
                resolved = self.resolve(items)
                return separator.join(str(i) for i in resolved) if isinstance(resolved, list) else f"<{name}>"
            case "Fn::GetAtt":
                return self._get_att(argument if isinstance(argument, list) else str(argument).split(".", 1))
            case "Fn::Sub":
                return self._sub(argument)
            case "Fn::Select":
                return self._select(argument)
            case "Fn::Split":
                separator, text = argument
                return str(self.resolve(text)).split(separator)
            case "Fn::ImportValue":
                return f"<import {self.resolve(argument)}>"
            case "Fn::GetStackOutput" if isinstance(argument, Mapping):
                return f"<output {argument.get('StackName')}.{argument.get('OutputName')}>"
            case "Fn::If":
                return self.resolve(argument[1])
            case "Fn::FindInMap":
                return self._find_in_map(argument)
            case _:
                return f"<{name}>"

    def _get_att(self, path: list[Any]) -> str:
        logical_id, attribute = str(path[0]), str(path[1])
        resource = (self.template.get("Resources") or {}).get(logical_id) or {}
        name = self._physical_name(logical_id)
        if attribute == "Arn" and resource.get("Type") == "AWS::IAM::Role" and name:
            return f"arn:{self.partition}:iam::{self.account}:role/{name}"
        if attribute == "Name" and name:
            return name
        return f"<{logical_id}.{attribute}>"

    def _sub(self, argument: Any) -> str:
        text, variables = (argument, {}) if isinstance(argument, str) else (argument[0], argument[1])

        def value_of(match: re.Match[str]) -> str:
            name = match.group(1)
            if name in variables:
                return str(self.resolve(variables[name]))
            return str(self._get_att(name.split(".", 1)) if "." in name else self._ref(name))

        return _PLACEHOLDER.sub(value_of, text).replace("${!", "${")

    def _select(self, argument: Any) -> Any:
        index, items = argument
        resolved = self.resolve(items)
        position = int(str(index))
        is_known = isinstance(resolved, list) and position < len(resolved)
        return resolved[position] if is_known else "<Fn::Select>"

    def _find_in_map(self, argument: Any) -> Any:
        mapping: Any = self.template.get("Mappings") or {}
        for key in self.resolve(argument[:3]):
            mapping = mapping.get(key) if isinstance(mapping, Mapping) else None
        return "<Fn::FindInMap>" if mapping is None else mapping
