"""Pages of an answer: NextToken is the place to go on from.

It must not know what is listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from rehearsal.aws.cloudwatch.errors import InvalidParameter

Item = TypeVar("Item")


def page(items: Sequence[Item], parameters: Mapping[str, Any], *, size: int) -> tuple[Sequence[Item], dict[str, str]]:
    """The items of the page that `parameters` ask for, and what the answer says of the next one."""
    token = str(parameters.get("NextToken") or "0")
    if not token.isdigit():
        raise InvalidParameter(f"The NextToken {token!r} is not one that was given out.", code="InvalidNextToken")
    start = int(token)
    size = int(parameters.get("MaxRecords") or size)
    following = start + size
    return items[start:following], {"NextToken": str(following)} if following < len(items) else {}
