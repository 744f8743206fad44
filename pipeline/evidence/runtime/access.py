"""What a release lets more, or fewer, do: statements, managed policies and rules of security groups.

A statement that only moved, or only lost some of its actions, widens nothing: each is taken apart into who may do what
on what, and only what was in no statement that went is new. What a statement leaves out (NotAction, NotResource,
NotPrincipal) stays whole: one less is more. It must not judge whether a permission is right.
Source: IAM user guide, "Policy evaluation logic" (a denial that goes is a permission).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from pipeline.evidence.runtime.model import Access

_DECODER = json.JSONDecoder()

Atom = tuple[str, str, str, str, str, str, str]
"""kind, effect, who, what, on, details, stack."""


def accesses(differences: Sequence[Mapping[str, Any]]) -> tuple[tuple[Access, ...], tuple[Access, ...]]:
    """(what widens, what narrows) in the output of template_diff.mjs."""
    added = {atom for each in differences for atom in _atoms(each, "added", "opened")}
    removed = {atom for each in differences for atom in _atoms(each, "removed", "closed")}
    new, old = added - removed, removed - added
    widens = {atom for atom in new if atom[1] != "Deny"} | {atom for atom in old if atom[1] == "Deny"}
    return _together(widens), _together((new | old) - widens)


def _atoms(difference: Mapping[str, Any], statements: str, rules: str) -> Iterator[Atom]:
    stack = difference["name"]
    for found in difference[statements]:
        if "intrinsic" in found:
            yield "intrinsic", "", "", "", "", _text(found["intrinsic"]), stack
        elif "managedPolicy" in found:
            yield "managed-policy", "Allow", _text(found["identity"]), _text(found["managedPolicy"]), "", "", stack
        else:
            condition = json.dumps(found["condition"], sort_keys=True) if found["condition"] else ""
            for who, what, on in product(*(found[name] or [""] for name in ("principals", "actions", "resources"))):
                yield "permission", found["effect"] or "Allow", _text(who), _text(what), _text(on), condition, stack
    for found in difference[rules]:
        way = "from" if found["direction"] == "in" else "to"
        yield "network", "Allow", f"{way} {_text(found['peer'])}", found["protocol"], _text(found["group"]), "", stack


def _text(value: Any) -> str:
    """As the library renders it; `Fn::GetStackOutput`, which it does not know, becomes "${Stack.Output}"."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    before, found, _ = text.partition('{"Fn::GetStackOutput"')
    if not found:
        return text
    intrinsic, length = _DECODER.raw_decode(text[len(before) :])
    output = intrinsic["Fn::GetStackOutput"]
    return f"{before}${{{output['StackName']}.{output['OutputName']}}}{_text(text[len(before) + length :])}"


def _together(atoms: set[Atom]) -> tuple[Access, ...]:
    """One line for each who, on what and under which condition, with all the actions of it."""
    lines: dict[tuple[str, ...], list[str]] = {}
    for kind, effect, who, what, on, details, stack in sorted(atoms):
        lines.setdefault((stack, kind, effect, who, on, details), []).append(what)
    return tuple(
        Access(stack=stack, kind=kind, effect=effect, who=who, what=", ".join(what), on=on, details=details)  # type: ignore[arg-type]
        for (stack, kind, effect, who, on, details), what in lines.items()
    )
