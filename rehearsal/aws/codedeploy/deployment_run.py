"""One deployment from start to end: hook, traffic shift, hook; watched by alarms; put back when it is halted.

In: a deployment and its schedule. Out: the deployment's status, and the alias on one version. It must not know
CloudFormation, nor choose groups or configurations.
Sources: "Deployments on an AWS Lambda compute platform", "AppSpec 'hooks' section for an AWS Lambda deployment" (a hook
reports within 3600 s), "Redeploy and roll back a deployment with CodeDeploy".
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.cloudwatch.errors import CloudWatchRejection
from rehearsal.aws.codedeploy.deployment import (
    Creator,
    Deployment,
    DeploymentStatus,
    LifecycleEvent,
    LifecycleEventName,
    LifecycleEventStatus,
    RollbackEvent,
)
from rehearsal.aws.codedeploy.deployment_config import Shift
from rehearsal.aws.codedeploy.hook_invocation import HookInvocation
from rehearsal.aws.codedeploy.ports import Services
from rehearsal.aws.lambda_host.routing import Routing
from rehearsal.run_events import (
    DeploymentEnded,
    DeploymentStarted,
    LifecycleEventEnded,
    LifecycleEventStarted,
    Status,
    TrafficShifted,
)

HOOK_SECONDS = 3600.0
_INVALID = "INVALID_LAMBDA_CONFIGURATION"
_INVALID_APPSPEC = (
    "The deployment failed because the AppSpec file that specifies the AWS Lambda deployment configuration is missing "
    "or has an invalid configuration. "
)
_GATES = {LifecycleEventName.BEFORE: "pre-traffic-hook", LifecycleEventName.AFTER: "evidence-hook"}
_STATUSES = {
    DeploymentStatus.SUCCEEDED: Status.SUCCEEDED,
    DeploymentStatus.FAILED: Status.FAILED,
    DeploymentStatus.STOPPED: Status.STOPPED,
}


class Halted(Exception):
    """The deployment does not go on. `code` is CodeDeploy's error code, `rolls_back_on` the event that it is."""

    def __init__(
        self, code: str, message: str, *, rolls_back_on: RollbackEvent, gate: str = "deploy", alarm: str | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.rolls_back_on = rolls_back_on
        self.gate = gate
        self.alarm = alarm


class DeploymentRun:
    """See the module. `run` takes as long as the deployment does, on the run's clock."""

    def __init__(
        self,
        deployment: Deployment,
        config_name: str,
        schedule: tuple[Shift, ...],
        with_: Services,
        new_rollback: Callable[[Deployment], Deployment],
    ) -> None:
        self._deployment = deployment
        self._config_name = config_name
        self._schedule = schedule
        self._with = with_
        self._new_rollback = new_rollback
        self._shift_began_at: float | None = None

    def run(self) -> None:
        """Afterwards `deployment.is_over`. ClockClosed when the run ends first."""
        deployment, shift = self._deployment, self._deployment.shift
        deployment.started_at = self._with.clock.now()
        self._become(DeploymentStatus.IN_PROGRESS)
        self._emit_started()
        try:
            self._check_alias()
            self._look()
            self._run_hook(LifecycleEventName.BEFORE, shift.before_hook)
            self._shift_traffic()
            self._run_hook(LifecycleEventName.AFTER, shift.after_hook)
        except Halted as halted:
            self._halt(halted)
        except (ClientError, BotoCoreError) as exc:
            message = str(exc)
            self._halt(Halted("INTERNAL_ERROR", message, rolls_back_on=RollbackEvent.FAILURE))
        else:
            self._with.functions.retire(shift.alias.unqualified, shift.from_version)
            self._end(DeploymentStatus.SUCCEEDED)

    def _check_alias(self) -> None:
        """CodeDeploy starts only from an alias that is wholly on the version that CloudFormation believes in."""
        shift = self._deployment.shift
        routing = self._with.aliases.routing(shift.alias)
        if routing.version != shift.from_version or routing.weights:
            weights = f" and shares traffic with {dict(routing.weights)}" if routing.weights else ""
            words = "The Lambda function alias version does not match the current version in AppSpec file."
            raise _failed(
                _INVALID,
                f"{_INVALID_APPSPEC}{words} The alias is on version {routing.version}{weights}, "
                f"the AppSpec file says {shift.from_version}.",
            )
        roles = {self._with.aliases.role_of(shift.alias.unqualified, v) for v in (shift.from_version, shift.to_version)}
        if len(roles) > 1 and len(self._schedule) > 1:
            raise _failed(
                _INVALID,
                f"{_INVALID_APPSPEC}Versions {shift.from_version} and {shift.to_version} have different execution "
                "roles, and an alias shares traffic only between versions with the same role.",
            )

    def _run_hook(self, name: LifecycleEventName, hook_arn: str | None) -> None:
        event = self._deployment.events[name]
        if hook_arn is None:
            event.status = LifecycleEventStatus.SKIPPED
            return
        event.hook_execution_id = secrets.token_hex(16)
        self._begin(event)
        role = self._deployment.group.service_role_arn
        denied = self._with.aliases.may_invoke(role, hook_arn, region=self._deployment.group.region)
        if denied is not None:
            message = (
                f"The IAM role {role} does not give you permission to perform operations in the following AWS service: "
                f"AWSLambda. {denied}"
            )
            raise _failed("IAM_ROLE_PERMISSIONS", message, gate=_GATES[name])
        invocation = HookInvocation(self._with, hook_arn, self._deployment.deployment_id, event.hook_execution_id)
        invocation.start()
        is_reported = self._wait(lambda: event.status is not LifecycleEventStatus.IN_PROGRESS, HOOK_SECONDS)
        if not is_reported:
            text = f"{name} hook {hook_arn} did not report within {HOOK_SECONDS:.0f} seconds.{invocation.explanation()}"
            raise _failed("HOOK_EXECUTION_FAILURE", text, gate=_GATES[name])
        if event.status is LifecycleEventStatus.FAILED:
            text = f"{name} hook {hook_arn} reported Failed.{invocation.explanation()}"
            raise _failed("HOOK_EXECUTION_FAILURE", text, gate=_GATES[name])
        self._emit_event_ended(event, Status.SUCCEEDED)

    def _shift_traffic(self) -> None:
        event = self._deployment.events[LifecycleEventName.SHIFT]
        self._begin(event)
        self._with.functions.warm(self._deployment.shift.alias.unqualified, self._deployment.shift.to_version)
        began_at = self._shift_began_at = self._with.clock.now()
        for step in self._schedule:
            self._wait(lambda: False, began_at + step.aws_seconds - self._with.clock.now())
            self._give(step.weight_percent)
        event.status = LifecycleEventStatus.SUCCEEDED
        event.ended_at = self._with.clock.now()
        self._emit_event_ended(event, Status.SUCCEEDED)

    def _give(self, percent: float) -> None:
        """Gives the new version its share of the traffic: 0 is all to the old one."""
        shift = self._deployment.shift
        if percent >= 100:
            routing = Routing(shift.to_version)
        else:
            routing = Routing(shift.from_version, {shift.to_version: percent / 100} if percent else {})
        self._with.aliases.set_routing(shift.alias, routing)
        self._with.functions.refresh(shift.alias.unqualified)
        self._deployment.weight_percent = percent
        seconds = self._with.clock.now() - (self._shift_began_at or self._with.clock.now())
        self._deployment.shifts.append((round(seconds, 1), percent))
        self._with.event_log.emit(
            TrafficShifted(
                deployment_id=self._deployment.deployment_id,
                function=shift.alias.name,
                aws_seconds=round(seconds, 1),
                weight_percent=percent,
            )
        )

    def _wait(self, is_done: Callable[[], bool], seconds: float) -> bool:
        """Waits for at most so many AWS seconds. Raises Halted as soon as an alarm or a request stops it."""

        def look_and_ask() -> bool:
            self._look()
            return is_done()

        return self._with.clock.wait_until(look_and_ask, timeout=max(0.0, seconds))

    def _look(self) -> None:
        if self._deployment.is_stop_requested:
            message = "The deployment was stopped on request."
            raise Halted("MANUAL_STOP", message, rolls_back_on=RollbackEvent.STOP)
        group = self._deployment.group
        if self._deployment.creator is Creator.ROLLBACK:
            return
        for alarm in group.alarms:
            try:
                state = self._with.alarms.alarm_state(group.account, group.region, alarm)
            except CloudWatchRejection as exc:
                if group.is_poll_failure_ignored:
                    continue
                message = f"The state of the alarm {alarm} could not be retrieved: {exc}"
                raise Halted("ALARM_ACTIVE", message, rolls_back_on=RollbackEvent.ALARM) from exc
            if state == "ALARM":
                raise Halted(
                    "ALARM_ACTIVE",
                    "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, "
                    f"and the affected deployments have been stopped. Activated alarms: {alarm}",
                    rolls_back_on=RollbackEvent.ALARM,
                    gate="canary-alarm",
                    alarm=alarm,
                )

    def _halt(self, halted: Halted) -> None:
        deployment = self._deployment
        deployment.error_code, deployment.error_message = halted.code, halted.message
        for event in deployment.events.values():
            is_failed_hook = event.status is LifecycleEventStatus.FAILED
            if event.status is LifecycleEventStatus.IN_PROGRESS or is_failed_hook:
                event.status = LifecycleEventStatus.FAILED
                event.ended_at = self._with.clock.now()
                self._emit_event_ended(event, Status.FAILED, halted.message)
        is_failure = halted.rolls_back_on is RollbackEvent.FAILURE
        deployment.ended_at = self._with.clock.now()
        self._become(DeploymentStatus.FAILED if is_failure else DeploymentStatus.STOPPED)
        is_wanted = halted.rolls_back_on in deployment.group.rollback_events or deployment.is_rollback_requested
        # An alias that was not as expected is not this deployment's: it is left as it was found.
        if is_wanted and self._shift_began_at is not None:
            self._roll_back()
        if deployment.weight_percent == 0:
            self._with.functions.retire(deployment.shift.alias.unqualified, deployment.shift.to_version)
        self._end(deployment.status, halted)

    def _roll_back(self) -> None:
        """By a deployment of its own, all at once, with the hooks: one that says no leaves the alias as it is."""
        rollback = self._new_rollback(self._deployment)
        run = DeploymentRun(rollback, self._config_name, (), self._with, self._new_rollback)
        halted = run._go_back(lambda: self._give(0))
        if halted is not None:
            message = f"{self._deployment.error_message} The rollback {rollback.deployment_id} failed: {halted.message}"
            self._deployment.error_message = message

    def _go_back(self, give_all_to_the_old_version: Callable[[], None]) -> Halted | None:
        """What stopped the rollback; None when it succeeded. No alarm stops it: one may be why it is made."""
        deployment, shift = self._deployment, self._deployment.shift
        deployment.started_at = self._with.clock.now()
        self._become(DeploymentStatus.IN_PROGRESS)
        halted: Halted | None = None
        try:
            self._run_hook(LifecycleEventName.BEFORE, shift.before_hook)
            self._begin(deployment.events[LifecycleEventName.SHIFT])
            give_all_to_the_old_version()
            deployment.weight_percent = 100
            deployment.events[LifecycleEventName.SHIFT].status = LifecycleEventStatus.SUCCEEDED
            self._run_hook(LifecycleEventName.AFTER, shift.after_hook)
        except Halted as exc:
            halted = exc
        except (ClientError, BotoCoreError) as exc:
            halted = Halted("INTERNAL_ERROR", str(exc), rolls_back_on=RollbackEvent.FAILURE)
        if halted is not None:
            deployment.error_code, deployment.error_message = halted.code, halted.message
        deployment.ended_at = self._with.clock.now()
        self._become(DeploymentStatus.FAILED if halted else DeploymentStatus.SUCCEEDED)
        return halted

    def _become(self, status: DeploymentStatus) -> None:
        """CodeDeploy tells each change once."""
        if self._deployment.status is not status:
            self._deployment.status = status
            self._with.tell_state(self._deployment)

    def _begin(self, event: LifecycleEvent) -> None:
        event.status = LifecycleEventStatus.IN_PROGRESS
        event.started_at = self._with.clock.now()
        self._with.event_log.emit(
            LifecycleEventStarted(
                deployment_id=self._deployment.deployment_id,
                function=self._deployment.shift.alias.name,
                lifecycle_event=event.name,
            )
        )

    def _end(self, status: DeploymentStatus, halted: Halted | None = None) -> None:
        deployment, shift = self._deployment, self._deployment.shift
        deployment.ended_at = deployment.ended_at or self._with.clock.now()
        self._become(status)
        self._with.event_log.emit(
            DeploymentEnded(
                deployment_id=deployment.deployment_id,
                account=deployment.group.account,
                function=shift.alias.name,
                from_version=shift.from_version,
                to_version=shift.to_version,
                status=_STATUSES[status],
                shift=tuple(deployment.shifts),
                alarm=halted.alarm if halted else None,
                gate=halted.gate if halted else None,
                reason=halted.message if halted else "",
            )
        )

    def _emit_started(self) -> None:
        deployment, shift = self._deployment, self._deployment.shift
        self._with.event_log.emit(
            DeploymentStarted(
                deployment_id=deployment.deployment_id,
                account=deployment.group.account,
                function=shift.alias.name,
                alias=str(shift.alias.qualifier),
                from_version=shift.from_version,
                to_version=shift.to_version,
                config=self._config_name,
                alarms=deployment.group.alarms,
                stage=deployment.change.stage,
                execution_id=deployment.change.execution_id,
            )
        )

    def _emit_event_ended(self, event: LifecycleEvent, status: Status, reason: str = "") -> None:
        self._with.event_log.emit(
            LifecycleEventEnded(
                deployment_id=self._deployment.deployment_id,
                function=self._deployment.shift.alias.name,
                lifecycle_event=event.name,
                status=status,
                reason=reason,
            )
        )


def _failed(code: str, message: str, *, gate: str = "deploy") -> Halted:
    return Halted(code, message, rolls_back_on=RollbackEvent.FAILURE, gate=gate)
