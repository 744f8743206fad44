"""EventBridge Scheduler on the run's clock: AWS::Scheduler::Schedule, whose targets are called with its role.

An attempt that meets 429 or 5xx is tried again, as the RetryPolicy says; what is given up goes to the dead-letter
queue, with the same role. The clock does not reach the next minute before the first attempts of this one are done. A
schedule that is created through the API is the emulator's. It must not know what targets do.
Sources: "AWS::Scheduler::Schedule" (Ref is the name, Arn), "Configuring a schedule's dead-letter queue in EventBridge
Scheduler", "Monitoring EventBridge Scheduler with CloudWatch". AWS does not say how long the waits between attempts
are, but that they grow: here they double from a second.
"""

from __future__ import annotations

import logging
import secrets
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.eventbridge.retry import LONGEST_WAIT_SECONDS, is_worth_another
from rehearsal.aws.eventbridge.schedule import AFTER_ALARMS
from rehearsal.aws.iam.resource_policy import ServiceRequest
from rehearsal.aws.iam.trust import ASSUME_ROLE, trusts
from rehearsal.aws.lambda_host.function import Clients
from rehearsal.aws.lambda_host.metrics import MetricSink
from rehearsal.aws.resource import ResourceFailed, ResourceRequest, ResourceResult, ResourceUnsupported
from rehearsal.aws.scheduler.schedule import Timing, parse_timing
from rehearsal.aws.scheduler.target import Occasion, Target, call, parse_target, payload
from rehearsal.errors import RehearsalError, Unsupported
from rehearsal.machine.clock import Clock, ClockClosed, Work

