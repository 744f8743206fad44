"""The monitor's function: measures at each bell, tells what is news last, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from pipeline.monitor.runtime import handler
from pipeline.monitor.runtime.settings import MissingSetting, Setting, read
from tests.pipeline.executions.fake_codepipeline import lists, lists_actions, stubbed
from tests.pipeline.executions.stories import detail, revision, summary
from tests.pipeline.monitor.test_gauges import state
from tests.pipeline.monitor.test_news import EXECUTION_ID, event

NAME = "AutonomousCarManager"
CONTEXT: Any = SimpleNamespace(
    function_name="monitor", memory_limit_in_mb=256, invoked_function_arn="arn:aws:lambda:x", aws_request_id="1"
)
SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event", "region": "eu-west-1", "detail": {}}
VARIABLES = {
    Setting.PIPELINE_NAME: NAME,
    Setting.PROD_STAGE: "Prod",
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
    handler.record.cache_clear()
    monkeypatch.setattr(handler, "codepipeline", lambda: client)
    yield stubber
    handler.record.cache_clear()


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
