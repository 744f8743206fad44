"""Which entries of a PutEvents EventBridge takes, and what it answers for those that it does not.

It must not put events. Sources: API PutEvents, PutEventsRequestEntry, PutEventsResultEntry; "Calculating PutEvents
event entry size". The words of the answers are those that AWS gives; its pages name the codes. For a DetailType that is
too long they name neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rehearsal.aws.service_api import ApiError

_REQUIRED = ("Source", "DetailType", "Detail")
_MAXIMUM_BYTES = 1024 * 1024
_TIME_BYTES = 14
_MAXIMUM_DETAIL_TYPE = 128

Entry = Mapping[str, Any]
Result = dict[str, str]


def refused_results(entries: Sequence[Entry]) -> list[Result | None]:
    """For each entry what AWS answers in its place, None where it is taken.

    `ApiError` where the whole call is refused: no entries, or too large altogether. (More than ten, an `aws.` source
    and who may put what are the emulator's to refuse.)
    """
    if not entries:
        raise ApiError(
            "ValidationException",
            "1 validation error detected: Value '[]' at 'entries' failed to satisfy constraint: Member must have length"
            " greater than or equal to 1",
        )
    if sum(_size(entry) for entry in entries) > _MAXIMUM_BYTES:
        raise ApiError("ValidationException", "Total size of the entries in the request is over the limit.")
    return [_refusal(entry) for entry in entries]


def given_time(entry: Entry) -> str:
    """The event's own time as it is delivered (ISO 8601, whole seconds); "" where its sender has given none."""
    match entry.get("Time"):
        case bool() | None:
            return ""
        case int() | float() as seconds:
            moment = datetime.fromtimestamp(seconds, UTC)
        case text:
            moment = datetime.fromisoformat(str(text)).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _size(entry: Entry) -> int:
    texts = [entry.get(name) or "" for name in _REQUIRED] + list(entry.get("Resources") or [])
    return sum(len(str(text).encode()) for text in texts) + (_TIME_BYTES if entry.get("Time") is not None else 0)


def _refusal(entry: Entry) -> Result | None:
    for name in _REQUIRED:
        if not entry.get(name):
            return _invalid(name, f"{name} is a required argument")
    if len(entry["DetailType"]) > _MAXIMUM_DETAIL_TYPE:
        return _invalid("DetailType", f"DetailType has more than {_MAXIMUM_DETAIL_TYPE} characters")
    try:
        given_time(entry)
    except (ValueError, OverflowError, OSError):
        return _invalid("Time", "Time is no time stamp")
    if not _is_object(entry["Detail"]):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    return None


def _invalid(name: str, reason: str) -> Result:
    return {"ErrorCode": "InvalidArgument", "ErrorMessage": f"Parameter {name} is not valid. Reason: {reason}."}


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
