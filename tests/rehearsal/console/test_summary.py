from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rehearsal.codepipeline.execution import StoppedBy
from rehearsal.console.summary import summarize
from rehearsal.ending import NOT_STARTED, Ending, StageEnding
from rehearsal.report import DeploymentReport, Report, Result, StageReport, TrafficReport
from rehearsal.run_events import Status


def report(result: Result = Result.RELEASED, stopped_by: StoppedBy | None = None) -> Report:
    return Report(
        result=result,
        stopped_by=stopped_by,
        stages=(StageReport("Staging", "Succeeded", 12.3, ()),),
        deployments=(
            DeploymentReport(
                stage="Staging",
                function="api",
                from_version="1",
                to_version="2",
                status="Failed",
                shift=((0.0, 10.0), (600.0, 100.0)),
                alarm="errors",
            ),
        ),
        traffic={"Staging": TrafficReport(1200, 4, 3)},
        executions=1,
        seconds=80.0,
        aws_minutes=25.0,
    )


def test_summary_tells_stages_shift_and_who_was_harmed(tmp_path: Path) -> None:
    text = summarize(report(), tmp_path)

    assert "Staging  Succeeded  12.3 s" in text
    assert "1 → 2" in text
    assert "Failed (errors)" in text
    assert "0: 10 %, 10: 100 %" in text
    assert "Staging  1200      4       3" in text
    assert "Released in 80 s (25 AWS minutes)." in text
    assert f"Logs: {tmp_path}" in text


def test_summary_says_what_stopped_the_release_and_what_to_do_next() -> None:
    stopped = StoppedBy(stage="Staging", action="Deploy", gate="canary-alarm", reason="Alarm errors is ALARM")

    text = summarize(report(Result.STOPPED, stopped), None)

    assert "Stopped by canary-alarm in Staging/Deploy:\n  Alarm errors is ALARM" in text
    assert "What to do next: The new version failed for part of the traffic." in text


def ending(status: Status, reason: str = "") -> Ending:
    stages = (
        StageEnding("Staging", "Succeeded", 12.34, "commit 0123456"),
        StageEnding("Prod", NOT_STARTED, 0, "as before"),
    )
    return Ending(status, reason, stages)


def test_summary_tells_also_the_stages_that_never_began() -> None:
    text = summarize(replace(report(Result.STOPPED), ending=ending(Status.SUPERSEDED, "A newer one went on.")), None)

    assert "Staging  Succeeded    12.3 s  commit 0123456" in text
    assert "Prod     not started          as before" in text
    assert "Stopped after 80 s (25 AWS minutes).\nSuperseded: A newer one went on." in text


def test_summary_of_a_release_that_a_signal_ended_blames_nobody() -> None:
    text = summarize(replace(report(Result.ERRORED), ending=ending(Status.STOPPED)), None)

    assert "Ended after 80 s (25 AWS minutes), before it was released." in text
    assert "What to do next" not in text


def test_summary_fits_the_terminal_and_loses_no_name() -> None:
    deployment = replace(
        report().deployments[0], function="CarService-Staging-ApiFunction5B8A3C3D-xYz123AbC", alarm="a" * 60
    )
    wide = replace(report(), deployments=(deployment,))

    piped, narrow = summarize(wide, None), summarize(wide, None, width=80)

    assert f"Staging {deployment.function}" in piped
    assert max(map(len, narrow.splitlines())) == 80
    lines = narrow.partition("\nDeployment ")[2].split("\n")
    column = next(len(line.split("  ")[0]) for line in lines if line.startswith("─"))
    assert deployment.function in "".join(line[:column].rstrip() for line in lines)
