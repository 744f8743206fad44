"""The page's section on staging's canary: each shift drawn, and beside it what such a canary is worth.

It must not find out anything, nor judge.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from pipeline.evidence.runtime.model import Deployment, Odds, ReleaseEvidence
from pipeline.evidence.runtime.plot import plot
from pipeline.evidence.runtime.verdict import new_version

_WHAT_ODDS_ARE = (
    "<p><small>The odds are of releases that were drawn by chance, judged by the alarms and the evidence hook of these "
    "very templates, at the calls that config.py promises. With more calls, smaller faults are seen.</small></p>"
)


def canary_section(evidence: ReleaseEvidence) -> str:
    canary = evidence.canary
    shifts = "".join(
        f"<li>{_shift(deployment, odds_table(canary.odds, deployment.stack))}</li>" for deployment in canary.deployments
    )
    without = "".join(
        f"<li><h3>{escape(name)}</h3><p>{escape(reason)}</p>{odds_table(canary.odds, name.partition('/')[0])}</li>"
        for name, reason in sorted(canary.without.items())
    )
    nothing = "" if shifts or without else "<p>No function of prod gets a new version.</p>"
    odds = _WHAT_ODDS_ARE if canary.odds else ""
    if canary.odds_reason:
        odds += f"<p>How much the canaries see is not known. {escape(canary.odds_reason)}</p>"
    return f'<h2 id="canary">Staging\'s canary</h2>{nothing}<ul class="shifts">{shifts}{without}</ul>{odds}'


def _shift(deployment: Deployment, odds: str) -> str:
    calls, errors = (new_version(deployment, what) for what in ("invocations", "errors"))
    alarms = "".join(
        f"<br><small>{escape(alarm.name)}: {escape(alarm.state)}{', went off' if alarm.went_off else ''}</small>"
        for alarm in deployment.alarms
    )
    return (
        f"<h3>{escape(deployment.stack)}: {escape(deployment.status)}</h3>"
        f'<p><b class="old">■ {escape(deployment.from_version)}</b> to <b class="new">■ '
        f'{escape(deployment.to_version)}</b>, <b class="failed">■ failed</b>: {calls:g} calls of the new version, '
        f"{errors:g} failed. <small>{escape(deployment.deployment_id)}</small></p>{plot(deployment)}"
        f"{odds}<p>{escape(deployment.problem or '')}{alarms}</p>"
    )


def odds_table(known: Iterable[Odds], stack: str) -> str:
    """A column for each stage that has such a stack ("Staging-Api" and "Prod-Api"); "" where no odds are known."""
    columns = [one for one in known if _in_stage(one.stack) == _in_stage(stack)]
    if not columns:
        return ""
    first = columns[0]
    background, excess = first.healthy_background_percent, first.alarm_excess_percent
    rows = (
        ("The canary", [one.stack.partition("-")[0] for one in columns]),
        ("minutes of the shift", [f"{one.shift_minutes}" for one in columns]),
        ("calls a minute", [f"{one.calls_per_minute:g}" for one in columns]),
        (
            f"healthy ones stopped ({background:g} % fail)",
            [f"{one.healthy_stopped_percent:g} %" for one in columns],
        ),
        (f"seen with {first.seen_percent:g} %: more calls fail", [_fault(one) for one in columns]),
        (f"minutes to the alarm ({excess:g} % more fail)", [_minutes(one) for one in columns]),
    )
    cells = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(f'<td>{escape(value)}</td>' for value in values)}</tr>"
        for name, values in rows
    )
    return f"<table>{cells}</table>"


def _in_stage(stack: str) -> str:
    return stack.partition("-")[2]


def _fault(odds: Odds) -> str:
    return "none" if odds.smallest_seen_percent is None else f"{odds.smallest_seen_percent:g} %"


def _minutes(odds: Odds) -> str:
    return "none rings" if odds.alarm_minutes is None else f"{odds.alarm_minutes:g}"
