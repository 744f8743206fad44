"""What the Build tells the release evidence of the canaries: of each one that is released, and what was computed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from pipeline.evidence.runtime.assembly import read_stage
from pipeline.evidence.runtime.canary import shifted_aliases
from pipeline.evidence.runtime.odds import FILE, read_odds
from scripts.canary import __main__ as command
from scripts.canary.gates import Unit, read_units
from scripts.canary.promise import RELEASES
from scripts.canary.promised_odds import promised_odds
from scripts.canary.releases import Fault
from scripts.canary.table import smallest
from scripts.canary.verdicts import odds
from tests.assembly import Assembly
from tests.example import example_configuration


@pytest.fixture(scope="module")
def events(assembly: Assembly) -> list[Unit]:
    """Units of events: theirs are drawn in a moment."""
    return [unit for unit in read_units(assembly.folder) if (unit.stage, unit.name) == ("Staging", "Changes")]


def test_odds_are_those_that_the_promises_are_held_against(events: list[Unit]) -> None:
    # when
    (told,) = promised_odds(events, example_configuration())
    # then
    canary = example_configuration().staging.service.event_canary
    fault = Fault(background=0.001, excess=canary.sees_percent / 100)
    faulty = odds(events[0], per_minute=told.calls_per_minute, fault=fault, releases=RELEASES)
    healthy = odds(events[0], per_minute=told.calls_per_minute, fault=Fault(background=0.005), releases=RELEASES)
    assert (told.stack, told.calls_per_minute, told.shift_minutes) == ("Staging-Changes", 4, canary.minutes)
    assert (told.alarm_excess_percent, told.healthy_background_percent) == (canary.sees_percent, 0.5)
    assert told.alarm_minutes == pytest.approx(faulty.minutes, abs=0.05)
    assert told.healthy_stopped_percent == pytest.approx(100 * healthy.stopped, abs=0.01)


def test_smallest_fault_is_just_seen(events: list[Unit]) -> None:
    (told,) = promised_odds(events, example_configuration())
    assert told.smallest_seen_percent is not None
    stopped = [
        odds(events[0], per_minute=4, fault=Fault(background=0.001, excess=excess / 100), releases=RELEASES).stopped
        for excess in (told.smallest_seen_percent - 4, told.smallest_seen_percent)
    ]
    assert stopped[0] < 0.95
    assert stopped[1] == pytest.approx(0.95, abs=0.03)


def test_search_ends_at_what_is_known_to_be_seen() -> None:
    asked: list[float] = []

    def is_seen(excess: float) -> bool:
        asked.append(excess)
        return excess >= 0.02

    found = smallest(is_seen, step=0.0025, high=0.05)
    assert found is not None
    assert 0.02 <= found <= 0.0225
    assert max(asked) == 0.05
    assert smallest(lambda _: False, step=0.0025, high=0.05) is None


def test_evidence_reads_what_the_command_writes_of_every_canaried_stack(
    assembly: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: less exact than the Build is
    monkeypatch.setattr("scripts.canary.promised_odds.RELEASES", 50)
    monkeypatch.setattr("scripts.canary.promised_odds._SEARCHED", 50)
    monkeypatch.setattr(command, "broken_promises", lambda *_: [])
    # when
    assert command.main(["--check", str(assembly.folder), "--odds", str(tmp_path / "reports" / FILE)]) == 0
    # then
    stacks = [
        shifted.stack
        for stage in ("Staging", "Prod")
        for shifted in shifted_aliases(read_stage(assembly.folder, stage).templates)
    ]
    found, reason = read_odds(tmp_path / "reports", stacks)
    assert reason == ""
    assert [one.stack for one in found] == stacks
    assert {"Staging-Api", "Prod-Api"} <= set(stacks)


def test_broken_promise_fails_the_build_and_the_odds_are_told_all_the_same(
    assembly: Assembly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (template,) = assembly.folder.glob("assembly-*-Staging/*StagingChanges*.template.json")
    (tmp_path / template.parent.name).mkdir()
    shutil.copy(template, tmp_path / template.parent.name)
    monkeypatch.setattr(command, "broken_promises", lambda *_: ["Staging Changes: no."])

    assert command.main(["--check", str(tmp_path), "--odds", str(tmp_path / FILE)]) == 1
    assert len(json.loads((tmp_path / FILE).read_text())["odds"]) == 1
