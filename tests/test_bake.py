"""The bake's verdict over alarms as CloudWatch describes them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from scripts.bake import bake

ROOT = Path(__file__).parent.parent
ALARMS = ("api-5xx-rate", "prober-heartbeat")
FIRST = ALARMS[0]


class Alarms:
    """DescribeAlarms; each look finds the next of `states` (of the first alarm), the last for ever."""

    def __init__(self, *states: str) -> None:
        self._states = list(states)
        self.looks = 0

    def __call__(self, *, AlarmNames: list[str], AlarmTypes: list[str]) -> Mapping[str, Any]:
        assert (AlarmNames, AlarmTypes) == (list(ALARMS), ["MetricAlarm", "CompositeAlarm"])
        state = self._states[min(self.looks, len(self._states) - 1)]
        self.looks += 1
        found = [{"AlarmName": ALARMS[1], "StateValue": "OK", "StateReason": "fine"}]
        if state != "missing":
            found.append({"AlarmName": FIRST, "StateValue": state, "StateReason": f"it is {state}"})
        return {"MetricAlarms": found[:1], "CompositeAlarms": found[1:]}


def moments(count: int) -> Iterator[str]:
    yield from ["\n"] * count


def test_release_is_good_when_every_alarm_was_ok_all_the_time() -> None:
    alarms = Alarms("OK")

    assert bake(ALARMS, alarms, moments(4), looks=4, is_way_back=False) is None
    assert alarms.looks == 5


@pytest.mark.parametrize("looks_before", [0, 1, 3])
def test_alarm_ends_the_bake_at_once_and_says_why(looks_before: int) -> None:
    alarms, left = Alarms(*["OK"] * looks_before, "ALARM", "OK"), moments(9)

    assert bake(ALARMS, alarms, left, looks=9, is_way_back=False) == f"{FIRST} is ALARM: it is ALARM"
    assert alarms.looks == looks_before + 1
    assert len(list(left)) == 8 - looks_before


def test_alarm_of_the_last_look_counts() -> None:
    assert bake(ALARMS, Alarms("OK", "OK", "ALARM"), moments(2), looks=2, is_way_back=False) is not None


def test_alarm_without_data_has_proven_nothing_at_the_end_and_may_have_none_before() -> None:
    nothing = f"{FIRST} is INSUFFICIENT_DATA: it is INSUFFICIENT_DATA"
    assert bake(ALARMS, Alarms("INSUFFICIENT_DATA"), moments(3), looks=3, is_way_back=False) == nothing
    assert bake(ALARMS, Alarms("INSUFFICIENT_DATA", "OK"), moments(3), looks=3, is_way_back=False) is None


def test_bake_that_was_called_too_seldom_has_proven_nothing() -> None:
    told = bake(ALARMS, Alarms("OK"), moments(3), looks=4, is_way_back=False)

    assert told == "it was to look 4 times, and was told to 3 times: what is to call it has ended"


def test_alarm_that_is_not_there_is_named() -> None:
    assert bake(ALARMS, Alarms("missing"), moments(1), looks=1, is_way_back=False) == (
        f"{FIRST} is missing: there is no such alarm"
    )


def test_way_back_gives_the_alarm_that_caused_it_until_the_end() -> None:
    assert bake(ALARMS, Alarms("ALARM", "ALARM", "OK"), moments(3), looks=3, is_way_back=True) is None
    assert bake(ALARMS, Alarms("ALARM"), moments(3), looks=3, is_way_back=True) == f"{FIRST} is ALARM: it is ALARM"


def test_bake_refuses_an_answer_that_is_none() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "scripts/bake.py",
            "--looks",
            "1",
            "--role-arn",
            "a",
            "--region",
            "r",
            "--way-back",
            "",
            "alarm",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert "--way-back" in done.stderr
