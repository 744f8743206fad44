"""A promise of config.py that the templates' own odds do not keep is refused, with the numbers."""

from __future__ import annotations

import dataclasses
import re
import shutil
from pathlib import Path

import pytest

from config import Configuration
from scripts.canary import __main__ as command
from scripts.canary.gates import Unit, read_units
from scripts.canary.promise import UnknownCanary, broken_promises, healthy_stopped_percent
from tests.assembly import Assembly
from tests.example import example_configuration


@pytest.fixture(scope="module")
def units(assembly: Assembly) -> list[Unit]:
    return read_units(assembly.folder)


def with_staging(configuration: Configuration, **changes: object) -> Configuration:
    staging = configuration.staging
    canary = dataclasses.replace(staging.service.canary, **changes)  # type: ignore[arg-type]
    service = dataclasses.replace(staging.service, canary=canary)
    return dataclasses.replace(configuration, staging=dataclasses.replace(staging, service=service))


def with_bold_events(configuration: Configuration) -> Configuration:
    staging = configuration.staging
    canary = dataclasses.replace(staging.service.event_canary, sees_percent=1)
    service = dataclasses.replace(staging.service, event_canary=canary)
    return dataclasses.replace(configuration, staging=dataclasses.replace(staging, service=service))


def test_promise_that_cannot_be_kept_is_refused_with_the_numbers(units: list[Unit]) -> None:
    bold = with_staging(example_configuration(), sees_percent=0.5)

    (sentence,) = broken_promises([unit for unit in units if (unit.stage, unit.name) == ("Staging", "Api")], bold)

    assert sentence.startswith("Staging Api: at 120 calls a minute, ")
    assert "of which 0.5 % of the calls more fail than of the old one; 95 % are promised." in sentence


def test_promise_of_one_route_that_cannot_be_kept_is_refused_with_the_numbers(units: list[Unit]) -> None:
    bold = with_staging(example_configuration(), sees_percent_of_a_route=5)

    (sentence,) = broken_promises([unit for unit in units if (unit.stage, unit.name) == ("Staging", "Api")], bold)

    found = re.fullmatch(
        r"Staging Api: at 120 calls a minute, (\d+\.\d) % of the versions are stopped of which 5 % of one route's "
        r"calls \(POST /cars\) more fail than of the old one; 95 % are promised\. Raise the canary's percent or "
        r"minutes, the prober's traffic, or sees_percent_of_a_route\.",
        sentence,
    )
    assert found
    assert 75 < float(found[1]) < 90


def test_gates_that_look_at_all_calls_alone_do_not_keep_the_promise_of_one_route(units: list[Unit]) -> None:
    (prod,) = (unit for unit in units if (unit.stage, unit.name) == ("Prod", "Api"))
    blind = dataclasses.replace(prod, evidence_of_a_route=None)

    (sentence,) = broken_promises([blind], example_configuration())

    assert "of which 5 % of one route's calls (POST /cars) more fail" in sentence


def test_nervous_gate_is_refused_with_the_share_of_healthy_releases_that_it_stops(units: list[Unit]) -> None:
    # given: an evidence hook that believes in no chance at all
    (api,) = (unit for unit in units if (unit.stage, unit.name) == ("Staging", "Api"))
    nervous = dataclasses.replace(api, evidence=dataclasses.replace(api.evidence, deviations=0, counts=0))

    # when
    sentences = broken_promises([nervous], example_configuration())

    # then
    assert any("of healthy releases whose calls fail by 0.5 %" in sentence for sentence in sentences)


def test_canary_that_config_does_not_know_asks_for_a_new_synthesis(units: list[Unit]) -> None:
    with pytest.raises(UnknownCanary, match="shifts its traffic as no canary of config"):
        broken_promises(units, with_staging(example_configuration(), minutes=7))


def test_share_of_healthy_releases_is_of_all_units_together(units: list[Unit]) -> None:
    service = example_configuration().prod.service
    prod = [unit for unit in units if unit.stage == "Prod"]

    assert healthy_stopped_percent(prod, service, 0.0) == 0.0


def test_command_checks_the_assembly(
    assembly: Assembly, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: one unit is enough
    (template,) = assembly.folder.glob("assembly-*-Staging/*StagingNotifications*.template.json")
    (tmp_path / template.parent.name).mkdir()
    shutil.copy(template, tmp_path / template.parent.name)

    # when / then
    assert command.main(["--check", str(tmp_path)]) == 0
    assert capsys.readouterr() == ("", "")

    # given / when / then: a fault that few calls cannot show
    monkeypatch.setattr(command, "configuration", lambda: with_bold_events(example_configuration()))
    assert command.main(["--check", str(tmp_path)]) == 1
    assert (
        "config.py promises more than its canaries keep. Staging Notifications: at 4 calls" in capsys.readouterr().err
    )


def test_command_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--check", str(tmp_path)]) == 2
    assert "has no canary. Synthesize first: make synth" in capsys.readouterr().err
