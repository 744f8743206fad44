"""How traffic is shifted to a new version: CodeDeploy's deployment configurations for Lambda, and their schedule.

Pure. It must not shift anything. Source: "Working with deployment configurations in CodeDeploy" (predefined ones for
Lambda; canary shifts in two increments, linear in equal ones, the first at once; at most 2880 minutes in all).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONGEST_SHIFT_MINUTES = 2880
DEFAULT_CONFIG = "CodeDeployDefault.LambdaAllAtOnce"
_CANARY = re.compile(r"CodeDeployDefault\.LambdaCanary(\d+)Percent(\d+)Minutes?")
_LINEAR = re.compile(r"CodeDeployDefault\.LambdaLinear(\d+)PercentEvery(\d+)Minutes?")
PREDEFINED = (
    DEFAULT_CONFIG,
    *(f"CodeDeployDefault.LambdaCanary10Percent{minutes}Minutes" for minutes in (5, 10, 15, 30)),
    "CodeDeployDefault.LambdaLinear10PercentEvery1Minute",
    *(f"CodeDeployDefault.LambdaLinear10PercentEvery{minutes}Minutes" for minutes in (2, 3, 10)),
)


@dataclass(frozen=True)
class Shift:
    """From `aws_seconds` after the shift began, `weight_percent` of the traffic goes to the new version."""

    aws_seconds: float
    weight_percent: float


@dataclass(frozen=True)
class AllAtOnce:
    def schedule(self) -> tuple[Shift, ...]:
        return (Shift(0, 100),)


@dataclass(frozen=True)
class Canary:
    percent: int
    minutes: int

    def __post_init__(self) -> None:
        _require_percent(self.percent)
        _require_minutes(self.minutes, total=self.minutes)

    def schedule(self) -> tuple[Shift, ...]:
        return Shift(0, self.percent), Shift(self.minutes * 60, 100)


@dataclass(frozen=True)
class Linear:
    percent: int
    minutes: int

    def __post_init__(self) -> None:
        _require_percent(self.percent)
        _require_minutes(self.minutes, total=(len(self._weights()) - 1) * self.minutes)

    def schedule(self) -> tuple[Shift, ...]:
        return tuple(Shift(step * self.minutes * 60, weight) for step, weight in enumerate(self._weights()))

    def _weights(self) -> list[int]:
        return [*range(self.percent, 100, self.percent), 100]


TrafficRouting = AllAtOnce | Canary | Linear


@dataclass(frozen=True)
class DeploymentConfig:
    name: str
    routing: TrafficRouting


def predefined(name: str) -> DeploymentConfig | None:
    """The configuration that every account has under this name, or None."""
    if name not in PREDEFINED:
        return None
    if canary := _CANARY.fullmatch(name):
        return DeploymentConfig(name, Canary(int(canary[1]), int(canary[2])))
    if linear := _LINEAR.fullmatch(name):
        return DeploymentConfig(name, Linear(int(linear[1]), int(linear[2])))
    return DeploymentConfig(name, AllAtOnce())


def parse_traffic_routing(config: Mapping[str, Any]) -> TrafficRouting:
    """From a TrafficRoutingConfig of CloudFormation. Raises ValueError with what is allowed."""
    kind = config.get("Type")
    match kind:
        case "AllAtOnce":
            return AllAtOnce()
        case "TimeBasedCanary":
            canary = _part(config, "TimeBasedCanary")
            return Canary(_integer(canary, "CanaryPercentage"), _integer(canary, "CanaryInterval"))
        case "TimeBasedLinear":
            linear = _part(config, "TimeBasedLinear")
            return Linear(_integer(linear, "LinearPercentage"), _integer(linear, "LinearInterval"))
    raise ValueError(f"TrafficRoutingConfig.Type is {kind!r}; allowed: AllAtOnce, TimeBasedCanary, TimeBasedLinear.")


def _part(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = config.get(name)
    if not isinstance(part, Mapping):
        raise ValueError(f"TrafficRoutingConfig.{name} is {part!r}; a TrafficRoutingConfig of this type needs it.")
    return part


def _integer(config: Mapping[str, Any], name: str) -> int:
    try:
        return int(str(config.get(name)))
    except ValueError:
        raise ValueError(f"{name} is {config.get(name)!r}; a whole number is needed.") from None


def _require_percent(percent: int) -> None:
    if not 1 <= percent <= 99:
        raise ValueError(f"{percent} percent of the traffic in one increment; allowed is 1 to 99.")


def _require_minutes(minutes: int, *, total: int) -> None:
    if minutes < 1:
        raise ValueError(f"{minutes} minutes between two increments; allowed is 1 or more.")
    if total > LONGEST_SHIFT_MINUTES:
        raise ValueError(f"The shift takes {total} minutes; allowed is {LONGEST_SHIFT_MINUTES} at most.")
