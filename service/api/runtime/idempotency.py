"""Creation that may be sent again: the key of the caller leads to one car, so that no other write need remember it.

A car that was deleted is forgotten with its key. Source: IETF draft "The Idempotency-Key HTTP Header Field".
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from uuid import UUID, uuid5

from service.api.runtime.errors import InvalidRequest
from service.cars.car import NewCar

KEY_PATTERN = "[!-~]{1,255}"

_KEY = re.compile(KEY_PATTERN)
_NAMESPACE = UUID("3b0c5f0e-6c0a-4f53-9d1c-6f6b3f0f2c11")


@dataclass(frozen=True)
class IdempotentCreation:
    """`new` has the id that the key leads to, unless the caller brought one. `digest` is that of key and body."""

    new: NewCar
    digest: str

    @classmethod
    def of(cls, key: str, caller: str, new: NewCar) -> IdempotentCreation:
        """Raises InvalidRequest for a key that is none. Two callers may have the same key without knowing."""
        if not _KEY.fullmatch(key):
            raise InvalidRequest.field(
                "header", "Idempotency-Key", "It should be 1 to 255 printable ASCII characters, without spaces."
            )
        said = new.model_dump_json(exclude_unset=True)  # a default of a newer release must not make it another body
        digest = hashlib.sha256(f"{caller}\n{key}\n{said}".encode()).hexdigest()
        if "car_id" not in new.model_fields_set:
            new = new.model_copy(update={"car_id": str(uuid5(_NAMESPACE, f"{caller}\n{key}"))})
        return cls(new, digest)
