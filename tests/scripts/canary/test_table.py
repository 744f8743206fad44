"""The odds in words and as a picture."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.canary.gates import Unit, read_units
from scripts.canary.plot import draw_odds
from scripts.canary.table import Curve, Row, compute, curves, render
from tests.assembly import Assembly


def notifications(assembly: Assembly) -> Unit:
    (unit,) = (one for one in read_units(assembly.folder) if (one.stage, one.name) == ("Staging", "Notifications"))
    return unit


def test_row_has_a_units_odds_at_a_traffic(assembly: Assembly) -> None:
    row = compute(notifications(assembly), 60, releases=100)

    assert row.stopped[2:] == (1.0, 1.0)
    assert row.stopped == tuple(sorted(row.stopped))
    assert row.smallest_seen is not None
    assert 0.02 < row.smallest_seen < 0.1
    # a minute to fail in, a minute until it is seen, of half of the calls
    assert row.harmed[-1] == pytest.approx(60, rel=0.05)


def test_smallest_excess_is_none_where_nothing_can_be_seen() -> None:
    row = Row(1, (0, 0, 0), (0, 0, 0, 0), None, None, (0, 0, 0, 0), (1, 1, 1, 1))

    (*_, line) = render("Unit", [row])

    assert "none" in line


def test_lines_have_their_columns_below_those_of_the_head() -> None:
    row = Row(60, (0, 0.001, 0.01), (0.5, 0.9, 1, 1), 0.03, 7.5, (1, 9, 18, 60), (1, 4, 1.01, 1))

    title, *head, line = render("Unit", [row])

    assert title == "Unit"
    assert line.count("|") == head[0].count("|")
    assert [part.strip() for part in line.split("|")][:2] == ["60", "0.00 %  0.10 %  1.00 %"]


def test_curves_rise_with_the_fault(assembly: Assembly) -> None:
    curve = curves(notifications(assembly), 60, releases=50)

    assert curve.stopped_percent[0] == 0
    assert curve.stopped_percent[-1] == 100


def test_same_curves_give_the_same_picture(tmp_path: Path) -> None:
    panels = {"Api": [Curve(60, (0, 5, 100), (0, 90, 100))], "Events": [Curve(60, (0, 5, 100), (0, 40, 100))]}

    for name in ("one.svg", "two.svg"):
        draw_odds(panels, tmp_path / name)

    first = (tmp_path / "one.svg").read_text()
    assert first == (tmp_path / "two.svg").read_text()
    assert all(text in first for text in ("Api", "Events", "60 calls/min", "releases stopped (%)"))
