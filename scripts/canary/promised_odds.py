"""What each canary is worth at the traffic that config.py promises it, as the release evidence reads and shows it.

It must not judge whether that is enough: promise.py does.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from config import Configuration
from pipeline.evidence.runtime.model import Odds
from pipeline.evidence.runtime.odds import SCHEMA
from scripts.canary.gates import Unit
from scripts.canary.promise import BACKGROUNDS_PERCENT, RELEASES, SEEN_PERCENT, promised
from scripts.canary.releases import USUAL_BACKGROUND, Fault
from scripts.canary.table import smallest
from scripts.canary.verdicts import odds

_STEP = 0.0025
_SEARCHED = 500
"""Releases for each step of the search, which has to cost a build little: it is right to a quarter of a point."""


def promised_odds(units: Sequence[Unit], configuration: Configuration) -> list[Odds]:
    """Raises UnknownCanary."""
    stages = {"Staging": configuration.staging.service, "Prod": configuration.prod.service}
    told = []
    for unit in units:
        canary, per_minute = promised(unit, stages[unit.stage])
        told.append(_of(unit, per_minute, canary.sees_percent))
    return told


def _of(unit: Unit, per_minute: int, excess_percent: float) -> Odds:
    background = BACKGROUNDS_PERCENT[-1]
    healthy = odds(unit, per_minute=per_minute, fault=Fault(background=background / 100), releases=RELEASES)
    fault = Fault(background=USUAL_BACKGROUND, excess=excess_percent / 100)
    faulty = odds(unit, per_minute=per_minute, fault=fault, releases=RELEASES)
    seen = smallest(
        lambda excess: _is_seen(unit, per_minute, excess),
        step=_STEP,
        high=fault.excess if faulty.stopped * 100 >= SEEN_PERCENT else 1.0,
    )
    return Odds(
        stack=f"{unit.stage}-{unit.name}",  # as CDK names a stack: by its stage and its own id
        calls_per_minute=per_minute,
        shift_minutes=len(unit.shares),
        healthy_background_percent=background,
        healthy_stopped_percent=round(100 * healthy.stopped, 2),
        seen_percent=SEEN_PERCENT,
        smallest_seen_percent=None if seen is None else round(100 * seen, 1),
        alarm_excess_percent=excess_percent,
        alarm_minutes=None if faulty.minutes is None else round(faulty.minutes, 1),
    )


def _is_seen(unit: Unit, per_minute: int, excess: float) -> bool:
    fault = Fault(background=USUAL_BACKGROUND, excess=excess)
    return 100 * odds(unit, per_minute=per_minute, fault=fault, releases=_SEARCHED).stopped >= SEEN_PERCENT


def as_json(told: Sequence[Odds]) -> str:
    return json.dumps({"schema": SCHEMA, "odds": [dataclasses.asdict(one) for one in told]}, indent=1) + "\n"
