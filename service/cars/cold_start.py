"""Imports without garbage collection: a sixth of a cold start is the collector looking at modules that stay.

A handler's module imports this before all else and calls `is_over` after its last import. From then on the collector
works as always, and leaves alone what was there before. It must not be imported by anything but a handler.
"""

from __future__ import annotations

import gc

gc.disable()


def is_over() -> None:
    """What has been made so far stays for as long as the process lives; only what is made from now on is collected."""
    gc.freeze()
    gc.enable()
