"""Cursors: where a list goes on, as a text that callers hand back and can neither make up nor change.

    base64url( version: 1 byte | key id: 6 | HMAC-SHA-256: 32 | the position as JSON )

It is signed and not encrypted: a position holds nothing that the list has not answered. The signature also covers the
scope, so that a cursor of one list is none in another. It must not know any list.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Mapping

from service.api.runtime.key_ring import key_ring
from service.cars.cursor_keys import KEY_ID_LENGTH
from service.cars.errors import InvalidPageToken

TOKEN_MAXIMUM_LENGTH = 2048
"""Longer than any that we make: keys of the tables are shorter by far."""

_VERSION = b"\x01"
_SIGNATURE_AT = len(_VERSION) + KEY_ID_LENGTH
_POSITION_AT = _SIGNATURE_AT + 32


def seal(position: Mapping[str, str], *, scope: str) -> str:
    """The cursor of `position` in the list that `scope` names; letters, digits, - and _."""
    key = key_ring().current()
    text = json.dumps(dict(position), separators=(",", ":")).encode()
    return _encoded(_VERSION + key.key_id + key.sign(_signed(scope, text)) + text)


def open_(token: str, *, scope: str) -> dict[str, str]:
    """The position that was sealed in `token`.

    Raises InvalidPageToken unless `seal` made it, as it is, for the same scope, with a key that is still good.
    """
    sealed = _decoded(token)
    if len(sealed) <= _POSITION_AT or not sealed.startswith(_VERSION):
        raise InvalidPageToken
    key = key_ring().with_id(sealed[len(_VERSION) : _SIGNATURE_AT])
    text = sealed[_POSITION_AT:]
    if key is None or not hmac.compare_digest(key.sign(_signed(scope, text)), sealed[_SIGNATURE_AT:_POSITION_AT]):
        raise InvalidPageToken
    position: dict[str, str] = json.loads(text)
    return position


def _signed(scope: str, text: bytes) -> bytes:
    """JSON has no NUL, so that no other scope and text give the same bytes."""
    return b"cursor\0" + _VERSION + scope.encode() + b"\0" + text


def _encoded(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _decoded(token: str) -> bytes:
    """Raises InvalidPageToken; also for another spelling of the same bytes, of which base64 has several."""
    if len(token) > TOKEN_MAXIMUM_LENGTH:
        raise InvalidPageToken
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError as exc:
        raise InvalidPageToken from exc
    if _encoded(sealed) != token:
        raise InvalidPageToken
    return sealed
