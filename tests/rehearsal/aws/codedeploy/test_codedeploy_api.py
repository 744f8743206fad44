from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from rehearsal.aws.lambda_host.function import InvocationResult
from rehearsal.aws.service_api import ApiError, Caller
from tests.rehearsal.aws.codedeploy.fakes import CALLER, PRE_HOOK, START, World, callback, shift

MODEL = botocore.session.Session().get_service_model("codedeploy")


def call(world: World, operation: str, **parameters: Any) -> Any:
    """The answer, checked against the API's shapes."""
    model = MODEL.operation_model(operation)
    answer = world.api.call(operation, parameters, CALLER)
    for given, shape in ((parameters, model.input_shape), (answer, model.output_shape)):
        assert shape is not None
        assert ParamValidator().validate(given, shape).generate_report() == ""
        assert set(given) <= set(shape.members)
    return answer


def test_a_deployment_is_described_with_times_on_the_callers_clock(world: World) -> None:
    deployment = world.codedeploy.deploy(world.group(), shift())

    info = call(world, "GetDeployment", deploymentId=deployment.deployment_id)["deploymentInfo"]

    assert (info["status"], info["applicationName"], info["computePlatform"]) == ("Succeeded", "cars", "Lambda")
    started = datetime.fromtimestamp(START - 1000, UTC)  # the fake clock is 1000 s ahead of the wall
    assert (info["createTime"], info["completeTime"]) == (started, started + timedelta(minutes=10))


def test_a_stopped_deployments_error_names_the_alarm(world: World) -> None:
    world.alarms.states["errors"] = "ALARM"
    deployment = world.codedeploy.deploy(world.group(), shift())

    info = call(world, "GetDeployment", deploymentId=deployment.deployment_id)["deploymentInfo"]

    assert info["status"] == "Stopped"
    assert info["errorInformation"]["code"] == "ALARM_ACTIVE"
    assert info["errorInformation"]["message"].endswith("Activated alarms: errors")


def test_a_target_shows_versions_weight_and_lifecycle_events_while_traffic_shifts(world: World) -> None:
    seen: list[Any] = []

    def look() -> None:
        (identity,) = call(world, "ListDeployments", includeOnlyStatuses=["InProgress"])["deployments"]
        (target,) = call(world, "ListDeploymentTargets", deploymentId=identity)["targetIds"]
        seen.append(call(world, "GetDeploymentTarget", deploymentId=identity, targetId=target))

    world.clock.at(120, look)

    world.codedeploy.deploy(world.group(), shift())

    target = seen[0]["deploymentTarget"]["lambdaTarget"]
    assert target["lambdaFunctionInfo"] == {
        "functionName": "cars",
        "functionAlias": "live",
        "currentVersion": "1",
        "targetVersion": "2",
        "targetVersionWeight": 0.1,
    }
    assert [(event["lifecycleEventName"], event["status"]) for event in target["lifecycleEvents"]] == [
        ("BeforeAllowTraffic", "Skipped"),
        ("AllowTraffic", "InProgress"),
        ("AfterAllowTraffic", "Pending"),
    ]


def test_deployments_are_listed_latest_first_and_filtered(world: World) -> None:
    first = world.codedeploy.deploy(world.group(), shift()).deployment_id
    second = world.codedeploy.deploy(world.group(), shift(from_version="2", to_version="3")).deployment_id

    assert call(world, "ListDeployments")["deployments"] == [second, first]
    assert call(world, "ListDeployments", applicationName="cars", deploymentGroupName="cars")["deployments"]
    assert call(world, "ListDeployments", applicationName="trucks")["deployments"] == []
    assert call(world, "ListDeployments", includeOnlyStatuses=["Failed"])["deployments"] == []
    late = {"start": datetime.fromtimestamp(START - 1000 + 1, UTC)}
    assert call(world, "ListDeployments", createTimeRange=late)["deployments"] == [second]
    assert len(call(world, "BatchGetDeployments", deploymentIds=[first, second])["deploymentsInfo"]) == 2


def test_another_account_does_not_see_the_deployment(world: World) -> None:
    deployment = world.codedeploy.deploy(world.group(), shift())

    with pytest.raises(ApiError, match="DeploymentDoesNotExistException"):
        world.api.call("GetDeployment", {"deploymentId": deployment.deployment_id}, Caller("333333333333", "eu-west-1"))


def test_groups_applications_and_configurations_are_described(world: World) -> None:
    place = {"applicationName": "cars"}

    group = call(world, "GetDeploymentGroup", **place, deploymentGroupName="cars")["deploymentGroupInfo"]
    assert group["alarmConfiguration"]["alarms"] == [{"name": "errors"}, {"name": "slow"}]
    assert group["autoRollbackConfiguration"]["enabled"]
    assert call(world, "ListDeploymentGroups", **place)["deploymentGroups"] == ["cars"]
    assert call(world, "BatchGetDeploymentGroups", **place, deploymentGroupNames=["cars", "no"])["deploymentGroupsInfo"]
    assert call(world, "ListApplications")["applications"] == ["cars"]
    assert call(world, "GetApplication", **place)["application"]["computePlatform"] == "Lambda"
    assert "CodeDeployDefault.LambdaAllAtOnce" in call(world, "ListDeploymentConfigs")["deploymentConfigsList"]
    linear = call(
        world, "GetDeploymentConfig", deploymentConfigName="CodeDeployDefault.LambdaLinear10PercentEvery3Minutes"
    )
    assert linear["deploymentConfigInfo"]["trafficRoutingConfig"] == {
        "type": "TimeBasedLinear",
        "timeBasedLinear": {"linearPercentage": 10, "linearInterval": 3},
    }


def test_a_hook_reports_once_and_its_first_word_counts(world: World) -> None:
    errors: list[str] = []

    def reporting_twice(event: dict[str, str]) -> InvocationResult:
        world.api.call("PutLifecycleEventHookExecutionStatus", callback(event, "Succeeded"), CALLER)
        for changes in (
            {"status": "Failed"},
            {"status": "InProgress"},
            {"lifecycleEventHookExecutionId": "other"},
            {"deploymentId": "d-OTHER0000"},
        ):
            parameters = {**callback(event, "Succeeded"), **changes}
            with pytest.raises(ApiError) as caught:
                world.api.call("PutLifecycleEventHookExecutionStatus", parameters, CALLER)
            errors.append(caught.value.code)
        return InvocationResult(version="1", payload=b"null")

    world.functions.hooks = {PRE_HOOK: reporting_twice}

    deployment = world.codedeploy.deploy(world.group(), shift(before_hook=PRE_HOOK))

    assert deployment.status == "Succeeded"
    assert errors == [
        "LifecycleEventAlreadyCompletedException",
        "InvalidLifecycleEventHookExecutionStatusException",
        "InvalidLifecycleEventHookExecutionIdException",
        "DeploymentDoesNotExistException",
    ]


def test_a_deployment_that_is_over_cannot_be_stopped(world: World) -> None:
    deployment = world.codedeploy.deploy(world.group(), shift())

    with pytest.raises(ApiError, match="DeploymentAlreadyCompletedException"):
        world.api.call("StopDeployment", {"deploymentId": deployment.deployment_id}, CALLER)
