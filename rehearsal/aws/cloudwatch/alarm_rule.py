"""The rule expression of a composite alarm: parsed into a tree, decided from the states of other alarms.

It must not know where states are kept. Source: API PutCompositeAlarm, AlarmRule; "Creating a composite alarm".
OR binds weakest, then AND, then NOT. A name with blanks has to stand in quotes, as AWS's answer to one without shows
(aws-cdk issue 13953); the words about whitespace around a rule are from terraform-provider-aws issue 19575.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rehearsal.aws.cloudwatch.alarm_evaluation import AlarmState
from rehearsal.aws.cloudwatch.errors import InvalidParameter, NotSupportedHere

_TOKEN = re.compile(r"\s*(?:([()])|([A-Za-z_][A-Za-z0-9_]*))")
_NAME = re.compile(r"\s*(?:\"([^\"]+)\"|([^\")(\s]+))\s*")
_UNEXPECTED = re.compile(r"[()\"]|[^\s()\"]+")
_MAXIMUM_CHILDREN = 100
_MAXIMUM_ELEMENTS = 500
_MAXIMUM_LENGTH = 10_240


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
    if text != text.strip():
        raise InvalidParameter("AlarmRule must not contain leading or trailing whitespace or be null")
    if len(text) > _MAXIMUM_LENGTH:
        raise InvalidParameter(
            f"1 validation error detected: Value at 'alarmRule' failed to satisfy constraint: Member must have length"
            f" less than or equal to {_MAXIMUM_LENGTH}"
        )
    parser = _Parser(text)
    rule = parser.any_of()
    if parser.peek() != "":
        raise parser.error(f"unexpected {parser.peek()!r}")
    if len(children(rule)) > _MAXIMUM_CHILDREN:
        raise InvalidParameter(f"An AlarmRule names at most {_MAXIMUM_CHILDREN} alarms, got {len(children(rule))}.")
    if parser.elements > _MAXIMUM_ELEMENTS:
        raise InvalidParameter(f"An AlarmRule has at most {_MAXIMUM_ELEMENTS} elements, got {parser.elements}.")
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
    """`elements` counts child alarms, TRUE, FALSE and parentheses. AWS does not say whether the parentheses of a
    function count: here they do not, so that nothing is refused that AWS takes.
    """

    def __init__(self, text: str) -> None:
        self.elements = 0
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
            self.elements += 2
            return rule
        word = self.peek()
        self._takes(word)
        self.elements += 1
        if word.upper() in ("TRUE", "FALSE"):
            return Constant(word.upper() == "TRUE")
        if word in list(AlarmState):
            return InState(self._alarm_name(), AlarmState(word))
        if word and self.peek() == "(":
            raise NotSupportedHere(f"The function {word} in an AlarmRule")
        raise self.error(f"unexpected {word!r}" if word else "it ends too early")

    def _alarm_name(self) -> str:
        """The name in `(name)`, `("name")` or `(arn)`; one with blanks or parentheses has to be in quotes."""
        if not self._takes("("):
            raise self.error("a '(' is missing before the alarm's name")
        found = _NAME.match(self._text, self._position)
        if found is None:
            raise self.error("an alarm's name in parentheses is missing")
        self._position = found.end()
        if not self._takes(")"):
            raise self._unsupported_token()
        name = found[1] if found[1] is not None else found[2]
        return name.split(":alarm:", 1)[1] if name.startswith("arn:") and ":alarm:" in name else name

    def _unsupported_token(self) -> InvalidParameter:
        found = _UNEXPECTED.search(self._text, self._position)
        if found is None:
            return self.error("a ')' is missing after the alarm's name")
        return InvalidParameter(
            f"Error in AlarmRule [Unsupported token '{found[0]}' at char {found.start()}, must be: ')']"
        )

    def _takes(self, token: str) -> bool:
        if self.peek() != token:
            return False
        found = _TOKEN.match(self._text, self._position)
        self._position = self._position if found is None else found.end()
        return True
