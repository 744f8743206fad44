"""Small stages, each complete but for one thing: synth fails and says which. Complete ones pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs

from service.failures.failure_paths import exempt, require_failure_paths
from service.failures.failure_queues import FailureQueue
from service.failures.redrive.failure_kind import FailureKind


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A function with one event source, and all that it needs; a test takes one thing away."""

    has_alias: bool = True
    has_queue: bool = True
    queue_kind: FailureKind | None = None
    has_queue_alarm: bool = True
    calls_somebody: bool = True
    has_delay_alarm: bool = True
    has_limit: bool = True
    reports_failed_records: bool = True
    visibility_seconds: int | None = 180
    batching_window_seconds: int | None = None
    has_asynchronous_destination: bool = True
    transforms_event: bool = False


class SomeStage(cdk.Stage):
    def __init__(self, references: str = "weak") -> None:
        app = cdk.App(context={"@aws-cdk/core:defaultCrossStackReferences": references})
        super().__init__(app, "Some")
        self.stack = cdk.Stack(self, "Unit")
        self.elsewhere = cdk.Stack(self, "Elsewhere")
        self.function = lambda_.Function(
            self.stack,
            "Function",
            code=lambda_.Code.from_inline("x"),
            handler="index.x",
            runtime=lambda_.Runtime.PYTHON_3_13,
            timeout=cdk.Duration.seconds(30),
        )
        self.alias = lambda_.Alias(self.stack, "Live", alias_name="live", version=self.function.current_version)
        self.operators = sns.Topic(self.elsewhere, "Operators")
        require_failure_paths(self)

    def errors(self) -> list[str]:
        """What synth says, one line for each thing."""
        try:
            self.synth()
        except RuntimeError as error:
            return [line.strip().removeprefix("[Some] ") for line in str(error).splitlines()[1:] if "[Some]" in line]
        return []

    def alarm(self, construct_id: str, metric: cloudwatch.Metric, *, calls_somebody: bool = True) -> None:
        alarm = cloudwatch.Alarm(self.stack, construct_id, metric=metric, threshold=0, evaluation_periods=1)
        if calls_somebody:
            alarm.add_alarm_action(cloudwatch_actions.SnsAction(self.operators))

    def failure_queue(self, construct_id: str, kind: FailureKind, unit: Unit) -> sqs.Queue | None:
        if not unit.has_queue:
            return None
        queue = FailureQueue(self.stack, construct_id, kind=unit.queue_kind or kind, holds="What failed")
        if unit.has_queue_alarm:
            metric = queue.metric_approximate_number_of_messages_visible()
            self.alarm(f"{construct_id}Alarm", metric, calls_somebody=unit.calls_somebody)
        return queue

    def add_source(self, unit: Unit, source: lambda_.IEventSource) -> None:
        (self.alias if unit.has_alias else self.function).add_event_source(source)
        if unit.has_delay_alarm:
            self.alarm("DelayAlarm", self.function.metric("IteratorAge"))

    def configure_asynchronous(self, unit: Unit) -> lambda_.IFunction:
        if unit.has_asynchronous_destination:
            queue = self.failure_queue("Failed", FailureKind.FUNCTION, Unit())
            assert queue is not None
            self.alias.configure_async_invoke(on_failure=destinations.SqsDestination(queue), retry_attempts=2)
        return self.alias if unit.has_alias else self.function


def stream(stage: SomeStage, unit: Unit, source_of: Callable[..., lambda_.IEventSource]) -> None:
    queue = stage.failure_queue("GivenUp", FailureKind.STREAM, unit)
    stage.add_source(
        unit,
        source_of(
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            on_failure=None if queue is None else event_sources.SqsDlq(queue),
            report_batch_item_failures=unit.reports_failed_records,
            retry_attempts=5 if unit.has_limit else None,
        ),
    )


def add_dynamodb_stream(stage: SomeStage, unit: Unit) -> None:
    table = dynamodb.TableV2(
        stage.elsewhere,
        "Table",
        partition_key=dynamodb.Attribute(name="id", type=dynamodb.AttributeType.STRING),
        dynamo_stream=dynamodb.StreamViewType.NEW_IMAGE,
    )
    stream(stage, unit, lambda **options: event_sources.DynamoEventSource(table, **options))


def add_kinesis(stage: SomeStage, unit: Unit) -> None:
    data = kinesis.Stream(stage.stack, "Stream")
    stream(stage, unit, lambda **options: event_sources.KinesisEventSource(data, **options))


