from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.codedeploy.deployment import DeploymentStatus, RollbackEvent
from rehearsal.aws.codedeploy.errors import DeploymentLimit
from rehearsal.aws.lambda_host.function import FunctionArn, InvocationResult, failure
from rehearsal.aws.lambda_host.routing import Routing
from rehearsal.run_events import DeploymentEnded, DeploymentStarted, LifecycleEventEnded, Status, TrafficShifted
from tests.rehearsal.aws.codedeploy.fakes import (
    ACCOUNT,
    ALIAS,
    CALLER,
    EVIDENCE_HOOK,
    PRE_HOOK,
    REGION,
    ROLE,
    World,
    shift,
)
from tests.rehearsal.aws.manual_time import eventually


def ended(world: World) -> DeploymentEnded:
    (event,) = world.events(DeploymentEnded)
    assert isinstance(event, DeploymentEnded)
    return event


def test_a_canary_that_nothing_stops_ends_with_all_traffic_on_the_new_version(world: World) -> None:
    world.functions.hooks = {PRE_HOOK: world.reporting("Succeeded"), EVIDENCE_HOOK: world.reporting("Succeeded")}

    deployment = world.codedeploy.deploy(world.group(), shift(before_hook=PRE_HOOK, after_hook=EVIDENCE_HOOK))

    assert deployment.status is DeploymentStatus.SUCCEEDED
    assert world.aliases.routings[ALIAS] == Routing("2")
    assert world.functions.retired == ["1"]
    assert world.clock.seconds == 600
    (started,) = world.events(DeploymentStarted)
    assert (started.from_version, started.to_version, started.alias) == ("1", "2", "live")
    assert started.config == "CodeDeployDefault.LambdaCanary10Percent10Minutes"
    assert [event.lifecycle_event for event in world.events(LifecycleEventEnded)] == [
        "BeforeAllowTraffic",
        "AllowTraffic",
        "AfterAllowTraffic",
    ]
    assert [(event.aws_seconds, event.weight_percent) for event in world.events(TrafficShifted)] == [
        (0, 10),
        (600, 100),
    ]
    assert ended(world).shift == ((0, 10), (600, 100))
    assert (ended(world).status, ended(world).gate, ended(world).alarm) == (Status.SUCCEEDED, None, None)


def test_during_a_canary_the_alias_stays_on_the_old_version_and_shares_its_traffic(world: World) -> None:
    seen: list[Routing] = []
    world.clock.at(300, lambda: seen.append(world.aliases.routings[ALIAS]))

    world.codedeploy.deploy(world.group(), shift())

    assert seen == [Routing("1", {"2": 0.1})]


def test_a_linear_deployment_shifts_step_by_step(world: World) -> None:
    group = world.group(config_name="CodeDeployDefault.LambdaLinear10PercentEvery1Minute")

    world.codedeploy.deploy(group, shift())

    assert ended(world).shift == tuple((60.0 * step, 10.0 * (step + 1)) for step in range(10))


def test_a_hooks_worker_ends_with_its_invocation(world: World) -> None:
    world.functions.hooks = {PRE_HOOK: world.reporting("Succeeded"), EVIDENCE_HOOK: world.reporting("Failed")}

    world.codedeploy.deploy(world.group(), shift(before_hook=PRE_HOOK, after_hook=EVIDENCE_HOOK))

    eventually(lambda: len(world.functions.retired_hooks) == 4)  # both once more, for the rollback
    assert world.functions.retired_hooks == [f"{PRE_HOOK}:1", f"{EVIDENCE_HOOK}:1"] * 2


def test_hooks_are_invoked_asynchronously_with_codedeploys_event(world: World) -> None:
    world.functions.hooks = {PRE_HOOK: world.reporting("Succeeded")}

    deployment = world.codedeploy.deploy(world.group(), shift(before_hook=PRE_HOOK))

    ((arn, event, is_asynchronous),) = world.functions.invoked
    assert (arn, is_asynchronous) == (PRE_HOOK, True)
    assert sorted(event) == ["DeploymentId", "LifecycleEventHookExecutionId"]
    assert event["DeploymentId"] == deployment.deployment_id


