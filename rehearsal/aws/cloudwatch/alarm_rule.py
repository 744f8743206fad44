"""The rule expression of a composite alarm: parsed into a tree, decided from the states of other alarms.

It must not know where states are kept. Source: API PutCompositeAlarm, AlarmRule; "Creating a composite alarm".
OR binds weakest, then AND, then NOT.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rehearsal.aws.cloudwatch.alarm_evaluation import AlarmState
from rehearsal.aws.cloudwatch.errors import InvalidParameter, NotSupportedHere

_TOKEN = re.compile(r"\s*(?:([()])|([A-Za-z_][A-Za-z0-9_]*))")
_NAME = re.compile(r"\s*(?:\"([^\"]*)\"|([^\")(\s][^\")(]*?))\s*\)")
_MAXIMUM_CHILDREN = 100


@dataclass(frozen=True)
class InState:
    alarm: str
    state: AlarmState


@dataclass(frozen=True)
class Constant:
    value: bool


@dataclass(frozen=True)
class Not:
    operand: Rule


@dataclass(frozen=True)
class AllOf:
    operands: tuple[Rule, ...]


@dataclass(frozen=True)
class AnyOf:
    operands: tuple[Rule, ...]


Rule = InState | Constant | Not | AllOf | AnyOf


def parse_rule(text: str) -> Rule:
    """Raises InvalidParameter, and NotSupportedHere for a function that only AWS has (by name)."""
    parser = _Parser(text)
    rule = parser.any_of()
    if parser.peek() != "":
        raise parser.error(f"unexpected {parser.peek()!r}")
    if len(children(rule)) > _MAXIMUM_CHILDREN:
        raise InvalidParameter(f"An AlarmRule names at most {_MAXIMUM_CHILDREN} alarms, got {len(children(rule))}.")
    return rule


def children(rule: Rule) -> tuple[str, ...]:
    """The names of the alarms that the rule refers to, each once, in their order."""
    return tuple(dict.fromkeys(_children(rule)))


def holds(rule: Rule, state_of: Callable[[str], AlarmState]) -> bool:
    match rule:
        case InState(alarm, state):
            return state_of(alarm) is state
        case Constant(value):
            return value
        case Not(operand):
            return not holds(operand, state_of)
        case AllOf(operands):
            return all(holds(operand, state_of) for operand in operands)
        case AnyOf(operands):
            return any(holds(operand, state_of) for operand in operands)


def _children(rule: Rule) -> Iterator[str]:
    match rule:
        case InState(alarm):
            yield alarm
        case Not(operand):
            yield from _children(operand)
        case AllOf(operands) | AnyOf(operands):
            for operand in operands:
                yield from _children(operand)
        case Constant():
            return


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def error(self, what: str) -> InvalidParameter:
        return InvalidParameter(f"Error in AlarmRule {self._text!r}: {what}.")

    def peek(self) -> str:
        """The next word or parenthesis; "" at the end."""
        rest = self._text[self._position :]
        if not rest.strip():
            return ""
        found = _TOKEN.match(rest)
        if found is None:
            raise self.error(f"unexpected {rest.strip()[:1]!r}")
        return found[0].strip()

    def any_of(self) -> Rule:
        operands = [self._all_of()]
        while self._takes("OR"):
            operands.append(self._all_of())
        return operands[0] if len(operands) == 1 else AnyOf(tuple(operands))

    def _all_of(self) -> Rule:
        operands = [self._not()]
        while self._takes("AND"):
            operands.append(self._not())
        return operands[0] if len(operands) == 1 else AllOf(tuple(operands))

    def _not(self) -> Rule:
        return Not(self._not()) if self._takes("NOT") else self._operand()

    def _operand(self) -> Rule:
        if self._takes("("):
            rule = self.any_of()
            if not self._takes(")"):
                raise self.error("a ')' is missing")
            return rule
        word = self.peek()
        self._takes(word)
        if word.upper() in ("TRUE", "FALSE"):
            return Constant(word.upper() == "TRUE")
        if word in list(AlarmState):
            return InState(self._alarm_name(), AlarmState(word))
        if word and self.peek() == "(":
            raise NotSupportedHere(f"The function {word} in an AlarmRule")
        raise self.error(f"unexpected {word!r}" if word else "it ends too early")

    def _alarm_name(self) -> str:
        """The name in `(name)`, `("name")` or `(arn)`."""
        if not self._takes("("):
            raise self.error("a '(' is missing before the alarm's name")
        found = _NAME.match(self._text, self._position)
        if found is None:
            raise self.error("an alarm's name in parentheses is missing")
        self._position = found.end()
        name = found[1] if found[1] is not None else found[2]
        return name.split(":alarm:", 1)[1] if name.startswith("arn:") and ":alarm:" in name else name

    def _takes(self, token: str) -> bool:
        if self.peek() != token:
            return False
        found = _TOKEN.match(self._text, self._position)
        self._position = self._position if found is None else found.end()
        return True
