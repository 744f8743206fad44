"""The one asyncio loop of the local cloud, in a thread of its own; the rest of the run is plain threads.

It must not know what runs in the loop.
"""

from __future__ import annotations

import asyncio
import threading
import warnings
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, TypeVar

import uvloop

Result = TypeVar("Result")
_STOP_SECONDS = 10.0
_CLOSING_SECONDS = 0.05


class LoopThread:
    """Use it as a context manager. Leaving it cancels what still runs in the loop."""

    def __init__(self, name: str = "local-cloud") -> None:
        self.loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)

    def run(self, work: Coroutine[Any, Any, Result], *, timeout: float | None = None) -> Result:
        """Run a coroutine in the loop and wait for its result. Not to be called from the loop itself."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    def __enter__(self) -> LoopThread:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(_STOP_SECONDS)

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self.loop)
            for task in tasks:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.run_until_complete(asyncio.sleep(_CLOSING_SECONDS))  # closed connections say goodbye
            with warnings.catch_warnings():
                # Connections that nobody could close, as one that was accepted in the last moment: the loop alone knows
                # them, closes them now, and would complain.
                warnings.simplefilter("ignore", ResourceWarning)
                self.loop.close()