def test_an_alarm_during_the_canary_stops_it_and_puts_all_traffic_back(world: World) -> None:
    world.clock.at(180, lambda: world.alarms.states.update(errors="ALARM"))

    deployment = world.codedeploy.deploy(world.group(), shift())

    assert deployment.status is DeploymentStatus.STOPPED
    assert deployment.error_code == "ALARM_ACTIVE"
    assert world.aliases.routings[ALIAS] == Routing("1")
    assert world.functions.retired == ["2"]
    assert ended(world).shift == ((0, 10), (180, 0))
    assert (ended(world).status, ended(world).gate, ended(world).alarm) == (Status.STOPPED, "canary-alarm", "errors")
    assert "Activated alarms: errors" in ended(world).reason


def test_a_rollback_is_a_deployment_of_its_own_with_its_hooks_which_no_alarm_stops(world: World) -> None:
    asked: list[dict[str, str]] = []

    def hook(event: dict[str, str]) -> InvocationResult:
        asked.append(event)
        return world.reporting("Succeeded")(event)

    world.functions.hooks = {PRE_HOOK: hook, EVIDENCE_HOOK: hook}
    world.clock.at(120, lambda: world.alarms.states.update(errors="ALARM"))

    stopped = world.codedeploy.deploy(world.group(), shift(before_hook=PRE_HOOK, after_hook=EVIDENCE_HOOK))

    rollback, _ = world.codedeploy.deployments(ACCOUNT, REGION)
    assert (rollback.creator, rollback.status) == ("codeDeployRollback", DeploymentStatus.SUCCEEDED)
    assert (rollback.shift.from_version, rollback.shift.to_version) == ("2", "1")
    assert (stopped.rolled_back_by, rollback.rolls_back) == (rollback.deployment_id, stopped.deployment_id)
    assert [event["DeploymentId"] for event in asked] == [stopped.deployment_id, *[rollback.deployment_id] * 2]
    assert world.aliases.routings[ALIAS] == Routing("1")
    told = world.api.call("GetDeployment", {"deploymentId": stopped.deployment_id}, CALLER)["deploymentInfo"]
    assert told["rollbackInfo"] == {"rollbackDeploymentId": rollback.deployment_id}
    assert len(world.events(DeploymentEnded)) == 1


def test_a_rollback_whose_hook_says_no_leaves_the_alias_on_both_versions(world: World) -> None:
    verdicts = iter(["Succeeded", "Failed"])
    world.functions.hooks = {PRE_HOOK: lambda event: world.reporting(next(verdicts))(event)}
    world.clock.at(120, lambda: world.alarms.states.update(errors="ALARM"))

    stopped = world.codedeploy.deploy(world.group(), shift(before_hook=PRE_HOOK))

    rollback, _ = world.codedeploy.deployments(ACCOUNT, REGION)
    assert rollback.status is DeploymentStatus.FAILED
    assert f"The rollback {rollback.deployment_id} failed: BeforeAllowTraffic hook" in stopped.error_message
    assert world.aliases.routings[ALIAS] == Routing("1", {"2": 0.1})


def test_a_rollback_that_aws_refuses_has_failed_and_the_group_deploys_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_routing = world.aliases.set_routing

    def refuse(alias: FunctionArn, routing: Routing, **options: Any) -> None:
        if routing == Routing("1"):
            raise ClientError({"Error": {"Code": "Throttled", "Message": "too much"}}, "UpdateAlias")
        set_routing(alias, routing, **options)

    monkeypatch.setattr(world.aliases, "set_routing", refuse)
    world.clock.at(120, lambda: world.alarms.states.update(errors="ALARM"))

    stopped = world.codedeploy.deploy(world.group(), shift())

    rollback, _ = world.codedeploy.deployments(ACCOUNT, REGION)
    assert (rollback.status, rollback.error_code) == (DeploymentStatus.FAILED, "INTERNAL_ERROR")
    assert "failed: An error occurred (Throttled)" in stopped.error_message
    assert ended(world).status is Status.STOPPED
    assert all(deployment.is_over for deployment in world.codedeploy.deployments(ACCOUNT, REGION))


