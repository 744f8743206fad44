from __future__ import annotations

from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

from pipeline.local.cloud.cloudwatch.alarm_provider import AlarmProvider
from pipeline.local.cloud.codedeploy.alias_provider import AliasProvider
from pipeline.local.cloud.codedeploy.provider import CodeDeployProvider
from pipeline.local.cloud.event_sources.event_sources import EventSources
from pipeline.local.cloud.rotation_provider import RotationProvider
from pipeline.local.cloud.schedule import Schedules
from pipeline.local.cloud.secret_provider import SecretProvider
from pipeline.local.cloud.web_acl_association import WebAclAssociationProvider
from pipeline.local.engine.pipeline_provider import PipelineProvider
from pipeline.local.engine.webhook_provider import WebhookProvider
from pipeline.local.plan.support import (
    PROVIDED_RESOURCE_TYPES,
    emulator_resource_types,
    unsupported_resource_types,
)


def test_emulator_types_are_those_that_the_installed_emulator_registers() -> None:
    assert emulator_resource_types() == set(_RESOURCE_HANDLERS)


def test_provided_types_are_those_that_the_providers_serve() -> None:
    providers = (
        *(AlarmProvider, AliasProvider, CodeDeployProvider, EventSources, Schedules),
        *(PipelineProvider, RotationProvider, SecretProvider, WebAclAssociationProvider, WebhookProvider),
    )

    assert {kind for provider in providers for kind in provider.resource_types} == PROVIDED_RESOURCE_TYPES


def test_types_that_nobody_serves_are_named_once_and_sorted() -> None:
    types = ["AWS::S3::Bucket", "AWS::Synthetics::Canary", "Custom::Anything", "AWS::CodeDeploy::Application"]

    assert unsupported_resource_types([*types, "AWS::IVS::Channel", "AWS::IVS::Channel"]) == (
        "AWS::IVS::Channel",
        "AWS::Synthetics::Canary",
    )
