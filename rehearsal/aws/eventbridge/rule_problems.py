"""What a rule says that EventBridge refuses, or that its pages do not document: known from the template alone.

It must not match events (the emulator does, as "Comparison operators for use in event patterns" documents: the tests
hold it to that) nor make inputs (target_input.py). Sources: API InputTransformer, Target; "Amazon EventBridge input
transformation". That a variable which nobody defines is refused is AWS's answer, not on its pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.aws.eventbridge.json_path import NoPath, require_path
from rehearsal.aws.eventbridge.target_input import is_json
from rehearsal.errors import Unsupported

_PLACEHOLDER = re.compile(r"<([^<>\s]+)>")
_RESERVED = frozenset(
    {
        *("aws.events.rule-arn", "aws.events.rule-name", "aws.events.event.ingestion-time"),
        *("aws.events.event", "aws.events.event.json"),
    }
)
_WAYS = ("Input", "InputPath", "InputTransformer")
_MAXIMUM_VARIABLES = 100
_MAXIMUM_LENGTHS = {"Input": 8192, "InputPath": 256, "InputTemplate": 8192}


def unsupported(properties: Mapping[str, Any]) -> list[str]:
    """A sentence for each problem of an AWS::Events::Rule's properties, as the template has them.

    What an intrinsic will be is not judged. It must not be resolved to a token in angle brackets: variables have these.
    """
    targets = properties.get("Targets")
    return [
        f"Target {target.get('Id', '?')}: {problem}"
        for target in (targets if isinstance(targets, list) else [])
        if isinstance(target, Mapping)
        for problem in _problems(target)
    ]


def require_supported(logical_id: str, properties: Mapping[str, Any]) -> None:
    """`Unsupported` names the rule and all that is wrong with it."""
    if problems := unsupported(properties):
        raise Unsupported(f"Rule {logical_id}: {' '.join(problems)}")


def _problems(target: Mapping[str, Any]) -> Iterator[str]:
    transformer = target.get("InputTransformer")
    given = [way for way in _WAYS if target.get(way) is not None]
    if len(given) > 1:
        yield f"{' and '.join(given)} are given; a target takes one of them."
    texts = {**target, **(transformer if isinstance(transformer, Mapping) else {})}
    for name, maximum in _MAXIMUM_LENGTHS.items():
        if isinstance(text := texts.get(name), str) and len(text) > maximum:
            yield f"{name} has {len(text)} characters; allowed are {maximum}."
    if isinstance(text := target.get("Input"), str) and not is_json(text):
        yield f"Input is not a valid JSON text: {text!r}"
    if isinstance(path := target.get("InputPath"), str):
        yield from _problems_of_path("InputPath", path)
    if isinstance(transformer, Mapping):
        yield from _problems_of_transformer(transformer)


def _problems_of_transformer(transformer: Mapping[str, Any]) -> Iterator[str]:
    paths = transformer.get("InputPathsMap") or {}
    if not isinstance(paths, Mapping) or any("::" in name for name in paths):
        return
    if len(paths) > _MAXIMUM_VARIABLES:
        yield f"InputPathsMap has {len(paths)} variables; allowed are {_MAXIMUM_VARIABLES}."
    for name, path in paths.items():
        if name.upper().startswith("AWS."):
            yield f"InputPathsMap has the variable {name}; names that begin with AWS. are reserved."
        if isinstance(path, str):
            yield from _problems_of_path(f"The path of <{name}>", path)
    if isinstance(template := transformer.get("InputTemplate"), str):
        unknown = dict.fromkeys(name for name in _PLACEHOLDER.findall(template) if name not in {*paths, *_RESERVED})
        yield from (f"InputTemplate contains invalid placeholder {name}." for name in unknown)


def _problems_of_path(what: str, path: str) -> Iterator[str]:
    try:
        require_path(path)
    except NoPath as exc:
        yield f"{what} is not in the syntax that EventBridge documents: {exc}"
