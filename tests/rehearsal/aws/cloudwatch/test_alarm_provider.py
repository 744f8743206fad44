"""Alarms as CloudFormation resources."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from rehearsal.aws.cloudwatch.alarm_evaluation import AlarmState
from rehearsal.aws.cloudwatch.alarm_provider import COMPOSITE_ALARM, METRIC_ALARM, AlarmProvider
from rehearsal.aws.resource import ResourceFailed, ResourceRequest
from tests.rehearsal.aws.cloudwatch.conftest import ACCOUNT, REGION, Stand, alarm_properties


@pytest.fixture
def provider(stand: Stand) -> AlarmProvider:
    return AlarmProvider(stand.cloudwatch)


def _request(properties: dict[str, Any], resource_type: str = METRIC_ALARM) -> ResourceRequest:
    return ResourceRequest(
        account=ACCOUNT,
        region=REGION,
        stack_name="Staging-Api",
        stack_id=f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/Staging-Api/1",
        logical_id="NewVersionErrors",
        resource_type=resource_type,
        properties=properties,
    )


def test_named_alarm_is_created_under_its_name(stand: Stand, provider: AlarmProvider) -> None:
    result = provider.create(_request(alarm_properties(ServiceToken="arn:aws:lambda:::function:edge")))

    assert result.physical_id == "errors"
    assert result.attributes == {"Arn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:errors"}
    assert stand.state("errors") is AlarmState.INSUFFICIENT_DATA


def test_alarm_without_a_name_gets_one_as_cloudformation_gives_it(stand: Stand, provider: AlarmProvider) -> None:
    first = provider.create(_request(alarm_properties(AlarmName=None)))
    second = provider.create(_request(alarm_properties(AlarmName=None)))

    assert re.fullmatch(r"Staging-Api-NewVersionErrors-[A-Z0-9]{12}", first.physical_id)
    assert first.physical_id != second.physical_id
    assert len(stand.cloudwatch.alarms(ACCOUNT, REGION)) == 2


def test_update_keeps_the_alarm_and_its_state(stand: Stand, provider: AlarmProvider) -> None:
    created = provider.create(_request(alarm_properties(AlarmName=None)))
    stand.cloudwatch.set_alarm_state(ACCOUNT, REGION, created.physical_id, AlarmState.ALARM, "testing")
    request = _request(alarm_properties(AlarmName=None, Threshold="7"))
    old = alarm_properties(AlarmName=None)

    updated = provider.update(replace(request, physical_id=created.physical_id, old_properties=old))

    assert updated == created
    status = stand.cloudwatch.alarm(ACCOUNT, REGION, created.physical_id)
    assert (status.state, status.alarm.properties["Threshold"]) == (AlarmState.ALARM, "7")


def test_another_name_is_a_replacement(stand: Stand, provider: AlarmProvider) -> None:
    provider.create(_request(alarm_properties()))
    request = replace(
        _request(alarm_properties(AlarmName="other")), physical_id="errors", old_properties=alarm_properties()
    )

    result = provider.update(request)

    assert result.physical_id == "other"
    assert [status.name for status in stand.cloudwatch.alarms(ACCOUNT, REGION)] == ["errors", "other"]


def test_name_that_is_taken_fails_the_resource(provider: AlarmProvider) -> None:
    provider.create(_request(alarm_properties()))

    with pytest.raises(ResourceFailed, match="errors already exists"):
        provider.create(_request(alarm_properties()))


def test_delete_may_come_twice(stand: Stand, provider: AlarmProvider) -> None:
    provider.create(_request(alarm_properties()))
    request = replace(_request(alarm_properties()), physical_id="errors")

    provider.delete(request)
    provider.delete(request)

    assert stand.cloudwatch.alarms(ACCOUNT, REGION) == []


def test_composite_alarm_is_created(stand: Stand, provider: AlarmProvider) -> None:
    provider.create(_request(alarm_properties()))
    rule = f'ALARM("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:errors")'

    result = provider.create(_request({"AlarmName": "top", "AlarmRule": rule}, COMPOSITE_ALARM))

    assert result.physical_id == "top"
    assert stand.state("top") is AlarmState.OK


def test_property_that_only_aws_has_fails_the_resource_by_name(provider: AlarmProvider) -> None:
    with pytest.raises(ResourceFailed, match="alarm property ThresholdMetricId is not supported"):
        provider.create(_request(alarm_properties(ThresholdMetricId="ad1")))
