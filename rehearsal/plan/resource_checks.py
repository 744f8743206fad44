"""Refuses in the plan what a provider would refuse when it is deployed: the same parsers, before anything starts.

It must not know what is right. A resource whose properties hang on something that only the deployment knows is left to
the deployment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.aws.cloudwatch_logs.metric_filter import parse_metric_filter
from rehearsal.aws.scheduler.scheduler import check_schedule
from rehearsal.errors import Unsupported
from rehearsal.source.assembly import StackArtifact

_CHECKS: Mapping[str, tuple[Callable[[Mapping[str, Any]], object], frozenset[str]]] = {
    "AWS::Logs::MetricFilter": (parse_metric_filter, frozenset({"FilterPattern", "MetricTransformations"})),
    "AWS::Scheduler::Schedule": (check_schedule, frozenset({"ScheduleExpression", "StartDate", "EndDate"})),
}
"""For each type its parser, and the properties that it has to know."""


def refused_resources(stack: StackArtifact) -> Iterator[str]:
    """A sentence for each resource that its parser refuses."""
    for logical_id, resource in stack.resources():
        parse, needed = _CHECKS.get(str(resource.get("Type")), (None, frozenset()))
        properties: Mapping[str, Any] = resource.get("Properties") or {}
        if parse is None or any(_is_open(properties.get(name)) for name in needed):
            continue
        try:
            parse(properties)
        except (ValueError, Unsupported) as exc:
            yield f"{resource['Type']} {logical_id} in stack {stack.name}: {exc}"


def _is_open(value: Any) -> bool:
    """Whether there is an intrinsic function in it."""
    if isinstance(value, Mapping):
        return any(name == "Ref" or name.startswith("Fn::") or _is_open(item) for name, item in value.items())
    return isinstance(value, list) and any(map(_is_open, value))