SERVICE = "scheduler.amazonaws.com"
_PROPERTIES = frozenset(
    {
        *("Description", "EndDate", "FlexibleTimeWindow", "GroupName", "KmsKeyArn", "Name"),
        *("ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "State", "Target"),
    }
)
_LONGEST_NAME = 64
log = logging.getLogger(__name__)


class GivenUp(RehearsalError):
    """The target was not called. `condition` names the limit that is used up, "" where another attempt is no use."""

    def __init__(self, code: str, message: str, *, attempts: int, condition: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.attempts = attempts
        self.condition = condition


@dataclass(frozen=True, kw_only=True)
class Schedule:
    account: str
    region: str
    group: str
    name: str
    timing: Timing
    target: Target
    is_enabled: bool
    created_at: float

    @property
    def arn(self) -> str:
        return f"arn:aws:scheduler:{self.region}:{self.account}:schedule/{self.group}/{self.name}"

    @property
    def group_arn(self) -> str:
        return f"arn:aws:scheduler:{self.region}:{self.account}:schedule-group/{self.group}"


def check_schedule(properties: Mapping[str, Any]) -> tuple[Timing, Target]:
    """Raises ValueError for what AWS refuses of a schedule's properties, and Unsupported for what is not rehearsed."""
    if unknown := sorted(set(properties) - _PROPERTIES):
        raise Unsupported(f"{', '.join(unknown)} is not rehearsed.")
    return parse_timing(properties), parse_target(properties.get("Target") or {})


class Scheduler:
    """See the module; it is a `ResourceProvider`. Safe to use from several threads."""

    resource_types = frozenset({"AWS::Scheduler::Schedule"})

    def __init__(self, clock: Clock, clients: Clients, metrics: MetricSink) -> None:
        self._clock = clock
        self._clients = clients
        self._metrics = metrics
        self._lock = threading.Lock()
        self._schedules: dict[str, Schedule] = {}
        clock.every_minute(self.run_due, name="EventBridge Scheduler", order=AFTER_ALARMS)

    def create(self, request: ResourceRequest) -> ResourceResult:
        name = str(request.properties.get("Name") or _generated_name(request))
        return self._put(request, name, created_at=self._clock.now())

    def update(self, request: ResourceRequest) -> ResourceResult:
        """Another name or group is a replacement."""
        if any(request.properties.get(n) != request.old_properties.get(n) for n in ("Name", "GroupName")):
            return self.create(request)
        name = str(request.physical_id)
        with self._lock:
            known = self._schedules.get(_arn(request, name))
        return self._put(request, name, created_at=known.created_at if known else self._clock.now())

    def delete(self, request: ResourceRequest) -> None:
        with self._lock:
            self._schedules.pop(_arn(request, str(request.physical_id)), None)

    def run_due(self, at: float) -> None:
        """Begins what runs in the AWS minute that starts at `at`."""
        with self._lock:
            schedules = list(self._schedules.values())
        for schedule in schedules:
            if schedule.is_enabled and schedule.timing.is_due(at, created_at=schedule.created_at):
                occasion = Occasion(schedule_arn=schedule.arn, scheduled_at=at, execution_id=str(uuid.uuid4()))
                work = self._clock.begin_work(f"{schedule.name} → {schedule.target.arn.rpartition(':')[2]}")
                threading.Thread(
                    target=self._run, args=(schedule, occasion, work), name="scheduler", daemon=True
                ).start()

    def _run(self, schedule: Schedule, occasion: Occasion, work: Work) -> None:
        try:
            self._attempt_until_called(schedule, occasion, work)
        except GivenUp as exc:
            self._count(schedule, "InvocationDroppedCount")
            log.warning("The schedule %s could not call %s: %s", schedule.name, schedule.target.arn, exc)
            self._send_to_dead_letters(schedule, occasion, exc)
        except (ClockClosed, BotoCoreError) as exc:
            log.warning("The run ended before the schedule %s had called its target: %s", schedule.name, exc)
        finally:
            work.done()

    def _attempt_until_called(self, schedule: Schedule, occasion: Occasion, first_attempt: Work) -> None:
        target, began, attempts, wait = schedule.target, self._clock.now(), 0, 1.0
        while True:
            attempts += 1
            self._count(schedule, "InvocationAttemptCount")
            try:
                return self._attempt(schedule, occasion, attempts)
            except ClientError as exc:
                self._count(schedule, "TargetErrorCount")
                code, text = str(exc.response.get("Error", {}).get("Code", "")), str(exc)
                if not is_worth_another(exc):
                    raise GivenUp(code, text, attempts=attempts) from exc
                if attempts > target.retry_attempts:
                    raise GivenUp(code, text, attempts=attempts, condition="MaximumRetryAttempts") from exc
                if self._clock.now() + wait - began > target.maximum_age_seconds:
                    raise GivenUp(code, text, attempts=attempts, condition="MaximumEventAgeInSeconds") from exc
            except (ValueError, TypeError, AttributeError) as exc:  # an input or an operation that is none
                raise GivenUp("ValidationException", str(exc), attempts=attempts) from exc
            first_attempt.done()
            self._clock.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)

    def _attempt(self, schedule: Schedule, occasion: Occasion, attempt: int) -> None:
        call(schedule.target, self._session(schedule, attempt), payload(schedule.target, occasion, attempt))

    def _session(self, schedule: Schedule, attempt: int) -> Any:
        """Of the schedule's role, which has to trust EventBridge Scheduler for the schedule's group."""
        role_arn = schedule.target.role_arn
        iam: Any = self._clients.root(schedule.account, schedule.region).client("iam")
        document = iam.get_role(RoleName=role_arn.rpartition("/")[2])["Role"]["AssumeRolePolicyDocument"]
        request = ServiceRequest(
            service=SERVICE,
            action=ASSUME_ROLE,
            resource=role_arn,
            source_arn=schedule.group_arn,
            source_account=schedule.account,
        )
        if not trusts(document, request):
            raise GivenUp("AccessDenied", f"The role {role_arn} does not trust {SERVICE}.", attempts=attempt)
        return self._clients.assume(role_arn, session_name="scheduler", region=schedule.region)

    def _send_to_dead_letters(self, schedule: Schedule, occasion: Occasion, error: GivenUp) -> None:
        if not schedule.target.dead_letter_arn:
            return
        texts = {
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": str(error),
            "EXECUTION_ID": occasion.execution_id,
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": str(error.attempts - 1),
            "SCHEDULED_TIME": occasion.scheduled_time,
            "SCHEDULE_ARN": schedule.arn,
            "TARGET_ARN": schedule.target.arn,
            **({"EXHAUSTED_RETRY_CONDITION": error.condition} if error.condition else {}),
        }
        try:
            sqs = self._session(schedule, error.attempts).client("sqs")
            account, name = schedule.target.dead_letter_arn.split(":")[4:6]
            sqs.send_message(
                QueueUrl=f"{sqs.meta.endpoint_url}/{account}/{name}",
                MessageBody=payload(schedule.target, occasion, error.attempts),
                MessageAttributes={key: {"DataType": "String", "StringValue": text} for key, text in texts.items()},
            )
        except (RehearsalError, ClientError, BotoCoreError) as exc:
            log.warning("What the schedule %s gave up could not be sent to its queue: %s", schedule.name, exc)
            self._count(schedule, "InvocationsFailedToBeSentToDeadLetterCount")
        else:
            self._count(schedule, "InvocationsSentToDeadLetterCount")

    def _count(self, schedule: Schedule, name: str) -> None:
        dimensions = {"ScheduleGroup": schedule.group}
        self._metrics.put_metric(
            schedule.account, schedule.region, "AWS/Scheduler", name, dimensions, 1.0, unit="Count"
        )

    def _put(self, request: ResourceRequest, name: str, *, created_at: float) -> ResourceResult:
        try:
            timing, target = check_schedule(request.properties)
        except ValueError as exc:
            raise ResourceFailed(f"{request.logical_id}: {exc}") from exc
        except Unsupported as exc:
            raise ResourceUnsupported(f"{request.logical_id}: {exc}") from exc
        schedule = Schedule(
            account=request.account,
            region=request.region,
            group=str(request.properties.get("GroupName") or "default"),
            name=name,
            timing=timing,
            target=target,
            is_enabled=str(request.properties.get("State", "ENABLED")) != "DISABLED",
            created_at=created_at,
        )
        with self._lock:
            self._schedules[schedule.arn] = schedule
        return ResourceResult(name, {"Arn": schedule.arn})


def _arn(request: ResourceRequest, name: str) -> str:
    group = str(request.properties.get("GroupName") or "default")
    return f"arn:aws:scheduler:{request.region}:{request.account}:schedule/{group}/{name}"


def _generated_name(request: ResourceRequest) -> str:
    suffix = f"-{secrets.token_hex(6).upper()}"
    return f"{request.stack_name}-{request.logical_id}"[: _LONGEST_NAME - len(suffix)] + suffix
