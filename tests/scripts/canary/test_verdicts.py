"""The odds that the local CloudWatch gives agree with a simulation that knows nothing of it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from scripts.canary.gates import Unit, read_units
from scripts.canary.releases import Fault
from scripts.canary.verdicts import odds
from tests.assembly import Assembly

RELEASES = 2000
LAG = 1
LONG = 5


@pytest.fixture(scope="module")
def units(assembly: Assembly) -> dict[tuple[str, str], Unit]:
    return {(unit.stage, unit.name): unit for unit in read_units(assembly.folder)}


def is_beyond(new: int, failed: int, old: int, old_failed: int, deviations: float, counts: float) -> bool:
    """The rule in words of its own, with the numbers of service/release/canary.py."""
    rate = max(0.005, old_failed / (old + 1)) if old_failed > 0.005 * old else 0.005
    expected = rate * new
    return failed > expected + deviations * math.sqrt(expected * (1 + new / (old + 1))) + counts


MIX = {"POST /cars": 2, "GET /cars/{car_id}": 6, "GET /cars": 2, "PUT": 1, "PATCH": 1, "DELETE": 2}
"""Of two journeys: how many of their requests go to which route."""

RouteMinutes = list[dict[str, tuple[int, int, int, int]]]
"""Of each minute and route: calls and errors of the new version, and of the old one."""


def simulated(
    shares: tuple[float, ...], per_minute: float, background: float, excess: float, *, only: str | None = None
) -> float:
    """The share of releases that are stopped, one release after another, by errors and by slow calls alone.

    With `only`, a route, each route is judged by itself, too, and the excess is of its calls.
    """
    random = np.random.default_rng(2026)
    mix = {route: part / sum(MIX.values()) for route, part in MIX.items()} if only else {"": 1.0}
    stopped = 0
    for _ in range(RELEASES):
        minutes = []
        by_route: RouteMinutes = []
        for share in (0.0,) * LONG + shares:
            found = {}
            for route, part in mix.items():
                new, old = (int(random.poisson(per_minute * part * of)) for of in (share, 1 - share))
                more = excess if route == (only or "") else 0
                failed = int(random.binomial(new, min(1, background + more)))
                found[route] = (new, failed, old, int(random.binomial(old, background)))
            new, failed, old, old_failed = (sum(counts) for counts in zip(*found.values(), strict=True))
            slow = (int(random.binomial(new, background)), int(random.binomial(old, background)))
            minutes.append((new, old, [(failed, old_failed), slow]))
            by_route.append(found)
        stopped += is_stopped(minutes) or (only is not None and is_refused(by_route))
    return stopped / RELEASES


def is_refused(minutes: RouteMinutes) -> bool:
    """Whether some route's own evidence stops the release, but for the last minute, which is not in yet."""
    seen = minutes[LONG:-LAG]
    for route in minutes[0]:
        new, failed, old, old_failed = (sum(counts) for counts in zip(*(found[route] for found in seen), strict=True))
        if is_beyond(new, failed, old, old_failed, 2.5, 0.9):
            return True
    return False


def is_stopped(minutes: list[tuple[int, int, list[tuple[int, int]]]]) -> bool:
    def is_over(first: int, last: int, fault: int, deviations: float, counts: float) -> bool:
        seen = minutes[first:last]
        return is_beyond(
            sum(minute[0] for minute in seen),
            sum(minute[2][fault][0] for minute in seen),
            sum(minute[1] for minute in seen),
            sum(minute[2][fault][1] for minute in seen),
            deviations,
            counts,
        )

    for end in range(LONG + 1, len(minutes) + 1 - LAG):
        if is_over(end - 1, end, 0, 4.2, 1.0):
            return True
        if any(is_over(end - LONG, end, fault, 4.8, 1.5) for fault in (0, 1)):
            return True
    return is_over(LONG, len(minutes) - LAG, 0, 2.8, 1.1)


@pytest.mark.parametrize(
    ("unit", "per_minute", "background", "excess"),
    [
        ("Api", 120, 0.005, 0.0),
        ("Api", 120, 0.001, 0.02),
        ("Api", 60, 0.001, 0.02),
        ("Api", 60, 0.005, 0.01),
        ("Api", 600, 0.001, 0.008),
        ("Notifications", 4, 0.001, 0.15),
        ("Notifications", 60, 0.005, 0.02),
    ],
)
def test_odds_agree_with_a_simulation_within_the_noise_of_two_thousand_draws(
    unit: str, per_minute: float, background: float, excess: float, units: dict[tuple[str, str], Unit]
) -> None:
    judged = dataclasses.replace(units["Staging", unit], evidence_of_a_route=None)

    seen = odds(
        judged, per_minute=per_minute, fault=Fault(background=background, excess=excess), releases=RELEASES
    ).stopped
    expected = simulated(judged.shares, per_minute, background, excess)

    noise = math.sqrt(2 * max(expected * (1 - expected), 1 / RELEASES) / RELEASES)
    assert abs(seen - expected) <= 4 * noise


