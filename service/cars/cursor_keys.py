"""The keys that sign cursors, as the secret holds them: {"current": text, "previous": text}, the latter once rotated.

Two, so that a cursor stays good while the key is rotated. What a key is must be in no log, message or repr.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import TypeGuard

SHORTEST_KEY = 32
KEY_ID_LENGTH = 6


class MalformedCursorKeys(RuntimeError):
    """The secret does not hold keys: somebody has changed it by hand."""

    def __init__(self) -> None:
        super().__init__(
            'The secret with the keys of the cursors is not {"current": text, "previous": text}, each of '
            f"{SHORTEST_KEY} characters or more: docs/runbook/cursors.md#cursors-rotation."
        )


@dataclass(frozen=True)
class CursorKey:
    text: str = field(repr=False)

    @functools.cached_property
    def key_id(self) -> bytes:
        """What a cursor names its key by. It follows from the key, and tells nothing of it."""
        return self.sign(b"key id")[:KEY_ID_LENGTH]

    def sign(self, message: bytes) -> bytes:
        """HMAC-SHA-256, 32 bytes."""
        return hmac.new(self.text.encode(), message, hashlib.sha256).digest()


@dataclass(frozen=True)
class CursorKeys:
    """`current` signs, and what `previous` signed is still good."""

    current: CursorKey
    previous: CursorKey | None

    @classmethod
    def parse(cls, secret: object) -> CursorKeys:
        """Raises MalformedCursorKeys."""
        if not isinstance(secret, dict):
            raise MalformedCursorKeys
        current, previous = secret.get("current"), secret.get("previous")
        if not _is_key(current) or not (previous is None or _is_key(previous)):
            raise MalformedCursorKeys
        return cls(CursorKey(current), None if previous is None else CursorKey(previous))

    @classmethod
    def parse_json(cls, text: str) -> CursorKeys:
        """Raises MalformedCursorKeys, which does not say what it read."""
        try:
            secret = json.loads(text)
        except ValueError:
            raise MalformedCursorKeys from None
        return cls.parse(secret)

    def rotated(self, new: CursorKey) -> CursorKeys:
        return CursorKeys(current=new, previous=self.current)

    def to_json(self) -> str:
        keys = {"current": self.current.text}
        if self.previous is not None:
            keys["previous"] = self.previous.text
        return json.dumps(keys)

    def with_id(self, key_id: bytes) -> CursorKey | None:
        for key in (self.current, self.previous):
            if key is not None and hmac.compare_digest(key.key_id, key_id):
                return key
        return None


def _is_key(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) >= SHORTEST_KEY
