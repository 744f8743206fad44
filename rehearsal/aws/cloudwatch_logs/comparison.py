"""A comparison of a filter pattern: `= "UpdateTrail"`, `!= 123.123.*`, `>= 500`, `= %[45]\\d\\d%`.

It must not know where the value comes from. Source: "Filter pattern syntax for metric filters, subscription filters,
filter log events, and Live Tail". An asterisk is a wildcard at the beginning and at the end of a text.

AWS's page says of numbers and texts that they are compared, and not what happens between the two: here an unquoted
number equals a text that is written the same, and a quoted one a number that is.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

OPERATORS = ("!=", ">=", "<=", "=", ">", "<")
VALUE = r'"(?:[^"\\]|\\.)*"|%[^%]+%|[^\s()&|,\]]+'
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_REGEX_CHARACTERS = re.compile(r"[\w\s:#=@/;,\-^$?\[\]{}|\\*+.]*", re.ASCII)
_ESCAPED = re.compile(r"\\(.)")
_ORDERS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


@dataclass(frozen=True)
class Value:
    """What a log event has at a place: as text, and as a number if it is one."""

    text: str
    number: float | None = None


@dataclass(frozen=True)
class Comparison:
    """`number` is what an unquoted number is compared as; `matches` tells whether a text is the one wanted."""

    operator: str
    matches: Callable[[str], bool]
    number: float | None = None

    def holds(self, value: Value) -> bool:
        if order := _ORDERS.get(self.operator):
            return value.number is not None and self.number is not None and order(value.number, self.number)
        return self._equals(value) is (self.operator == "=")

    def _equals(self, value: Value) -> bool:
        if self.number is not None and value.number is not None:
            return self.number == value.number
        return self.matches(value.text)


def parse_comparison(symbol: str, written: str) -> Comparison:
    """`written` is a VALUE. Raises ValueError."""
    number = float(written) if _NUMBER.fullmatch(written) else None
    if symbol in _ORDERS and number is None:
        raise ValueError(f"{symbol} {written}: only numbers can be ordered.")
    return Comparison(symbol, text_matcher(written), number)


def text_matcher(written: str) -> Callable[[str], bool]:
    """Of a quoted text, a %regular expression%, or a bare word. Raises ValueError."""
    if written.startswith("%"):
        expression = regular_expression(written)
        return lambda text: expression.search(text) is not None
    text = unquoted(written)
    starts, ends = text.startswith("*"), text.endswith("*") and len(text) > 1
    middle = text[1 if starts else 0 : -1 if ends else None]
    match starts, ends:
        case True, True:
            return lambda value: middle in value
        case True, False:
            return lambda value: value.endswith(middle)
        case False, True:
            return lambda value: value.startswith(middle)
        case _:
            return lambda value: value == middle


def regular_expression(written: str) -> re.Pattern[str]:
    """`%…%`, of the characters that AWS supports. Raises ValueError."""
    inner = written[1:-1]
    if not written.endswith("%") or len(written) < 3 or not _REGEX_CHARACTERS.fullmatch(inner):
        raise ValueError(f"{written} is no regular expression that CloudWatch Logs supports; ( and ) are not.")
    try:
        return re.compile(inner, re.ASCII)
    except re.error as exc:
        raise ValueError(f"{written} is no regular expression: {exc}.") from exc


def unquoted(written: str) -> str:
    return _ESCAPED.sub(r"\1", written[1:-1]) if written.startswith('"') else written
