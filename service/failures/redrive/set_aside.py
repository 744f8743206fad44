"""Records that a function set aside because it could not read them, as their messages tell of them.

It must not look anything up, nor say anything of what is in a record but its key. Sources of the shapes: FailureKind.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel

from service.failures.redrive.failure_queue import Message

FORMERLY_CUT_OFF_BYTES = 10_000
"""A message that does not say whether its record was cut off is of a version that cut off here: what has as many bytes
is taken for a beginning, for to put half a record again as if it were whole is worse than to ask a person."""


@dataclass(frozen=True, kw_only=True)
class SetAsideRecord:
    """A record of a Kinesis stream; of one that `is_cut_off`, `data` is no more than the beginning."""

    stream_arn: str
    partition_key: str
    sequence_number: str
    data: bytes
    is_cut_off: bool
    reason: str

    @property
    def what(self) -> str:
        return f"record {self.sequence_number} of stream {self.stream_arn.rpartition('/')[2]}"

    @property
    def why(self) -> str:
        return self.reason


@dataclass(frozen=True, kw_only=True)
class SetAsideChange:
    """A record of a table's stream, as the function got it; one that `is_cut_off` has neither image."""

    function_arn: str
    sequence_number: str
    key: str
    record: Mapping[str, Any]
    is_cut_off: bool
    reason: str

    @property
    def what(self) -> str:
        return f"change {self.sequence_number} of item {self.key}"

    @property
    def why(self) -> str:
        return self.reason


def _data(value: str) -> str:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error as exc:
        raise ValueError("it has to be base64") from exc
    return value


class _RecordShape(BaseModel):
    event_source_arn: str
    partition_key: str
    sequence_number: str
    data: Annotated[str, AfterValidator(_data)]
    is_cut_off: bool | None = None
    reason: str


class _ChangeShape(BaseModel):
    function_arn: str
    sequence_number: str
    key: str
    record: dict[str, Any]
    is_cut_off: bool
    reason: str


def set_aside_record(message: Message) -> SetAsideRecord:
    """Raises pydantic's ValidationError when the message is none of kind Record."""
    shape = _RecordShape.model_validate_json(message.body)
    data = base64.b64decode(shape.data)
    return SetAsideRecord(
        stream_arn=shape.event_source_arn,
        partition_key=shape.partition_key,
        sequence_number=shape.sequence_number,
        data=data,
        is_cut_off=len(data) >= FORMERLY_CUT_OFF_BYTES if shape.is_cut_off is None else shape.is_cut_off,
        reason=shape.reason,
    )


def set_aside_change(message: Message) -> SetAsideChange:
    """Raises pydantic's ValidationError when the message is none of kind Change."""
    return SetAsideChange(**dict(_ChangeShape.model_validate_json(message.body)))
