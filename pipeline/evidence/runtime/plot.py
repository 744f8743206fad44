"""Draws a traffic shift as SVG: calls of both versions by the minute, and those that failed.

Colours come from the page's style sheet. It must not know where the numbers come from.
"""

from __future__ import annotations

from html import escape

from pipeline.evidence.runtime.model import Deployment, Traffic

_WIDTH, _HEIGHT = 320, 120
_LEFT, _BOTTOM, _TOP = 30, 16, 10


def plot(deployment: Deployment) -> str:
    """An <svg> with a column for each minute: the old version below, the new above, errors in front."""
    minutes = len(deployment.minutes)
    sums = [sum(_at(traffic, "invocations", minute) for traffic in deployment.traffic) for minute in range(minutes)]
    highest = max(sums, default=0)
    if not highest:
        return "<p>CloudWatch has no calls of either version in these minutes.</p>"
    step = (_WIDTH - _LEFT) / minutes
    bars = [
        bar
        for minute in range(minutes)
        for bar in _column(deployment, minute, _LEFT + minute * step, step * 0.8, highest)
    ]
    base = _HEIGHT - _BOTTOM
    words = escape(
        f"Calls by the minute of versions {deployment.from_version} and {deployment.to_version}: "
        + ", ".join(f"{value:g}" for value in sums)
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{words}">'
        f'<text x="{_LEFT - 4}" y="{_TOP + 8}" text-anchor="end">{highest:g}</text>'
        f'<text x="{_LEFT - 4}" y="{base}" text-anchor="end">0</text>'
        f'<line x1="{_LEFT}" y1="{base}" x2="{_WIDTH}" y2="{base}"/>'
        f'<text x="{_LEFT}" y="{_HEIGHT - 3}">{_clock(deployment.minutes[0])}</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT - 3}" text-anchor="end">{_clock(deployment.minutes[-1])} UTC</text>'
        f"{''.join(bars)}</svg>"
    )


def _column(deployment: Deployment, minute: int, x: float, width: float, highest: float) -> list[str]:
    scale = (_HEIGHT - _BOTTOM - _TOP) / highest
    bars, y = [], float(_HEIGHT - _BOTTOM)
    for traffic in deployment.traffic:
        name = "new" if traffic.version == deployment.to_version else "old"
        height = _at(traffic, "invocations", minute) * scale
        bars.append(_bar(name, x, y - height, width, height))
        # A single failed call among hundreds is still to be seen.
        if failed := _at(traffic, "errors", minute):
            tall = min(height, max(3.0, failed * scale))
            bars.append(_bar("failed", x, y - tall, width, tall))
        y -= height
    return bars


def _bar(name: str, x: float, y: float, width: float, height: float) -> str:
    if height <= 0:
        return ""
    return f'<rect class="{name}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _at(traffic: Traffic, what: str, minute: int) -> float:
    return getattr(traffic, what)[minute] or 0.0


def _clock(time: str) -> str:
    return escape(time[11:16])
