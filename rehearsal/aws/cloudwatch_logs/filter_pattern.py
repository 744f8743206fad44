"""Filter patterns of CloudWatch Logs: which log events match, and what their fields are.

Three kinds: terms in any text (here), JSON (json_pattern.py), space-delimited (space_delimited_pattern.py). Pure.
Source: "Filter pattern syntax for metric filters, subscription filters, filter log events, and Live Tail". Patterns are
case sensitive. AWS asks for quotation marks around a term with other characters than letters, digits and underscores; a
term without them is read here as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from rehearsal.aws.cloudwatch_logs.comparison import regular_expression, unquoted
from rehearsal.aws.cloudwatch_logs.json_pattern import parse_json_pattern
from rehearsal.aws.cloudwatch_logs.space_delimited_pattern import parse_space_delimited_pattern

Select = Callable[[str], str | None]
"""What a selector ($.latency, $bytes) gives of an event that matched."""
_TERM = re.compile(r'\s*(?P<sign>[-?]?)(?P<term>"(?:[^"\\]|\\.)*"|%[^%]+%|[^\s"]+)')


class FilterPattern(Protocol):
    def match(self, message: str) -> Select | None: ...


@dataclass(frozen=True)
class TermPattern:
    """All of `wanted`, none of `excluded`, and one of `alternatives` if there are any, have to be in the text."""

    wanted: tuple[Callable[[str], bool], ...] = ()
    excluded: tuple[Callable[[str], bool], ...] = ()
    alternatives: tuple[Callable[[str], bool], ...] = ()

    def match(self, message: str) -> Select | None:
        matches = (
            all(has(message) for has in self.wanted)
            and not any(has(message) for has in self.excluded)
            and (not self.alternatives or any(has(message) for has in self.alternatives))
        )
        return _nothing if matches else None


def parse_filter_pattern(pattern: str) -> FilterPattern:
    """An empty pattern matches everything. Raises ValueError with what is allowed."""
    text = pattern.strip()
    if text.startswith("{"):
        return parse_json_pattern(text)
    if text.startswith("["):
        return parse_space_delimited_pattern(text)
    return _parse_terms(text)


def _parse_terms(text: str) -> TermPattern:
    terms: dict[str, list[Callable[[str], bool]]] = {"": [], "-": [], "?": []}
    at = 0
    while at < len(text):
        found = _TERM.match(text, at)
        if found is None:
            raise ValueError(f"{text}: {text[at:].strip()!r} is no term; a quotation mark has to be closed.")
        terms[found["sign"]].append(_contains(found["term"]))
        at = found.end()
    if terms["?"] and (terms[""] or terms["-"]):
        raise ValueError(f"{text}: terms with '?' stand alone; CloudWatch Logs ignores them beside other terms.")
    return TermPattern(tuple(terms[""]), tuple(terms["-"]), tuple(terms["?"]))


def _contains(term: str) -> Callable[[str], bool]:
    if term.startswith("%"):
        expression = regular_expression(term)
        return lambda text: expression.search(text) is not None
    wanted = unquoted(term)
    return lambda text: wanted in text


def _nothing(_: str) -> None:
    """A text has no fields."""