def add_queue(stage: SomeStage, unit: Unit, *, elsewhere: bool = False) -> None:
    dead_letters = stage.failure_queue("Dead", FailureKind.QUEUE, unit)
    window = unit.batching_window_seconds
    source = sqs.Queue(
        stage.elsewhere if elsewhere else stage.stack,
        "Source",
        visibility_timeout=None if unit.visibility_seconds is None else cdk.Duration.seconds(unit.visibility_seconds),
        dead_letter_queue=(
            None if dead_letters is None else sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=5)
        ),
    )
    stage.add_source(
        replace(unit, has_delay_alarm=False),
        event_sources.SqsEventSource(
            source,
            report_batch_item_failures=unit.reports_failed_records,
            max_batching_window=None if window is None else cdk.Duration.seconds(window),
        ),
    )


def add_subscription(stage: SomeStage, unit: Unit) -> None:
    called = stage.configure_asynchronous(unit)
    queue = stage.failure_queue("Undelivered", FailureKind.SUBSCRIPTION, unit)
    topic = sns.Topic(stage.elsewhere, "Topic")
    topic.add_subscription(subscriptions.LambdaSubscription(called, dead_letter_queue=queue))


def add_rule(stage: SomeStage, unit: Unit) -> None:
    called = stage.configure_asynchronous(unit)
    queue = stage.failure_queue("Undelivered", FailureKind.RULE, unit)
    transformed = events.RuleTargetInput.from_object({"other": 1}) if unit.transforms_event else None
    events.Rule(
        stage.stack,
        "Rule",
        event_pattern=events.EventPattern(source=["acs.acm"]),
        targets=[targets.LambdaFunction(called, dead_letter_queue=queue, event=transformed)],
    )


def add_rule_to_topic(stage: SomeStage, unit: Unit) -> None:
    queue = stage.failure_queue("Undelivered", FailureKind.RULE, unit)
    topic = sns.Topic(stage.elsewhere, "Topic")
    events.Rule(
        stage.stack,
        "Rule",
        event_pattern=events.EventPattern(source=["acs.acm"]),
        targets=[targets.SnsTopic(topic, dead_letter_queue=queue)],
    )


Add = Callable[[SomeStage, Unit], None]
STREAMS: list[Add] = [add_dynamodb_stream, add_kinesis]
ASYNCHRONOUS: list[Add] = [add_subscription, add_rule]
SOURCES: list[Add] = [*STREAMS, add_queue, *ASYNCHRONOUS, add_rule_to_topic]

LOST = "what fails for good is lost. Add a FailureQueue of kind "
NOT_FOUND = (
    "where service.failures.redrive would not find it, or not know what it is. Make that a FailureQueue of kind "
)
UNSEEN = "nobody is told of what fails for good, in Some/Unit/"
BARE = "it invokes a bare function or version, past canary and rollback. Give it the function's alias."


def errors_of(add: Add, unit: Unit) -> list[str]:
    stage = SomeStage()
    add(stage, unit)
    return stage.errors()


@pytest.mark.parametrize("add", SOURCES)
def test_complete_unit_passes(add: Add) -> None:
    assert errors_of(add, Unit()) == []


def lacking() -> list[Any]:
    """(source, what is taken away, what synth says)."""
    table: list[tuple[list[Add], dict[str, Any], str]] = [
        ([*STREAMS, add_queue], {"has_alias": False}, BARE),
        (ASYNCHRONOUS, {"has_alias": False}, BARE),
        (SOURCES, {"has_queue": False}, LOST),
        (SOURCES, {"queue_kind": "other"}, NOT_FOUND),
        (SOURCES, {"has_queue_alarm": False}, UNSEEN),
        (SOURCES, {"calls_somebody": False}, UNSEEN),
        (STREAMS, {"has_limit": False}, "a record that always fails stops its shard until the stream forgets it."),
        (STREAMS, {"has_delay_alarm": False}, "no alarm sees that its records wait."),
        ([*STREAMS, add_queue], {"reports_failed_records": False}, "one failed record fails its whole batch."),
        (ASYNCHRONOUS, {"has_asynchronous_destination": False}, f"{LOST}Function: alias.configure_async_invoke"),
        ([add_queue], {"visibility_seconds": 179}, "hides a message for 179 s, and has to for 180 s: 6 times"),
        ([add_queue], {"visibility_seconds": None}, "hides a message for 30 s, and has to for 180 s: 6 times"),
        ([add_queue], {"batching_window_seconds": 1}, "hides a message for 180 s, and has to for 181 s: 6 times"),
        ([add_rule], {"transforms_event": True}, "redrive would send another event than the rule."),
    ]
    return [
        pytest.param(add, taken, says, id=f"{add.__name__}-{'-'.join(taken)}")
        for sources, taken, says in table
        for add in sources
    ]


@pytest.mark.parametrize(("add", "taken", "says"), lacking())
def test_unit_that_lacks_one_thing_fails_synth_and_says_which(add: Add, taken: dict[str, Any], says: str) -> None:
    if taken == {"queue_kind": "other"}:
        taken = {"queue_kind": FailureKind.RECORD}

    (error,) = errors_of(add, Unit(**taken))

    path, _, message = error.partition(": ")
    assert path.startswith("Some/")
    assert says in message


