"""CodeDeploy hears exactly one verdict, whatever happens."""

from __future__ import annotations

import boto3
import pytest
from botocore.stub import Stubber

from service.cars import aws
from service.release.runtime.callback import ReleaseRefused, verdict
from tests.service.conftest import load_event
from tests.service.release.runtime.code_deploy import FakeCodeDeploy


@pytest.fixture
def codedeploy(monkeypatch: pytest.MonkeyPatch) -> FakeCodeDeploy:
    fake = FakeCodeDeploy()
    monkeypatch.setattr(aws, "client", lambda name: {"codedeploy": fake}[name])
    return fake


def test_good_end_is_reported_once(codedeploy: FakeCodeDeploy) -> None:
    with verdict(load_event("codedeploy-hook")) as hook_event:
        assert hook_event.deployment_id == "d-A1B2C3D4E"
        assert codedeploy.reports == []

    assert codedeploy.reports == [("d-A1B2C3D4E", "eyJlbmNyeXB0ZWREYXRhIjoiZXhhbXBsZSJ9", "Succeeded")]


def refuse(reason: str) -> None:
    raise ReleaseRefused(reason)


def test_refusal_is_reported_once_and_is_no_error_of_the_hook(codedeploy: FakeCodeDeploy) -> None:
    with verdict(load_event("codedeploy-hook")):
        refuse("GET /cars answered 500")

    assert [status for _, _, status in codedeploy.reports] == ["Failed"]


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_error_of_the_hook_is_reported_once_and_raised(codedeploy: FakeCodeDeploy, error: type[BaseException]) -> None:
    with pytest.raises(error), verdict(load_event("codedeploy-hook")):
        raise error

    assert [status for _, _, status in codedeploy.reports] == ["Failed"]


def test_verdict_of_an_earlier_delivery_stays(codedeploy: FakeCodeDeploy) -> None:
    for _ in range(2):
        with verdict(load_event("codedeploy-hook")):
            pass

    assert [status for _, _, status in codedeploy.reports] == ["Succeeded"]
    assert codedeploy.refused_reports == 1


def test_report_has_the_shape_that_codedeploy_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("codedeploy")
    monkeypatch.setattr(aws, "client", lambda name: {"codedeploy": client}[name])
    expected = {
        "deploymentId": "d-A1B2C3D4E",
        "lifecycleEventHookExecutionId": "eyJlbmNyeXB0ZWREYXRhIjoiZXhhbXBsZSJ9",
        "status": "Succeeded",
    }
    with Stubber(client) as stubber:
        stubber.add_response("put_lifecycle_event_hook_execution_status", {}, expected)
        with verdict(load_event("codedeploy-hook")):
            pass
        stubber.assert_no_pending_responses()
