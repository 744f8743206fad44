"""What a CodeDeploy deployment configuration of a template says of the traffic: shares, minute by minute.

It must not know alarms or prices. Source: "AWS::CodeDeploy::DeploymentConfig TrafficRoutingConfig".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def shares_of(routing: Mapping[str, Any]) -> tuple[float, ...]:
    """The new version's share (0 to 1) in each minute until it has all traffic. ValueError for no such shift."""
    match routing:
        case {"TimeBasedCanary": {"CanaryPercentage": percent, "CanaryInterval": minutes}}:
            steps = [percent]
        case {"TimeBasedLinear": {"LinearPercentage": percent, "LinearInterval": minutes}}:
            steps = [*range(percent, 100, percent)]
        case _:
            raise ValueError(f"The shift is {routing.get('Type')}: canary and linear ones are known.")
    return tuple(step / 100 for step in steps for _ in range(minutes))
