"""The gates of the canaried units, read from the templates."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from scripts.canary.gates import Measured, Series, UnknownGate, read_units
from service.release.runtime.chance import Chance
from tests.assembly import Assembly


def test_every_canaried_unit_of_both_stages_is_read_with_its_gates(assembly: Assembly) -> None:
    units = {(unit.stage, unit.name): unit for unit in read_units(assembly.folder)}

    assert sorted(units) == [
        (stage, name)
        for stage in ("Prod", "Staging")
        for name in ("Api", "Changes", "Maintenance", "Notifications", "Telemetry")
    ]
    api = units["Staging", "Api"]
    assert [alarm.name for alarm in api.alarms] == ["NewVersionErrors", "NewVersionErrorsInWindow", "NewVersionSlow"]
    assert api.alarms[2].reads["newErrors"] == Series(Measured.SLOW_CALLS, is_new=True)
    assert api.alarms[2].reads["allErrors"] == Series(Measured.SLOW_CALLS, is_new=False)
    assert (api.shares[0], api.shares[-1], len(api.shares)) == (0.1, 0.9, 18)
    assert units["Prod", "Telemetry"].shares == (0.5,) * 15
    assert api.minimum_calls == 100
    assert "POST /cars" in api.routes
    assert api.evidence_of_a_route == Chance(deviations=2.5, counts=0.9, background=0.005)
    assert (units["Prod", "Telemetry"].routes, units["Prod", "Telemetry"].evidence_of_a_route) == ((), None)


def test_units_judge_alike_when_only_their_functions_differ(assembly: Assembly) -> None:
    units = {(unit.stage, unit.name): unit for unit in read_units(assembly.folder)}

    assert units["Prod", "Telemetry"].rule == units["Prod", "Maintenance"].rule
    assert units["Prod", "Telemetry"].rule == units["Prod", "Notifications"].rule  # which refuses nothing
    assert units["Prod", "Api"].rule != units["Staging", "Api"].rule


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ('"MetricName": "Errors"', '"MetricName": "Throttles"', "reads Throttles"),
        ('"TimeBasedLinear"', '"AllAtOnce"', "canary and linear ones are known"),
        ('"CHANCE"', '"LUCK"', "has 0 evidence hooks"),
    ],
)
def test_gate_that_cannot_be_drawn_is_refused_by_name(
    before: str, after: str, problem: str, assembly: Assembly, tmp_path: Path
) -> None:
    # given
    (source,) = assembly.folder.glob("assembly-*-Staging/*StagingApi*.template.json")
    folder = tmp_path / source.parent.name
    folder.mkdir()
    shutil.copy(source, folder)
    text = json.dumps(json.loads(source.read_text()))
    assert before in text
    (folder / source.name).write_text(text.replace(before, after))

    # when / then
    with pytest.raises(UnknownGate, match=problem):
        read_units(tmp_path)
