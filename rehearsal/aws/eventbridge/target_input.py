"""What a rule's target gets for an event: the event, a part of it, a constant text, or what an input template makes.

It must not deliver, nor know where the target is. Sources: "Amazon EventBridge input transformation", with its tables
and its "Common issues with transforming input"; API Target and InputTransformer. Where these are silent:
- a variable whose path finds nothing is an empty string, and an InputPath that finds nothing is `null`; so does a path
  that is none, since AWS documents no validation of paths;
- a string that stands as a value of its own is written as JSON, so that quotes in it are escaped; inside a string of
  the template nothing is escaped, as documented.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.aws.eventbridge.json_path import Found, NoPath, find

_LITERAL = r'"(?:\\.|[^"\\])*"'
_VARIABLE = re.compile(r"<([^<>\s]+)>")
_LITERAL_OR_VARIABLE = re.compile(_LITERAL + r"|<[^<>\s]+>")
_LITERAL_OR_BLANKS = re.compile(f"({_LITERAL})|\\s+")


@dataclass(frozen=True)
class Occasion:
    """The event as it is delivered, which rule matched it, and when EventBridge received it (ISO 8601)."""

    event: Mapping[str, Any]
    rule_arn: str
    ingestion_time: str


@dataclass(frozen=True)
class TargetInput:
    """`text` and `path` are Input and InputPath, `template` and `paths` the two of InputTransformer.

    At most one of the three ways is given; without any, the target gets the event.
    """

    text: str | None = None
    path: str | None = None
    template: str | None = None
    paths: Mapping[str, str] | None = None

    def render(self, occasion: Occasion) -> str:
        """JSON, or whatever text the template has made."""
        if self.text is not None:
            return self.text
        if self.path is not None:
            found = _find(self.path, occasion.event)
            return as_json(found.value if found else None)
        if self.template is not None:
            return _fill(self.template, _variables(self.paths or {}, occasion))
        return as_json(occasion.event)

    def has_to_be_json(self) -> bool:
        """The template is that of a JSON object or array, so what it makes has to be one, too."""
        return self.template is not None and is_structure(self.template)


def as_json(value: Any) -> str:
    """As EventBridge writes it: without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def is_structure(template: str) -> bool:
    return template.lstrip()[:1] in ("{", "[")


def _variables(paths: Mapping[str, str], occasion: Occasion) -> dict[str, Any]:
    """The reserved ones cannot be given another meaning."""
    found = {name: _find(path, occasion.event) for name, path in paths.items()}
    return {name: each.value for name, each in found.items() if each is not None} | {
        "aws.events.rule-arn": occasion.rule_arn,
        "aws.events.rule-name": occasion.rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": occasion.ingestion_time,
        "aws.events.event": {name: value for name, value in occasion.event.items() if name != "detail"},
        "aws.events.event.json": occasion.event,
    }


def _find(path: str, event: Mapping[str, Any]) -> Found | None:
    try:
        return find(path, event)
    except NoPath:
        return None


def _fill(template: str, variables: Mapping[str, Any]) -> str:
    def inside(found: re.Match[str]) -> str:
        return _in_text(variables.get(found[1], ""))

    def outside(found: re.Match[str]) -> str:
        token = found[0]
        return _VARIABLE.sub(inside, token) if token[0] == '"' else as_json(variables.get(token[1:-1], ""))

    if '"' not in template and not is_structure(template):
        return _VARIABLE.sub(inside, template)
    filled = _LITERAL_OR_VARIABLE.sub(outside, template)
    return _LITERAL_OR_BLANKS.sub(lambda found: found[1] or "", filled) if is_structure(template) else filled


def _in_text(value: Any) -> str:
    """A string as it is; of an object or array the quotes are removed, so that the text around it stays one string."""
    return value if isinstance(value, str) else as_json(value).replace('"', "")
