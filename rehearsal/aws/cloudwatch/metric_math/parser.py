"""Reads a metric math expression into a tree.

It must not know what functions do. Source: "Metric math syntax and functions". Binding, weakest first: OR, AND,
comparison, + -, * /, unary -, ^.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rehearsal.aws.cloudwatch.errors import InvalidParameter

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')|(?P<symbol>==|!=|<=|>=|&&|\|\||[-+*/^<>(),\[\]]))"
)
_ALIASES = {"&&": "AND", "||": "OR"}
_BINDING = {
    "OR": 1,
    "AND": 2,
    **dict.fromkeys(("==", "!=", "<", ">", "<=", ">="), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/"), 5),
    "^": 7,
}
_UNARY_BINDING = 6


@dataclass(frozen=True)
class Number:
    value: float


@dataclass(frozen=True)
class Text:
    value: str


@dataclass(frozen=True)
class Name:
    """The id of a metric or expression, or a keyword such as REPEAT or DESC."""

    value: str


@dataclass(frozen=True)
class Array:
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Negation:
    operand: Node


@dataclass(frozen=True)
class Operation:
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Call:
    function: str
    arguments: tuple[Node, ...]


Node = Number | Text | Name | Array | Negation | Operation | Call


def parse_expression(text: str) -> Node:
    """Raises InvalidParameter, saying where, when the text is not an expression."""
    parser = _Parser(text, _tokens(text))
    node = parser.expression(0)
    if parser.current is not None:
        raise parser.error(f"unexpected {parser.current!r}")
    return node


def names(node: Node) -> Iterator[str]:
    """The names that the expression uses: ids of other queries, and keywords of functions."""
    match node:
        case Name(value):
            yield value
        case Array(items) | Call(_, items):
            for item in items:
                yield from names(item)
        case Negation(operand):
            yield from names(operand)
        case Operation(_, left, right):
            yield from names(left)
            yield from names(right)
        case Number() | Text():
            return


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    while position < len(text.rstrip()):
        found = _TOKEN.match(text, position)
        if found is None:
            raise InvalidParameter(f"Error in expression {text!r}: unexpected {text[position:].strip()[:1]!r}.")
        token = found[found.lastgroup or 0]
        tokens.append(_ALIASES.get(token, token))
        position = found.end()
    return tokens


class _Parser:
    """Precedence climbing over the tokens."""

    def __init__(self, text: str, tokens: list[str]) -> None:
        self._text = text
        self._tokens = tokens
        self._position = 0

    @property
    def current(self) -> str | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def error(self, what: str) -> InvalidParameter:
        return InvalidParameter(f"Error in expression {self._text!r}: {what}.")

    def expression(self, weakest: int) -> Node:
        left = self._operand()
        while (operator := self.current) is not None and _BINDING.get(operator, -1) >= weakest:
            self._position += 1
            binding = _BINDING[operator]
            right = self.expression(binding if operator == "^" else binding + 1)
            left = Operation(operator, left, right)
        return left

    def _operand(self) -> Node:
        found = self._take()
        if found == "-":
            return Negation(self.expression(_UNARY_BINDING))
        if found == "(":
            inner = self.expression(0)
            self._expect(")")
            return inner
        if found == "[":
            return Array(self._list("]"))
        if found[0].isdigit() or found[0] == ".":
            return Number(float(found))
        if found[0] in "\"'":
            return Text(found[1:-1])
        if not (found[0].isalpha() or found[0] == "_") or found in _BINDING:
            raise self.error(f"unexpected {found!r}")
        if self.current == "(":
            self._position += 1
            return Call(found, self._list(")"))
        return Name(found)

    def _list(self, end: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while self.current != end:
            items.append(self.expression(0))
            if self.current != end:
                self._expect(",")
        self._expect(end)
        return tuple(items)

    def _take(self) -> str:
        if self.current is None:
            raise self.error("it ends too early")
        token = self.current
        self._position += 1
        return token

    def _expect(self, token: str) -> None:
        if self.current != token:
            raise self.error(f"expected {token!r}, got {self.current!r}")
        self._position += 1
