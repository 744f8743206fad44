"""Serves AWS::CloudWatch::Alarm and AWS::CloudWatch::CompositeAlarm for CloudFormation.

It must not evaluate anything. `Ref` is the alarm's name, `Fn::GetAtt` knows Arn. A property that is not understood
fails the resource by name.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator
from contextlib import contextmanager

from rehearsal.aws.cloudwatch.alarm_book import AlarmStatus
from rehearsal.aws.cloudwatch.cloudwatch import CloudWatch
from rehearsal.aws.cloudwatch.errors import AlarmNotFound, CloudWatchRejection, NotSupportedHere
from rehearsal.aws.resource import ResourceFailed, ResourceRequest, ResourceResult, ResourceUnsupported

METRIC_ALARM = "AWS::CloudWatch::Alarm"
COMPOSITE_ALARM = "AWS::CloudWatch::CompositeAlarm"
_RANDOM_LENGTH = 12
_LONGEST_NAME = 255


class AlarmProvider:
    resource_types = frozenset({METRIC_ALARM, COMPOSITE_ALARM})

    def __init__(self, cloudwatch: CloudWatch) -> None:
        self._cloudwatch = cloudwatch

    def create(self, request: ResourceRequest) -> ResourceResult:
        """Fails when an alarm of that name exists, as CloudFormation does."""
        name = str(request.properties.get("AlarmName") or _generated_name(request))
        if any(status.name == name for status in self._cloudwatch.alarms(request.account, request.region)):
            raise ResourceFailed(f"{name} already exists")
        return self._put(request, name)

    def update(self, request: ResourceRequest) -> ResourceResult:
        """In place, keeping the alarm's state; another AlarmName is a replacement."""
        name = request.properties.get("AlarmName")
        if name is None and request.old_properties.get("AlarmName") is None and request.physical_id:
            return self._put(request, request.physical_id)
        if name == request.physical_id:
            return self._put(request, str(name))
        return self.create(request)

    def delete(self, request: ResourceRequest) -> None:
        if not request.physical_id:
            return
        with _failing():
            try:
                self._cloudwatch.delete_alarm(request.account, request.region, request.physical_id)
            except AlarmNotFound:
                return

    def _put(self, request: ResourceRequest, name: str) -> ResourceResult:
        properties = {**request.properties, "AlarmName": name}
        properties.pop("ServiceToken", None)
        is_composite = request.resource_type == COMPOSITE_ALARM
        put = self._cloudwatch.put_composite_alarm if is_composite else self._cloudwatch.put_metric_alarm
        with _failing():
            return _result(put(request.account, request.region, properties))


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except NotSupportedHere as exc:
        raise ResourceUnsupported(str(exc)) from exc
    except CloudWatchRejection as exc:
        raise ResourceFailed(str(exc)) from exc


def _result(status: AlarmStatus) -> ResourceResult:
    return ResourceResult(status.name, {"Arn": status.arn})


def _generated_name(request: ResourceRequest) -> str:
    """The stack, the logical id and random characters, as CloudFormation names resources."""
    alphabet = string.ascii_uppercase + string.digits
    random = "".join(secrets.choice(alphabet) for _ in range(_RANDOM_LENGTH))
    prefix = f"{request.stack_name}-{request.logical_id}"[: _LONGEST_NAME - _RANDOM_LENGTH - 1]
    return f"{prefix}-{random}"
