"""The gates of a canaried unit, as its template has them: alarms with their expressions, the shift, the evidence hook.

In: a stack's template. It must not know this application's alarms by name, nor repeat what they compute: a metric is
told by what it measures (calls, errors, slow calls; of the new version or of all), anything else is refused by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from rehearsal.aws.cloudwatch.alarm import MetricAlarm, parse_metric_alarm
from rehearsal.aws.cloudwatch.metric_query import MetricStat
from scripts.traffic_shift import shares_of
from service.release.runtime.chance import Chance

GROUP = "AWS::CodeDeploy::DeploymentGroup"
CONFIG = "AWS::CodeDeploy::DeploymentConfig"
FUNCTION = "AWS::Lambda::Function"
_PLACE = {"account": "123456789012", "region": "eu-west-1"}


class Measured(StrEnum):
    """What a metric of a gate counts."""

    CALLS = "calls"
    ERRORS = "errors"
    SLOW_CALLS = "slow calls"
    ITEMS = "items"
    REFUSALS = "refusals"


class UnknownGate(Exception):
    """A template has a gate that nobody here knows how to draw; the message names it."""


@dataclass(frozen=True)
class Series:
    """A metric that a gate reads: what it counts, of the new version or of all."""

    measured: Measured
    is_new: bool


@dataclass(frozen=True)
class Alarm:
    """`reads` are its metrics by their id in the expression."""

    name: str
    definition: MetricAlarm
    reads: Mapping[str, Series]

    @property
    def judges_calls(self) -> bool:
        return any(series.measured in (Measured.ERRORS, Measured.SLOW_CALLS) for series in self.reads.values())

    @property
    def rule(self) -> str:
        """The same for alarms that judge alike, whatever function they watch."""
        one = self.definition
        expressions = sorted((query.id, query.expression_text) for query in one.queries)
        numbers = (one.period_seconds, one.evaluation_periods, one.datapoints_to_alarm, one.comparison, one.threshold)
        return repr((expressions, sorted(self.reads.items()), numbers))


@dataclass(frozen=True)
class Unit:
    """A canaried unit: `shares` is the new version's share (0 to 1) in each minute until it has all traffic.

    `evidence` judges all calls, `evidence_of_a_route` those of each of the `routes`, where the unit has some.
    """

    stage: str
    name: str
    shares: tuple[float, ...]
    alarms: tuple[Alarm, ...]
    evidence: Chance
    minimum_calls: int
    routes: tuple[str, ...]
    evidence_of_a_route: Chance | None

    @property
    def rule(self) -> str:
        """The same for units whose gates judge calls alike: what refuses items is left out, for none is drawn."""
        rules = [alarm.rule for alarm in self.alarms if alarm.judges_calls]
        return repr((self.shares, self.evidence, self.minimum_calls, self.routes, self.evidence_of_a_route, rules))


def read_units(assembly: Path) -> list[Unit]:
    """Every canaried unit of every stage of a cloud assembly, in the order of their files."""
    return [unit for path in sorted(assembly.glob("assembly-*/*.template.json")) for unit in _units(path)]


def _units(path: Path) -> Iterator[Unit]:
    resources: dict[str, Any] = json.loads(path.read_text()).get("Resources") or {}
    for resource in resources.values():
        if resource["Type"] == GROUP and resource["Properties"].get("AlarmConfiguration"):
            group = resource["Properties"]
            yield Unit(
                stage=path.parent.name.rpartition("-")[2],
                name=_unit_name(path),
                shares=_shares(resources, group),
                alarms=tuple(_alarms(resources, group)),
                **_evidence(resources, path),
            )


def _unit_name(path: Path) -> str:
    """`AutonomousCarManagerPipelineStagingApi1F2E3D4C.template.json` in the folder of that stage -> Api."""
    stage = path.parent.name.removeprefix("assembly-").replace("-", "")
    return re.sub(r"[0-9A-F]{8}$", "", path.name.removesuffix(".template.json").removeprefix(stage))


def _shares(resources: Mapping[str, Any], group: Mapping[str, Any]) -> tuple[float, ...]:
    (config_id,) = (found for found in _references(group["DeploymentConfigName"]) if found in resources)
    try:
        return shares_of(resources[config_id]["Properties"]["TrafficRoutingConfig"])
    except ValueError as exc:
        raise UnknownGate(f"{config_id}: {exc}") from exc


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if "Ref" in value:
            yield value["Ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _alarms(resources: Mapping[str, Any], group: Mapping[str, Any]) -> Iterator[Alarm]:
    for named in group["AlarmConfiguration"]["Alarms"]:
        alarm_id = named["Name"]["Ref"]
        name = re.sub(r"[0-9a-f]{32}$", "", alarm_id)
        properties = {"AlarmName": alarm_id, **_without_intrinsics(resources[alarm_id]["Properties"])}
        definition = parse_metric_alarm(properties, **_PLACE)
        reads = {
            query.id: _series(name, query.metric_stat) for query in definition.queries if query.metric_stat is not None
        }
        yield Alarm(name, definition, reads)


def _without_intrinsics(value: Any) -> Any:
    """References as texts: which function it is makes no difference."""
    if isinstance(value, Mapping):
        if len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::")):
            return json.dumps(value, sort_keys=True)
        return {key: _without_intrinsics(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_intrinsics(item) for item in value]
    return value


def _series(alarm: str, stat: MetricStat) -> Series:
    is_new = any(name == "ExecutedVersion" for name, _ in stat.metric.dimensions)
    match stat.metric.name, stat.statistic.name:
        case "Invocations", "Sum":
            return Series(Measured.CALLS, is_new)
        case "Errors", "Sum":
            return Series(Measured.ERRORS, is_new)
        case "Duration", statistic if statistic.startswith("TC("):
            return Series(Measured.SLOW_CALLS, is_new)
        case "ReceivedItems", "Sum":
            return Series(Measured.ITEMS, is_new)
        case "RefusedItems", "Sum":
            return Series(Measured.REFUSALS, is_new)
        case name, statistic:
            raise UnknownGate(f"Alarm {alarm} reads {name} ({statistic}): say in {Path(__file__).name} what it counts.")


def _evidence(resources: Mapping[str, Any], path: Path) -> dict[str, Any]:
    variables = [
        resource["Properties"].get("Environment", {}).get("Variables", {})
        for resource in resources.values()
        if resource["Type"] == FUNCTION
    ]
    found = [each for each in variables if "CHANCE" in each]
    if len(found) != 1:
        raise UnknownGate(f"{path.name} has {len(found)} evidence hooks for its canary: one is expected.")
    (hook,) = found
    routes = tuple(json.loads(hook.get("ROUTES", "[]")))
    return {
        "evidence": Chance(**json.loads(hook["CHANCE"])),
        "minimum_calls": int(hook["MINIMUM_CALLS"]),
        "routes": routes,
        "evidence_of_a_route": Chance(**json.loads(hook["CHANCE_OF_A_ROUTE"])) if routes else None,
    }