def test_an_alarm_while_the_last_hook_runs_still_stops_the_deployment(world: World) -> None:
    def hook_that_never_reports(event: dict[str, str]) -> InvocationResult:
        return InvocationResult(version="1", payload=b"null")

    world.functions.hooks = {EVIDENCE_HOOK: hook_that_never_reports}
    world.clock.at(700, lambda: world.alarms.states.update(slow="ALARM"))

    world.codedeploy.deploy(world.group(), shift(after_hook=EVIDENCE_HOOK))

    assert ended(world).alarm == "slow"
    assert ended(world).shift == ((0, 10), (600, 100), (700, 0))
    assert world.aliases.routings[ALIAS] == Routing("1")


def test_an_alarm_that_is_active_at_the_start_stops_the_deployment_before_any_traffic(world: World) -> None:
    world.alarms.states["errors"] = "ALARM"

    world.codedeploy.deploy(world.group(), shift())

    assert world.clock.seconds == 0
    assert ended(world).shift == ()
    assert ended(world).alarm == "errors"
    assert world.aliases.routings[ALIAS] == Routing("1")


@pytest.mark.parametrize(("is_ignored", "status"), [(False, "Stopped"), (True, "Succeeded")])
def test_an_alarm_whose_state_cannot_be_read_stops_the_deployment_unless_that_is_ignored(
    world: World, is_ignored: bool, status: str
) -> None:
    group = world.group(alarms=("gone",), is_poll_failure_ignored=is_ignored)

    deployment = world.codedeploy.deploy(group, shift())

    assert deployment.status == status


def test_without_the_rollback_event_an_alarm_leaves_the_alias_on_both_versions(world: World) -> None:
    world.clock.at(180, lambda: world.alarms.states.update(errors="ALARM"))
    group = world.group(rollback_events=frozenset({RollbackEvent.FAILURE}))

    world.codedeploy.deploy(group, shift())

    assert world.aliases.routings[ALIAS] == Routing("1", {"2": 0.1})
    assert world.functions.retired == []


def test_a_pre_traffic_hook_that_reports_failed_stops_the_deployment_with_no_request_harmed(world: World) -> None:
    log = ('{"level":"INFO","message":"probing"}', '{"level":"ERROR","message":"release refused","reason":"GET 500"}')
    world.functions.hooks = {PRE_HOOK: world.reporting("Failed", log_tail=log)}

    deployment = world.codedeploy.deploy(world.group(), shift(before_hook=PRE_HOOK))

    assert (deployment.status, deployment.error_code) == (DeploymentStatus.FAILED, "HOOK_EXECUTION_FAILURE")
    assert world.aliases.routings[ALIAS] == Routing("1")
    assert ended(world).shift == ()
    assert ended(world).gate == "pre-traffic-hook"
    assert ended(world).reason.endswith("reported Failed. It logged: release refused: GET 500")
    (event,) = world.events(LifecycleEventEnded)
    assert (event.lifecycle_event, event.status) == ("BeforeAllowTraffic", Status.FAILED)


def test_an_evidence_hook_that_reports_failed_puts_back_traffic_that_was_all_shifted(world: World) -> None:
    world.functions.hooks = {EVIDENCE_HOOK: world.reporting("Failed")}

    world.codedeploy.deploy(world.group(), shift(after_hook=EVIDENCE_HOOK))

    assert world.aliases.routings[ALIAS] == Routing("1")
    assert ended(world).shift == ((0, 10), (600, 100), (600, 0))
    assert (ended(world).status, ended(world).gate) == (Status.FAILED, "evidence-hook")


def test_a_hook_that_fails_without_a_callback_is_given_up_after_3600_seconds(world: World) -> None:
    def crashing(event: dict[str, str]) -> InvocationResult:
        payload = failure("Runtime.ImportModuleError", "no module x")
        return InvocationResult(version="1", payload=payload, function_error="Unhandled")

    world.functions.hooks = {PRE_HOOK: crashing}

    world.codedeploy.deploy(world.group(), shift(before_hook=PRE_HOOK))

    assert world.clock.seconds == 3600
    assert ended(world).gate == "pre-traffic-hook"
    assert "did not report within 3600 seconds" in ended(world).reason
    assert "Runtime.ImportModuleError: no module x" in ended(world).reason


