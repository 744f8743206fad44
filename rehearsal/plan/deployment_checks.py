"""What the deployment's own parsers would refuse, asked before anything starts, over the resources of a stack.

A provider that refuses a resource when CloudFormation creates it (rehearsal/aws) does so minutes into a release; here
the same parser is given what is certain of the same properties. What is hidden is passed over, or has a stand-in that
no parser minds, so that a token refuses nothing. A resource under a Condition is left to the deployment: whether it is
made nobody knows yet. It must not have rules of its own, but for what hides a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rehearsal.aws.cloudformation.template import require_variables
from rehearsal.aws.cloudwatch.errors import CloudWatchRejection
from rehearsal.aws.cloudwatch_logs.metric_filter import parse_metric_filter
from rehearsal.aws.codedeploy.deployment_config import parse_traffic_routing, predefined
from rehearsal.aws.codedeploy.provider import parse_group, require_lambda
from rehearsal.aws.event_sources.mapping import parse_mapping, unsupported
from rehearsal.aws.eventbridge.event_pattern import require_event_pattern
from rehearsal.aws.eventbridge.rule_problems import unsupported as unsupported_of_rule
from rehearsal.aws.eventbridge.schedule import parse_rule
from rehearsal.aws.resource import ResourceFailed, ResourceRequest
from rehearsal.aws.scheduler.scheduler import check_schedule
from rehearsal.aws.secretsmanager.rotation_provider import require_own_function
from rehearsal.aws.secretsmanager.secret_provider import require_supported
from rehearsal.errors import Unsupported
from rehearsal.plan.alarm_check import check_alarm, check_composite_alarm
from rehearsal.plan.certain import certain_values, has_hidden, is_hidden, without_hidden_items
from rehearsal.source.assembly import StackArtifact

# Of a rule with a schedule. A target that nothing of the template names is taken for a function.
_TARGETS = {
    **dict.fromkeys(
        (None, "AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Lambda::Alias"), "arn:aws:lambda:{}:function:f"
    ),
    "AWS::SQS::Queue": "arn:aws:sqs:{}:queue",
    "AWS::SNS::Topic": "arn:aws:sns:{}:topic",
}
_SOURCES = {
    "AWS::SQS::Queue": "arn:aws:sqs:{}:{}:queue",
    "AWS::Kinesis::Stream": "arn:aws:kinesis:{}:{}:stream/stream",
    "AWS::DynamoDB::Table": "arn:aws:dynamodb:{}:{}:table/table/stream/now",
    "AWS::DynamoDB::GlobalTable": "arn:aws:dynamodb:{}:{}:table/table/stream/now",
}
_PREDEFINED = "CodeDeployDefault."


@dataclass(frozen=True)
class Declared:
    """A resource as its template declares it: `request` holds what is certain, `raw` the intrinsics."""

    request: ResourceRequest
    raw: Mapping[str, Any]
    resources: Mapping[str, Any]

    @property
    def properties(self) -> Mapping[str, Any]:
        return self.request.properties

    def with_properties(self, properties: Mapping[str, Any]) -> ResourceRequest:
        return replace(self.request, properties=properties)

    def type_of(self, reference: Any) -> str | None:
        """The type of the resource of this template that a Ref or Fn::GetAtt names, None where it names none."""
        named = (reference.get("Ref") or reference.get("Fn::GetAtt")) if isinstance(reference, Mapping) else None
        logical_id = named[0] if isinstance(named, list) else str(named).partition(".")[0]
        resource = self.resources.get(logical_id)
        return str(resource.get("Type")) if isinstance(resource, Mapping) else None


Check = Callable[[Declared], Iterator[str]]


def refused_resources(stack: StackArtifact, *, account: str, region: str) -> Iterator[str]:
    """One sentence for each reason to refuse a resource of the stack."""
    certain = certain_values(stack, account=account, region=region)
    resources = stack.template.get("Resources") or {}
    for logical_id, resource in stack.resources():
        label, check = CHECKS.get(str(resource.get("Type")), ("", None))
        raw = resource.get("Properties") or {}
        properties = certain(raw)
        if check is None or "Condition" in resource or not isinstance(properties, Mapping):
            continue
        request = ResourceRequest(
            account=account,
            region=region,
            stack_name=stack.name,
            stack_id="",
            logical_id=logical_id,
            resource_type=str(resource["Type"]),
            properties=properties,
        )
        for problem in _problems(check, Declared(request, raw, resources)):
            yield f"{label} {logical_id} in stack {stack.name}: {problem.removeprefix(f'{logical_id}: ')}"


def _problems(check: Check, declared: Declared) -> Iterator[str]:
    try:
        yield from check(declared)
    except (ResourceFailed, CloudWatchRejection, Unsupported, ValueError) as exc:
        yield str(exc)
    except KeyError as exc:
        yield f"required key [{exc.args[0]}] not found"


def _alarm(declared: Declared) -> Iterator[str]:
    check_alarm(declared.properties, declared.request.logical_id, declared.request.account, declared.request.region)
    yield from ()


def _composite_alarm(declared: Declared) -> Iterator[str]:
    check_composite_alarm(declared.properties, declared.request.logical_id)
    yield from ()


def _rule(declared: Declared) -> Iterator[str]:
    yield from unsupported_of_rule(declared.raw)  # as it is: a token would look like a variable of a template
    properties = {key: value for key, value in declared.properties.items() if not is_hidden(value)}
    pattern = properties.get("EventPattern")
    if pattern is not None and not has_hidden(pattern):
        require_event_pattern(pattern)
    if "ScheduleExpression" not in declared.properties:
        return
    properties.setdefault("ScheduleExpression", "rate(1 hour)")
    raw = declared.raw.get("Targets")
    targets = properties.get("Targets")
    if isinstance(targets, list) and isinstance(raw, list):
        pairs = zip(targets, raw, strict=False)
        properties["Targets"] = [_target(declared, target, of) for target, of in pairs if isinstance(target, Mapping)]
    parse_rule(declared.with_properties(properties), "rule", 0.0)


def _target(declared: Declared, target: Mapping[str, Any], raw: Any) -> Mapping[str, Any]:
    """With an ARN of the service that it is in, and without an input that is hidden."""
    known = {key: value for key, value in target.items() if key == "Arn" or not has_hidden(value)}
    place = f"{declared.request.region}:{declared.request.account}"
    if is_hidden(target.get("Arn")):
        kind = declared.type_of(raw.get("Arn") if isinstance(raw, Mapping) else None)
        known["Arn"] = _TARGETS[kind].format(place) if kind in _TARGETS else f"{kind} {target['Arn']}"
    return known


def _application(declared: Declared) -> Iterator[str]:
    if not is_hidden(declared.properties.get("ComputePlatform")):
        require_lambda(declared.request)
    yield from ()


def _config(declared: Declared) -> Iterator[str]:
    yield from _application(declared)
    routing = declared.properties["TrafficRoutingConfig"]
    if not has_hidden(routing):
        parse_traffic_routing(routing)


def _group(declared: Declared) -> Iterator[str]:
    properties = without_hidden_items(declared.properties, keep=("ApplicationName", "ServiceRoleArn"))
    group = parse_group(declared.with_properties(properties), "group", "")
    if group.config_name.startswith(_PREDEFINED) and predefined(group.config_name) is None:
        yield f"No Deployment Configuration found for name: {group.config_name}"


def _mapping(declared: Declared) -> Iterator[str]:
    """First what the local run lacks, as it is; then the numbers, with a source of the kind that the template names."""
    yield from unsupported(declared.properties)
    properties = without_hidden_items(declared.properties, keep=("EventSourceArn", "FunctionName", "StartingPosition"))
    if is_hidden(properties.get("EventSourceArn")):
        source = _SOURCES.get(declared.type_of(declared.raw.get("EventSourceArn")) or "")
        if source is None:
            return
        properties["EventSourceArn"] = source.format(declared.request.region, declared.request.account)
    if not list(unsupported(properties)):
        parse_mapping(properties, account=declared.request.account, region=declared.request.region)


def _function(declared: Declared) -> Iterator[str]:
    require_variables(declared.request.logical_id, {"Properties": declared.raw})
    yield from ()


def _secret(declared: Declared) -> Iterator[str]:
    require_supported(declared.with_properties(without_hidden_items(declared.properties)))
    yield from ()


def _rotation(declared: Declared) -> Iterator[str]:
    require_own_function(declared.request)
    yield from ()


def _metric_filter(declared: Declared) -> Iterator[str]:
    if not any(has_hidden(declared.properties.get(name)) for name in ("FilterPattern", "MetricTransformations")):
        parse_metric_filter(declared.properties)
    yield from ()


def _schedule(declared: Declared) -> Iterator[str]:
    """The target's ARN is mostly hidden; what it is of, the deployment tells."""
    if not any(has_hidden(declared.properties.get(name)) for name in ("ScheduleExpression", "StartDate", "EndDate")):
        check_schedule({**declared.properties, "Target": declared.raw.get("Target")})
    yield from ()


CHECKS: Mapping[str, tuple[str, Check]] = {
    "AWS::CloudWatch::Alarm": ("alarm", _alarm),
    "AWS::CloudWatch::CompositeAlarm": ("composite alarm", _composite_alarm),
    "AWS::Events::Rule": ("rule", _rule),
    "AWS::CodeDeploy::Application": ("CodeDeploy application", _application),
    "AWS::CodeDeploy::DeploymentConfig": ("deployment configuration", _config),
    "AWS::CodeDeploy::DeploymentGroup": ("deployment group", _group),
    "AWS::Lambda::Function": ("function", _function),
    "AWS::Lambda::EventSourceMapping": ("event source mapping", _mapping),
    "AWS::Logs::MetricFilter": ("metric filter", _metric_filter),
    "AWS::Scheduler::Schedule": ("schedule", _schedule),
    "AWS::SecretsManager::Secret": ("secret", _secret),
    "AWS::SecretsManager::RotationSchedule": ("rotation schedule", _rotation),
}
"""For each type what a person calls it, and its check, which yields sentences or raises as the parser does."""
