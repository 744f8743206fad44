"""Where HTTP servers log whose port is open to every program of this machine. It must not know what they serve."""

from __future__ import annotations

import logging

from aiohttp.http_exceptions import HttpProcessingError

SERVER_LOG = logging.getLogger("rehearsal.http")


def _is_of_the_server(record: logging.LogRecord) -> bool:
    """Who sends what is no HTTP, or hangs up in the middle of it, must not write into the run's output with it."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError | ConnectionResetError))


SERVER_LOG.addFilter(_is_of_the_server)
