"""The errors of the local run, and what each means for the person at the terminal.

    RehearsalError                 the run could not do its work: exit code 2, its message alone is shown
    ├── BadInput                  something the user gave is wrong; nothing was changed
    ├── Unsupported               the project needs what the local run does not have; before anything starts, or, where
    │                             only the release could show it, in the middle of it
    └── EngineError               our own breakage
    ActionFailed                  the release was stopped: exit code 1. A command, a test, an alarm or a person said no

It must not hold messages of its own: the place that knows the value writes the sentence (what, the value got, what is
allowed, what to do next).
"""

from __future__ import annotations


class RehearsalError(Exception):
    """The run could not do its work."""


class BadInput(RehearsalError):
    """Something that the user gave is wrong. Raised before anything is changed."""


class Unsupported(RehearsalError):
    """The project needs something that the local run does not have, by name. The release is not at fault."""


class EngineError(RehearsalError):
    """The local run itself is broken."""


class ActionFailed(Exception):
    """An action of the pipeline ended Failed: what was released is at fault, not the local run.

    `gate` is the gate that stopped it, in the words of the report (see report.py); None lets the engine derive it from
    the action.
    """

    def __init__(self, reason: str, *, gate: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.gate = gate
