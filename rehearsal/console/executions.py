"""Which execution a line is of, while several run at the same time.

It must not change what is said of one that runs alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from rehearsal.console.line import Line
from rehearsal.run_events import ExecutionEnded, ExecutionStarted, RunEvent

_STANDARD = "STANDARD"
_SHOWN = 7


@dataclass
class RunningExecutions:
    """A rollback is no execution of its own here: it runs within the one that failed."""

    _commits: dict[str, str] = field(default_factory=dict)

    def label(self, event: RunEvent, lines: list[Line]) -> list[Line]:
        """The first line that has words says which commit it is of, where there are several."""
        execution_id = getattr(event, "execution_id", "")
        if isinstance(event, ExecutionStarted) and event.execution_type == _STANDARD:
            self._commits[execution_id] = event.commit[:_SHOWN]
        labelled = self._labelled(self._commits.get(execution_id), lines)
        if isinstance(event, ExecutionEnded):
            self._commits.pop(execution_id, None)
        return labelled

    def _labelled(self, commit: str | None, lines: list[Line]) -> list[Line]:
        first = next((number for number, line in enumerate(lines) if line.text), None)
        if commit is None or first is None or len(self._commits) < 2:
            return lines
        said = replace(lines[first], text=f"{lines[first].text}  [{commit}]")
        return [*lines[:first], said, *lines[first + 1 :]]
