"""The report: what others script against."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rehearsal.aws.lambda_host.traffic import FunctionTraffic
from rehearsal.codepipeline.definition import StageDeclaration
from rehearsal.codepipeline.deployed_pipeline import DeployedPipeline
from rehearsal.codepipeline.execution import Execution, StoppedBy
from rehearsal.report import Report, Result, StagePlaces, last_standard, make_report
from rehearsal.run_events import DeploymentEnded, RunEvent, StageEnded, StageStarted, Status
from tests.rehearsal.codepipeline.fake_cloud import Bench, action, deployed, fails, source_stage

STAGING, PROD = "222222222222", "333333333333"


def stage(name: str, account: str) -> StageDeclaration:
    deploy = action(
        "Deploy",
        category="Deploy",
        provider="CloudFormation",
        configuration={"StackName": f"{name}-Api"},
        role_arn=f"arn:aws:iam::{account}:role/deploy",
    )
    return StageDeclaration(name=name, actions=(deploy,))


def shift(
    account: str, *, status: Status = Status.SUCCEEDED, versions: tuple[str, str] = ("1", "2")
) -> DeploymentEnded:
    return DeploymentEnded(
        deployment_id="d-1",
        account=account,
        function="Api-Function",
        from_version=versions[0],
        to_version=versions[1],
        status=status,
        shift=((0.0, 10.0), (600.0, 100.0)),
        alarm=None if status is Status.SUCCEEDED else "errors",
    )


@dataclass
class Released:
    pipeline: DeployedPipeline
    execution: Execution

    def report(self, events: list[RunEvent], traffic: list[FunctionTraffic]) -> Report:
        return make_report(
            execution=self.execution,
            places=StagePlaces.of(self.pipeline.definition, "111111111111"),
            events=events,
            traffic=traffic,
            executions=len(self.pipeline.executions),
            seconds=61.23456,
            aws_seconds=600.0,
        )


def release(home: Path, *, failing: str | None = None) -> Released:
    pipeline = deployed(source_stage(), stage("Staging", STAGING), stage("Prod", PROD))
    bench = Bench.make(home, {failing: fails("the stack rolled back", gate="canary-alarm")} if failing else {})
    return Released(pipeline, bench.release(pipeline))


def test_report_of_a_release_has_the_schema_that_was_promised(tmp_path: Path) -> None:
    report = release(tmp_path).report([shift(STAGING), shift(PROD)], [])

    content = json.loads(json.dumps(report.to_json()))

    assert list(content) == [
        "schema",
        "result",
        "stopped_by",
        "stages",
        "deployments",
        "traffic",
        "executions",
        "seconds",
        "aws_minutes",
    ]
    assert (content["schema"], content["result"], content["stopped_by"]) == (1, "Released", None)
    assert (content["executions"], content["seconds"], content["aws_minutes"]) == (1, 61.235, 10.0)
    assert [stage["name"] for stage in content["stages"]] == ["Source", "Staging", "Prod"]
    assert content["stages"][1]["actions"][0] | {"seconds": 0} == {
        "name": "Deploy",
        "provider": "CloudFormation",
        "status": "Succeeded",
        "seconds": 0,
    }
    assert content["deployments"][1] == {
        "stage": "Prod",
        "function": "Api-Function",
        "from_version": "1",
        "to_version": "2",
        "status": "Succeeded",
        "shift": [[0.0, 10.0], [600.0, 100.0]],
        "alarm": None,
    }
    assert content["traffic"] == {
        name: {"requests": 0, "failed": 0, "failed_new_version": 0} for name in ("Staging", "Prod")
    }


def test_report_names_what_stopped_the_release(tmp_path: Path) -> None:
    report = release(tmp_path, failing="Staging/Deploy").report([shift(STAGING, status=Status.FAILED)], [])

    assert report.result is Result.STOPPED
    assert report.to_json()["stopped_by"] == {
        "stage": "Staging",
        "action": "Deploy",
        "gate": "canary-alarm",
        "reason": "the stack rolled back",
    }
    assert report.deployments[0].alarm == "errors"


def test_report_of_a_release_that_a_disabled_transition_holds_names_it_as_a_condition(tmp_path: Path) -> None:
    held = release(tmp_path)
    held.execution.status = Status.STOPPED
    held.execution.stopped_by = StoppedBy(stage="Prod", action="InboundTransition", gate="condition", reason="freeze")

    report = held.report([], [])

    assert report.result is Result.STOPPED
    assert report.to_json()["stopped_by"]["gate"] == "condition"


def test_report_counts_traffic_by_stage_and_what_the_new_version_failed(tmp_path: Path) -> None:
    traffic = [
        FunctionTraffic(STAGING, "Api-Function", "1", 100, 2),
        FunctionTraffic(STAGING, "Api-Function", "2", 10, 3),
        FunctionTraffic(PROD, "Api-Function", "1", 50, 0),
    ]

    report = release(tmp_path).report([shift(STAGING, status=Status.FAILED)], traffic)

    assert report.to_json()["traffic"] == {
        "Staging": {"requests": 110, "failed": 5, "failed_new_version": 3},
        "Prod": {"requests": 50, "failed": 0, "failed_new_version": 0},
    }


def test_report_does_not_take_the_version_of_a_rollback_for_the_new_one(tmp_path: Path) -> None:
    events: list[RunEvent] = [shift(STAGING), shift(STAGING, versions=("2", "3"))]
    traffic = [
        FunctionTraffic(STAGING, "Api-Function", "2", 10, 4),
        FunctionTraffic(STAGING, "Api-Function", "3", 9, 1),
    ]

    report = release(tmp_path).report(events, traffic)

    assert report.traffic["Staging"].failed_new_version == 4


def test_report_tells_stages_of_one_account_apart_by_which_one_runs(tmp_path: Path) -> None:
    pipeline = deployed(source_stage(), stage("Staging", STAGING), stage("Prod", STAGING))
    execution = Bench.make(tmp_path).release(pipeline)
    events: list[RunEvent] = [
        StageStarted(execution_id="e", stage="Staging"),
        shift(STAGING),
        StageEnded(execution_id="e", stage="Staging", status=Status.SUCCEEDED, seconds=1),
        StageStarted(execution_id="e", stage="Prod"),
        shift(STAGING),
    ]

    report = Released(pipeline, execution).report(events, [])

    assert [deployment.stage for deployment in report.deployments] == ["Staging", "Prod"]


def test_report_is_errored_when_there_is_no_execution() -> None:
    report = make_report(
        execution=last_standard([]),
        places=StagePlaces({}, {}),
        events=[],
        traffic=[],
        executions=0,
        seconds=1,
        aws_seconds=1,
    )

    assert report.result is Result.ERRORED
