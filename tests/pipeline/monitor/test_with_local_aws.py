"""The monitor reads a stage of the local AWS with the roles that the templates give it, and tells what really happened.

A stack of the stage is released well, and then badly: an alarm stops its canary, and CodeDeploy puts back what was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline.monitor.runtime import handler
from rehearsal.aws.local_cloud import LocalCloud
from rehearsal.aws.service_api import Caller
from rehearsal.machine.clock import Clock
from tests.assembly import Assembly, Template
from tests.pipeline.executions.stories import PROD, detail, revision, summary
from tests.pipeline.monitor.test_handler import CONTEXT, SCHEDULED
from tests.pipeline.monitor.test_news import EXECUTION_ID, event
from tests.rehearsal.aws.codedeploy.test_with_cloudformation import BETTER, FAILS_FOR_USERS, GOOD
from tests.rehearsal.aws.codedeploy.test_with_cloudformation import template as stack
from tests.rehearsal.aws.lambda_host.local_aws import eventually
from tests.rehearsal.aws.test_events_between_accounts import REGION, STAGE, TOOLCHAIN, client, deploy, taken

MONITOR = f"arn:aws:iam::{TOOLCHAIN}:role/acs-release-monitor"
PIPELINE = f"arn:aws:codepipeline:{REGION}:{TOOLCHAIN}:AutonomousCarManager"
SUBJECT = "Stopped in Prod by canary-alarm: bbbbbbb Bad"


class OneRelease:
    """CodePipeline with one execution, which failed as it deployed Prod-Api between two moments of the run's clock."""

    service = "codepipeline"
    operations = frozenset({"GetPipelineState", "ListActionExecutions", "ListPipelineExecutions"})

    def __init__(self, clock: Clock, began: float, ended: float) -> None:
        self._clock, self._began, self._ended = clock, began, ended

    def resources(self, operation: str, parameters: Any, caller: Caller) -> list[str]:
        return [PIPELINE]

    def call(self, operation: str, parameters: Any, caller: Caller) -> Any:
        began, ended = (self._told(moment) for moment in (self._began, self._ended))
        match operation:
            case "ListPipelineExecutions":
                told = summary(EXECUTION_ID, "Failed", began, ended, sourceRevisions=revision("b" * 40, "Bad"))
                return {"pipelineExecutionSummaries": [told]}
            case "ListActionExecutions":
                return {"actionExecutionDetails": [detail(PROD, "Api.Deploy", "Failed", began, ended)]}
            case _:
                return {"stageStates": []}

    def _told(self, moment: float) -> datetime:
        return datetime.fromtimestamp(self._clock.to_wall(moment), UTC)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path, cache=tmp_path / "cache", egress={}, speed=300) as cloud:
        yield cloud


@pytest.fixture
def queue(cloud: LocalCloud, assembly: Assembly) -> str:
    """The toolchain and the stage with the roles and the topic of the templates; a queue has what the topic tells."""
    pipeline, operators = assembly.pipeline_template, assembly.stage_template("Prod", "Operators")
    deploy(cloud, STAGE, "Prod-Operators", {"Resources": named(operators, "ReleaseReader")})
    outputs = {"Topic": {"Value": {"Ref": next(iter(pipeline.of_type("AWS::SNS::Topic")))}}}
    told = {"Resources": named(pipeline, "Notifications", "MonitorRole"), "Outputs": outputs}
    topic = deploy(cloud, TOOLCHAIN, "Pipeline", told)["Topic"]
    sqs, sns = client(cloud, TOOLCHAIN, "sqs"), client(cloud, TOOLCHAIN, "sns")
    arn = f"arn:aws:sqs:{REGION}:{TOOLCHAIN}:release-managers"
    allow = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allow, "Resource": arn}]})
    url: str = sqs.create_queue(QueueName="release-managers", Attributes={"Policy": policy})["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return url


def named(template: Template, *prefixes: str) -> dict[str, Any]:
    """Its resources with such logical ids; without the permissions on what is not among them."""
    kept = {name: found for name, found in template.resources.items() if name.startswith(prefixes)}
    for name, resource in kept.items():
        if resource["Type"] == "AWS::IAM::Policy":
            kept[name] = json.loads(json.dumps(resource))
            document = kept[name]["Properties"]["PolicyDocument"]
            document["Statement"] = [
                each for each in document["Statement"] if _refers_to(each["Resource"]) <= kept.keys()
            ]
    return kept


def _refers_to(resource: Any) -> set[str]:
    named = resource.get("Ref") or resource["Fn::GetAtt"][0] if isinstance(resource, dict) else None
    return {named} if named is not None else set()


def test_release_that_an_alarm_stopped_is_told_with_its_numbers_and_restored_when_codedeploy_had(
    cloud: LocalCloud,
    queue: str,
    template: Template,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # given a stage that was released well and then badly
    deploy(cloud, STAGE, "Prod-Api", stack(GOOD, 1))
    deploy(cloud, STAGE, "Prod-Api", stack(BETTER, 2), is_update=True)
    began = cloud.clock.now()
    deploy(cloud, STAGE, "Prod-Api", stack(FAILS_FOR_USERS, 3), is_update=True)
    cloud.register_api(OneRelease(cloud.clock, began, cloud.clock.now()))

    # when the monitor hears of it, in the environment of its function
    topic = client(cloud, TOOLCHAIN, "sns").list_topics()["Topics"][0]["TopicArn"]
    become(cloud, MONITOR, monkeypatch)
    for name, value in template.only("AWS::Lambda::Function")["Environment"]["Variables"].items():
        monkeypatch.setenv(name, value if isinstance(value, str) else topic)
    answer = handler.handle(event("codepipeline-execution-failed", state="FAILED"), CONTEXT)

    # then it tells the gate, and how many calls of which version failed
    assert answer == {"told": SUBJECT}
    (message,) = eventually(lambda: taken(cloud, TOOLCHAIN, queue))
    told = json.loads(message["Body"])
    assert told["Subject"] == SUBJECT
    text = told["Message"]
    (failed, calls, version) = re.findall(
        r"(\d+) of (\d+) calls of Prod-Api-Function-\w+'s version (\d+) failed", text
    )[0]
    assert int(failed) == int(calls) > 0
    assert version == "3"
    assert re.search(r"and its alarms went off \(Prod-Api-Alarm3-\w+\)", text)
    assert "version 2 has all traffic again." in text
    (old_calls,) = re.findall(r"Version 2 meanwhile: (\d+) calls, 0 failed", text)
    assert int(old_calls) > int(calls)

    # and prod was restored when CodeDeploy had put the old version back, before the deployment had failed
    (seconds,) = eventually(lambda: measured(capsys))
    assert 0 < seconds < cloud.clock.now() - began


def measured(capsys: pytest.CaptureFixture[str]) -> list[float]:
    """The time to restore when the monitor is rung again. What has just ended may be told as a little later than now,
    where the run's clock has waited meanwhile, and then counts at the next bell.
    """
    handler.handle(SCHEDULED, CONTEXT)
    document = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line][-1]
    found: list[float] = document.get("TimeToRestore", [])
    return found


def become(cloud: LocalCloud, role_arn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows has the environment of a function with this role."""
    session = cloud.clients.assume(role_arn, session_name="monitor", region=REGION)
    for name, value in cloud.child_environment(session, REGION).items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    for cached in (handler.codepipeline, handler.sns, handler.record, handler.failed_shifts):
        cached.cache_clear()
