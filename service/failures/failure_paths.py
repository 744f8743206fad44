"""Fails synth when a function that nobody waits for could fail without anybody seeing it.

A function that events invoke needs: the alias that carries the traffic, a queue for what fails for good, of the kind by
which redrive finds and handles it, and an alarm on that queue. A stream needs an end of its retries and an alarm on its
delay; a queue hides a message for six times as long as the function may take ("Using Lambda with Amazon SQS"). API
Gateway's callers wait, and see for themselves; CloudFormation and CodeDeploy take no answer of a custom resource or a
hook for a failure, and invoke both with nothing in the template that says so.
It must not change anything, nor know any particular unit. What it cannot see is an event source that needs no
permission on the function, as EventBridge Scheduler, which has a role of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import aws_cdk as cdk
import jsii
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IConstruct, IValidation

from service.failures.failure_queues import FailureQueue
from service.failures.redrive.failure_kind import SET_ASIDE_KINDS, FailureKind

VISIBILITY_FACTOR = 6
LAMBDA_DEFAULT_TIMEOUT_SECONDS = 3
SQS_DEFAULT_VISIBILITY_SECONDS = 30

CALLERS = ("apigateway.amazonaws.com", "events.amazonaws.com", "sns.amazonaws.com")
"""Who may invoke a function: the first one's callers wait, the others' rules and subscriptions are looked at here."""

CALLERS_THAT_COME_BACK = ("secretsmanager.amazonaws.com",)
"""Who keeps what there is to do, and tries again on its own: no event can be lost, an alarm on Errors is enough."""

_LOOKED_AT = (
    *(cdk.CfnOutput, cloudwatch.CfnAlarm, events.CfnRule, sns.CfnSubscription, sqs.CfnQueue),
    *(lambda_.CfnAlias, lambda_.CfnEventInvokeConfig, lambda_.CfnEventSourceMapping, lambda_.CfnFunction),
    lambda_.CfnPermission,
)
"""Of a stage's hundreds of elements: to ask CDK for the name of one takes as long as to look at a hundred classes."""

_REPORTS = "ReportBatchItemFailures"
_TARGET_INPUTS = ("input", "inputPath", "inputTransformer")

_Found = TypeVar("_Found", bound=IConstruct)


def exempt(source: IConstruct, *, reason: str) -> None:
    """Says that what fails of this rule, subscription or event source mapping is seen otherwise, and how."""
    if not reason.strip():
        raise ValueError(f"{source.node.path}: an exemption from failure paths needs a reason.")
    _Exemption(source, "FailurePathExemption", reason=reason)


class _Exemption(Construct):
    """Of its scope. The reason is metadata, which the cloud assembly shows."""

    def __init__(self, scope: IConstruct, construct_id: str, *, reason: str) -> None:
        super().__init__(scope, construct_id)  # type: ignore[arg-type]  # every construct is one
        self.node.add_metadata("failure-path-exemption", reason)


def require_failure_paths(stage: cdk.Stage) -> None:
    """Has synth fail, naming all that is lacking, whoever synthesizes: an annotation would stop the CDK CLI alone."""
    stage.node.add_validation(_FailurePaths(stage))


@jsii.implements(IValidation)
class _FailurePaths:
    def __init__(self, stage: cdk.Stage) -> None:
        self._stage = stage

    def validate(self) -> list[str]:
        """Of each: '<path of the construct>: <what it lacks> <what to do>'."""
        constructs = self._stage.node.find_all()
        resources = _Resources(constructs)
        exemptions = {
            found.node.path.rpartition("/")[0]: False for found in constructs if isinstance(found, _Exemption)
        }
        errors = []
        for source, complaint in _complaints(resources):
            exempted = [scope.node.path for scope in source.node.scopes if scope.node.path in exemptions]
            for path in exempted:
                exemptions[path] = True
            if not exempted:
                errors.append(f"{source.node.path}: {complaint}")
        errors += [
            f"{path}: is exempted, and lacks nothing. Take the exemption away."
            for path, is_used in exemptions.items()
            if not is_used
        ]
        return errors


