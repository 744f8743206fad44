"""Targets of EventBridge rules, rewritten so that the local run delivers what a rule has matched, as EventBridge does.

The emulator matches events. It delivers once, asks no resource's policy, knows no dead-letter queue, and makes a
target's input in its own way. So a rule's target becomes the function that stands for the local run, and the target
itself travels in its input: `matched_event` reads it, and makes what the target gets (target_input.py). Pure functions;
they must not deliver.

Only targets that need nothing but an ARN are rewritten: functions, topics and queues; and event buses, with the role
that they need. A schedule is not a target's business (schedule.py). Source: AWS::Events::Rule Target.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.eventbridge.service_events import as_published
from rehearsal.aws.eventbridge.target_input import Occasion, TargetInput, as_json

RULE_TYPE = "AWS::Events::Rule"
_MARK = "RehearsalTarget"
_KEYS = frozenset({"Arn", "Id", "Input", "InputPath", "InputTransformer", "RetryPolicy", "DeadLetterConfig"})
_BUS_KEYS = frozenset({"Arn", "Id", "RoleArn", "RetryPolicy", "DeadLetterConfig"})  # a bus gets the event as it is
_DELIVERED_TYPES = frozenset(
    {"AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Lambda::Alias"}
)
_DELIVERED_SERVICES = frozenset({"sns", "sqs", "lambda"})
_BUS_TYPE = "AWS::Events::EventBus"
_VARIABLE = "Variable:"
_RETRY_ATTEMPTS = 185
_MAXIMUM_AGE_SECONDS = 24 * 3600

Resources = Mapping[str, Any]


@dataclass(frozen=True)
class MatchedEvent:
    """An event that a rule matched, for one of its targets.

    `payload` is what the target gets: JSON, or a text that a template has made, which cannot be delivered if it
    `has_to_be_json` and is none. `event` is the event itself as JSON. No dead-letter queue is "", and so is no role.
    """

    rule_arn: str
    target_arn: str
    dead_letter_arn: str
    retry_attempts: int
    maximum_age_seconds: float
    event: str
    payload: str
    has_to_be_json: bool = False
    role_arn: str = ""


def with_own_delivery(resource: Mapping[str, Any], resources: Resources, delivery_arn: str) -> Mapping[str, Any]:
    """The rule with its targets rewritten; `resources` are those of its template."""
    properties = resource.get("Properties") or {}
    targets = properties.get("Targets")
    if not isinstance(targets, list):
        return resource
    rewritten = [_rewrite(target, delivery_arn) if _is_ours(target, resources) else target for target in targets]
    return {**resource, "Properties": {**properties, "Targets": rewritten}}


def event_id(message: Mapping[str, Any]) -> str:
    """The id of the event that the emulator hands over with a rewritten target; "" for anything else."""
    return str(message["event"].get("id", "")) if isinstance(message.get(_MARK), Mapping) else ""


def matched_event(message: Mapping[str, Any], *, time: str = "") -> MatchedEvent | None:
    """What the emulator hands to the function; None for anything but a rewritten target's input.

    `time` is the event's own (ISO 8601), where its sender has given one: the emulator stamps each with its arrival.
    """
    target = message.get(_MARK)
    if not isinstance(target, Mapping):
        return None
    text = as_published(as_json(message["event"] | ({"time": time} if time else {})))
    event, rule_arn, made = json.loads(text), str(message["rule"]), _input_of(target)
    return MatchedEvent(
        rule_arn=rule_arn,
        target_arn=str(target["Arn"]),
        dead_letter_arn=str(target.get("DeadLetterArn", "")),
        retry_attempts=int(target.get("MaximumRetryAttempts", _RETRY_ATTEMPTS)),
        maximum_age_seconds=float(target.get("MaximumEventAgeInSeconds", _MAXIMUM_AGE_SECONDS)),
        event=text,
        payload=made.render(Occasion(event, rule_arn, str(message.get("received", "")))),
        has_to_be_json=made.has_to_be_json(),
        role_arn=str(target.get("RoleArn", "")),
    )


def _is_ours(target: Any, resources: Resources) -> bool:
    if not isinstance(target, Mapping) or set(target) - _KEYS - {"RoleArn"} or not {"Arn", "Id"} <= set(target):
        return False
    if "RoleArn" in target:
        return set(target) <= _BUS_KEYS and _is_bus(target["Arn"], resources)
    transformer = target.get("InputTransformer") or {}
    paths = transformer.get("InputPathsMap") or {}
    is_readable = not set(transformer) - {"InputTemplate", "InputPathsMap"} and not any("::" in name for name in paths)
    return is_readable and _is_delivered(target["Arn"], resources)


def _is_delivered(arn: Any, resources: Resources) -> bool:
    """An ARN of another stack is not known; a target that needs no role is one of these."""
    if isinstance(arn, str):
        return arn.split(":")[2:3][0] in _DELIVERED_SERVICES if arn.count(":") > 1 else False
    named = arn.get("Ref") or arn.get("Fn::GetAtt") if isinstance(arn, Mapping) else None
    logical_id = named[0] if isinstance(named, list) else named
    resource = resources.get(logical_id) if isinstance(logical_id, str) else None
    return resource is None or resource.get("Type") in _DELIVERED_TYPES


def _is_bus(arn: Any, resources: Resources) -> bool:
    if isinstance(arn, str):
        return arn.split(":")[2:3] == ["events"] and ":event-bus/" in arn
    named = arn.get("Fn::GetAtt") if isinstance(arn, Mapping) else None
    resource = resources.get(named[0]) if isinstance(named, list) else None
    return resource is not None and resource.get("Type") == _BUS_TYPE


def _rewrite(target: Mapping[str, Any], delivery_arn: str) -> dict[str, Any]:
    parts = [
        f'{{"{_MARK}": {{',
        *_joined(_members(target)),
        '}, "rule": <aws.events.rule-arn>, "event": <aws.events.event.json>',
        ', "received": <aws.events.event.ingestion-time>}',
    ]
    template = {"Fn::Join": ["", parts]}
    return {"Id": target["Id"], "Arn": delivery_arn, "InputTransformer": {"InputTemplate": template}}


def _members(target: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "Arn", target["Arn"]
    if role := target.get("RoleArn"):
        yield "RoleArn", role
    if arn := (target.get("DeadLetterConfig") or {}).get("Arn"):
        yield "DeadLetterArn", arn
    yield from (target.get("RetryPolicy") or {}).items()
    transformer = target.get("InputTransformer") or {}
    for name, text in (*((name, target.get(name)) for name in ("Input", "InputPath")), *transformer.items()):
        if name != "InputPathsMap" and text is not None:
            yield name, _encoded(text)
    for name, path in (transformer.get("InputPathsMap") or {}).items():
        yield f"{_VARIABLE}{name}", _encoded(path)


def _encoded(text: Any) -> Any:
    """In base64, for the emulator replaces variables wherever it finds some; what a text is that CloudFormation has yet
    to put together, nobody knows now.
    """
    return {"Fn::Base64": text} if isinstance(text, Mapping) else base64.b64encode(str(text).encode()).decode()


def _input_of(target: Mapping[str, Any]) -> TargetInput:
    texts = {
        name: base64.b64decode(value).decode()
        for name, value in target.items()
        if name in ("Input", "InputPath", "InputTemplate") or name.startswith(_VARIABLE)
    }
    return TargetInput(
        text=texts.get("Input"),
        path=texts.get("InputPath"),
        template=texts.get("InputTemplate"),
        paths={name.removeprefix(_VARIABLE): path for name, path in texts.items() if name.startswith(_VARIABLE)},
    )


def _joined(members: Iterator[tuple[str, Any]]) -> Iterator[Any]:
    """The members as JSON in parts for Fn::Join: each value a string, be it an intrinsic."""
    separator = ""
    for name, value in members:
        yield f'{separator}"{name}": "'
        yield value if isinstance(value, Mapping) else str(value)
        yield '"'
        separator = ", "
