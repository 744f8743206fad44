"""What a schedule of EventBridge Scheduler calls, and with what.

Templated targets: a function, a queue, a topic, an event bus, a stream, a state machine. Universal targets
(`arn:aws:scheduler:::aws-sdk:sqs:sendMessage`) call any operation that boto3 knows. It must not retry.
Sources: "Using templated targets", "Using universal targets", "Adding context attributes" of EventBridge Scheduler.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore import xform_name

from rehearsal.errors import Unsupported

_KEYS = frozenset(
    {
        *("Arn", "RoleArn", "Input", "RetryPolicy", "DeadLetterConfig"),
        *("EventBridgeParameters", "KinesisParameters", "SqsParameters"),
    }
)
_UNIVERSAL = re.compile(r"arn:[\w-]+:scheduler:::aws-sdk:(?P<service>[\w-]+):(?P<operation>\w+)")
_NEEDED = {"events": "EventBridgeParameters", "kinesis": "KinesisParameters"}
_NEEDS_JSON = frozenset({"lambda", "events", "states"})
_CONTEXT = re.compile(r"<aws\.scheduler\.(schedule-arn|scheduled-time|execution-id|attempt-number)>")
_ATTEMPTS = 185
_AGE_SECONDS = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Target:
    """`input` is None for the default notification; `parameters` are those of the target's service."""

    arn: str
    role_arn: str
    input: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    retry_attempts: int = _ATTEMPTS
    maximum_age_seconds: float = _AGE_SECONDS
    dead_letter_arn: str = ""

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """One run of a schedule: what its input's context attributes say."""

    schedule_arn: str
    scheduled_at: float
    execution_id: str

    @property
    def scheduled_time(self) -> str:
        return datetime.fromtimestamp(self.scheduled_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_target(given: Mapping[str, Any]) -> Target:
    """Of an AWS::Scheduler::Schedule's Target; an ARN that is an intrinsic is not looked into.

    Raises ValueError for what AWS refuses, and Unsupported.
    """
    if unknown := sorted(set(given) - _KEYS):
        raise Unsupported(f"Target.{', Target.'.join(unknown)} is not rehearsed.")
    if not given.get("Arn") or not given.get("RoleArn"):
        raise ValueError("Target needs an Arn and a RoleArn.")
    if isinstance(given["Arn"], str):
        _require_supported(given["Arn"], given)
    retry = given.get("RetryPolicy") or {}
    text = given.get("Input")
    parameters: Mapping[str, Any] = next((given[name] for name in given if name.endswith("Parameters")), {})
    return Target(
        arn=str(given["Arn"]),
        role_arn=str(given["RoleArn"]),
        input=text if text is None or isinstance(text, str) else json.dumps(text),
        parameters=parameters,
        retry_attempts=int(str(retry.get("MaximumRetryAttempts", _ATTEMPTS))),
        maximum_age_seconds=float(str(retry.get("MaximumEventAgeInSeconds", _AGE_SECONDS))),
        dead_letter_arn=str((given.get("DeadLetterConfig") or {}).get("Arn", "")),
    )


def payload(target: Target, occasion: Occasion, attempt: int) -> str:
    """The input with its context attributes filled in; without one, EventBridge Scheduler's own notification."""
    if target.input is None:
        return json.dumps(_notification(occasion))
    values = {
        "schedule-arn": occasion.schedule_arn,
        "scheduled-time": occasion.scheduled_time,
        "execution-id": occasion.execution_id,
        "attempt-number": str(attempt),
    }
    return _CONTEXT.sub(lambda match: values[match[1]], target.input)


def call(target: Target, session: boto3.Session, text: str) -> None:
    """Calls the target with the schedule's role. Raises botocore's errors, and ValueError for an input of no use."""
    client_of: Callable[..., Any] = session.client
    if universal := _UNIVERSAL.fullmatch(target.arn):
        getattr(client_of(universal["service"]), xform_name(universal["operation"]))(**json.loads(text))
        return
    service = target.arn.split(":")[2]
    client = client_of("stepfunctions" if service == "states" else service, region_name=target.region)
    _CALLS[service](client, target, text)


def _require_supported(arn: str, given: Mapping[str, Any]) -> None:
    if _UNIVERSAL.fullmatch(arn):
        return
    service = arn.split(":")[2] if arn.count(":") >= 5 else ""
    if service not in _CALLS:
        supported = ", ".join(sorted(_CALLS))
        raise Unsupported(f"The target {arn} is not rehearsed; targets of {supported} and aws-sdk are.")
    if (needed := _NEEDED.get(service)) and needed not in given:
        raise ValueError(f"The target {arn} needs Target.{needed}.")
    text = given.get("Input")
    if service in _NEEDS_JSON and isinstance(text, str):
        try:
            json.loads(text)
        except ValueError as exc:
            raise ValueError(f"Target.Input of {arn} is no JSON: {exc}.") from exc


def _notification(occasion: Occasion) -> Mapping[str, Any]:
    _, _, _, region, account, _ = occasion.schedule_arn.split(":", 5)
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": account,
        "time": occasion.scheduled_time,
        "region": region,
        "resources": [occasion.schedule_arn],
        "detail": "{}",
    }


def _invoke(client: Any, target: Target, text: str) -> None:
    client.invoke(FunctionName=target.arn, InvocationType="Event", Payload=text.encode())


def _send_message(client: Any, target: Target, text: str) -> None:
    account, name = target.arn.split(":")[4:6]
    group = {"MessageGroupId": id_} if (id_ := target.parameters.get("MessageGroupId")) else {}
    client.send_message(QueueUrl=f"{client.meta.endpoint_url}/{account}/{name}", MessageBody=text, **group)


def _publish(client: Any, target: Target, text: str) -> None:
    client.publish(TopicArn=target.arn, Message=text)


def _put_event(client: Any, target: Target, text: str) -> None:
    entry = {
        "EventBusName": target.arn,
        "Source": target.parameters["Source"],
        "DetailType": target.parameters["DetailType"],
        "Detail": text,
    }
    answer = client.put_events(Entries=[entry])
    if answer["FailedEntryCount"]:
        (refused,) = answer["Entries"]
        raise ValueError(f"{refused.get('ErrorCode')}: {refused.get('ErrorMessage')}")


def _put_record(client: Any, target: Target, text: str) -> None:
    client.put_record(StreamARN=target.arn, PartitionKey=target.parameters["PartitionKey"], Data=text.encode())


def _start_execution(client: Any, target: Target, text: str) -> None:
    client.start_execution(stateMachineArn=target.arn, input=text)


_CALLS: Mapping[str, Callable[[Any, Target, str], None]] = {
    "lambda": _invoke,
    "sqs": _send_message,
    "sns": _publish,
    "events": _put_event,
    "kinesis": _put_record,
    "states": _start_execution,
}
