"""The odds of one route's faults, in words."""

from __future__ import annotations

import pytest

from scripts.canary.gates import read_units
from scripts.canary.route_table import RouteRow, render_routes, route_rows
from tests.assembly import Assembly


def test_row_has_the_odds_of_one_routes_fault_at_a_traffic(assembly: Assembly) -> None:
    (api,) = (one for one in read_units(assembly.folder) if (one.stage, one.name) == ("Prod", "Api"))

    row = next(route_rows(api, 120, releases=100))

    assert row.route == api.routes[0] == "GET /cars"
    assert row.calls == pytest.approx(120 * 13.5 / 7)
    assert row.by_route == tuple(sorted(row.by_route))
    assert row.by_route[0] > row.by_all_calls[0]
    assert row.smallest_seen is not None


def test_lines_have_their_columns_below_those_of_the_head() -> None:
    row = RouteRow("GET /cars/{car_id}", 120, 694, (0.1, 0.2, 1), (0.9, 1, 1), None, 12)

    title, *head, line = render_routes("Prod Api", [row])

    assert title == "Prod Api, faults of one route alone"
    assert [place for place, letter in enumerate(line) if letter == "|"] == [
        place for place, letter in enumerate(head[0]) if letter == "|"
    ]
    assert "none" in line