@pytest.mark.parametrize(
    ("stage", "per_minute", "background", "excess"),
    [
        ("Prod", 120, 0.001, 0.05),
        ("Prod", 120, 0.005, 0.0),
        ("Staging", 120, 0.001, 0.05),
        ("Staging", 60, 0.001, 0.08),
        ("Staging", 60, 0.005, 0.03),
        ("Staging", 600, 0.005, 0.02),
    ],
)
def test_odds_of_one_routes_fault_agree_with_a_simulation(
    stage: str, per_minute: float, background: float, excess: float, units: dict[tuple[str, str], Unit]
) -> None:
    judged, route = units[stage, "Api"], "POST /cars"

    fault = Fault(background=background, excess=excess, route=route)
    seen = odds(judged, per_minute=per_minute, fault=fault, releases=RELEASES).stopped
    expected = simulated(judged.shares, per_minute, background, excess, only=route)

    noise = math.sqrt(2 * max(expected * (1 - expected), 1 / RELEASES) / RELEASES)
    assert abs(seen - expected) <= 4 * noise


def test_fault_of_one_route_that_all_calls_hide_is_seen_by_the_route(units: dict[tuple[str, str], Unit]) -> None:
    prod = units["Prod", "Api"]
    fault = Fault(background=0.001, excess=0.05, route="POST /cars")

    by_all_calls, by_route = (
        odds(one, per_minute=120, fault=fault, releases=1000).stopped
        for one in (dataclasses.replace(prod, evidence_of_a_route=None), prod)
    )

    assert by_all_calls <= 0.1
    assert by_route >= 0.95 - 0.015  # the noise of a thousand draws


def test_fault_of_a_route_that_nobody_calls_cannot_be_drawn(units: dict[tuple[str, str], Unit]) -> None:
    fault = Fault(background=0, excess=0.05, route="GET /openapi.json")

    with pytest.raises(ValueError, match=r"Staging Api has no calls of GET /openapi.json: it has those of POST /cars"):
        odds(units["Staging", "Api"], per_minute=120, fault=fault, releases=10)


@pytest.mark.parametrize("per_minute", [60, 120, 600, 6000])
def test_healthy_releases_of_all_units_are_seldom_stopped_at_any_traffic(
    per_minute: int, units: dict[tuple[str, str], Unit]
) -> None:
    for stage in ("Staging", "Prod"):
        passed, known = 1.0, dict[str, float]()
        for unit in units.values():
            if unit.stage == stage:
                if unit.rule not in known:
                    fault = Fault(background=0.005)
                    known[unit.rule] = odds(unit, per_minute=per_minute, fault=fault, releases=1000).stopped
                passed *= 1 - known[unit.rule]
        assert 100 * (1 - passed) <= 1.5  # 1 %, and the noise of a thousand draws


@pytest.mark.parametrize("excess", [0.3, 1.0])
@pytest.mark.parametrize("per_minute", [60, 120, 600])
def test_version_that_is_badly_broken_is_always_stopped(
    per_minute: float, excess: float, units: dict[tuple[str, str], Unit]
) -> None:
    for unit in units.values():
        fault = Fault(background=0.001, excess=excess)
        assert odds(unit, per_minute=per_minute, fault=fault, releases=200).stopped == 1


@pytest.mark.parametrize(("per_minute", "percent", "at_least"), [(60, 5, 95), (120, 5, 99), (120, 2, 90), (600, 2, 90)])
def test_version_that_fails_now_and_then_is_stopped(
    per_minute: float, percent: float, at_least: float, units: dict[tuple[str, str], Unit]
) -> None:
    for stage in ("Staging", "Prod"):
        fault = Fault(background=0.0, excess=percent / 100)
        seen = odds(units[stage, "Api"], per_minute=per_minute, fault=fault, releases=1000)
        assert 100 * seen.stopped >= at_least - 1.5  # the noise of a thousand draws


def test_version_that_is_slow_for_a_few_is_stopped(units: dict[tuple[str, str], Unit]) -> None:
    fault = Fault(background=0.001, excess=0.05, is_slowness=True)

    assert odds(units["Staging", "Api"], per_minute=120, fault=fault, releases=500).stopped >= 0.97


def test_slowness_is_not_taken_for_errors(units: dict[tuple[str, str], Unit]) -> None:
    api = units["Staging", "Api"]
    slow = odds(api, per_minute=120, fault=Fault(background=0, excess=1.0, is_slowness=True), releases=50)
    failing = odds(api, per_minute=120, fault=Fault(background=0, excess=1.0), releases=50)

    assert slow.minutes is not None
    assert failing.minutes == 2  # a minute to fail in, a minute until it is seen
    assert slow.minutes >= failing.minutes


def test_too_few_calls_are_no_evidence(units: dict[tuple[str, str], Unit]) -> None:
    assert odds(units["Staging", "Api"], per_minute=1, fault=Fault(background=0), releases=50).stopped == 1
