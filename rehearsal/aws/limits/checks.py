"""What is looked at of a call before the emulator sees it: a function for each operation that the emulator lets through
with what AWS refuses.

Each function gets the parameters as the protocol sends them (blobs in base64), reads no more than it needs, and raises
`ApiError`. They must not call anything. The table of limits names them all, with their sources (table.py). Elsewhere
are PutEvents (eventbridge/put_events.py), metrics (cloudwatch/metric_datum.py), payloads of functions (payload.py),
keys of objects (object_key.py) and what depends on what is stored (edge/stored_limits.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rehearsal.aws.limits.document_path import refuse_overlapping_updates
from rehearsal.aws.service_api import ApiError

Parameters = Mapping[str, Any]

_KIB = 1024
_SNS_BYTES = 256 * _KIB
_SECRET_BYTES = 65_536
_LOG_EVENTS = 10_000
_LOG_BYTES = 1_048_576
_BYTES_OF_A_LOG_EVENT = 26
_DAY_MS = 24 * 3600 * 1000
_EXECUTION_BYTES = 262_144
_SUBJECT_LENGTH = 100  # "less than 100", says the API's page; SNS takes 100
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BATCH_ID = re.compile(r"[\w-]{1,80}", re.ASCII)
_EXECUTION_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")


def _transaction(parameters: Parameters) -> None:
    for item in parameters.get("TransactItems") or []:
        if isinstance(update := item.get("Update"), Mapping):
            refuse_overlapping_updates(update)


def _message(parameters: Parameters) -> None:
    delay, attributes = parameters.get("DelaySeconds"), parameters.get("MessageAttributes") or {}
    if isinstance(delay, int) and not 0 <= delay <= 900:
        raise ApiError(
            "InvalidParameterValue",
            f"Value {delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
        )
    if len(attributes) > 10:
        raise ApiError(
            "InvalidParameterValue",
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [10].",
        )


def _publication(parameters: Parameters) -> None:
    subject = parameters.get("Subject")
    if not parameters.get("Message"):
        raise ApiError("InvalidParameter", "Invalid parameter: Empty message")
    if subject is not None and (len(subject) > _SUBJECT_LENGTH or _CONTROL.search(subject)):
        raise ApiError("InvalidParameter", "Invalid parameter: Subject")


def _publications(parameters: Parameters) -> None:
    entries: Sequence[Parameters] = parameters.get("PublishBatchRequestEntries") or []
    for entry in entries:
        if not _BATCH_ID.fullmatch(str(entry.get("Id", ""))):
            raise ApiError(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most"
                " 80 letters long.",
            )
    if sum(_published_bytes(entry) for entry in entries) > _SNS_BYTES:
        raise ApiError("BatchRequestTooLong", "The length of all the messages put together is more than the limit.")


def _published_bytes(entry: Parameters) -> int:
    """Of a message and its attributes. What the topic's MaximumMessageSize allows is not looked at."""
    size = len(str(entry.get("Message") or "").encode())
    for name, attribute in (entry.get("MessageAttributes") or {}).items():
        texts = (name, attribute.get("DataType", ""), attribute.get("StringValue", ""))
        size += sum(len(str(text).encode()) for text in texts) + len(attribute.get("BinaryValue") or b"")
    return size


def _secret(parameters: Parameters) -> None:
    text, token = parameters.get("SecretString"), parameters.get("ClientRequestToken")
    if isinstance(text, str) and len(text.encode()) > _SECRET_BYTES:
        raise _constraint("secretString", f"length less than or equal to {_SECRET_BYTES}")
    if isinstance(token, str) and not 32 <= len(token) <= 64:
        raise ApiError("InvalidParameterException", "ClientRequestToken must be 32-64 characters long.")


def _secret_value(parameters: Parameters) -> None:
    given = [name for name in ("SecretString", "SecretBinary") if parameters.get(name) is not None]
    if not given:
        raise ApiError("InvalidRequestException", "You must provide either SecretString or SecretBinary.")
    if len(given) > 1:
        raise ApiError(
            "InvalidParameterException", "You can't specify both a binary secret value and a string secret value."
        )
    _secret(parameters)


STANDARD_PARAMETER_LENGTH = 4096


def _parameter(parameters: Parameters) -> None:
    value, tier = str(parameters.get("Value", "")), parameters.get("Tier")
    if not value:
        raise _constraint("value", "length greater than or equal to 1")
    if len(value) > 8192:
        raise ApiError(
            "ValidationException",
            "Advanced tier parameters support a maximum parameter value of 8192 characters.",
        )
    if len(value) > STANDARD_PARAMETER_LENGTH and tier == "Standard":
        raise standard_parameter_too_long()


def standard_parameter_too_long() -> ApiError:
    return ApiError(
        "ValidationException",
        "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter"
        " value, upgrade the parameter to use the advanced-parameter tier. For more information, see"
        " https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html",
    )


def _parameter_names(parameters: Parameters) -> None:
    if len(parameters.get("Names") or []) > 10:
        raise _constraint("names", "length less than or equal to 10")


def _log_events(parameters: Parameters) -> None:
    events: Sequence[Parameters] = parameters.get("logEvents") or []
    if not events:
        raise _constraint("logEvents", "length greater than or equal to 1", code="InvalidParameterException")
    if len(events) > _LOG_EVENTS:
        raise _constraint("logEvents", f"length less than or equal to {_LOG_EVENTS}", code="InvalidParameterException")
    size = sum(len(str(event["message"]).encode()) + _BYTES_OF_A_LOG_EVENT for event in events)
    if size > _LOG_BYTES:
        raise ApiError("InvalidParameterException", f"Upload too large: {size} bytes exceeds limit of {_LOG_BYTES}")
    times = [event["timestamp"] for event in events]
    if times != sorted(times):
        raise ApiError(
            "InvalidParameterException", "Log events in a single PutLogEvents request must be in chronological order."
        )
    if times[-1] - times[0] > _DAY_MS:
        raise ApiError(
            "InvalidParameterException",
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        )


def _execution(parameters: Parameters) -> None:
    text, name = parameters.get("input"), parameters.get("name")
    if isinstance(text, str) and len(text.encode()) > _EXECUTION_BYTES:
        raise _constraint("input", f"length less than or equal to {_EXECUTION_BYTES}")
    if isinstance(name, str) and not _EXECUTION_NAME.fullmatch(name):
        raise ApiError("InvalidName", f"Invalid Name: '{name}'")
    try:
        json.loads(text or "{}")
    except ValueError as exc:
        raise ApiError("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{exc}'") from exc


def _constraint(member: str, wanted: str, *, code: str = "ValidationException") -> ApiError:
    return ApiError(
        code,
        f"1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have {wanted}",
    )


# By the signing name of the service, and the operation.
CHECKS: Mapping[tuple[str, str], Callable[[Parameters], None]] = {
    ("dynamodb", "UpdateItem"): refuse_overlapping_updates,
    ("dynamodb", "TransactWriteItems"): _transaction,
    ("sqs", "SendMessage"): _message,
    ("sns", "Publish"): _publication,
    ("sns", "PublishBatch"): _publications,
    ("secretsmanager", "CreateSecret"): _secret,
    ("secretsmanager", "UpdateSecret"): _secret,
    ("secretsmanager", "PutSecretValue"): _secret_value,
    ("ssm", "PutParameter"): _parameter,
    ("ssm", "GetParameters"): _parameter_names,
    ("logs", "PutLogEvents"): _log_events,
    ("states", "StartExecution"): _execution,
}
