"""Where an alarm sends the people whom it wakes: the page is there, and speaks of that alarm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.assembly import Assembly
from tests.example import example_configuration
from tests.synthesis import ROOT

RUNBOOK = ROOT / "docs" / "runbook"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def alarm_descriptions(assembly: Assembly, stage: str) -> Iterator[tuple[str, str]]:
    """Each alarm that calls people, by its name: those of a canary call nobody, and have none."""
    for template in assembly.stage_templates(stage):
        for alarm in template.of_type("AWS::CloudWatch::Alarm").values():
            properties = alarm["Properties"]
            if "AlarmName" in properties:
                yield properties["AlarmName"], properties["AlarmDescription"]


def headings(page: Path) -> set[str]:
    """The anchors of a page's second-level headings, as GitHub makes them."""
    found = re.findall(r"^## (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


@pytest.mark.parametrize("stage", ["Staging", "Prod"])
def test_every_alarm_links_to_its_own_heading(stage: str, assembly: Assembly) -> None:
    base = example_configuration().prod.service.runbook_url
    alarms = dict(alarm_descriptions(assembly, stage))

    assert len(alarms) > 5
    for name, description in alarms.items():
        what = name.removeprefix(f"cars-{stage.lower()}-")
        page, _, anchor = description.rpartition(f"{base}/")[2].partition("#")
        assert anchor == what, name
        assert page == f"{what.split('-', 1)[0]}.md", name
        assert (RUNBOOK / page).is_file(), f"{name}: docs/runbook/{page} is missing"
        assert anchor in headings(RUNBOOK / page), f"{name}: docs/runbook/{page} has no heading '## {what}'"


def test_every_alarm_on_the_pipeline_links_to_its_own_heading(assembly: Assembly) -> None:
    base = example_configuration().prod.service.runbook_url
    alarms = assembly.pipeline_template.of_type("AWS::CloudWatch::Alarm").values()
    linked = {alarm["Properties"]["AlarmName"]: alarm["Properties"]["AlarmDescription"] for alarm in alarms}

    assert linked
    for name, description in linked.items():
        assert description.endswith(f"{base}/pipeline.md#{name}")
    of_alarms = {heading for heading in headings(RUNBOOK / "pipeline.md") if heading.startswith("pipeline-")}
    assert of_alarms == set(linked)


def test_no_heading_speaks_of_an_alarm_that_is_no_more(assembly: Assembly) -> None:
    alarms = {name.removeprefix("cars-prod-") for name, _ in alarm_descriptions(assembly, "Prod")}
    for unit in {what.split("-", 1)[0] for what in alarms}:
        of_alarms = {heading for heading in headings(RUNBOOK / f"{unit}.md") if heading.startswith(f"{unit}-")}
        assert of_alarms <= alarms, f"docs/runbook/{unit}.md"


def test_index_names_every_page() -> None:
    index = (RUNBOOK / "README.md").read_text()
    missing = [page.name for page in RUNBOOK.glob("*.md") if page.name != "README.md" and f"({page.name})" not in index]
    assert missing == []


def test_tables_that_are_restored_are_those_of_the_stack(assembly: Assembly) -> None:
    named = set(re.findall(r"\b\w+Table[0-9A-F]{8}\b", (RUNBOOK / "data.md").read_text()))

    assert named == set(assembly.stage_template("Prod", "Database").of_type("AWS::DynamoDB::GlobalTable"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in headings(target), f"{page.name}: {link}"
