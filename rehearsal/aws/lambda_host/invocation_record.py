"""How an asynchronous event ended, in the words of a destination and of a dead-letter queue.

It must not send anything. Source: "Capturing records of Lambda asynchronous invocations" (record and attributes).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.lambda_host.destination import timestamp
from rehearsal.aws.lambda_host.event_invoke_config import Condition
from rehearsal.aws.lambda_host.function import LATEST, FunctionArn, InvocationResult

_OK = 200
_LONGEST_MESSAGE = 1024


@dataclass(frozen=True)
class EndedEvent:
    """`function` is qualified as it was invoked; `result` is the last attempt's; `ended_at` is AWS time."""

    function: FunctionArn
    request_id: str
    payload: bytes
    condition: Condition
    attempts: int
    result: InvocationResult
    ended_at: float

    @property
    def function_arn(self) -> str:
        """The ARN with its qualifier, which a record always has."""
        return str(self.function if self.function.qualifier else self.function.qualified(LATEST))


def invocation_record(ended: EndedEvent) -> dict[str, Any]:
    """The record that Lambda sends to a destination."""
    response: dict[str, Any] = {"statusCode": _OK, "executedVersion": ended.result.version}
    if ended.result.function_error is not None:
        response["functionError"] = ended.result.function_error
    return {
        "version": "1.0",
        "timestamp": timestamp(ended.ended_at),
        "requestContext": {
            "requestId": ended.request_id,
            "functionArn": ended.function_arn,
            "condition": str(ended.condition),
            "approximateInvokeCount": ended.attempts,
        },
        "requestPayload": _json_of(ended.payload),
        "responseContext": response,
        "responsePayload": _json_of(ended.result.payload),
    }


def dead_letter_attributes(ended: EndedEvent) -> dict[str, dict[str, str]]:
    """The message attributes of a dead letter, as SQS and SNS take them; its body is the event itself."""
    payload = _json_of(ended.result.payload)
    message = payload.get("errorMessage") if isinstance(payload, dict) else None
    return {
        "RequestID": {"DataType": "String", "StringValue": ended.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": str(_OK)},
        "ErrorMessage": {"DataType": "String", "StringValue": str(message or "unknown")[:_LONGEST_MESSAGE]},
    }


def _json_of(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode(errors="replace")
