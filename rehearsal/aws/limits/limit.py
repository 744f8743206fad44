"""One row of the table of limits: what AWS refuses of a call, and who refuses it here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class By(StrEnum):
    """Who refuses it: the emulator itself, as tried, or we before the emulator sees it."""

    EMULATOR = "emulator"
    US = "us"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """`service` and `operation` as boto3 names them. `message` is a part of the answer's words; `is_per_entry` says
    that the call succeeds, and the entry's result holds code and message. `source` is a page, or the API's shape.
    """

    service: str
    operation: str
    rule: str
    code: str
    message: str
    source: str
    by: By
    is_per_entry: bool = False
