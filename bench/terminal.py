"""What benchmarks that take minutes share at the terminal: lines with the time, the machine's load, and Ctrl-C."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def say(what: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {what}\n")
    sys.stderr.flush()


def load() -> str:
    """Of the last 1, 5 and 15 minutes."""
    return " ".join(f"{average:.2f}" for average in os.getloadavg())


def positive(text: str) -> int:
    """An argument's type."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 on")
    return int(text)


def raise_on_signals() -> None:
    """The first raises KeyboardInterrupt; later ones are not heard: what is being ended must not be left half ended."""

    def end(*_: object) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in _SIGNALS:
        signal.signal(number, end)
