"""What prod costs by the month before and after a release, by the same count as `make cost`.

It must not ask AWS what was billed. Source: scripts/cost.py and scripts/prices.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.evidence.runtime.model import Cost
from scripts.cost import Place, UnknownType, monthly_usd

Template = Mapping[str, Any]


def cost(stage: str, deployed: Mapping[str, Template] | None, wanted: Mapping[str, Template]) -> Cost:
    """`deployed` is None where it is not known."""
    after, problem = _usd(stage, wanted)
    if deployed is None:
        return Cost(None, after, problem or f"What {stage} runs could not be read.")
    before, earlier_problem = _usd(stage, deployed)
    return Cost(before, after, problem or earlier_problem)


def _usd(stage: str, templates: Mapping[str, Template]) -> tuple[float | None, str | None]:
    resources = {name: template.get("Resources", {}) for name, template in templates.items()}
    try:
        return monthly_usd(Place(stage, resources)), None
    except UnknownType as exc:
        return None, str(exc)
