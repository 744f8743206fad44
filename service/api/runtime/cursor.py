"""Cursors: where a list goes on, as a text that callers hand back as it is. It must not know any list."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from service.cars.errors import InvalidPageToken


def seal(position: Mapping[str, str], *, scope: str) -> str:
    """The cursor of `position` in the list that `scope` names."""
    return base64.urlsafe_b64encode(json.dumps([scope, dict(position)]).encode()).decode()


def open_(token: str, *, scope: str) -> dict[str, str]:
    """The position that was sealed in `token`. Raises InvalidPageToken unless `seal` made it for the same scope."""
    try:
        sealed_scope, position = json.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
    except (ValueError, TypeError, RecursionError) as exc:
        raise InvalidPageToken from exc
    if sealed_scope != scope or not isinstance(position, dict) or seal(position, scope=scope) != token:
        raise InvalidPageToken
    return position