class _Resources:
    """The stage's resources, and what refers to what, over the borders of stacks too."""

    def __init__(self, constructs: Iterable[IConstruct]) -> None:
        self._all = [found for found in constructs if isinstance(found, _LOOKED_AT)]
        self._by_id = {(found.stack.node.path, found.stack.resolve(found.logical_id)): found for found in self._all}
        outputs = [found for found in self._all if isinstance(found, cdk.CfnOutput)]
        self._outputs = {(found.stack.stack_name, found.stack.resolve(found.logical_id)): found for found in outputs}
        self._exports = {found.stack.resolve(found.export_name): found for found in outputs if found.export_name}

    def of_type(self, kind: type[_Found]) -> list[_Found]:
        return [found for found in self._all if isinstance(found, kind)]

    def referred(self, by: cdk.CfnElement, value: object) -> list[cdk.CfnElement]:
        """The elements that `value`, a property of `by`, refers to."""
        return [found for name in _references(by.stack.resolve(value)) for found in self._named(by.stack, name)]

    def one(self, kind: type[_Found], by: cdk.CfnElement, value: object) -> _Found | None:
        """The element of this kind that `value` refers to."""
        return next((found for found in self.referred(by, value) if isinstance(found, kind)), None)

    def _named(self, stack: cdk.Stack, name: _Reference) -> list[cdk.CfnElement]:
        match name:
            case _Output(stack_name, output_name):
                return self._told_by(self._outputs.get((stack_name, output_name)))
            case _Export(export_name):
                return self._told_by(self._exports.get(export_name))
            case _InStack(logical_id):
                found = self._by_id.get((stack.node.path, logical_id))
                return [] if found is None else [found]

    def _told_by(self, output: cdk.CfnOutput | None) -> list[cdk.CfnElement]:
        return [] if output is None else self.referred(output, output.value)

    def function_of(self, alias: lambda_.CfnAlias) -> lambda_.CfnFunction | None:
        return self.one(lambda_.CfnFunction, alias, alias.function_name)

    def is_watched(self, namespace: str, metric_name: str, watched: IConstruct) -> bool:
        """Whether an alarm that calls somebody has this metric of this resource."""
        return any(found is watched for found in self._watched.get((namespace, metric_name), ()))

    @functools.cached_property
    def _watched(self) -> Mapping[tuple[str | None, str | None], list[cdk.CfnElement]]:
        """By namespace and name of the metric."""
        found: dict[tuple[str | None, str | None], list[cdk.CfnElement]] = {}
        for alarm in self.of_type(cloudwatch.CfnAlarm):
            if alarm.metric_name and alarm.stack.resolve(alarm.alarm_actions):
                watched = self.referred(alarm, alarm.dimensions)
                found.setdefault((alarm.namespace, alarm.metric_name), []).extend(watched)
        return found


@dataclass(frozen=True)
class _InStack:
    logical_id: str


@dataclass(frozen=True)
class _Output:
    stack_name: str
    output_name: str


@dataclass(frozen=True)
class _Export:
    name: str


_Reference = _InStack | _Output | _Export