@pytest.mark.parametrize("references", ["weak", "strong"])
def test_source_queue_of_another_stack_is_held_to_the_rule_too(references: str) -> None:
    stage = SomeStage(references)
    with_dead_letters_elsewhere = Unit(visibility_seconds=60)
    source = sqs.Queue(
        stage.elsewhere,
        "Source",
        visibility_timeout=cdk.Duration.seconds(with_dead_letters_elsewhere.visibility_seconds or 0),
    )
    stage.alias.add_event_source(event_sources.SqsEventSource(source, report_batch_item_failures=True))

    lost, visibility = stage.errors()

    assert LOST + "Queue" in lost
    assert "the queue Some/Elsewhere/Source/Resource hides a message for 60 s" in visibility


def test_plain_queue_is_no_failure_queue() -> None:
    stage = SomeStage()
    plain = sqs.Queue(stage.stack, "Plain")
    stage.alarm("PlainAlarm", plain.metric_approximate_number_of_messages_visible())
    events.Rule(
        stage.stack,
        "Rule",
        event_pattern=events.EventPattern(source=["acs.acm"]),
        targets=[targets.SnsTopic(stage.operators, dead_letter_queue=plain)],
    )

    (error,) = stage.errors()

    assert error.startswith("Some/Unit/Rule/Resource: what fails for good goes to Some/Unit/Plain/Resource")
    assert NOT_FOUND + "Rule" in error


@pytest.mark.parametrize("kind", [FailureKind.RECORD, FailureKind.CHANGE])
def test_records_that_a_function_sets_aside_are_seen_too(kind: FailureKind) -> None:
    stage = SomeStage()
    stage.failure_queue("SetAside", kind, Unit(has_queue_alarm=False))

    assert stage.errors() == [
        "Some/Unit/SetAside/Resource: nobody is told of what fails for good, in Some/Unit/SetAside/Resource. "
        "Add monitoring.queued_failures_alarm."
    ]


def test_another_caller_has_to_be_taught_or_exempted() -> None:
    stage = SomeStage()
    stage.alias.add_permission("Uploads", principal=iam.ServicePrincipal("s3.amazonaws.com"))

    (error,) = stage.errors()

    assert "s3.amazonaws.com may invoke the function" in error
    assert "service/failures/failure_paths.py" in error


@pytest.mark.parametrize(
    ("has_alias", "has_alarm", "says"),
    [
        (False, True, []),
        (False, False, ["nobody is told when the function fails secretsmanager.amazonaws.com. Add an alarm"]),
        (True, True, ["secretsmanager.amazonaws.com may invoke a version or an alias, and knows functions only."]),
    ],
)
def test_caller_that_comes_back_needs_the_function_itself_and_an_alarm_on_errors(
    has_alias: bool, has_alarm: bool, says: list[str]
) -> None:
    stage = SomeStage()
    called = stage.alias if has_alias else stage.function
    called.add_permission("Rotation", principal=iam.ServicePrincipal("secretsmanager.amazonaws.com"))
    if has_alarm:
        stage.alarm("Errors", stage.function.metric_errors())

    errors = stage.errors()

    assert len(errors) == len(says)
    assert all(expected in error for expected, error in zip(says, errors, strict=True))


def test_callers_that_wait_for_the_answer_need_nothing() -> None:
    stage = SomeStage()
    stage.alias.add_permission("Api", principal=iam.ServicePrincipal("apigateway.amazonaws.com"))
    cdk.CustomResource(stage.stack, "Custom", service_token=stage.function.function_arn)

    assert stage.errors() == []


def test_exemption_with_a_reason_is_taken() -> None:
    stage = SomeStage()
    every_minute = events.Rule(
        stage.stack,
        "Rule",
        schedule=events.Schedule.rate(cdk.Duration.minutes(1)),
        targets=[targets.LambdaFunction(stage.alias)],
    )
    exempt(every_minute, reason="The next one comes in a minute.")

    assert stage.errors() == []


def test_exemption_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="Some/Unit/Function: an exemption from failure paths needs a reason"):
        exempt(SomeStage().function, reason=" ")


def test_exemption_that_exempts_nothing_fails_synth() -> None:
    stage = SomeStage()
    exempt(stage.function, reason="It was needed once.")

    assert stage.errors() == ["Some/Unit/Function: is exempted, and lacks nothing. Take the exemption away."]


def test_all_that_is_lacking_is_said_at_once() -> None:
    errors = errors_of(add_kinesis, Unit(has_alias=False, has_queue=False, has_limit=False))

    assert len(errors) == 3
