"""What config.py promises of its canaries, held against their odds: how often a healthy release may be stopped, and how
small a fault has to be seen, at the traffic that the prober guarantees.

It must not read templates: it gets the units that were read from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from config import Configuration, StageConfiguration
from scripts.canary.gates import Unit
from scripts.canary.mix import route_of_each_journey
from scripts.canary.releases import USUAL_BACKGROUND, Fault
from scripts.canary.verdicts import odds
from service.release.canary import Canary
from service.service_settings import ServiceSettings

BACKGROUNDS_PERCENT = (0.0, 0.1, 0.5)
HEALTHY_STOPPED_PERCENT = 1.0
"""Of the releases of all units together, with any of these backgrounds."""

SEEN_PERCENT = 95.0
RELEASES = 2000


class UnknownCanary(Exception):
    """A unit of the templates shifts its traffic as no canary of config.py does."""


def broken_promises(units: Iterable[Unit], configuration: Configuration) -> list[str]:
    """A sentence with the numbers for each promise that the templates do not keep."""
    found = list(units)
    stages: Mapping[str, StageConfiguration] = {"Staging": configuration.staging, "Prod": configuration.prod}
    return [
        sentence
        for name, stage in stages.items()
        for sentence in _of_stage(name, [unit for unit in found if unit.stage == name], stage.service)
    ]


def promised(unit: Unit, settings: ServiceSettings) -> tuple[Canary, int]:
    """The canary that a unit was made with, and the calls a minute that the prober brings it."""
    canaries = (
        (settings.canary, settings.requests_per_minute),
        (settings.event_canary, settings.event_calls_per_minute),
    )
    for canary, per_minute in canaries:
        if canary.shares == unit.shares:
            return canary, per_minute
    raise UnknownCanary(f"{unit.stage} {unit.name} shifts its traffic as no canary of config.py does: synthesize anew.")


def _of_stage(stage: str, units: list[Unit], settings: ServiceSettings) -> Iterator[str]:
    for background in BACKGROUNDS_PERCENT:
        percent = healthy_stopped_percent(units, settings, background)
        if percent > HEALTHY_STOPPED_PERCENT:
            yield (
                f"{stage}: of healthy releases whose calls fail by {background:g} %, {percent:.1f} % are stopped; at "
                f"most {HEALTHY_STOPPED_PERCENT:g} % are promised. Make the canaries longer, or allow more by chance."
            )
    for unit, kind in kinds(units).items():
        canary, per_minute = promised(kind, settings)
        remedy = "Raise the canary's percent or minutes, the prober's traffic, or"
        stopped = _stopped_percent(kind, per_minute, canary.sees_percent)
        if stopped < SEEN_PERCENT:
            yield (
                f"{unit}: at {per_minute} calls a minute, {stopped:.1f} % of the versions are stopped of which "
                f"{canary.sees_percent:g} % of the calls more fail than of the old one; {SEEN_PERCENT:g} % are "
                f"promised. {remedy} sees_percent."
            )
        if not kind.routes or canary.sees_percent_of_a_route is None:
            continue
        route = route_of_each_journey()
        stopped = _stopped_percent(kind, per_minute, canary.sees_percent_of_a_route, route=route)
        if stopped < SEEN_PERCENT:
            yield (
                f"{unit}: at {per_minute} calls a minute, {stopped:.1f} % of the versions are stopped of which "
                f"{canary.sees_percent_of_a_route:g} % of one route's calls ({route}) more fail than of the old one; "
                f"{SEEN_PERCENT:g} % are promised. {remedy} sees_percent_of_a_route."
            )


def _stopped_percent(unit: Unit, per_minute: int, excess_percent: float, *, route: str | None = None) -> float:
    fault = Fault(background=USUAL_BACKGROUND, excess=excess_percent / 100, route=route)
    return 100 * odds(unit, per_minute=per_minute, fault=fault, releases=RELEASES).stopped


def healthy_stopped_percent(units: list[Unit], settings: ServiceSettings, background_percent: float) -> float:
    """Of a release of all units together, each at the traffic that the prober brings it."""
    fault = Fault(background=background_percent / 100)
    passed = 1.0
    for unit in units:
        _, per_minute = promised(unit, settings)
        passed *= 1 - odds(unit, per_minute=per_minute, fault=fault, releases=RELEASES).stopped
    return 100 * (1 - passed)


def kinds(units: list[Unit]) -> dict[str, Unit]:
    """One of each kind, by stage and names of all that judge alike."""
    found: dict[str, list[Unit]] = {}
    for unit in units:
        found.setdefault(unit.rule, []).append(unit)
    return {f"{alike[0].stage} {', '.join(unit.name for unit in alike)}": alike[0] for alike in found.values()}
