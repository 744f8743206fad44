"""The summary at the end of a run: stages, deployments, who was harmed, where the logs are, what to do next.

It must not write anything: it answers the text. Everything in it comes from the report.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rehearsal.console.table import table
from rehearsal.ending import NOT_STARTED, StageEnding
from rehearsal.report import DeploymentReport, Report, Result
from rehearsal.run_events import Status

_REASON_LINES = 6
_NEXT = {
    "build": "Read the build's last lines above, mend the commit, and run again.",
    "unit-tests": "Run the unit tests (`make test`), mend what fails, commit, and run again.",
    "synth": "Run `cdk synth`, mend what fails, commit, and run again.",
    "pipeline-guard": "A check refused what the stage was about to deploy. Have that reviewed anew, or take it out.",
    "pre-traffic-hook": "The new version failed before it got any traffic. Its logs say why.",
    "canary-alarm": "The new version failed for part of the traffic. Look at its alarm and its function's logs.",
    "evidence-hook": "The new version was not proven. Look at how often it was called and how often it failed.",
    "deploy": "The stack did not deploy, and CloudFormation put it back. Its events above say why.",
    "e2e": "The service runs and does not keep its contract. Run the end-to-end tests' failing case.",
    "bake": "The service's own alarm fired after the release. Look at the alarm and the functions' logs.",
    "approval": "The release was not approved. The stages after the approval are untouched.",
    "condition": "A condition of the stage did not hold, or nothing may enter it. The reason above names which.",
}


def summarize(report: Report, logs: Path | None, *, width: int | None = None) -> str:
    """The whole summary. `logs` is the folder of the run's logs, None when there are none.

    Its tables are no wider than `width` cells; None lets them be as wide as they are.
    """
    return "\n".join(_lines(report, logs, width))


def _lines(report: Report, logs: Path | None, width: int | None) -> Iterator[str]:
    yield ""
    yield from _stages(report, width)
    if report.deployments:
        yield ""
        yield from table(
            ("Deployment", "Versions", "Status", "Shift (AWS minutes: percent)"),
            [_deployment(deployment) for deployment in report.deployments],
            width,
        )
    if any(item.requests for item in report.traffic.values()):
        yield ""
        yield from table(
            ("Traffic", "Requests", "Failed", "by the new version"),
            [
                (stage, str(item.requests), str(item.failed), str(item.failed_new_version))
                for stage, item in report.traffic.items()
            ],
            width,
        )
    yield ""
    yield from _verdict(report)
    if logs is not None and logs.is_dir():
        yield f"Logs: {logs}"


def _stages(report: Report, width: int | None) -> Iterator[str]:
    """Every stage of the pipeline, also those that never began, and what is deployed there."""
    stages = (
        report.ending.stages
        if report.ending
        else [StageEnding(stage.name, stage.status, stage.seconds, "") for stage in report.stages]
    )
    yield from table(
        ("Stage", "Status", "Time", "Deployed"),
        [
            (
                stage.name,
                stage.status,
                "" if stage.status == NOT_STARTED else f"{stage.seconds:.1f} s",
                stage.deployed,
            )
            for stage in stages
        ],
        width,
    )


def _deployment(item: DeploymentReport) -> tuple[str, str, str, str]:
    shift = ", ".join(f"{seconds / 60:g}: {weight:g} %" for seconds, weight in item.shift)
    status = f"{item.status} ({item.alarm})" if item.alarm else item.status
    return f"{item.stage} {item.function}", f"{item.from_version or '-'} → {item.to_version}", status, shift


def _verdict(report: Report) -> Iterator[str]:
    took = f"{report.seconds:.0f} s ({report.aws_minutes:.0f} AWS minutes)"
    if report.result is Result.RELEASED:
        yield f"Released in {took}."
        return
    status = report.ending.status if report.ending else None
    if report.result is Result.ERRORED and status is Status.STOPPED:
        yield f"Ended after {took}, before it was released."
        return
    yield f"{report.result} after {took}."
    if report.result is Result.STOPPED and report.stopped_by is None and report.ending is not None:
        yield f"{report.ending.status}: {report.ending.reason}"
    if report.stopped_by is not None:
        stopped = report.stopped_by
        yield f"Stopped by {stopped.gate} in {stopped.stage}/{stopped.action}:"
        yield from (f"  {line}" for line in stopped.reason.splitlines()[:_REASON_LINES])
        yield f"What to do next: {_NEXT.get(stopped.gate, 'Mend the commit and run again.')}"
