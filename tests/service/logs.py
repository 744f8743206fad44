"""What a function logs, as the documents that CloudWatch Logs gets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools import Logger


@dataclass(frozen=True)
class Log:
    stream: io.StringIO = field(default_factory=io.StringIO)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@contextmanager
def log_of(logger: Logger) -> Iterator[Log]:
    """What the logger writes meanwhile; it was made at import, with the output of that time."""
    log = Log()
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(log.stream)
    try:
        yield log
    finally:
        handler.setStream(before)