def _references(value: object) -> Iterator[_Reference]:
    """What a resolved value refers to by Ref, Fn::GetAtt, Fn::GetStackOutput and Fn::ImportValue."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            yield _InStack(name)
        case {"Fn::GetStackOutput": {"StackName": str(stack_name), "OutputName": str(output_name)}}:
            yield _Output(stack_name, output_name)
        case {"Fn::ImportValue": str(name)}:
            yield _Export(name)
        case Mapping():
            for inner in value.values():
                yield from _references(inner)
        case list():
            for inner in value:
                yield from _references(inner)


_Complaints = Iterator[tuple[IConstruct, str]]
"""The event source, and what it lacks."""


def _complaints(resources: _Resources) -> _Complaints:
    for mapping in resources.of_type(lambda_.CfnEventSourceMapping):
        yield from _of_mapping(resources, mapping)
    for subscription in resources.of_type(sns.CfnSubscription):
        if subscription.protocol == "lambda":
            yield from _of_subscription(resources, subscription)
    for rule in resources.of_type(events.CfnRule):
        for target in rule.stack.resolve(rule.targets) or []:
            yield from _of_target(resources, rule, target)
    for queue in resources.of_type(sqs.CfnQueue):
        owner = queue.node.scope
        if isinstance(owner, FailureQueue) and owner.kind in SET_ASIDE_KINDS:
            yield from _unseen(resources, queue, queue)
    for permission in resources.of_type(lambda_.CfnPermission):
        yield from _of_permission(resources, permission)


def _of_permission(resources: _Resources, permission: lambda_.CfnPermission) -> _Complaints:
    caller = permission.stack.resolve(permission.principal)
    if caller in CALLERS:
        return
    if caller not in CALLERS_THAT_COME_BACK:
        yield (
            permission,
            f"{caller} may invoke the function, and this project does not know how that fails. Teach "
            "service/failures/failure_paths.py, or exempt it with a reason.",
        )
        return
    function = resources.one(lambda_.CfnFunction, permission, permission.function_name)
    if function is None:
        yield permission, f"{caller} may invoke a version or an alias, and knows functions only. Give it the function."
        return
    if not resources.is_watched("AWS/Lambda", "Errors", function):
        yield permission, f"nobody is told when the function fails {caller}. Add an alarm on its Errors."


def _of_mapping(resources: _Resources, mapping: lambda_.CfnEventSourceMapping) -> _Complaints:
    alias = resources.one(lambda_.CfnAlias, mapping, mapping.function_name)
    if alias is None:
        yield mapping, _NO_ALIAS
    queue = resources.one(sqs.CfnQueue, mapping, mapping.event_source_arn)
    if _REPORTS not in (mapping.function_response_types or []):
        yield (
            mapping,
            "one failed record fails its whole batch. Set report_batch_item_failures=True, and have the function "
            "answer batchItemFailures.",
        )
    function = None if alias is None else resources.function_of(alias)
    if queue is not None:
        yield from _of_queue(resources, mapping, queue, function)
    else:
        yield from _of_stream(resources, mapping, function)


def _of_stream(
    resources: _Resources, mapping: lambda_.CfnEventSourceMapping, function: lambda_.CfnFunction | None
) -> _Complaints:
    destination = mapping.stack.resolve(mapping.destination_config) or {}
    yield from _failure_queue(resources, mapping, destination, FailureKind.STREAM, "on_failure=SqsDlq(queue)")
    limits = (mapping.maximum_record_age_in_seconds, mapping.maximum_retry_attempts)
    if all(limit in (None, -1) for limit in limits):
        yield (
            mapping,
            "a record that always fails stops its shard until the stream forgets it. Set max_record_age or "
            "retry_attempts, well below the stream's retention.",
        )
    if function is not None and not resources.is_watched("AWS/Lambda", "IteratorAge", function):
        yield mapping, "no alarm sees that its records wait. Add monitoring.delay_alarm for the function."


def _of_queue(
    resources: _Resources,
    mapping: lambda_.CfnEventSourceMapping,
    queue: sqs.CfnQueue,
    function: lambda_.CfnFunction | None,
) -> _Complaints:
    redrive_policy = queue.stack.resolve(queue.redrive_policy) or {}
    lacking = "dead_letter_queue=sqs.DeadLetterQueue(queue=…, max_receive_count=…) on the source queue"
    for _, complaint in _failure_queue(resources, queue, redrive_policy, FailureKind.QUEUE, lacking):
        yield mapping, complaint
    if function is None:
        return
    timeout = function.timeout or LAMBDA_DEFAULT_TIMEOUT_SECONDS
    window = mapping.maximum_batching_window_in_seconds or 0
    visibility = queue.visibility_timeout
    visibility = SQS_DEFAULT_VISIBILITY_SECONDS if visibility is None else visibility
    needed = VISIBILITY_FACTOR * timeout + window
    if visibility < needed:
        yield (
            mapping,
            f"the queue {queue.node.path} hides a message for {visibility:.0f} s, and has to for {needed:.0f} s: "
            f"{VISIBILITY_FACTOR} times the function's timeout of {timeout:.0f} s, and the batching window. Set its "
            "visibility_timeout.",
        )


def _of_subscription(resources: _Resources, subscription: sns.CfnSubscription) -> _Complaints:
    alias = resources.one(lambda_.CfnAlias, subscription, subscription.endpoint)
    redrive_policy = subscription.stack.resolve(subscription.redrive_policy) or {}
    yield from _failure_queue(
        resources, subscription, redrive_policy, FailureKind.SUBSCRIPTION, "dead_letter_queue=… on the subscription"
    )
    yield from _of_asynchronous(resources, subscription, alias)


def _of_target(resources: _Resources, rule: events.CfnRule, target: Mapping[str, Any]) -> _Complaints:
    dead_letters = target.get("deadLetterConfig", {})
    yield from _failure_queue(resources, rule, dead_letters, FailureKind.RULE, "dead_letter_queue=… on the target")
    transforms = [name for name in _TARGET_INPUTS if name in target]
    if dead_letters and transforms:
        yield (
            rule,
            f"its target has {transforms[0]}, and a dead letter holds the event without it: redrive would send "
            "another event than the rule. Have the function read what it needs of the whole event.",
        )
    alias = resources.one(lambda_.CfnAlias, rule, target["arn"])
    if alias is not None or resources.one(lambda_.CfnFunction, rule, target["arn"]) is not None:
        yield from _of_asynchronous(resources, rule, alias)


def _of_asynchronous(resources: _Resources, source: cdk.CfnElement, alias: lambda_.CfnAlias | None) -> _Complaints:
    """Lambda takes the event, and the source hears no more of it: what then fails goes where the alias says."""
    if alias is None:
        yield source, _NO_ALIAS
        return
    destinations = [
        config.stack.resolve(config.destination_config) or {}
        for config in resources.of_type(lambda_.CfnEventInvokeConfig)
        if resources.one(lambda_.CfnAlias, config, config.qualifier) is alias
    ]
    for _, complaint in _failure_queue(
        resources,
        alias,
        [found["onFailure"] for found in destinations if "onFailure" in found],
        FailureKind.FUNCTION,
        "alias.configure_async_invoke(on_failure=SqsDestination(queue), …)",
    ):
        yield source, complaint


def _failure_queue(
    resources: _Resources, by: cdk.CfnElement, value: object, kind: FailureKind, lacking: str
) -> _Complaints:
    """What is wrong with the failure queue that `value` names; `lacking` is what to write when it names none."""
    queue = resources.one(sqs.CfnQueue, by, value)
    if queue is None:
        yield by, f"what fails for good is lost. Add a FailureQueue of kind {kind}: {lacking}."
        return
    owner = queue.node.scope
    if not isinstance(owner, FailureQueue) or owner.kind is not kind:
        yield (
            by,
            f"what fails for good goes to {queue.node.path}, where service.failures.redrive would not find it, or not "
            f"know what it is. Make that a FailureQueue of kind {kind}.",
        )
    yield from _unseen(resources, by, queue)


def _unseen(resources: _Resources, by: cdk.CfnElement, queue: sqs.CfnQueue) -> _Complaints:
    if not resources.is_watched("AWS/SQS", "ApproximateNumberOfMessagesVisible", queue):
        yield (
            by,
            f"nobody is told of what fails for good, in {queue.node.path}. Add monitoring.queued_failures_alarm.",
        )


_NO_ALIAS = "it invokes a bare function or version, past canary and rollback. Give it the function's alias."
