"""Two updates of one path in one UpdateExpression, which DynamoDB refuses.

It must not evaluate an expression: clauses and paths are all it reads, and what it cannot read is the emulator's to
refuse. Sources: "Update expressions" (SET, REMOVE, ADD, DELETE), "Specifying item attributes" (document paths). That a
path may not lie within another either, and the words, are AWS's answer (getmoto/moto issue 8582, ExtendDB pull request
173), not on its pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from rehearsal.aws.service_api import ApiError

_CLAUSE = re.compile(r"(?<![\w#:.])(SET|REMOVE|ADD|DELETE)\s", re.IGNORECASE)
_PATH = re.compile(r"\s*([A-Za-z_#][\w#]*(?:\s*\.\s*[\w#]+|\s*\[\s*\d+\s*\])*)")
_INDEX = re.compile(r"\[\s*(\d+)\s*\]|[\w#]+")

Path = tuple[str, ...]


def refuse_overlapping_updates(update: Mapping[str, Any]) -> None:
    """`update` is an UpdateItem, or the Update of a TransactWriteItems. `ApiError` ValidationException."""
    expression = update.get("UpdateExpression")
    if not isinstance(expression, str) or not ("," in expression or len(_CLAUSE.findall(expression)) > 1):
        return  # most have one path only
    paths = list(_paths(expression, update.get("ExpressionAttributeNames") or {}))
    for one, two in combinations(paths, 2):
        if one[: len(two)] == two[: len(one)]:
            raise ApiError(
                "ValidationException",
                "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of"
                f" these paths; path one: {_shown(one)}, path two: {_shown(two)}",
            )


def _paths(expression: str, names: Mapping[str, str]) -> Iterator[Path]:
    """Of each action the path that it changes, in order."""
    starts = [*_CLAUSE.finditer(expression)]
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        for action in _actions(expression[start.end() : following.start() if following else len(expression)]):
            if found := _PATH.match(action):
                yield tuple(_elements(found[1], names))


def _actions(clause: str) -> Iterator[str]:
    """Cut at the commas that no function's parentheses hold."""
    depth, begin = 0, 0
    for position, letter in enumerate(clause):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and not depth:
            yield clause[begin:position]
            begin = position + 1
    yield clause[begin:]


def _elements(path: str, names: Mapping[str, str]) -> Iterator[str]:
    for found in _INDEX.finditer(path):
        yield f"[{found[1]}]" if found[1] else str(names.get(found[0], found[0]))


def _shown(path: Path) -> str:
    return f"[{', '.join(path)}]"
