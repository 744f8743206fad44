"""Values between the wire and Python, by their shape. It must not know a protocol beyond how it writes a scalar."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.utils import parse_timestamp

Scalar = Callable[[Any, Shape], Any]


def convert(value: Any, shape: Shape, scalar: Scalar) -> Any:
    """The value with `scalar` applied to everything that is not a structure, a list or a map; None members left out.

    `KeyError` names a member that the shape does not have.
    """
    if isinstance(shape, StructureShape):
        return {
            name: convert(member, shape.members[name], scalar) for name, member in value.items() if member is not None
        }
    if isinstance(shape, ListShape):
        return [convert(item, shape.member, scalar) for item in value]
    if isinstance(shape, MapShape):
        return {scalar(key, shape.key): convert(item, shape.value, scalar) for key, item in value.items()}
    return scalar(value, shape)


def known_members(value: Any, shape: Shape) -> Any:
    """A client may be newer than the model: members that the shape does not have are left out."""
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            name: known_members(member, shape.members[name]) for name, member in value.items() if name in shape.members
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [known_members(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: known_members(item, shape.value) for key, item in value.items()}
    return value


def read_timestamp(value: Any) -> datetime:
    """Seconds since the epoch, a date as text, or what a decoder has read already."""
    return as_utc(value if isinstance(value, datetime) else parse_timestamp(value))


def as_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def read_blob(value: str) -> bytes:
    return base64.b64decode(value, validate=True)


def write_blob(value: bytes | str) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()
