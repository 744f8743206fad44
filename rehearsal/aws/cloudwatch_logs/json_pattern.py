"""Filter patterns for log events in JSON: `{ $.level = "ERROR" && ($.latency >= 500 || $.user NOT EXISTS) }`.

Pure. Source: "Using filter patterns to match terms in JSON log events". A property that is an object, a list or not
there equals nothing and differs from nothing. Selectors with wildcards are not read. AWS's page has IS TRUE and IS
FALSE for booleans, and says nothing of `= true`: here it means the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.cloudwatch_logs.comparison import OPERATORS, VALUE, Value, parse_comparison

_SELECTOR = r"\$(?:\.[\w-]+|\[\d+\])+"
_TOKEN = re.compile(
    rf"\s*(?:(?P<selector>{_SELECTOR})(?=[\s=!<>()&|]|$)|(?P<and>&&)|(?P<or>\|\|)|(?P<open>\()|(?P<close>\))"
    rf"|(?P<operator>{'|'.join(OPERATORS)})|(?P<value>{VALUE}))",
    re.ASCII,
)
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]")
_MISSING = object()
_STATES: Mapping[tuple[str, ...], Callable[[Any], bool]] = {
    ("IS", "NULL"): lambda node: node is None,
    ("IS", "TRUE"): lambda node: node is True,
    ("IS", "FALSE"): lambda node: node is False,
    ("EXISTS",): lambda node: node is not _MISSING,
    ("NOT", "EXISTS"): lambda node: node is _MISSING,
}

Condition = Callable[[Any], bool]


@dataclass(frozen=True)
class JsonPattern:
    holds: Condition

    def match(self, message: str) -> Callable[[str], str | None] | None:
        """What a selector gives of the event, as text; None where the pattern does not match it."""
        try:
            root = json.loads(message)
        except ValueError:
            return None
        if not isinstance(root, Mapping) or not self.holds(root):
            return None

        def select(selector: str) -> str | None:
            value = _value(_node(root, selector)) if re.fullmatch(_SELECTOR, selector, re.ASCII) else None
            return value.text if value else None

        return select


def parse_json_pattern(pattern: str) -> JsonPattern:
    """`pattern` with its braces. Raises ValueError with what is allowed."""
    if not pattern.endswith("}"):
        raise ValueError(f"{pattern}: a JSON pattern ends with '}}'.")
    parser = _Parser(pattern[1:-1])
    condition = parser.either()
    parser.require_end()
    return JsonPattern(condition)


class _Parser:
    """`()` before `&&` before `||`."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def either(self) -> Condition:
        conditions = [self._both()]
        while self._take("or"):
            conditions.append(self._both())
        return lambda root: any(condition(root) for condition in conditions)

    def require_end(self) -> None:
        if self._text[self._at :].strip():
            raise ValueError(f"{self._text.strip()}: {self._text[self._at :].strip()!r} is not understood.")

    def _both(self) -> Condition:
        conditions = [self._one()]
        while self._take("and"):
            conditions.append(self._one())
        return lambda root: all(condition(root) for condition in conditions)

    def _one(self) -> Condition:
        if self._take("open"):
            condition = self.either()
            self._require("close", "')'")
            return condition
        selector = self._require("selector", "a selector like $.name or $.list[0].id")
        if symbol := self._take("operator"):
            comparison = parse_comparison(symbol, self._require("value", "a text, a number or a %regular expression%"))
            return lambda root: (value := _value(_node(root, selector))) is not None and comparison.holds(value)
        words: tuple[str, ...] = ()
        while words not in _STATES:
            word = self._take("value")
            words = (*words, word.upper()) if word else words
            if not word or len(words) > 2:
                raise ValueError(
                    f"{selector} {' '.join(words)}: allowed are {', '.join(OPERATORS)}, "
                    f"{', '.join(' '.join(state) for state in _STATES)}."
                )
        is_so = _STATES[words]
        return lambda root: is_so(_node(root, selector))

    def _take(self, kind: str) -> str:
        found = _TOKEN.match(self._text, self._at)
        if found is None or found.lastgroup != kind:
            return ""
        self._at = found.end()
        return found[kind]

    def _require(self, kind: str, what: str) -> str:
        if not (taken := self._take(kind)):
            raise ValueError(f"{self._text.strip()}: {what} is expected at {self._text[self._at :].strip()!r}.")
        return taken


def _node(root: Any, selector: str) -> Any:
    node = root
    for name, index in _STEP.findall(selector):
        if index:
            node = node[int(index)] if isinstance(node, list) and int(index) < len(node) else _MISSING
        else:
            node = node.get(name, _MISSING) if isinstance(node, Mapping) else _MISSING
    return node


def _value(node: Any) -> Value | None:
    if isinstance(node, bool):
        return Value(str(node).lower())
    if isinstance(node, int | float):
        return Value(json.dumps(node), float(node))
    return Value(node) if isinstance(node, str) else None
