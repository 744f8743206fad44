from __future__ import annotations

from itertools import pairwise

from rehearsal.console.alarms import AlarmChanges
from rehearsal.run_events import AlarmChanged


def take(changes: AlarmChanges, alarm: str, *states: str) -> list[str]:
    """What is said as the alarm goes from state to state."""
    return [
        line.text.strip()
        for old, new in pairwise(states)
        for line in changes.take(AlarmChanged(account="1", alarm=alarm, old_state=old, new_state=new))
    ]


def rest(changes: AlarmChanges) -> list[str]:
    return [line.text.strip() for line in changes.lines()]


def test_forty_new_alarms_are_one_line() -> None:
    changes = AlarmChanges()

    said = [take(changes, f"alarm-{number}", "INSUFFICIENT_DATA", "OK") for number in range(41)]

    assert said == [[]] * 41
    assert rest(changes) == ["41 new alarms are OK"]
    assert rest(changes) == []


def test_few_alarms_are_named() -> None:
    changes = AlarmChanges()
    take(changes, "errors", "INSUFFICIENT_DATA", "OK")
    take(changes, "latency", "INSUFFICIENT_DATA", "OK")

    assert rest(changes) == ["2 new alarms are OK: errors, latency"]


def test_alarm_and_its_way_back_are_lines_of_their_own() -> None:
    changes = AlarmChanges()

    said = take(changes, "errors", "OK", "ALARM", "INSUFFICIENT_DATA", "OK")

    assert said == [
        "alarm errors: OK → ALARM",
        "alarm errors: ALARM → INSUFFICIENT_DATA",
        "alarm errors: INSUFFICIENT_DATA → OK",
    ]
    assert rest(changes) == []


def test_what_was_collected_is_said_before_an_alarm() -> None:
    changes = AlarmChanges()

    assert take(changes, "errors", "INSUFFICIENT_DATA", "OK", "ALARM") == [
        "1 new alarm is OK: errors",
        "alarm errors: OK → ALARM",
    ]


def test_alarm_that_loses_its_data_and_finds_it_again_is_not_new() -> None:
    changes = AlarmChanges()

    take(changes, "errors", "INSUFFICIENT_DATA", "OK", "INSUFFICIENT_DATA", "OK")

    assert rest(changes) == [
        "1 new alarm is OK: errors",
        "1 alarm has insufficient data: errors",
        "1 alarm is OK again: errors",
    ]
