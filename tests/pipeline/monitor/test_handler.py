"""The monitor's function: measures at each bell, tells what is news last, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from pipeline.monitor.runtime import handler
from pipeline.monitor.runtime.settings import MissingSetting, Setting, read
from pipeline.shifts.reader import StageClients
from tests.pipeline.executions.fake_codepipeline import lists, lists_actions, stubbed
from tests.pipeline.executions.stories import detail, revision, summary
from tests.pipeline.monitor.test_gauges import state
from tests.pipeline.monitor.test_news import EXECUTION_ID, event
from tests.pipeline.shifts.stage import FakeStage, info, refused, target

NAME = "AutonomousCarManager"
CONTEXT: Any = SimpleNamespace(
    function_name="monitor", memory_limit_in_mb=256, invoked_function_arn="arn:aws:lambda:x", aws_request_id="1"
)
SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event", "region": "eu-west-1", "detail": {}}
VARIABLES = {
    Setting.PIPELINE_NAME: NAME,
    Setting.PROD_STAGE: "Prod",
    Setting.STAGES: '{"Prod": {"role_arn": "arn:aws:iam::333333333333:role/reader", "region": "eu-west-1"}}',
    Setting.SELF_MUTATION_STAGE: "UpdatePipeline",
    Setting.TOPIC_ARN: "arn:aws:sns:eu-west-1:111111111111:releases",
    Setting.APPROVAL_TIMEOUT_HOURS: "24",
    Setting.RUNBOOK_URL: "https://example.com/runbook",
}


@pytest.fixture
def codepipeline(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    for setting, value in VARIABLES.items():
        monkeypatch.setenv(setting, value)
    client, stubber = stubbed()
    caches = (handler.record, handler.failed_shifts)
    for cached in caches:
        cached.cache_clear()
    monkeypatch.setattr(handler, "codepipeline", lambda: client)
    yield stubber
    for cached in caches:
        cached.cache_clear()


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    client = boto3.client("sns", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing")
    stubber = Stubber(client)
    stubber.activate()
    monkeypatch.setattr(handler, "sns", lambda: client)
    return stubber


def released() -> dict[str, Any]:
    now = datetime.now(UTC)
    return summary(EXECUTION_ID, "Succeeded", now - timedelta(hours=1), now, sourceRevisions=revision("c" * 40))


def deployed(told: dict[str, Any]) -> dict[str, Any]:
    began, ended = told["startTime"], told["lastUpdateTime"]
    return detail("Prod", "Api.Deploy", "Succeeded", began, ended - timedelta(minutes=1))


def sent(output: str) -> dict[str, Any]:
    """The one EMF document among what was printed."""
    (document,) = [json.loads(line) for line in output.splitlines() if '"_aws"' in line]
    found: dict[str, Any] = document
    return found


def test_end_of_an_execution_is_measured_and_told(
    codepipeline: Stubber, sns: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    # given
    told = released()
    lists(codepipeline, [told], pipeline=NAME)
    lists_actions(codepipeline, EXECUTION_ID, [deployed(told)], pipeline=NAME)
    lists(codepipeline, [told], pipeline=NAME)
    codepipeline.add_response("get_pipeline_state", state(("UpdatePipeline", "Succeeded", [])), {"name": NAME})
    subject = "Released: ccccccc A change"
    sns.add_response("publish", {}, {"TopicArn": VARIABLES[Setting.TOPIC_ARN], "Subject": subject, "Message": ANY})

    # when
    answer = handler.handle(event("codepipeline-execution-failed", state="SUCCEEDED"), CONTEXT)

    # then
    assert answer == {"told": subject}
    sns.assert_no_pending_responses()
    document = sent(capsys.readouterr().out)
    assert document["pipeline"] == NAME
    assert document["DeploymentsPerWeek"] == [pytest.approx(7 / 30)]
    assert document["LeadTime"] == [pytest.approx(59 * 60, abs=5)]
    assert document["ChangeFailureRate"] == [0]
    (declared,) = document["_aws"]["CloudWatchMetrics"]
    assert (declared["Namespace"], declared["Dimensions"]) == ("ReleasePipeline", [["pipeline"]])


def test_schedule_measures_and_tells_nothing(
    codepipeline: Stubber, sns: Stubber, capsys: pytest.CaptureFixture[str]
) -> None:
    lists(codepipeline, [], pipeline=NAME)
    codepipeline.add_response("get_pipeline_state", state(("UpdatePipeline", "Failed", [])), {"name": NAME})

    assert handler.handle(SCHEDULED, CONTEXT) == {"told": None}

    document = sent(capsys.readouterr().out)
    assert document["SelfMutationFailed"] == [1]
    assert "LeadTime" not in document


def test_stage_that_cannot_be_read_loses_neither_message_nor_figures(
    codepipeline: Stubber, sns: Stubber, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a release that failed in prod, whose account does not let its shifts be read
    def refuses() -> StageClients:
        raise refused("AccessDenied", "not authorized to perform sts:AssumeRole")

    monkeypatch.setattr(handler, "connects", lambda: {"Prod": refuses})
    now = datetime.now(UTC)
    failed = summary(EXECUTION_ID, "Failed", now - timedelta(hours=1), now, sourceRevisions=revision("c" * 40))
    lists(codepipeline, [failed], pipeline=NAME)
    lists_actions(codepipeline, EXECUTION_ID, [detail("Prod", "Api.Deploy", "Failed", now, now)], pipeline=NAME)
    lists(codepipeline, [failed], pipeline=NAME)
    codepipeline.add_response("get_pipeline_state", state(("UpdatePipeline", "Succeeded", [])), {"name": NAME})
    subject = "Stopped in Prod by deploy: ccccccc A change"
    sns.add_response("publish", {}, {"TopicArn": VARIABLES[Setting.TOPIC_ARN], "Subject": subject, "Message": ANY})

    # when
    answer = handler.handle(event("codepipeline-execution-failed", state="FAILED"), CONTEXT)

    # then
    assert answer == {"told": subject}
    sns.assert_no_pending_responses()
    assert sent(capsys.readouterr().out)["ChangeFailureRate"] == [100]


@dataclass(frozen=True, eq=False)
class Containing:
    """Equal to any text with this in it."""

    part: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and self.part in other


def test_rollback_is_told_with_what_the_release_before_it_had_done(
    codepipeline: Stubber, sns: Stubber, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    now, minute = datetime.now(UTC).replace(microsecond=0), timedelta(minutes=1)
    shifts = [
        (
            info("d-1", "Succeeded", now - 40 * minute, now - 30 * minute),
            target("6", "7", traffic_from=now - 40 * minute),
        ),
        (info("d-2", "Succeeded", now - 9 * minute, now - 9 * minute), target("7", "8", traffic_from=now - 9 * minute)),
    ]
    monkeypatch.setattr(handler, "connects", lambda: {"Prod": FakeStage(shifts).clients})
    bad = summary("bad", "Failed", now - 50 * minute, now - 12 * minute, sourceRevisions=revision("d" * 40))
    rollback = summary(
        EXECUTION_ID, "Succeeded", now - 10 * minute, now, sourceRevisions=revision("c" * 40), executionType="ROLLBACK"
    )
    ran = [("bad", 45, 20), (EXECUTION_ID, 10, 5)]
    of_bad, of_rollback = (
        detail("Prod", "Api.Deploy", "Succeeded", now - began * minute, now - ended * minute) for _, began, ended in ran
    )
    lists(codepipeline, [rollback, bad], pipeline=NAME)
    lists_actions(codepipeline, EXECUTION_ID, [of_rollback], pipeline=NAME)
    lists(codepipeline, [rollback, bad], pipeline=NAME)
    lists_actions(codepipeline, "bad", [of_bad], pipeline=NAME)
    lists(codepipeline, [rollback, bad], pipeline=NAME)
    codepipeline.add_response("get_pipeline_state", state(("UpdatePipeline", "Succeeded", [])), {"name": NAME})
    text = Containing("CloudWatch shows no call of cars-api's version 7 in 31 min")
    sns.add_response("publish", {}, {"TopicArn": VARIABLES[Setting.TOPIC_ARN], "Subject": ANY, "Message": text})

    # when
    answer = handler.handle(event("codepipeline-execution-failed", state="SUCCEEDED"), CONTEXT)

    # then
    assert answer == {"told": "Prod was rolled back to ccccccc A change"}
    sns.assert_no_pending_responses()


def test_end_of_a_traffic_shift_is_measured_and_told_nobody(
    codepipeline: Stubber, sns: Stubber, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time to restore is right as soon as CodeDeploy has put the old version back."""
    # given a release that failed in prod a quarter of an hour after its shift had begun
    now = datetime.now(UTC).replace(microsecond=0)
    minute = timedelta(minutes=1)
    error = {"code": "ALARM_ACTIVE", "message": "Rang."}
    halted = info("d-1", "Stopped", now - 20 * minute, now - 6 * minute, errorInformation=error)
    back = info("d-2", "Succeeded", now - 6 * minute, now - 5 * minute, creator="codeDeployRollback")
    shifts = [
        (halted, target("6", "7", traffic_from=now - 19 * minute)),
        (back, target("7", "6", traffic_from=now - 6 * minute)),
    ]
    monkeypatch.setattr(handler, "connects", lambda: {"Prod": FakeStage(shifts).clients})
    failed = summary(EXECUTION_ID, "Failed", now - timedelta(hours=1), now, sourceRevisions=revision("c" * 40))
    lists(codepipeline, [failed], pipeline=NAME)
    ran = detail("Prod", "Api.Deploy", "Failed", now - 21 * minute, now - 2 * minute)
    lists_actions(codepipeline, EXECUTION_ID, [ran], pipeline=NAME)
    codepipeline.add_response("get_pipeline_state", state(("UpdatePipeline", "Succeeded", [])), {"name": NAME})

    # when
    answer = handler.handle(event("codedeploy-deployment-stopped"), CONTEXT)

    # then
    assert answer == {"told": None}
    assert sent(capsys.readouterr().out)["TimeToRestore"] == [14 * 60]


def test_what_cannot_be_measured_fails_before_anything_is_told(codepipeline: Stubber, sns: Stubber) -> None:
    """The call is tried again from its start: a message that was sent already would come twice."""
    told = released()
    lists(codepipeline, [told], pipeline=NAME)
    lists_actions(codepipeline, EXECUTION_ID, [], pipeline=NAME)
    lists(codepipeline, [told], pipeline=NAME)
    codepipeline.add_client_error("get_pipeline_state", "ThrottlingException")

    with pytest.raises(Exception, match="ThrottlingException"):
        handler.handle(event("codepipeline-execution-failed", state="SUCCEEDED"), CONTEXT)


def test_missing_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(Setting.TOPIC_ARN, raising=False)

    with pytest.raises(MissingSetting, match=r"TOPIC_ARN is not set: pipeline/monitor/infrastructure\.py"):
        read(Setting.TOPIC_ARN)
