"""Targets of EventBridge rules, rewritten so that the local run delivers what a rule has matched, as EventBridge does.

The emulator matches events, and makes a target's input. It delivers once, asks no resource's policy and knows no
dead-letter queue. So a rule's target becomes the function that stands for the local run, and the target itself travels
in its input, written by the emulator: `matched_event` reads it. Pure functions; they must not deliver.

Only targets that need nothing but an ARN are rewritten: functions, topics and queues. A schedule is not a target's
business (schedule.py). Source: AWS::Events::Rule Target, "Amazon EventBridge input transformation".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.eventbridge.service_events import as_published

RULE_TYPE = "AWS::Events::Rule"
_MARK = "RehearsalTarget"
_KEYS = frozenset({"Arn", "Id", "Input", "InputPath", "InputTransformer", "RetryPolicy", "DeadLetterConfig"})
_DELIVERED_TYPES = frozenset(
    {"AWS::SNS::Topic", "AWS::SQS::Queue", "AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Lambda::Alias"}
)
_DELIVERED_SERVICES = frozenset({"sns", "sqs", "lambda"})
_PAYLOAD = "RehearsalPayload"
_RETRY_ATTEMPTS = 185
_MAXIMUM_AGE_SECONDS = 24 * 3600

Resources = Mapping[str, Any]


@dataclass(frozen=True)
class MatchedEvent:
    """An event that a rule matched, for one of its targets.

    `payload` is what the target gets, `event` the event itself, both as JSON. No dead-letter queue is "".
    """

    rule_arn: str
    target_arn: str
    dead_letter_arn: str
    retry_attempts: int
    maximum_age_seconds: float
    event: str
    payload: str


def with_own_delivery(resource: Mapping[str, Any], resources: Resources, delivery_arn: str) -> Mapping[str, Any]:
    """The rule with its targets rewritten; `resources` are those of its template."""
    properties = resource.get("Properties") or {}
    targets = properties.get("Targets")
    if not isinstance(targets, list):
        return resource
    rewritten = [_rewrite(target, delivery_arn) if _is_ours(target, resources) else target for target in targets]
    return {**resource, "Properties": {**properties, "Targets": rewritten}}


def matched_event(message: Mapping[str, Any]) -> MatchedEvent | None:
    """What the emulator hands to the function; None for anything but a rewritten target's input."""
    target = message.get(_MARK)
    if not isinstance(target, Mapping):
        return None
    event = as_published(json.dumps(message["event"]))
    return MatchedEvent(
        rule_arn=str(message["rule"]),
        target_arn=str(target["Arn"]),
        dead_letter_arn=str(target.get("DeadLetterArn", "")),
        retry_attempts=int(target.get("MaximumRetryAttempts", _RETRY_ATTEMPTS)),
        maximum_age_seconds=float(target.get("MaximumEventAgeInSeconds", _MAXIMUM_AGE_SECONDS)),
        event=event,
        payload=as_published(json.dumps(message["payload"])) if "payload" in message else event,
    )


def _is_ours(target: Any, resources: Resources) -> bool:
    if not isinstance(target, Mapping) or set(target) - _KEYS:
        return False
    inputs = [target.get("Input"), (target.get("InputTransformer") or {}).get("InputTemplate")]
    return all(text is None or _is_json_text(text) for text in inputs) and _is_delivered(target["Arn"], resources)


def _is_json_text(text: Any) -> bool:
    """A template of plain text, or one that is not known yet, stays the emulator's."""
    return isinstance(text, str) and text.lstrip()[:1] in ('"', "{", "[")


def _is_delivered(arn: Any, resources: Resources) -> bool:
    """An ARN of another stack is not known; a target that needs no role is one of these."""
    if isinstance(arn, str):
        return arn.split(":")[2:3][0] in _DELIVERED_SERVICES if arn.count(":") > 1 else False
    named = arn.get("Ref") or arn.get("Fn::GetAtt") if isinstance(arn, Mapping) else None
    logical_id = named[0] if isinstance(named, list) else named
    resource = resources.get(logical_id) if isinstance(logical_id, str) else None
    return resource is None or resource.get("Type") in _DELIVERED_TYPES


def _rewrite(target: Mapping[str, Any], delivery_arn: str) -> dict[str, Any]:
    transformer = target.get("InputTransformer") or {}
    paths = dict(transformer.get("InputPathsMap") or {})
    payload = transformer.get("InputTemplate") or target.get("Input")
    if path := target.get("InputPath"):
        paths, payload = {_PAYLOAD: path}, f"<{_PAYLOAD}>"
    parts = [
        f'{{"{_MARK}": {{',
        *_joined(_members(target)),
        '}, "rule": <aws.events.rule-arn>, "event": <aws.events.event.json>',
        f', "payload": {payload}}}' if payload else "}",
    ]
    written = {"InputPathsMap": paths} if paths else {}
    return {
        "Id": target["Id"],
        "Arn": delivery_arn,
        "InputTransformer": {**written, "InputTemplate": {"Fn::Join": ["", parts]}},
    }


def _members(target: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "Arn", target["Arn"]
    if arn := (target.get("DeadLetterConfig") or {}).get("Arn"):
        yield "DeadLetterArn", arn
    yield from (target.get("RetryPolicy") or {}).items()


def _joined(members: Iterator[tuple[str, Any]]) -> Iterator[Any]:
    """The members as JSON in parts for Fn::Join: each value a string, be it an intrinsic."""
    separator = ""
    for name, value in members:
        yield f'{separator}"{name}": "'
        yield value if isinstance(value, Mapping) else str(value)
        yield '"'
        separator = ", "
