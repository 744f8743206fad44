"""What kinds of failure queue there are, and the names of the stacks' outputs by which they are found.

Infrastructure names its outputs from here, and redrive finds them from here. It must not import `aws_cdk`.
"""

from __future__ import annotations

import re
from enum import StrEnum


class FailureKind(StrEnum):
    """Whose failures a queue holds: it decides what its messages look like, and how they are handled again."""

    QUEUE = "Queue"
    """Dead letters of another queue: what its consumer failed too often."""
    SUBSCRIPTION = "Subscription"
    """Dead letters of an SNS subscription: notifications that could not be handed to the function."""
    RULE = "Rule"
    """Dead letters of an EventBridge rule's target: events that could not be handed to it."""
    FUNCTION = "Function"
    """The on-failure destination of asynchronous calls: the event, and what the function answered."""
    STREAM = "Stream"
    """The on-failure destination of a Kinesis or DynamoDB stream: which records were given up, and not the records."""
    RECORD = "Record"
    """Single records of a Kinesis stream that a function could not read, and set aside itself.

    Each is JSON: {"event_source_arn", "partition_key", "sequence_number", "data" (base64), "reason"}, all strings, and
    "is_cut_off" (boolean), which a version before this one does not say: whether `data` is the record's beginning only.
    """
    CHANGE = "Change"
    """Single records of a DynamoDB table's stream that a function could not read, and set aside itself.

    Each is JSON: {"function_arn", "sequence_number", "key" (the item's), "reason"}, all strings, "record" (as Lambda
    gave it to the function) and "is_cut_off" (boolean): whether `record` lacks its images.
    """


SET_ASIDE_KINDS = (FailureKind.RECORD, FailureKind.CHANGE)
"""Whose messages a function sends itself: no event source names their queues."""

OUTPUT_SUFFIX = "FailuresUrl"


def output_id(name: str, kind: FailureKind) -> str:
    """The output with the queue's URL, as "UndeliveredStreamFailuresUrl"."""
    return f"{name}{kind}{OUTPUT_SUFFIX}"


_OUTPUT_ID = re.compile(rf"(?P<name>\w+?)(?P<kind>{'|'.join(FailureKind)}){OUTPUT_SUFFIX}")


def parse_output_id(key: str) -> tuple[str, FailureKind] | None:
    """The name and kind of the queue whose URL the output `key` gives; None when it gives something else."""
    found = _OUTPUT_ID.fullmatch(key)
    return None if found is None else (found["name"], FailureKind(found["kind"]))