def test_a_hook_that_the_service_role_may_not_invoke_fails_the_deployment_with_iams_words(world: World) -> None:
    world.aliases.denial = "User: codedeploy is not authorized to perform: lambda:InvokeFunction"

    deployment = world.codedeploy.deploy(world.group(), shift(before_hook=PRE_HOOK))

    assert deployment.error_code == "IAM_ROLE_PERMISSIONS"
    assert ROLE in deployment.error_message
    assert "not authorized to perform: lambda:InvokeFunction" in deployment.error_message
    assert world.functions.invoked == []


@pytest.mark.parametrize(
    ("events", "is_rollback_requested", "routing"),
    [
        (frozenset({RollbackEvent.STOP}), False, Routing("1")),
        (frozenset(), True, Routing("1")),
        (frozenset({RollbackEvent.FAILURE}), False, Routing("1", {"2": 0.1})),
    ],
)
def test_a_stopped_deployment_is_put_back_when_the_group_or_the_caller_says_so(
    world: World, events: frozenset[RollbackEvent], is_rollback_requested: bool, routing: Routing
) -> None:
    def stop() -> None:
        (identity,) = world.api.call("ListDeployments", {"includeOnlyStatuses": ["InProgress"]}, CALLER)["deployments"]
        parameters = {"deploymentId": identity, "autoRollbackEnabled": is_rollback_requested}
        world.api.call("StopDeployment", parameters, CALLER)

    world.clock.at(120, stop)

    deployment = world.codedeploy.deploy(world.group(rollback_events=events), shift())

    assert (deployment.status, deployment.error_code) == (DeploymentStatus.STOPPED, "MANUAL_STOP")
    assert world.aliases.routings[ALIAS] == routing
    assert ended(world).gate == "deploy"


@pytest.mark.parametrize("routing", [Routing("7"), Routing("1", {"6": 0.1})])
def test_an_alias_that_is_not_as_cloudformation_left_it_is_not_touched(world: World, routing: Routing) -> None:
    world.aliases.routings[ALIAS] = routing

    deployment = world.codedeploy.deploy(world.group(), shift())

    assert (deployment.status, deployment.error_code) == (DeploymentStatus.FAILED, "INVALID_LAMBDA_CONFIGURATION")
    assert "does not match the current version in AppSpec file" in deployment.error_message
    assert world.aliases.routings[ALIAS] == routing


@pytest.mark.parametrize(
    ("config", "status"),
    [
        ("CodeDeployDefault.LambdaCanary10Percent5Minutes", "Failed"),
        ("CodeDeployDefault.LambdaAllAtOnce", "Succeeded"),
    ],
)
def test_versions_with_different_roles_cannot_share_an_alias(world: World, config: str, status: str) -> None:
    world.aliases.roles = {"1": "old-role", "2": "new-role"}

    deployment = world.codedeploy.deploy(world.group(config_name=config), shift())

    assert deployment.status == status


def test_a_group_runs_one_deployment_at_a_time(world: World) -> None:
    refused: list[str] = []

    def deploy_again() -> None:
        with pytest.raises(DeploymentLimit) as caught:
            world.codedeploy.deploy(world.group(), shift())
        refused.append(str(caught.value))

    world.clock.at(100, deploy_again)

    deployment = world.codedeploy.deploy(world.group(), shift())

    assert refused == [f"The Deployment Group 'cars' already has an active Deployment '{deployment.deployment_id}'"]
    assert world.codedeploy.deployments(ACCOUNT, REGION) == [deployment]


def test_no_hook_thread_is_left_when_the_deployment_is_over(world: World) -> None:
    world.functions.hooks = {PRE_HOOK: world.reporting("Succeeded")}

    world.codedeploy.deploy(world.group(), shift(before_hook=PRE_HOOK))

    for thread in threading.enumerate():
        if thread.name.startswith("hook-"):
            thread.join(1)
            assert not thread.is_alive()
