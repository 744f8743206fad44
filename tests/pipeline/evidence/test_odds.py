"""What the page says of the canaries' odds: what the Build wrote, or why nothing is known."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.evidence.runtime.canary_section import odds_table
from pipeline.evidence.runtime.model import Odds
from pipeline.evidence.runtime.odds import FILE, read_odds
from pipeline.evidence.runtime.page import page
from tests.pipeline.evidence.test_page import evidence

STAGING = Odds("Staging-Api", 120, 18, 0.5, 0.35, 95, 2.2, 5, 6.8)
PROD = dataclasses.replace(STAGING, stack="Prod-Api", shift_minutes=27, smallest_seen_percent=1.8)


def write(folder: Path, *odds: Odds, **changes: Any) -> Path:
    document = {"schema": 1, "odds": [dataclasses.asdict(one) for one in odds], **changes}
    (folder / FILE).write_text(json.dumps(document))
    return folder


def test_odds_of_the_stacks_that_are_asked_for_are_read_in_their_order(tmp_path: Path) -> None:
    other = dataclasses.replace(PROD, stack="Prod-Changes")
    folder = write(tmp_path, PROD, STAGING, other)
    assert read_odds(folder, ["Staging-Api", "Prod-Api", "Prod-Api"]) == ((STAGING, PROD), "")


def test_release_without_a_canaried_function_needs_none(tmp_path: Path) -> None:
    assert read_odds(tmp_path, []) == ((), "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "The Build has handed none over."),
        ("{", "canary-odds.json cannot be read: "),
        ('{"schema": 2, "odds": []}', "has the schema 2, and 1 is read here"),
        ('{"schema": 1, "odds": [{"stack": "Prod-Api"}]}', "cannot be read: "),
        ('{"schema": 1, "odds": []}', "The Build has none of Prod-Api."),
        (json.dumps({"schema": 1, "odds": [{**dataclasses.asdict(PROD), "seen_percent": "95"}]}), "is '95'"),
        (json.dumps({"schema": 1, "odds": [{**dataclasses.asdict(PROD), "shift_minutes": None}]}), "is None"),
        ("[]", "cannot be read: "),
    ],
)
def test_odds_that_are_not_known_have_a_reason(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / FILE).write_text(content)
    found, reason = read_odds(tmp_path, ["Prod-Api"])
    assert found == ()
    assert words in reason


def test_page_has_the_odds_of_both_stages_beside_the_plot() -> None:
    # given
    made = evidence()
    other = dataclasses.replace(PROD, stack="Prod-Changes", calls_per_minute=4)
    # when
    shown = page(dataclasses.replace(made, canary=dataclasses.replace(made.canary, odds=(STAGING, PROD, other))))
    # then
    after_plot = shown.partition("</svg>")[2]
    assert after_plot.startswith("<table>")
    assert "<tr><th>The canary</th><td>Staging</td><td>Prod</td></tr>" in after_plot
    assert "<tr><th>seen with 95 %: more calls fail</th><td>2.2 %</td><td>1.8 %</td></tr>" in after_plot
    assert "<tr><th>minutes to the alarm (5 % more fail)</th><td>6.8</td><td>6.8</td></tr>" in after_plot


def test_canary_that_sees_nothing_and_rings_no_alarm_says_so() -> None:
    table = odds_table((dataclasses.replace(STAGING, smallest_seen_percent=None, alarm_minutes=None),), "Staging-Api")
    assert "<td>none</td>" in table
    assert "<td>none rings</td>" in table


def test_page_of_a_stack_without_odds_has_no_table() -> None:
    assert odds_table((STAGING,), "Staging-Changes") == ""
    assert "<table>" not in page(evidence())


def test_page_says_why_odds_are_not_known() -> None:
    made = evidence()
    shown = page(dataclasses.replace(made, canary=dataclasses.replace(made.canary, odds_reason="<None> came.")))
    assert "<p>How much the canaries see is not known. &lt;None&gt; came.</p>" in shown
