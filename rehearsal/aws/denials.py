"""What the local AWS could not do, in the words that its callers were given: whoever sees work fail asks here whether
the cause is ours.

A denial reaches a release by many ways: CloudFormation fails a stack with it, a program prints it and ends, the error
of a function carries it. All of them keep the words, so the words are what it is known by. A call that was denied and
that nobody minded is no reason to end anything. It must not know who calls, nor what failed.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable

# What the emulator says itself, within CloudFormation, where nothing of ours sees it; and our APIs, of a parameter.
_KNOWN = re.compile(
    r"Unsupported resource type: \S+"
    r"|Unrecognized resource types: \[AWS::[^\]]+\]"
    r"|AWS::[A-Za-z0-9:]+ [^\n]{0,120}? is not supported by (?:MiniStack|this emulator)"
    r"|AWS::[A-Za-z0-9:]+ Properties\.\S+ \([^)\n]*\) is not supported"
    r"|Resource import is not supported by this emulator"
    r"|[^\n.]{1,200} is not supported by the local [A-Z][A-Za-z]+"
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SHORTEST = 20  # what is shorter could be anybody's words


class Denials:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sentences: list[str] = []

    def tell(self, sentence: str) -> None:
        """A caller is about to be given this sentence; it names what is missing here."""
        with self._lock:
            if sentence not in self._sentences and len(sentence) >= _SHORTEST:
                self._sentences.append(sentence)

    def found_in(self, texts: Iterable[str]) -> str | None:
        """The first denial that these lines carry, or None: also where a terminal has coloured or broken them."""
        text = _flat("\n".join(texts))
        with self._lock:
            sentences = list(self._sentences)
        told = next((sentence for sentence in sentences if _flat(sentence) in text), None)
        if told is not None:
            return told
        known = _KNOWN.search(text)
        return known.group(0) if known else None


def _flat(text: str) -> str:
    return " ".join(_COLOUR.sub("", text).split())
