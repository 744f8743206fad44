"""The monitor reads a stage of the local AWS with the roles that the templates give it, and tells what really happened.

A stack of the stage is released well, and then badly: an alarm stops its canary, and CodeDeploy puts back what was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline.executions.execution import Execution, execution_of
from pipeline.executions.failed_shifts import FailedShifts
from pipeline.executions.figures import figures
from pipeline.monitor.runtime.gathering import impacts_of
from pipeline.monitor.runtime.news import news_of
from pipeline.monitor.runtime.stages import StagePlace, connect_to
from rehearsal.aws.local_cloud import LocalCloud
from tests.assembly import Assembly, Template
from tests.pipeline.executions.stories import PROD, detail, revision, summary
from tests.pipeline.monitor.test_news import PLACE, event
from tests.rehearsal.aws.codedeploy.test_with_cloudformation import BETTER, FAILS_FOR_USERS, GOOD, template
from tests.rehearsal.aws.test_events_between_accounts import REGION, STAGE, TOOLCHAIN, deploy

MONITOR = f"arn:aws:iam::{TOOLCHAIN}:role/acs-release-monitor"
READER = f"arn:aws:iam::{STAGE}:role/acs-release-reader-prod"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path, cache=tmp_path / "cache", egress={}, speed=300) as cloud:
        yield cloud


def roles(template: Template, prefix: str, *, keeps: str) -> dict[str, Any]:
    """The role and its policy, of which the statements are kept that name `keeps`: others are of what is not here."""
    kept: dict[str, Any] = {}
    for name, resource in template.resources.items():
        if name.startswith(prefix) and resource["Type"] in ("AWS::IAM::Role", "AWS::IAM::Policy"):
            kept[name] = json.loads(json.dumps(resource))
            document = kept[name]["Properties"].get("PolicyDocument", {})
            if document:
                document["Statement"] = [each for each in document["Statement"] if keeps in json.dumps(each)]
    return {"Resources": kept}


def execution(began: datetime, ended: datetime) -> Execution:
    told = summary("bad", "Failed", began, ended, sourceRevisions=revision("b" * 40, "Bad"))
    return execution_of(told, [detail(PROD, "Api.Deploy", "Failed", began, ended)])


def test_release_that_an_alarm_stopped_is_told_with_its_numbers_and_restored_when_codedeploy_had(
    cloud: LocalCloud, assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given the roles of the templates, and a stage that was released well and then badly
    operators, pipeline = assembly.stage_template("Prod", "Operators"), assembly.pipeline_template
    deploy(cloud, STAGE, "Prod-Operators", roles(operators, "ReleaseReader", keeps="Allow"))
    deploy(cloud, TOOLCHAIN, "Pipeline", roles(pipeline, "MonitorRole", keeps="sts:AssumeRole"))
    deploy(cloud, STAGE, "Prod-Api", template(GOOD, 1))
    deploy(cloud, STAGE, "Prod-Api", template(BETTER, 2), is_update=True)
    began = cloud.clock.now()
    deploy(cloud, STAGE, "Prod-Api", template(FAILS_FOR_USERS, 3), is_update=True)
    ended = cloud.clock.now()

    # when the monitor reads it, as itself
    become(cloud, MONITOR, monkeypatch)
    bad = execution(*(datetime.fromtimestamp(cloud.clock.to_wall(moment), UTC) for moment in (began, ended)))
    connect = lambda: connect_to(StagePlace(role_arn=READER, region=REGION))  # noqa: E731
    now = datetime.now(UTC)
    impacts = impacts_of(bad, [], {PROD: connect}, now=now)
    message = news_of(event("codepipeline-execution-failed", state="FAILED"), bad, PLACE, impacts)

    # then it tells the gate, and how many calls of which version failed
    (impact,) = impacts.own
    assert impact.problem == ""
    (measured,) = impact.shifts
    assert message is not None
    assert message.subject == "Stopped in Prod by canary-alarm: bbbbbbb Bad"
    assert measured.traffic is not None
    assert measured.traffic.new.failed == measured.traffic.new.calls > 0
    assert measured.traffic.old.calls > measured.traffic.new.calls
    (alarm,) = measured.traffic.went_off
    assert alarm.startswith("Prod-Api-Alarm3")
    failed = measured.traffic.new.failed
    assert f"{failed} of {failed} calls of {measured.shift.function}'s version 3 failed" in message.text
    assert "version 2 has all traffic again." in message.text

    # and prod was restored when CodeDeploy had put the old version back
    shifts = FailedShifts(connect, PROD).of([bad], now=now)
    found = figures([bad], stage=PROD, since=now - timedelta(days=1), until=now, shifts=shifts)
    assert measured.put_back_at is not None
    assert measured.shift.traffic_from is not None
    assert found.time_to_restore is not None
    took = (measured.put_back_at - measured.shift.traffic_from).total_seconds()
    # as each answer tells it: the run's clock goes on between them
    assert found.time_to_restore.total_seconds() == pytest.approx(took, abs=2)
    assert bad.started_at < measured.shift.traffic_from < measured.put_back_at < bad.updated_at


def become(cloud: LocalCloud, role_arn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows has the environment of a function with this role."""
    session = cloud.clients.assume(role_arn, session_name="monitor", region=REGION)
    for name, value in cloud.child_environment(session, REGION).items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
