"""What the local AWS could not do, in the words that its callers were given: whoever sees work fail asks here whether
the cause is ours.

A denial reaches a release by many ways: CloudFormation fails a stack with it, a program prints it and ends, the error
of a function carries it. All of them keep the words, so the words are what it is known by; but for a function that says
no more than where its log is: then the account and the moment have to do. A call that was denied and that nobody minded
is no reason to end anything. It must not know who calls, nor what failed.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

# What the emulator says itself, within CloudFormation, where nothing of ours sees it; and our APIs, of a parameter.
_KNOWN = re.compile(
    r"Unsupported resource type: [A-Za-z]+::[A-Za-z0-9:]+"
    r"|Unrecognized resource types: \[AWS::[^\]]+\]"
    r"|AWS::[A-Za-z0-9:]+ [^\n]{0,120}? is not supported by (?:MiniStack|this emulator)"
    r"|AWS::[A-Za-z0-9:]+ Properties\.\S+ \([^)\n]*\) is not supported"
    r"|Resource import is not supported by this emulator"
    r"|[^\n.]{1,200} is not supported by the local [A-Z][A-Za-z]+"
)
# Only where it is an error of AWS's: a test may print such words, too.
_AN_ERROR = re.compile(r"_FAILED|An error occurred|ValidationError|ToolkitError")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SHORTEST = 20  # what is shorter could be anybody's words


@dataclass(frozen=True)
class _Denial:
    """`at` is wall-clock seconds since the epoch."""

    sentence: str
    account: str
    at: float


class Denials:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._denials: list[_Denial] = []

    def tell(self, sentence: str, account: str = "") -> None:
        """A caller of the account is about to be given this sentence; it names what is missing here."""
        with self._lock:
            self._denials.append(_Denial(sentence, account, time.time()))

    def since(self, at: float, account: str) -> str | None:
        """The first that a caller of the account was given from that wall-clock time on."""
        with self._lock:
            denials = list(self._denials)
        return next((denial.sentence for denial in denials if denial.account == account and denial.at >= at), None)

    def found_in(self, texts: Iterable[str]) -> str | None:
        """The first denial that these lines carry, or None: also where a terminal has coloured or broken them."""
        lines = [line for text in texts for line in text.splitlines()]
        text = _flat("\n".join(lines))
        with self._lock:
            sentences = dict.fromkeys(denial.sentence for denial in self._denials if len(denial.sentence) >= _SHORTEST)
        told = next((sentence for sentence in sentences if _flat(sentence) in text), None)
        if told is not None:
            return told
        known = (_KNOWN.search(_flat(line)) for line in lines if _AN_ERROR.search(line))
        return next((found.group(0) for found in known if found), None)


def _flat(text: str) -> str:
    return " ".join(_COLOUR.sub("", text).split())
