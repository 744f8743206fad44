"""What every running action does at this moment: its phase, its command and the last line that it said.

It must not write anything, nor know the time: whoever calls gives it. Seconds are wall seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from rehearsal.console.line import Line, Style
from rehearsal.run_events import (
    ActionEnded,
    ActionOutput,
    ActionStarted,
    BuildCommandStarted,
    BuildPhaseStarted,
    RunEvent,
)

_LONGEST = 160
_ASKS_A_PERSON = "Manual"  # its question says what it waits for


_Path = tuple[str, str, str]  # the execution's id, the stage, the action
_OfAction = ActionStarted | ActionEnded | ActionOutput | BuildPhaseStarted | BuildCommandStarted


@dataclass
class _Running:
    started: float
    said: float
    phase: str = ""
    command: str = ""
    last_line: str = ""

    @property
    def doing(self) -> str:
        """The phase and the command, as far as there are any."""
        return f" {self.phase}: {self.command}" if self.command else f" {self.phase}" if self.phase else ""


@dataclass
class RunningActions:
    _actions: dict[_Path, _Running] = field(default_factory=dict)

    def take(self, event: RunEvent, now: float) -> None:
        match event:
            case ActionStarted() if event.provider != _ASKS_A_PERSON:
                self._actions[_path(event)] = _Running(now, now)
            case ActionEnded():
                self._actions.pop(_path(event), None)
            case ActionOutput() if found := self._actions.get(_path(event)):
                found.last_line = event.line.strip() or found.last_line
            case BuildPhaseStarted() if found := self._actions.get(_path(event)):
                found.phase, found.command, found.last_line = event.phase, "", ""
            case BuildCommandStarted() if found := self._actions.get(_path(event)):
                found.phase, found.command, found.last_line = event.phase, _first_line(event.command), ""
            case _:
                pass

    def statuses(self, now: float, *, rows: int) -> list[Line]:
        """At most `rows` lines: two for each action when there is room, one when not, and how many are left out."""
        blocks = [list(_status(path, action, now)) for path, action in self._actions.items()]
        if sum(map(len, blocks)) > rows:
            blocks = [block[:1] for block in blocks]
        lines = [line for block in blocks for line in block]
        if len(lines) <= rows:
            return lines
        return [*lines[: rows - 1], Line(f"  … and {len(lines) - rows + 1} more", Style.FAINT)]

    def heartbeats(self, now: float, *, seconds: float) -> list[Line]:
        """One line for each action of which nothing was said for so long."""
        lines = []
        for (_, stage, action), running in self._actions.items():
            if now - running.said < seconds:
                continue
            running.said = now
            last_line = f" | {_cut(running.last_line)}" if running.last_line else ""
            text = f"    … {stage}/{action} {now - running.started:.0f} s{_cut(running.doing)}{last_line}"
            lines.append(Line(text, Style.FAINT))
        return lines


def _path(event: _OfAction) -> _Path:
    return event.execution_id, event.stage, event.action


def _status(path: _Path, running: _Running, now: float) -> Iterator[Line]:
    yield Line(f"  ⋯ {'/'.join(path[1:])} {now - running.started:.0f} s{running.doing}")
    if running.last_line:
        yield Line(f"      {running.last_line}", Style.FAINT)


def _first_line(command: str) -> str:
    first, *more = command.strip().split("\n")
    return f"{first} …" if more else first


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
