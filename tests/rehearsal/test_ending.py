"""How far a release came, whatever ended it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rehearsal.codepipeline.actions.action import ActionContext
from rehearsal.codepipeline.definition import ConditionResult, OnFailure, StageDeclaration
from rehearsal.codepipeline.execution import Execution
from rehearsal.ending import make_ending
from rehearsal.report import Report, Result, StagePlaces, make_report
from rehearsal.run_events import Status
from tests.rehearsal.codepipeline.fake_cloud import (
    Bench,
    action,
    deploy_stage,
    deployed,
    fails,
    fails_when,
    source_stage,
)


class Ended(BaseException):
    """What a signal raises in the main thread."""


def two_stacks() -> StageDeclaration:
    names = ("Data", "Api", "Site")
    actions = [
        action(
            f"{name}.Deploy", category="Deploy", provider="CloudFormation", run_order=order, inputs=["Code"],
            configuration={"StackName": f"Staging-{name}", "ActionMode": "CREATE_UPDATE"},
        )
        for order, name in enumerate(names, 1)
    ]  # fmt: skip
    return StageDeclaration(name="Staging", actions=tuple(actions))


def rows(bench: Bench, execution: Execution) -> list[tuple[str, str, str]]:
    ending = make_ending(execution, bench.cloud.event_log.events)
    return [(stage.name, stage.status, stage.deployed) for stage in ending.stages]


def report_of(bench: Bench, execution: Execution) -> Report:
    return make_report(
        execution=execution, places=StagePlaces({}, {}), events=bench.cloud.event_log.events, traffic=[],
        executions=1, seconds=1, aws_seconds=1,
    )  # fmt: skip


def test_ending_names_the_stages_that_never_began_and_what_is_deployed(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path, {"Staging/Api.Deploy": fails("no")})

    execution = bench.release(deployed(source_stage(), two_stacks(), deploy_stage("Prod")), "0123456789")

    assert rows(bench, execution) == [
        ("Source", "Succeeded", ""),
        ("Staging", "Failed", "commit 0123456: Staging-Data; failed: Staging-Api; as before: Staging-Site"),
        ("Prod", "not started", "as before"),
    ]


def test_ending_says_that_a_stage_was_rolled_back(tmp_path: Path) -> None:
    prod = deploy_stage("Prod", on_failure=OnFailure(result=ConditionResult.ROLLBACK))
    pipeline = deployed(source_stage(), prod)
    bench = Bench.make(tmp_path, {"Prod/EndToEnd": fails_when("bad", "no")})
    bench.release(pipeline, "good")

    execution = bench.release(pipeline, "bad")

    assert rows(bench, execution)[-1] == ("Prod", "Failed", "rolled back")


@pytest.fixture
def signalled() -> Iterator[None]:
    def end(*_: object) -> None:
        raise Ended

    before = signal.signal(signal.SIGUSR1, end)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.usefixtures("signalled")
def test_release_that_a_signal_ends_says_how_far_it_came(tmp_path: Path) -> None:
    # given an action that goes on when the signal comes
    is_over = threading.Event()

    def be_ended(_: ActionContext) -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        is_over.wait(10)

    script: Mapping[str, Callable[[ActionContext], Any]] = {"Staging/Api.Deploy": be_ended}
    bench = Bench.make(tmp_path, script)
    pipeline = deployed(source_stage(), two_stacks(), deploy_stage("Prod"))
    # when
    with pytest.raises(Ended):
        bench.release(pipeline, "0123456789")
    # then
    (execution,) = pipeline.executions
    report = report_of(bench, execution)
    is_over.set()
    assert execution.status is Status.STOPPED
    assert rows(bench, execution)[1:] == [
        ("Staging", "Stopped", "commit 0123456: Staging-Data; unfinished: Staging-Api; as before: Staging-Site"),
        ("Prod", "not started", "as before"),
    ]
    assert (report.result, report.stopped_by) == (Result.ERRORED, None)
    assert [(stage["name"], stage["status"]) for stage in report.to_json()["stages"]] == [
        ("Source", "Succeeded"),
        ("Staging", "Stopped"),
    ]
    assert [action["status"] for action in report.to_json()["stages"][1]["actions"]] == ["Succeeded", "Stopped"]


def test_execution_that_was_stopped_is_a_stop_and_says_so(tmp_path: Path) -> None:
    def stop(_: ActionContext) -> None:
        pipeline.executions[0].is_stop_requested = True

    pipeline = deployed(source_stage(), deploy_stage("Staging"), deploy_stage("Prod"))
    bench = Bench.make(tmp_path, {"Staging/Deploy": stop})

    execution = bench.release(pipeline)

    assert report_of(bench, execution).result is Result.STOPPED
    assert execution.reason == "The execution was stopped."
    assert [status for _, status, _ in rows(bench, execution)] == ["Succeeded", "Stopped", "not started"]
