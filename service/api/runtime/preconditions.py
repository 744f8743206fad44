"""ETag, If-Match and If-None-Match (RFC 9110, "Conditional Requests").

A tag is made of the car's two times, and opaque to callers. If-Match compares the first only: a car that has reported
its position since is no conflict with what a caller says of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from service.api.runtime.errors import InvalidRequest
from service.cars.car import Car

ANY = "*"
MAXIMUM_TAGS = 20

TAGS_PATTERN = r"""(?:W/)?"[!#-~]*"(?: *, *(?:W/)?"[!#-~]*")*"""

_TAGS = re.compile(TAGS_PATTERN)
_TAG = re.compile(r"""(W/)?"([^"]*)\"""")
_OURS = re.compile(r"([0-9a-f]{1,14})\.(?:-?[0-9a-f]+|none)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def etag(car: Car) -> str:
    """A strong tag: it changes whenever the representation does."""
    position_at = f"{_microseconds(car.position_at):x}" if car.position_at is not None else "none"
    return f'"{_microseconds(car.updated_at):x}.{position_at}"'


def seen(if_match: str | None) -> Sequence[datetime] | None:
    """The values of `updated_at` of which the car must have one; None when any will do. Raises InvalidRequest.

    Weak tags, and those that are not ours, match no car ("strong comparison").
    """
    if if_match is None or if_match.strip() == ANY:
        return None
    ours = [_OURS.fullmatch(tag) for weak, tag in _tags("If-Match", if_match) if not weak]
    return [_EPOCH + int(match[1], 16) * _MICROSECOND for match in ours if match]


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Whether the caller has what `tag` stands for already, so that 304 will do. Raises InvalidRequest."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == ANY:
        return True
    return tag.strip('"') in [text for _, text in _tags("If-None-Match", if_none_match)]


def _tags(header: str, value: str) -> list[tuple[str, str]]:
    """("W/" or "", text) of each tag in a header's list."""
    if not _TAGS.fullmatch(value.strip()):
        raise InvalidRequest.field("header", header, 'It should be * or tags as ETag has them, in quotes: "…".')
    tags = _TAG.findall(value)
    if len(tags) > MAXIMUM_TAGS:
        raise InvalidRequest.field("header", header, f"It should have at most {MAXIMUM_TAGS} tags.")
    return tags


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
