"""What the parts of the run log: said as notices between all else, and kept whole in a file beside the other logs.

Python writes a warning that nobody handles to the terminal by itself, into whatever is drawn there. It must not decide
what is worth a warning.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rehearsal.run_events import Listener, Notice

LOG_FILE = "rehearsal.log"
_LOGGER = "rehearsal"


@contextmanager
def logged(listener: Listener, folder: Path) -> Iterator[None]:
    """Warnings of this package become notices for `listener`; `folder`, made when one comes, keeps their tracebacks."""
    file = _File(folder / LOG_FILE, encoding="utf-8", delay=True)
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handlers = (_Notices(listener), file)
    logger = logging.getLogger(_LOGGER)
    for handler in handlers:
        handler.setLevel(logging.WARNING)
        logger.addHandler(handler)
    before, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.propagate = before
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()


class _File(logging.FileHandler):
    def emit(self, record: logging.LogRecord) -> None:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        super().emit(record)


class _Notices(logging.Handler):
    def __init__(self, listener: Listener) -> None:
        super().__init__()
        self._listener = listener

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        because = f" {type(error).__name__}: {error}" if error is not None else ""
        self._listener(Notice(text=f"{record.getMessage()}{because}"))
