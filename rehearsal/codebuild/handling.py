"""How the local run takes what CodeBuild documents: the words of the tables of buildspec keys and project properties.

It must not know any key. A table names all that AWS's page names; what it lacks is told by its name, never skipped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_ANY = "*"


class Handling(StrEnum):
    """DONE as AWS does; NOTICED: not done, and a notice says so; REFUSED: a run would mislead, so none starts;
    WITHOUT_EFFECT: changes nothing in a pipeline's build on AWS either; FIDELITY: differs in every build, said once on
    docs/fidelity.md.
    """

    DONE = "done"
    NOTICED = "noticed"
    REFUSED = "refused"
    WITHOUT_EFFECT = "without effect"
    FIDELITY = "on the fidelity page"


@dataclass(frozen=True)
class Known:
    """`words` say what is different, or why it has no effect. Values in `unless` ask for nothing, as `no` does."""

    handling: Handling
    words: str = ""
    unless: Collection[str] = ()


@dataclass(frozen=True)
class Found:
    """Something of a document, by its path; `known` None where the table lacks it."""

    path: str
    value: Any
    known: Known | None


def walk(document: Mapping[str, Any], table: Mapping[str, Known], *, under: str = "") -> Iterator[Found]:
    """Everything in the document that the table describes or lacks. Paths are keys with `/` between them.

    `*` in the table stands for names that the user chooses. Below a path of which the table knows no parts, all is the
    user's. A list counts as each of its items.
    """
    for key, value in document.items():
        exact, any_name = f"{under}{key}", f"{under}{_ANY}"
        pattern = exact if exact in table else any_name
        if pattern not in table:
            yield Found(exact, value, None)
            continue
        yield Found(exact, value, table[pattern])
        if not any(path.startswith(f"{pattern}/") for path in table):
            continue
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, Mapping):
                for found in walk(part, table, under=f"{pattern}/"):
                    yield Found(f"{exact}/{found.path.removeprefix(f'{pattern}/')}", found.value, found.known)
