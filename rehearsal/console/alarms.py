"""Collects the alarm changes that mean nothing by themselves, so that forty new alarms are one line.

A change to ALARM, and every change until that alarm is OK again, is a line of its own. It must not lose one: whatever
was collected is said by `lines`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rehearsal.console.line import Line, Style
from rehearsal.run_events import AlarmChanged

_NAMED = 3
_Alarm = tuple[str, str]  # account, name


@dataclass
class AlarmChanges:
    """`take` answers what is to be said now; `lines` what was collected since it was last called."""

    _firing: set[_Alarm] = field(default_factory=set)
    _known: set[_Alarm] = field(default_factory=set)
    _new: dict[_Alarm, None] = field(default_factory=dict)
    _again: dict[_Alarm, None] = field(default_factory=dict)
    _without_data: dict[_Alarm, None] = field(default_factory=dict)

    def take(self, event: AlarmChanged) -> list[Line]:
        alarm = (event.account, event.alarm)
        is_known = alarm in self._known
        self._known.add(alarm)
        if "ALARM" in (event.new_state, event.old_state) or alarm in self._firing:
            if event.new_state == "OK":
                self._firing.discard(alarm)
            else:
                self._firing.add(alarm)
            return [*self.lines(), _change(event)]
        if event.new_state == "INSUFFICIENT_DATA":
            self._without_data[alarm] = None
        elif is_known:
            self._again[alarm] = None
        else:
            self._new[alarm] = None
        return []

    def lines(self) -> list[Line]:
        said = [
            Line(f"      {words}", Style.FAINT)
            for words in (
                _words(self._new, "1 new alarm is OK", "{} new alarms are OK"),
                _words(self._without_data, "1 alarm has insufficient data", "{} alarms have insufficient data"),
                _words(self._again, "1 alarm is OK again", "{} alarms are OK again"),
            )
            if words
        ]
        for collected in (self._new, self._without_data, self._again):
            collected.clear()
        return said


def _change(event: AlarmChanged) -> Line:
    style = Style.BAD if event.new_state == "ALARM" else Style.FAINT
    return Line(f"      alarm {event.alarm}: {event.old_state} → {event.new_state}", style)


def _words(alarms: dict[_Alarm, None], one: str, many: str) -> str:
    if not alarms:
        return ""
    words = one if len(alarms) == 1 else many.format(len(alarms))
    return words if len(alarms) > _NAMED else f"{words}: {', '.join(name for _, name in alarms)}"
