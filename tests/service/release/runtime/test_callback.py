"""CodeDeploy hears exactly one verdict, whatever happens."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
import botocore.session
import pytest
from botocore.model import StringShape
from botocore.stub import Stubber

from service.cars import aws
from service.release.runtime.callback import WAYS_BACK, Deployment, ReleaseRefused, give_verdict
from tests.service.conftest import load_event
from tests.service.release.runtime.code_deploy import FakeCodeDeploy


@pytest.fixture
def codedeploy(monkeypatch: pytest.MonkeyPatch) -> FakeCodeDeploy:
    fake = FakeCodeDeploy()
    monkeypatch.setattr(aws, "client", lambda name: {"codedeploy": fake}[name])
    return fake


def test_good_end_is_reported_once(codedeploy: FakeCodeDeploy) -> None:
    def examine(deployment: Deployment) -> None:
        assert deployment.deployment_id == "d-A1B2C3D4E"
        assert codedeploy.reports == []

    give_verdict(load_event("codedeploy-hook"), examine)

    assert codedeploy.reports == [("d-A1B2C3D4E", "eyJlbmNyeXB0ZWREYXRhIjoiZXhhbXBsZSJ9", "Succeeded")]


def nothing_is_wrong(_: Deployment) -> None:
    pass


def refuse(_: Deployment) -> None:
    raise ReleaseRefused("GET /cars answered 500")


def test_refusal_is_reported_once_and_is_no_error_of_the_hook(codedeploy: FakeCodeDeploy) -> None:
    give_verdict(load_event("codedeploy-hook"), refuse)

    assert codedeploy.verdicts == ["Failed"]


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_error_of_the_hook_is_reported_once_and_raised(codedeploy: FakeCodeDeploy, error: type[BaseException]) -> None:
    def fail(_: Deployment) -> None:
        raise error

    with pytest.raises(error):
        give_verdict(load_event("codedeploy-hook"), fail)

    assert codedeploy.verdicts == ["Failed"]


def test_verdict_of_an_earlier_delivery_stays(codedeploy: FakeCodeDeploy) -> None:
    for _ in range(2):
        give_verdict(load_event("codedeploy-hook"), nothing_is_wrong)

    assert codedeploy.verdicts == ["Succeeded"]
    assert codedeploy.refused_reports == 1


@pytest.mark.parametrize("creator", sorted(WAYS_BACK))
def test_way_back_is_not_examined(codedeploy: FakeCodeDeploy, creator: str) -> None:
    codedeploy.creator = creator

    give_verdict(load_event("codedeploy-hook"), refuse)

    assert codedeploy.verdicts == ["Succeeded"]


@pytest.mark.parametrize("creator", ["CloudFormation", "user", "CodeDeploy"])
def test_every_other_deployment_is_examined(codedeploy: FakeCodeDeploy, creator: str) -> None:
    codedeploy.creator = creator

    give_verdict(load_event("codedeploy-hook"), refuse)

    assert codedeploy.verdicts == ["Failed"]


def test_ways_back_are_creators_that_codedeploy_knows() -> None:
    model = botocore.session.get_session().get_service_model("codedeploy")

    creator = model.shape_for("DeploymentCreator")
    assert isinstance(creator, StringShape)
    assert set(creator.enum) >= WAYS_BACK


def test_report_has_the_shape_that_codedeploy_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("codedeploy")
    monkeypatch.setattr(aws, "client", lambda name: {"codedeploy": client}[name])
    expected = {
        "deploymentId": "d-A1B2C3D4E",
        "lifecycleEventHookExecutionId": "eyJlbmNyeXB0ZWREYXRhIjoiZXhhbXBsZSJ9",
        "status": "Succeeded",
    }
    with Stubber(client) as stubber:
        info = {"deploymentInfo": {"creator": "CloudFormation", "createTime": datetime.now(UTC)}}
        stubber.add_response("get_deployment", info, {"deploymentId": "d-A1B2C3D4E"})
        stubber.add_response("put_lifecycle_event_hook_execution_status", {}, expected)
        give_verdict(load_event("codedeploy-hook"), nothing_is_wrong)
        stubber.assert_no_pending_responses()
